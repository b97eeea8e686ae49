"""Generators: what makes the events of one kind of input.  `MergedEvents` puts several together in order of time."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eventsim.build.streams.buffer import EventBuffer
from eventsim.build.streams.clock import State, as_state, restore_array
from eventsim.kernels.random.streams import Volleys, run_volleys

FloatArray = NDArray[np.float64]
LabelArray = NDArray[np.uint32]


class Generator(Protocol):
    """Makes events in order of its own; each has a label that decides the order within an instant."""

    @property
    def next_time(self) -> float:
        """ms, never after the next event; inf when there is none."""

    def run(self, until: float, buffer: EventBuffer, n: int) -> int:
        """Append the events up to `until` (ms) to the n in the buffer, in any order; returns their new number."""

    def rate_per_ms(self, t: float) -> float:
        """Expected events a ms at or soon after t."""

    def state(self) -> State:
        """Where the generator stands."""

    def restore(self, state: State) -> None:
        """Go on from a state."""


class TrainGenerator:
    """Given spikes: times (n,) ms and labels (n,), which it sorts."""

    _LOOK_AHEAD = 1000  # spikes over which the rate is averaged

    def __init__(self, times: FloatArray, labels: LabelArray) -> None:
        order = np.lexsort((labels, times))
        self._times, self._labels = times[order], labels[order]
        self._times.setflags(write=False)
        self._labels.setflags(write=False)
        self._go_to(0)

    def _go_to(self, position: int) -> None:
        self._position = position
        self.next_time = float(self._times[position]) if position < self._times.size else math.inf

    def take(self, until: float) -> tuple[FloatArray, LabelArray]:
        """The next spikes up to `until`, in order, without a copy."""
        first = self._position
        self._go_to(int(np.searchsorted(self._times, until, side="right")))
        return self._times[first : self._position], self._labels[first : self._position]

    def run(self, until: float, buffer: EventBuffer, n: int) -> int:
        times, labels = self.take(until)
        end = n + times.size
        buffer.reserve(end, n)
        buffer.events.times[n:end] = times
        buffer.events.labels[n:end] = labels
        return end

    def rate_per_ms(self, t: float) -> float:
        first = int(np.searchsorted(self._times, t))
        last = min(first + self._LOOK_AHEAD, self._times.size) - 1
        if last <= first:
            return 0.0
        return float((last - first) / max(self._times[last] - max(t, 0.0), 1e-9))

    def state(self) -> State:
        return as_state(train_position=self._position)

    def restore(self, state: State) -> None:
        position = np.zeros((), np.int64)
        restore_array(state, "train_position", position)
        self._go_to(int(position))


class VolleyGenerator:
    """Regular sources: rows (start, interval, stop, first label, size) of `kernels.streams.Volleys`."""

    def __init__(self, volleys: list[Volleys]) -> None:
        joined = [np.concatenate(columns) for columns in zip(*volleys, strict=True)]
        self._volleys = Volleys(*joined)
        self.next_time = float(self._next_times().min(initial=math.inf))

    def _next_times(self) -> FloatArray:
        v = self._volleys
        times: FloatArray = v.start + v.number * v.interval
        return np.where(times < v.stop, times, math.inf)

    def run(self, until: float, buffer: EventBuffer, n: int) -> int:
        while True:
            n, self.next_time = run_volleys(self._volleys, until, buffer.events, n)
            if self.next_time > until:
                return n
            needed = int(self._volleys.size[self._next_times() <= until].sum())
            buffer.reserve(n + needed, n)

    def rate_per_ms(self, t: float) -> float:
        v = self._volleys
        active = (v.start <= t + v.interval) & (t < v.stop)
        return float((v.size / v.interval)[active].sum())

    def state(self) -> State:
        return as_state(volley_number=self._volleys.number)

    def restore(self, state: State) -> None:
        restore_array(state, "volley_number", self._volleys.number)
        self.next_time = float(self._next_times().min(initial=math.inf))
