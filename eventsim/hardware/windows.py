"""The same counts in windows of time, so that peaks show: events, packets and the loads of links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.hardware.counts import Placed
from eventsim.hardware.reach import Ints
from eventsim.hardware.run import Run
from eventsim.kernels import hardware as kernels

BLOCK_BYTES = 1 << 27


@dataclass(frozen=True)
class Windows:
    """Counts of the windows [edges[k], edges[k + 1]), the last one with its end.

    spikes, deliveries, synaptic_events, read_words: (windows, n_cores); synaptic_events with the rows that tables
    added; read_words without neurons' states.  links: (windows, 4 tiles) packets as the chip routes them.
    """

    edges_ms: NDArray[np.float64]
    spikes: Ints
    deliveries: Ints
    synaptic_events: Ints
    read_words: Ints
    links: Ints


def count_windows(run: Run, placed: Placed, windows: int) -> Windows:
    """Counts in `windows` equal parts of the run; a spike counts where it was sent.

    Raises InputError if the spikes of a population that fired were not recorded.
    """
    if windows < 1:
        raise InputError("windows", windows, "must be at least 1")
    return _counted(run, placed, np.linspace(0.0, run.duration_ms, windows + 1))


def in_steps(run: Run, placed: Placed, tick_ms: float, steps: int) -> Iterator[Windows]:
    """Counts in time steps of `tick_ms`, as many at once as fit into a bounded memory."""
    row_bytes = 8 * (4 * placed.mesh.n_cores + placed.mesh.n_links)
    block = max(1, BLOCK_BYTES // row_bytes)
    for first in range(0, steps, block):
        last = min(first + block, steps)
        edges: NDArray[np.float64] = np.arange(first, last + 1, dtype=np.float64) * tick_ms
        if last == steps:
            edges[-1] = max(edges[-1], run.duration_ms)
        yield _counted(run, placed, edges)


def _counted(run: Run, placed: Placed, edges: NDArray[np.float64]) -> Windows:
    times, ids = run.spikes
    first = int(np.searchsorted(times, edges[0], "left"))
    last = int(np.searchsorted(times, edges[-1], "right" if edges[-1] >= run.duration_ms else "left"))
    times, ids = times[first:last], ids[first:last]
    n = edges.size - 1
    window = np.clip(np.searchsorted(edges, times, "right") - 1, 0, n - 1)
    reach, mesh, core_of = placed.reach, placed.mesh, placed.core_of
    shape = n, mesh.n_cores
    spikes, deliveries, events, words = (np.zeros(shape, np.int64) for _ in range(4))
    np.add.at(spikes, (window, core_of[ids]), 1)
    for values, out in (
        (np.ones_like(reach.synapses), deliveries),
        (reach.synapses, events),
        (placed.layout.words, words),
    ):
        kernels.window_rows(window, ids, reach.row_start, reach.cores, values, out)
    for layer in placed.layers:
        mine = (ids >= layer.first) & (ids < layer.first + layer.n_tables)
        where = window[mine], core_of[ids[mine]]
        np.add.at(events, where, layer.n_out)
        np.add.at(words, where, placed.layout.table_row_words(layer))
    links = np.zeros((n, mesh.n_links), np.int64)
    multicast = placed.chip.mesh.routing == "multicast"
    route = core_of, reach.row_start, reach.cores, mesh.tile_of_core, mesh.columns, multicast
    kernels.window_links(window, ids, *route, links)
    result = Windows(edges, spikes, deliveries, events, words, links)
    for each in (edges, spikes, deliveries, events, words, links):
        each.setflags(write=False)
    return result
