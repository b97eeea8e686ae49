"""A sink that keeps the spikes and state samples of a run in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.recording.results import Floats, Ids, PopulationInfo, Results, StateRecorder


class MemorySink:
    """Collects what an engine hands out, 12 bytes a spike; `results` may be asked for at any time.

    ``populations`` are (name, first, size, recorded); spikes of those that are not recorded are dropped.
    """

    def __init__(
        self,
        populations: Iterable[tuple[str, int, int] | tuple[str, int, int, bool]],
        recorders: Sequence[StateRecorder] = (),
    ) -> None:
        self.populations = tuple(PopulationInfo(*p) for p in populations)
        self.recorders = tuple(recorders)
        self._spikes: list[tuple[Floats, NDArray[np.uint32]]] = []
        self._states: list[list[tuple[Floats, Floats]]] = [[] for _ in self.recorders]

    def spikes(self, times: Floats, ids: NDArray[np.uint32]) -> None:
        """Keep a copy of a chunk of spikes: times (n,) in ms, global ids (n,)."""
        if len(times):
            self._spikes.append((np.array(times, dtype=np.float64), np.array(ids, dtype=np.uint32)))

    def states(self, recorder_number: int, times: Floats, values: Floats) -> None:
        """Keep a copy of samples of one recorder: times (k,), values (k, n_neurons)."""
        kept = np.array(values, dtype=np.float64).reshape(len(times), -1)
        self._states[recorder_number].append((np.array(times, dtype=np.float64), kept))

    def results(self, duration_ms: float, counts: Mapping[str, Any] | None = None) -> Results:
        """Results up to now; a later chunk does not change them."""
        if len(self._spikes) > 1:
            times, ids = (np.concatenate(column) for column in zip(*self._spikes, strict=True))
            self._spikes = [(times, ids)]
        times, ids = self._spikes[0] if self._spikes else (np.empty(0), np.empty(0, dtype=np.uint32))
        recorded = [p for p in self.populations if p.recorded]
        traces = [
            (
                np.concatenate([np.empty(0), *(t for t, _ in parts)]),
                np.concatenate([np.empty((0, len(recorder.neurons))), *(v for _, v in parts)]),
            )
            for recorder, parts in zip(self.recorders, self._states, strict=True)
        ]
        store = _MemoryStore(times, ids, recorded, traces)
        return Results(duration_ms, self.populations, store, counts, self.recorders)


class _MemoryStore:
    """All spikes of a run in two columns; a population is cut out when it is asked for, and kept."""

    def __init__(
        self,
        times: Floats,
        ids: NDArray[np.uint32],
        populations: Sequence[PopulationInfo],
        traces: Sequence[tuple[Floats, Floats]],
    ) -> None:
        self._times, self._ids, self._populations, self._traces = times, ids, populations, traces
        self._cut: dict[int, tuple[Floats, Ids]] = {}

    def spike_count(self, population: int) -> int:
        return len(self._population(population)[0])

    def read_spikes(self, population: int, start_ms: float, stop_ms: float) -> tuple[Floats, Ids]:
        times, ids = self._population(population)
        low, high = np.searchsorted(times, (start_ms, stop_ms))
        return times[low:high], ids[low:high]

    def read_trace(self, recorder: int) -> tuple[Floats, Floats]:
        return self._traces[recorder]

    def _population(self, population: int) -> tuple[Floats, Ids]:
        if population not in self._cut:
            info = self._populations[population]
            mine = (self._ids >= info.first) & (self._ids < info.first + info.size)
            self._cut[population] = (self._times[mine], self._ids[mine].astype(np.int64) - info.first)
        return self._cut[population]
