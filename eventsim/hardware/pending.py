"""Arrivals that are still on their way when a run ends: sent, and not among the synaptic events."""

from __future__ import annotations

import numpy as np

from eventsim.build.synapses import build_synapses
from eventsim.hardware.reach import Ints, is_tables
from eventsim.hardware.run import Run
from eventsim.kernels import hardware as kernels
from eventsim.network.projection import Projection


def pending_events(run: Run, core_of: Ints, n_cores: int, notes: list[str]) -> tuple[Ints, Ints]:
    """(n_cores,) arrivals over synapses, by the core of the target, and values of rows, by the core of the table."""
    events, adds = np.zeros(n_cores, np.int64), np.zeros(n_cores, np.int64)
    for projection in run.network.projections.values():
        source, target = projection.source.population, projection.target.population
        if not _may_be_late(projection) or not run.count(source.name):
            continue
        if run.results is None or source.name not in run.results.populations:
            notes.append(f"{source.name}: not recorded; what was on its way at the end counts as arrived")
            continue
        table = None if is_tables(projection) else build_synapses(run.network, projection)
        longest = _common_ms(projection) if table is None else float(np.max(table.delays, initial=0.0))
        first_late = run.duration_ms - longest
        raster = run.results.spikes(source.name, first_late - 1e-9 * abs(first_late))
        if table is None:
            late = raster.times + _common_ms(projection) > run.duration_ms
            np.add.at(adds, core_of[source.first + raster.ids[late]], target.size)
        elif len(raster):
            local = core_of[target.first : target.first + target.size]
            rows = table.row_start, table.targets, np.atleast_1d(table.delays)
            kernels.late_arrivals(raster.times, raster.ids, run.duration_ms, *rows, local, events)
    return events, adds


def _may_be_late(projection: Projection) -> bool:
    delay = projection.delay
    return not isinstance(delay, int | float) or delay > 0.0


def _common_ms(projection: Projection) -> float:
    """The one delay of look-up tables' rows."""
    return float(projection.delay)  # type: ignore[arg-type]  # the description takes no other
