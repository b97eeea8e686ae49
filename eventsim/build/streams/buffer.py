"""The buffer that generators fill and that is sorted in place: kept from slice to slice, longer only when needed."""

from __future__ import annotations

import numpy as np

from eventsim.kernels.timesort import COARSE_LOAD, FINE_BUCKETS, Events, SortScratch, sort_events

_FIRST_LENGTH = 1024


class EventBuffer:
    """Events (times float64, labels uint32) and the scratch memory to sort them: 24 bytes an event."""

    def __init__(self) -> None:
        self._allocate(_FIRST_LENGTH)

    def _allocate(self, length: int) -> None:
        self.events = Events(np.empty(length), np.empty(length, np.uint32))
        self._scratch = SortScratch(
            np.empty(length),
            np.empty(length, np.uint32),
            np.empty(length // COARSE_LOAD + 2, np.uint32),
            np.empty(FINE_BUCKETS + 1, np.uint32),
        )

    def reserve(self, length: int, kept: int) -> None:
        """Make room for `length` events or more; the first `kept` stay."""
        if length <= self.events.times.size:
            return
        before = self.events
        self._allocate(max(length, 3 * before.times.size // 2))
        self.events.times[:kept] = before.times[:kept]
        self.events.labels[:kept] = before.labels[:kept]

    def sort(self, n: int, low: float, high: float) -> None:
        """Sort the first n events, all within low..high ms, by (time, label)."""
        sort_events(self.events, n, low, high, self._scratch)
