"""A run as the cost model sees it: the wiring, how often each neuron fired, and the spikes themselves where needed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.hardware.reach import Ints
from eventsim.network.network import Network
from eventsim.recording.raster_reader import open_raster, read_wiring
from eventsim.recording.results import Results


@dataclass(frozen=True)
class Run:
    """A finished run.

    network: its description or its wiring.  spike_counts: (n_ids,) spikes by global id.  results: the recorded spikes;
    None where there are none, and then nothing can be said that depends on when spikes were.
    """

    network: Network
    spike_counts: Ints
    duration_ms: float
    results: Results | None = None

    @cached_property
    def spikes(self) -> tuple[NDArray[np.float64], Ints]:
        """Times (ms) and global ids of all spikes in order of (time, id).

        Raises InputError if those of a population that fired were not recorded.
        """
        missing = self.not_recorded()
        if missing or self.results is None:
            what = missing[0] if missing else "spikes"
            why = "its spikes were not recorded, and this depends on when they were; [record] populations adds them"
            raise InputError("population", what, why)
        parts = [
            (raster.times, raster.ids + population.first)
            for population in self.network.populations.values()
            if population.name in self.results.populations
            for raster in [self.results.spikes(population.name)]
        ]
        times = np.concatenate([np.empty(0), *(t for t, _ in parts)])
        ids = np.concatenate([np.empty(0, np.int64), *(i for _, i in parts)])
        order = np.lexsort((ids, times))
        return times[order], ids[order]

    def not_recorded(self) -> list[str]:
        """Populations that fired and whose spikes were not kept."""
        recorded = self.results.populations if self.results is not None else {}
        return [
            p.name
            for p in self.network.populations.values()
            if p.name not in recorded and self.spike_counts[p.first : p.first + p.size].any()
        ]

    def count(self, name: str) -> int:
        """Spikes of a population."""
        population = self.network.populations[name]
        return int(self.spike_counts[population.first : population.first + population.size].sum())

    @property
    def external_events(self) -> int:
        """Arrivals from Poisson drives, which no synapse of the network carries."""
        return int(self.results.counts.get("external_events", 0)) if self.results is not None else 0


def read_run(path: str | os.PathLike[str]) -> Run:
    """The run in a raster file of eventsim, with nothing else at hand.

    Raises MissingDataError for a file without wiring (another tool's, or not finished).
    """
    results = open_raster(path)
    network, counts = read_wiring(path)
    return Run(network, counts, results.duration_ms, results)


def run_of(network: Network, results: Results) -> Run:
    """The run whose results are at hand with its network; all that fires must have been recorded."""
    counts = np.zeros(network.size, np.int64)
    for population in network.populations.values():
        if population.name in results.populations:
            mine = results.spikes(population.name).counts()
            counts[population.first : population.first + population.size] = mine
        elif population.is_source:
            why = "the spikes of this source were not recorded; record_spikes adds them"
            raise InputError("population", population.name, why)
    return Run(network, counts, results.duration_ms, results)
