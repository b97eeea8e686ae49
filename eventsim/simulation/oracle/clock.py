"""SimPy's clock with a queue in the engines' total order."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from heapq import heappush
from typing import Any

import simpy


class Kind(IntEnum):
    """What happens at one instant, in this order."""

    INPUT = 0  # currents change, sources spike
    OWN = 1  # a neuron's own crossing
    ARRIVAL = 2  # over a synapse
    DRIVE = 3  # from a Poisson drive
    TEST = 4  # of the threshold, under the rule "instant"
    EMISSION = 5  # of all that fired


class Clock(simpy.Environment):
    """An environment whose events are ordered by (time, round, kind, rank, serial).

    SimPy orders events by (time, priority, serial), serial being the order in which they were scheduled, and takes
    anything that can be compared for a priority: here the triple (round, kind, rank).

    What is scheduled for the present instant happens in the present round if its kind is yet to come, and in the next
    round otherwise.  So a round goes once through the kinds, and its spikes, if they arrive without delay, make the
    next round.
    """

    def __init__(self) -> None:
        super().__init__()
        self.round = 0
        self.kind = -1

    def at(
        self, time: float, kind: Kind, action: Callable[..., None], *arguments: Any, rank: int = 0
    ) -> simpy.Event:
        """Schedule ``action(*arguments)``.

        SimPy's own `timeout` takes a delay; the sum of now and a difference of times would be off by a rounding.
        """
        round_ = 0
        if time == self.now:
            round_ = self.round if kind > self.kind else self.round + 1
        event = simpy.Event(self)
        event._ok, event._value = True, None  # as `simpy.Timeout` does: it will happen, with no value
        event.callbacks.append(lambda _: action(*arguments))
        priority: Any = (round_, int(kind), rank)
        heappush(self._queue, (time, priority, next(self._eid), event))
        return event

    def step(self) -> None:
        """The next event."""
        _, priority, _, _ = self._queue[0]
        self.round, self.kind, _ = priority  # type: ignore[misc]  # SimPy's type of a priority is int
        super().step()


def cancel(event: simpy.Event | None) -> None:
    """See to it that nothing happens when the event comes."""
    if event is not None and event.callbacks is not None:
        event.callbacks.clear()
