"""Mapping by hypergraph partitioning (Mt-KaHyPar, the extra ``mapping``), and placing the parts on the mesh.

A neuron and all that it reaches are a hyperedge, weighted by its spikes; cutting it into k parts costs k - 1 packets.
The partitioner minimises their sum (km1).  Parts are then placed by swaps, with annealing: for ``"hops"`` they lower
the spike-weighted hops; for ``"load"`` neurons weigh what arrives at them, so that parts have equal events, all cores
are used, and swaps lower hops while no tile has more than its share of events, but for the imbalance that is allowed.

L. Gottesbueren et al., Mt-KaHyPar, ACM Transactions on Algorithms 20 (2024).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from eventsim.errors import InputError, MissingDataError
from eventsim.hardware.capacity import limits_of
from eventsim.hardware.chip import Chip
from eventsim.hardware.mapping import filled, neuron_mask
from eventsim.hardware.mesh import Mesh, mesh_of
from eventsim.hardware.reach import Ints, reach_of, synapse_tables, table_layers
from eventsim.hardware.run import Run
from eventsim.kernels import hardware as kernels

if TYPE_CHECKING:
    from eventsim.hardware.costing import Objective

IMBALANCE = 0.03
SPARE_CORES = 1.25
"""Parts for ``"hops"``, over the cores that a contiguous filling takes: what a partition needs to have some room."""
MOST_SWEEPS, MOST_WORK = 1000, 2 * 10**9
"""Swaps tried for each core, and steps of the inner loop that they may take in all: four for each core."""


def hypergraph(run: Run, chip: Chip, objective: Objective = "hops", seed: int = 0) -> Ints:
    """The core of each neuron, (n_ids,).  The same seed gives the same mapping.

    Raises MissingDataError without the package, InputError for an unknown objective.
    """
    if objective not in ("hops", "load"):
        raise InputError("objective", objective, "'hops' or 'load' is needed")
    mesh = mesh_of(chip)
    events = arriving_events(run)
    parts = _parts(run, chip, mesh, events, objective, seed)
    limit = limits_of(chip)["neurons"]
    if limit is not None:
        parts = _within(parts, neuron_mask(run.network), events, limit, mesh.n_cores)
    cores = _placed(run, mesh, parts, events, objective, seed)
    return cores[parts]


def arriving_events(run: Run) -> Ints:
    """Synaptic events at each neuron, or at the table for the rows that it reads, (n_ids,)."""
    events = np.zeros(run.network.size, np.int64)
    for projection, table in synapse_tables(run.network):
        source, target = projection.source.population, projection.target.population
        sent = run.spike_counts[source.first : source.first + source.size]
        np.add.at(
            events, target.first + table.targets.astype(np.int64), np.repeat(sent, np.diff(table.row_start))
        )
    for layer in table_layers(run.network):
        events[layer.ids] += run.spike_counts[layer.ids] * layer.n_out
    return events


def _parts(run: Run, chip: Chip, mesh: Mesh, events: Ints, objective: Objective, seed: int) -> Ints:
    """The part of each neuron."""
    needed = int(filled(run.network, chip).max(initial=0)) + 1
    roomy = min(int(np.ceil(SPARE_CORES * needed)), mesh.n_cores) if objective == "hops" else mesh.n_cores
    k = min(roomy if needed > 1 or objective == "load" else 1, run.network.size)
    if k <= 1:
        return np.zeros(run.network.size, np.int64)
    edges, edge_weights = _hyperedges(run)
    # A part's neurons are limited by the core; one event a neuron keeps silent ones from all going to one part.
    mask = neuron_mask(run.network)
    weights = 1 + events if objective == "load" else mask.astype(np.int64)
    partitioner, package = _partitioner(seed)
    context = partitioner.context_from_preset(package.PresetType.DETERMINISTIC)
    context.set_partitioning_parameters(k, IMBALANCE, package.Objective.KM1)
    context.logging = False
    graph = partitioner.create_hypergraph(
        context, run.network.size, len(edges), edges, weights.tolist(), edge_weights
    )
    return np.array(graph.partition(context).get_partition(), np.int64)


def _partitioner(seed: int) -> tuple[Any, Any]:
    try:
        import mtkahypar
    except ImportError:
        raise MissingDataError(
            'the package mtkahypar is not installed: pip install "eventsim[mapping]"'
        ) from None
    mtkahypar.set_seed(seed % 2**31)
    global _initialised
    if _initialised is None:  # only once in a process
        _initialised = mtkahypar.initialize(min(os.cpu_count() or 1, 4), False)
    return _initialised, mtkahypar


_initialised: Any = None


def _hyperedges(run: Run) -> tuple[list[list[int]], list[int]]:
    """Each source that fired, with what it reaches; the outputs of tables are joined to them by their partial sums."""
    members: list[set[int]] = [set() for _ in range(run.network.size)]
    for projection, table in synapse_tables(run.network):
        first, source = projection.target.population.first, projection.source.population
        for row in np.flatnonzero(run.spike_counts[source.first : source.first + source.size]):
            targets = table.targets[table.row_start[row] : table.row_start[row + 1]]
            members[source.first + int(row)].update((targets.astype(np.int64) + first).tolist())
    for layer in table_layers(run.network):
        for table_id in layer.ids[run.spike_counts[layer.ids] > 0].tolist():
            members[table_id].update(layer.outputs.tolist())
    edges, weights = [], []
    for i, reached in enumerate(members):
        reached.add(i)
        if len(reached) > 1:
            edges.append(sorted(reached))
            weights.append(int(run.spike_counts[i]))
    return edges, weights


def _within(parts: Ints, is_neuron: np.ndarray, events: Ints, limit: int, n_cores: int) -> Ints:
    """The same parts with none above a core's neurons: those with fewest events move to the part with most room."""
    parts = parts.copy()
    size = np.bincount(parts[is_neuron], minlength=n_cores)
    for part in np.flatnonzero(size > limit):
        mine = np.flatnonzero(is_neuron & (parts == part))
        for i in mine[np.argsort(events[mine], kind="stable")][: size[part] - limit]:
            roomiest = int(np.argmin(size))
            parts[i] = roomiest
            size[roomiest] += 1
    return parts


def _placed(run: Run, mesh: Mesh, parts: Ints, events: Ints, objective: Objective, seed: int) -> Ints:
    """The core of each part, (n_cores,): a permutation found by swaps."""
    n = mesh.n_cores
    reach = reach_of(run.network, parts)
    sent = np.repeat(run.spike_counts, np.diff(reach.row_start))
    traffic = np.zeros((n, n), np.int64)
    np.add.at(traffic, (parts[reach.sources], reach.cores), sent)
    for layer in table_layers(run.network):
        outputs = np.unique(parts[layer.outputs])
        np.add.at(
            traffic, (parts[layer.ids][:, np.newaxis], outputs), run.spike_counts[layer.ids][:, np.newaxis]
        )
    load = np.bincount(parts, weights=events, minlength=n).astype(np.int64)
    core_of_part = np.arange(n)
    tiles = np.unique(mesh.tile_of_core).size
    most_load = max((1.0 + IMBALANCE) * load.sum() / tiles, 1.0) if objective == "load" else np.inf
    kernels.anneal_placement(
        traffic + traffic.T,
        load,
        most_load,
        mesh.tile_of_core,
        mesh.columns,
        mesh.n_tiles,
        int(np.clip(MOST_WORK // (4 * n * n), 1, MOST_SWEEPS)),
        np.uint64(seed),
        core_of_part,
    )
    return core_of_part
