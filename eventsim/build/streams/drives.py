"""Independent Poisson arrivals at each target neuron of the drives of a network."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from eventsim.build.streams.buffer import EventBuffer
from eventsim.build.streams.clock import State, as_state, restore_array
from eventsim.build.streams.drive_table import DriveTable
from eventsim.build.streams.generators import FloatArray, LabelArray
from eventsim.build.streams.merged import MergedEvents
from eventsim.build.streams.poisson import RateFunction
from eventsim.errors import InputError
from eventsim.kernels.random.drive import count_cells, draw_cells
from eventsim.kernels.memory import address
from eventsim.kernels.random.streams import look_up_labels
from eventsim.network.network import Network


class DriveStream:
    """Arrivals of all `PoissonDrive` of a network.

    ``slice(t0, t1)`` gives (times float64 ms, neurons uint32, drives uint16), all (n,): the arrivals in t0 < t <= t1
    in order of (time, number of the drive, neuron), with global ids.  Slices follow one another, the first begins at
    -inf; where they are cut changes nothing.  The arrays are read-only and valid until the next slice.  The arrivals
    of a drive depend on the network's seed, the drive's name, its targets and its rate, and on nothing else.

    ``records`` (n_drives,) are the drives as `kernels.drive.draw_cell` takes them, for an engine that draws by itself;
    their addresses hold as long as the stream lives.  Those whose numbers are ``drawn_elsewhere`` are left to it.
    """

    def __init__(self, network: Network, drawn_elsewhere: frozenset[int] = frozenset()) -> None:
        table = self._table = DriveTable(network)  # kept: the records point into it
        sizes = [targets.size for targets in table.targets]
        self.records: NDArray[np.void] = table.records
        self._slot_neuron = np.concatenate([np.zeros(0, np.uint32), *table.targets])
        self._slot_drive = np.repeat(np.arange(len(sizes), dtype=np.uint16), sizes)
        self._events = MergedEvents(
            [DriveGenerator(table, drawn_elsewhere)] if len(sizes) > len(drawn_elsewhere) else []
        )
        self._neurons = np.empty(0, np.uint32)
        self._drives = np.empty(0, np.uint16)

    def slice(self, t0: float, t1: float) -> tuple[FloatArray, LabelArray, NDArray[np.uint16]]:
        """Arrivals in t0 < t <= t1: (times, neurons, numbers of drives); see the class."""
        times, slots = self._events.slice(t0, t1)
        n = times.size
        if n > self._drives.size:
            self._neurons, self._drives = np.empty(2 * n, np.uint32), np.empty(2 * n, np.uint16)
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


class DriveGenerator:
    """The drives' arrivals, cell by cell; the label of target k of a drive is k + the number of targets before it."""

    def __init__(self, table: DriveTable, but: frozenset[int]) -> None:
        first_labels = np.cumsum([0, *(targets.size for targets in table.targets)])
        self._sizes = np.diff(first_labels)
        self._rates = table.rates
        self._drives = [
            _Drive(table, number, int(label))
            for number, label in enumerate(first_labels[:-1])
            if number not in but
        ]

    @property
    def next_time(self) -> float:  # ms; see `Generator`
        return min((drive.next_time() for drive in self._drives), default=math.inf)

    def run(self, until: float, buffer: EventBuffer, n: int) -> int:
        for drive in self._drives:
            n = drive.run(until, buffer, n)
        return n

    def rate_per_ms(self, t: float) -> float:
        pairs = zip(self._rates, self._sizes, strict=True)
        return sum(rate.total_per_ms(t, int(size)) for rate, size in pairs)

    def state(self) -> State:
        return as_state(drive_sizes=self._sizes)

    def restore(self, state: State) -> None:
        sizes, time = np.zeros_like(self._sizes), np.zeros(())
        restore_array(state, "drive_sizes", sizes)
        restore_array(state, "time", time)
        if not np.array_equal(sizes, self._sizes):
            raise InputError("state['drive_sizes']", sizes, f"another network's state: {self._sizes} here")
        for drive in self._drives:
            drive.go_to(float(time))


class _Drive:
    """One drive: the cells up to the one in which the last slice ended are drawn, what is left of that one waits."""

    def __init__(self, table: DriveTable, number: int, first_label: int) -> None:
        self._table, self._number, self._first_label = table, number, first_label
        self._cell_ms = float(table.records["cell_ms"][number])
        self._ends, self._silent = _stretches(table.rates[number])
        self._waiting = EventBuffer()
        self.go_to(-math.inf)

    def go_to(self, time: float) -> None:
        """Let the next arrival be the first after a time."""
        self._first = self._last = 0  # of what waits
        self._begin = (
            0.0  # ms, of the first cell that is not drawn; infinity when nothing can arrive any more
        )
        if time >= 0.0:
            self._draw_waiting(math.floor(time / self._cell_ms))
            self._first = self._waiting_until(time)
        self._skip_silence()

    def next_time(self) -> float:
        """A time after the last slice, and before which nothing arrives."""
        return float(self._waiting.events.times[self._first]) if self._first < self._last else self._begin

    def run(self, until: float, buffer: EventBuffer, n: int) -> int:
        """Append the arrivals up to `until` to the n in the buffer."""
        n = self._take_waiting(until, buffer, n)
        if self._begin > until:
            return n
        last = math.floor(until / self._cell_ms)  # the cells before it are wholly wanted, so need no order
        n = self._draw(int(self._begin / self._cell_ms), last, buffer, n)
        self._draw_waiting(last)
        self._skip_silence()
        return self._take_waiting(until, buffer, n)

    def _draw(self, first: int, last: int, buffer: EventBuffer, n: int) -> int:
        """Append the arrivals of cells first..last - 1."""
        records, number = self._table.records, self._number
        count = count_cells(records, number, first, last)
        buffer.reserve(n + count, n)
        times, labels = (address(column) + n * column.itemsize for column in buffer.events)
        draw_cells(records, number, first, last, self._first_label, times, labels)
        return int(n + count)

    def _draw_waiting(self, cell: int) -> None:
        end = (cell + 1) * self._cell_ms
        self._first, self._last = 0, self._draw(cell, cell + 1, self._waiting, 0)
        self._waiting.sort(self._last, cell * self._cell_ms, end)
        self._begin = end

    def _waiting_until(self, time: float) -> int:
        times = self._waiting.events.times[self._first : self._last]
        return self._first + int(np.searchsorted(times, time, side="right"))

    def _take_waiting(self, until: float, buffer: EventBuffer, n: int) -> int:
        first, self._first = self._first, self._waiting_until(until)
        end = n + self._first - first
        buffer.reserve(end, n)
        for column, waiting in zip(buffer.events, self._waiting.events, strict=True):
            column[n:end] = waiting[first : self._first]
        return end

    def _skip_silence(self) -> None:
        """Go on to the cell in which something can arrive next."""
        stretch = int(np.searchsorted(self._ends, self._begin, side="right"))
        if self._silent[stretch]:
            cells = self._ends[stretch] / self._cell_ms
            self._begin = max(self._begin, float(np.floor(cells)) * self._cell_ms)


def _stretches(rate: RateFunction) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Pieces of a rate with neighbours that are silent joined: (ends in ms, which ones are silent)."""
    ends, silent = np.append(rate.edges[1:], math.inf), rate.rates.max(axis=0) == 0.0
    last = np.append(~(silent[:-1] & silent[1:]), True)
    return ends[last], silent[last]
