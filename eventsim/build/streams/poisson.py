"""Poisson processes: rate functions as pieces of constant rate, and the generator over all of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.build.streams.buffer import EventBuffer
from eventsim.build.streams.clock import State, as_state, restore_array
from eventsim.build.streams.generators import FloatArray, LabelArray
from eventsim.kernels.random.streams import CHUNK, PoissonState, PoissonTable, run_poisson, start_poisson
from eventsim.network.inputs import PiecewiseRate

_ROOM = 4  # the kernel writes blocks of four
_KEPT = ("number", "next_time", "segment", "upcoming")


class RateFunction(NamedTuple):
    """rates[j, k] (spikes a second) of process j from edges[k] to edges[k + 1] ms, the last for ever; one j for all."""

    edges: FloatArray
    rates: FloatArray

    def total_per_ms(self, t: float, processes: int) -> float:
        """Expected events a ms of all processes at t."""
        piece = int(np.searchsorted(self.edges, t, side="right")) - 1
        if piece < 0:
            return 0.0
        return float(self.rates[:, piece].sum() / 1000.0 * (processes / self.rates.shape[0]))

    def pieces(self) -> FloatArray:
        """Rows of `PoissonTable.segments`, the pieces of each process together: (processes * pieces, 5)."""
        end_times = np.append(np.nextafter(self.edges[1:], -math.inf), math.inf)  # a piece is open at its end
        grown = np.cumsum(self.rates[:, :-1] * (np.diff(self.edges) / 1000.0), axis=1)
        rows = np.empty((*self.rates.shape, 5))
        rows[:, :, 0] = self.edges
        rows[:, :, 1] = np.pad(grown, ((0, 0), (1, 0)))
        with np.errstate(divide="ignore", over="ignore"):
            rows[:, :, 2] = 1000.0 / self.rates
        rows[:, :, 3] = end_times
        rows[:, :, 4] = np.pad(grown, ((0, 0), (0, 1)), constant_values=math.inf)
        return rows.reshape(-1, 5)


def rate_function(
    rate_hz: float | FloatArray | PiecewiseRate, start_ms: float = 0.0, stop_ms: float = math.inf
) -> RateFunction:
    """A rate that is zero outside start_ms <= t < stop_ms."""
    if isinstance(rate_hz, PiecewiseRate):
        inside = (rate_hz.times_ms > start_ms) & (rate_hz.times_ms < stop_ms)
        edges = np.concatenate([[start_ms], rate_hz.times_ms[inside]])
        piece = np.searchsorted(rate_hz.times_ms, edges, side="right") - 1
        rates = np.where(piece >= 0, rate_hz.rates_hz[piece], 0.0)[np.newaxis]
    else:
        edges = np.array([start_ms])
        rates = np.atleast_1d(np.asarray(rate_hz, np.float64))[:, np.newaxis]
    if stop_ms < math.inf:
        edges, rates = np.append(edges, stop_ms), np.pad(rates, ((0, 0), (0, 1)))
    return RateFunction(edges, rates)


class PoissonGroup(NamedTuple):
    """Processes of one random stream: element[j] enters the random counter, label[j] marks the events of process j."""

    key: int
    elements: NDArray[np.uint32]
    labels: LabelArray
    rate: RateFunction


class PoissonGenerator:
    """All Poisson processes of a stream, some 70 bytes each, whatever the duration.  name: tells it from others."""

    def __init__(self, seed: int, groups: list[PoissonGroup], name: str = "poisson") -> None:
        self._name = name
        self._rates = [(group.rate, group.elements.size) for group in groups]
        self._table, first_rows = _table(seed, groups)
        slots = self._table.elements.size
        self._state = PoissonState(
            number=np.zeros(slots, np.int64),
            next_time=np.full(slots, math.inf),
            segment=first_rows,
            upcoming=np.zeros((slots, 4)),
            chunk_next=np.full(self._table.chunk_key.size, math.inf),
        )
        start_poisson(self._table, self._state)
        self.next_time = float(self._state.chunk_next.min(initial=math.inf))

    def run(self, until: float, buffer: EventBuffer, n: int) -> int:
        buffer.reserve(n + _ROOM, n)
        while True:
            n, self.next_time = run_poisson(self._table, self._state, until, buffer.events, n)
            if self.next_time > until:
                return n
            buffer.reserve(2 * n + _ROOM, n)

    def rate_per_ms(self, t: float) -> float:
        return sum(rate.total_per_ms(t, size) for rate, size in self._rates)

    def state(self) -> State:
        state = self._state
        return as_state(**{f"{self._name}_{each}": getattr(state, each) for each in _KEPT})

    def restore(self, state: State) -> None:
        for each in _KEPT:
            restore_array(state, f"{self._name}_{each}", getattr(self._state, each))
        if self._table.chunk_key.size:
            np.minimum.reduceat(
                self._state.next_time, self._table.chunk_start[:-1], out=self._state.chunk_next
            )
        self.next_time = float(self._state.chunk_next.min(initial=math.inf))


def _table(seed: int, groups: list[PoissonGroup]) -> tuple[PoissonTable, NDArray[np.uint32]]:
    """The groups one after the other, and the first row of each slot's rate function."""
    keys, starts, first_rows, pieces = [], [np.zeros(1, np.int64)], [], []
    slots = rows = 0
    for group in groups:
        size = group.elements.size
        starts.append(slots + np.minimum(np.arange(CHUNK, size + CHUNK, CHUNK), size))
        keys.append(np.full(starts[-1].size, group.key, np.uint64))
        pieces.append(group.rate.pieces())
        own = group.rate.rates.shape[0] > 1
        stride = group.rate.edges.size if own else 0
        first_rows.append(rows + stride * np.arange(size, dtype=np.int64))
        slots, rows = slots + size, rows + len(pieces[-1])
    table = PoissonTable(
        seed=np.uint64(seed & (2**64 - 1)),
        chunk_key=np.concatenate(keys),
        chunk_start=np.concatenate(starts),
        elements=np.concatenate([group.elements for group in groups]),
        labels=np.concatenate([group.labels for group in groups]),
        segments=np.concatenate(pieces),
    )
    return table, np.concatenate(first_rows).astype(np.uint32)
