"""How far a kernel is sent at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

# What comes from outside is kept in memory until then: one counts as so many arrivals over synapses.
_READ = 64
_PART = 4  # grows from stretch to stretch all the same; what is injected is merged into what is left of one


def cut(first: float, whole: float, t_stop: float, stops_often: bool) -> float:
    """Where a stretch from `first` that might reach to `whole` ends: at `t_stop` at the latest.

    Where it is to stop often, not before a small part of the whole: to read what comes is more than to simulate it.
    """
    ahead = first + (whole - first) / _PART
    return max(min(t_stop, whole), ahead) if stops_often and ahead < math.inf else min(t_stop, whole)


class Pace:
    """Stretches of time of about `events` events, as far as can be foreseen; the first is `first_ms` long."""

    def __init__(self, events: int, first_ms: float) -> None:
        self._events = events
        self._last_ms = first_ms
        self._arrivals_per_ms = 0.0

    def until(self, first: float, t_stop: float, streams: Sequence[Any], stops_often: bool = False) -> float:
        """Where the stretch that begins at `first` ends; see `cut`."""
        read = sum(stream.expected_rate_per_ms(first) for stream in streams)
        rate = _READ * read + self._arrivals_per_ms
        length = min(self._events / rate if rate > 0.0 else math.inf, 8.0 * self._last_ms)
        return cut(first, first + length, t_stop, stops_often)

    def learn(self, first: float, last: float, arrivals: int) -> None:
        """Note how many arrivals over synapses there were."""
        self._last_ms = last - first if last > first else self._last_ms
        self._arrivals_per_ms = arrivals / self._last_ms
