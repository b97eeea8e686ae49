"""Where a simulation's events and seconds went, from counts that engines keep anyway and a few looks at the clock."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from eventsim.build.wiring import Wiring
from eventsim.network.network import Network


class Parts:
    """Seconds by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Add the time until the block is left."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started


def sent_by_projection(network: Network, wiring: Wiring, spike_counts: Any) -> dict[str, int]:
    """Arrivals that the spikes so far have caused or will cause, by projection; of tables one row a spike."""
    sent = {}
    for projection, table in zip(network.projections.values(), wiring.tables, strict=True):
        population = projection.source.population
        spikes = spike_counts[population.first : population.first + population.size]
        starts = table.row_start.astype(np.int64)
        if table.dense:
            sent[projection.name] = int(spikes.sum()) * int(starts[1] - starts[0])
        else:
            rows = np.diff(starts).reshape(population.size, -1).sum(axis=1)
            sent[projection.name] = int(spikes @ rows)
    return sent
