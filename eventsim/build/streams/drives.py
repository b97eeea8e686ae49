"""Independent Poisson arrivals at each target neuron of the drives of a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventsim.build.streams.clock import State
from eventsim.build.streams.generators import FloatArray, LabelArray
from eventsim.build.streams.merged import MergedEvents
from eventsim.build.streams.poisson import PoissonGenerator, PoissonGroup, rate_function
from eventsim.kernels.streamkeys import stream_key
from eventsim.kernels.streams import look_up_labels
from eventsim.network.inputs import PoissonDrive
from eventsim.network.network import Network


class DriveStream:
    """Arrivals of all `PoissonDrive` of a network.

    ``slice(t0, t1)`` gives (times float64 ms, neurons uint32, drives uint16), all (n,): the arrivals in t0 < t <= t1
    in order of (time, number of the drive, neuron), with global ids.  Slices follow one another, the first begins at
    -inf; where they are cut changes nothing.  The arrays are read-only and valid until the next slice.  A neuron
    draws from element (its local index) of the stream ("drive", name of the drive), so that no other input and no
    other target changes its arrivals.
    """

    def __init__(self, network: Network) -> None:
        drives = network.drives
        targets = [np.sort(drive.target.indices) + drive.target.population.first for drive in drives]
        sizes = [target.size for target in targets]
        numbers = [drive.number for drive in drives]
        self._slot_neuron = np.concatenate([np.zeros(0, np.uint32), *targets]).astype(np.uint32)
        self._slot_drive = np.repeat(np.array(numbers, np.uint16), sizes)
        slots = np.split(np.arange(self._slot_neuron.size, dtype=np.uint32), np.cumsum(sizes)[:-1])
        self._single = len(drives) == 1
        if self._single:  # its number is 0, and its labels can be the neurons themselves
            slots = [self._slot_neuron]
        groups = [_group(*item) for item in zip(drives, slots, strict=True)] if drives else []
        self._events = MergedEvents([PoissonGenerator(network.seed, groups)] if groups else [])
        self._neurons = np.empty(0, np.uint32)
        self._drives = np.empty(0, np.uint16)

    def slice(self, t0: float, t1: float) -> tuple[FloatArray, LabelArray, NDArray[np.uint16]]:
        """Arrivals in t0 < t <= t1: (times, neurons, numbers of drives); see the class."""
        times, slots = self._events.slice(t0, t1)
        n = times.size
        if n > self._drives.size:
            self._neurons, self._drives = np.empty(2 * n, np.uint32), np.zeros(2 * n, np.uint16)
        if self._single:
            drives = self._drives[:n]
            drives.flags.writeable = False
            return times, slots, drives
        look_up_labels(slots, self._slot_neuron, self._slot_drive, self._neurons, self._drives)
        neurons, drives = self._neurons[:n], self._drives[:n]
        neurons.flags.writeable = drives.flags.writeable = False
        return times, neurons, drives

    def next_time(self) -> float:
        """A time (ms) before which nothing more arrives; inf when nothing ever does."""
        return self._events.next_time()

    def expected_rate_per_ms(self, t: float) -> float:
        """Expected arrivals a ms at t."""
        return self._events.expected_rate_per_ms(t)

    def state(self) -> State:
        """Copies of all that a fresh object of the same network needs to go on."""
        return self._events.state()

    def restore(self, state: State) -> None:
        """Go on from `state()` of a stream of the same network, with the same bytes."""
        self._events.restore(state)


def _group(drive: PoissonDrive, slots: LabelArray) -> PoissonGroup:
    elements = np.sort(drive.target.indices).astype(np.uint32)
    return PoissonGroup(stream_key("drive", drive.name), elements, slots, rate_function(drive.rate_hz))
