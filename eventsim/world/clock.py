"""SimPy's environment with a network's clock: milliseconds in float64, and events at exact times."""

from __future__ import annotations

from heapq import heappush
from typing import Any

import simpy
from simpy.events import NORMAL

from eventsim.network import checks


class Clock(simpy.Environment):
    """Time is that of the network; events at one instant happen in the order in which they were scheduled."""

    def timeout(self, delay: float = 0.0, value: Any = None) -> simpy.Event:  # type: ignore[override]
        """An event in `delay` ms; raises InputError for one that is negative or not finite."""
        return self.at(self.now + checks.number("delay", delay, 0.0), value)

    def at(self, time: float, value: Any = None) -> simpy.Event:
        """An event at exactly `time`; raises InputError for one in the past."""
        event = simpy.Event(self)
        self.schedule_at(event, checks.number("time", time, self.now), value)
        return event

    def schedule_at(self, event: simpy.Event, time: float, value: Any = None) -> None:
        """Let an event happen at `time`.  SimPy takes a delay instead, which added to now may be off by a rounding."""
        event._ok, event._value = True, value
        heappush(self._queue, (time, NORMAL, next(self._eid), event))

    def go_to(self, time: float) -> None:
        """It is `time`; nothing is scheduled before."""
        self._now = time
