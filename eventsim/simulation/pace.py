"""How far a kernel is sent at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


class Pace:
    """Stretches of time of about `events` events, as far as can be foreseen; the first is `first_ms` long."""

    def __init__(self, events: int, first_ms: float) -> None:
        self._events = events
        self._last_ms = first_ms
        self._arrivals_per_ms = 0.0

    def until(self, first: float, t_stop: float, streams: Sequence[Any], idle: bool = False) -> float:
        """Where the stretch that begins at `first` ends; idle: nothing happens before the streams' next event."""
        rate = sum(stream.expected_rate_per_ms(first) for stream in streams) + self._arrivals_per_ms
        length = min(self._events / rate if rate > 0.0 else math.inf, 8.0 * self._last_ms)
        wait = min(stream.next_time() for stream in streams) - first if idle else 0.0
        return min(t_stop, first + max(wait, 0.0) + length)

    def learn(self, first: float, last: float, arrivals: int) -> None:
        """Note how many arrivals over synapses there were."""
        self._last_ms = last - first if last > first else self._last_ms
        self._arrivals_per_ms = arrivals / self._last_ms
