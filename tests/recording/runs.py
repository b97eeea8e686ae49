"""Made-up runs: spikes and samples as an engine would hand them to a sink."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from eventsim.recording.results import PopulationInfo, StateRecorder

POPULATIONS = (
    PopulationInfo("excitatory", 0, 70),
    PopulationInfo("source", 70, 20, False),
    PopulationInfo("inhibitory", 90, 10),
    PopulationInfo("silent", 100, 5),
)
METADATA = {
    "scenario": "name = 'made up é'",
    "seed": 2**63 + 1,
    "settings": {"b": 1, "a": [2]},
    "duration_ms": 50_000.0,
}
COUNTS = {"synaptic_events": 12, "mean": 0.5, "spike_counts": np.arange(105)}


class Run(NamedTuple):
    times: Any
    ids: Any
    recorders: tuple[StateRecorder, ...]
    samples: Any

    def expected(self, population: PopulationInfo) -> tuple[Any, Any]:
        mine = (self.ids >= population.first) & (self.ids < population.first + population.size)
        return self.times[mine], self.ids[mine].astype(np.int64) - population.first


def made_up_run(spikes: int, seed: int = 0) -> Run:
    """Spikes with ties, sorted by (time, id), none in the population "silent"; one recorder of 4 neurons."""
    random = np.random.default_rng(seed)
    times = random.integers(0, max(1, spikes // 3), spikes) / 8.0
    ids = random.integers(0, 100, spikes).astype(np.uint32)
    order = np.lexsort((ids, times))
    recorder = StateRecorder("inhibitory", "v", np.array([1, 3, 5, 9]), np.arange(50) * 0.5, "mV")
    return Run(times[order], ids[order], (recorder,), random.normal(size=(50, 4)))


def play(run: Run, sink: Any, spike_cuts: Any = (), sample_cuts: Any = ()) -> None:
    """Hand the run to a sink in pieces, spikes and samples in turn."""
    spikes = _pieces(len(run.times), spike_cuts)
    samples = _pieces(len(run.samples), sample_cuts)
    for k in range(max(len(spikes), len(samples))):
        if k < len(spikes):
            sink.spikes(run.times[spikes[k]], run.ids[spikes[k]])
        if k < len(samples):
            sink.states(0, run.recorders[0].times_ms[samples[k]], run.samples[samples[k]])


def _pieces(length: int, cuts: Any) -> list[slice]:
    bounds = [0, *sorted(min(c, length) for c in cuts), length]
    return [slice(a, b) for a, b in pairwise(bounds)]
