"""Events of several generators in one order of time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from eventsim.build.streams.buffer import EventBuffer
from eventsim.build.streams.clock import SliceClock, State, as_state, restore_array
from eventsim.build.streams.generators import FloatArray, Generator, LabelArray, TrainGenerator


class MergedEvents:
    """Slices of all generators' events, sorted by (time, label)."""

    def __init__(self, generators: Sequence[Generator]) -> None:
        self._generators = list(generators)
        self._clock = SliceClock()
        self._buffer = EventBuffer()

    def slice(self, t0: float, t1: float) -> tuple[FloatArray, LabelArray]:
        """Events in t0 < t <= t1: read-only views of the buffer, overwritten by the next slice."""
        self._clock.advance(t0, t1)
        active = [generator for generator in self._generators if generator.next_time <= t1]
        if len(active) == 1 and isinstance(active[0], TrainGenerator):
            return active[0].take(t1)
        low = min((generator.next_time for generator in active), default=math.inf)
        n = 0
        for generator in active:
            n = generator.run(t1, self._buffer, n)
        if n > 1:
            self._buffer.sort(n, low, t1)
        times, labels = self._buffer.events.times[:n], self._buffer.events.labels[:n]
        times.flags.writeable = labels.flags.writeable = False
        return times, labels

    def next_time(self) -> float:
        """A time (ms) before which there is no further event; inf when there is none at all."""
        return min((generator.next_time for generator in self._generators), default=math.inf)

    def expected_rate_per_ms(self, t: float) -> float:
        """Expected events a ms at or soon after t."""
        return sum(generator.rate_per_ms(t) for generator in self._generators)

    def state(self) -> State:
        """Copies of all that a fresh object of the same network needs to go on."""
        state = as_state(time=self._clock.time)
        for generator in self._generators:
            state |= generator.state()
        return state

    def restore(self, state: State) -> None:
        """Go on from `state()` of a stream of the same network, with the same bytes.

        Raises:
            InputError: an array is missing or has another shape.
        """
        for generator in self._generators:
            generator.restore(state)
        time = np.zeros(())
        restore_array(state, "time", time)
        self._clock.time = float(time)
