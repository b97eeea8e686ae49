"""Changes of the external currents of a network, in order of time."""

from __future__ import annotations

import math

import numpy as np

from eventsim.build.streams.clock import SliceClock, State, as_state, restore_array
from eventsim.build.streams.generators import FloatArray, LabelArray
from eventsim.network.network import Network


class CurrentStream:
    """Changes of all `StepCurrent` of a network.

    ``slice(t0, t1)`` gives (times float64 ms, neurons uint32, values float64), all (n,): the changes in t0 < t <= t1
    in order of (time, order of declaration, neuron), with global ids.  Slices follow one another, the first begins at
    -inf.  A step is expanded to its neurons only in the slice it lies in, so that the stream takes no more memory
    than the description.
    """

    def __init__(self, network: Network) -> None:
        self._steps = network.currents
        self._order = [np.argsort(step.target.indices) for step in self._steps]
        self._neurons = [
            (step.target.indices[order] + step.target.population.first).astype(np.uint32)
            for step, order in zip(self._steps, self._order, strict=True)
        ]
        times = [step.times_ms for step in self._steps]
        owners = np.repeat(np.arange(len(times)), [t.size for t in times])
        rows = np.concatenate([np.zeros(0, np.int64), *(np.arange(t.size) for t in times)])
        self._times = np.concatenate([np.zeros(0), *times])
        order = np.lexsort((owners, self._times))
        self._times, self._owners, self._rows = self._times[order], owners[order], rows[order]
        self._position = 0
        self._clock = SliceClock()

    def slice(self, t0: float, t1: float) -> tuple[FloatArray, LabelArray, FloatArray]:
        """Changes in t0 < t <= t1: (times, neurons, values); see the class."""
        self._clock.advance(t0, t1)
        first, last = self._position, int(np.searchsorted(self._times, t1, side="right"))
        self._position = last
        owners = self._owners[first:last]
        neurons = [self._neurons[owner] for owner in owners]
        values = [self._values(owner, row) for owner, row in zip(owners, self._rows[first:last], strict=True)]
        times = np.repeat(self._times[first:last], [ids.size for ids in neurons])
        return (
            times,
            np.concatenate([np.zeros(0, np.uint32), *neurons]),
            np.concatenate([np.zeros(0), *values]),
        )

    def _values(self, owner: int, row: int) -> FloatArray:
        """The values of one change, in order of the neurons."""
        values: FloatArray = self._steps[owner].values[row]
        order = self._order[owner]
        return np.full(order.size, values) if values.ndim == 0 else values[order]

    def next_time(self) -> float:
        """The time (ms) of the next change; inf when there is none."""
        return float(self._times[self._position]) if self._position < self._times.size else math.inf

    def expected_rate_per_ms(self, t: float) -> float:
        """Changes a ms, averaged over the steps that begin after t."""
        rate = 0.0
        for step, neurons in zip(self._steps, self._neurons, strict=True):
            later = step.times_ms[step.times_ms > t]
            if later.size:
                rate += later.size * neurons.size / float(max(later[-1] - max(t, 0.0), 1e-9))
        return rate

    def state(self) -> State:
        """Copies of all that a fresh object of the same network needs to go on."""
        return as_state(time=self._clock.time, current_position=self._position)

    def restore(self, state: State) -> None:
        """Go on from `state()` of a stream of the same network."""
        position, time = np.zeros((), np.int64), np.zeros(())
        restore_array(state, "current_position", position)
        restore_array(state, "time", time)
        self._position, self._clock.time = int(position), float(time)
