"""From a projection to its synapses, stored by source and sorted for an engine that follows a spike.

Rules come in two kinds (see `connect_rules`).  Some number their synapses by source: their rows are made
where they stay.  The others make pairs in another order, chunk by chunk, and twice: once to count the
synapses of each source, once to put them in place.  So little more than the table itself is ever held.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.build import connect_rules
from eventsim.build.connect_rules import Ends, Pairs, Rows
from eventsim.build.draw import Values
from eventsim.errors import InputError
from eventsim.kernels import connect
from eventsim.kernels.streamkeys import stream_key
from eventsim.network.description import FloatArray
from eventsim.network.network import Network
from eventsim.network.population import PopulationView
from eventsim.network.projection import Projection
from eventsim.network.rules import (
    AllToAll,
    Explicit,
    FixedIndegree,
    FixedOutdegree,
    FixedTotalNumber,
    FromMatrix,
    OneToOne,
    PairwiseBernoulli,
    TableRows,
)


class SynapseTable(NamedTuple):
    """The synapses of a projection, read-only.

    row_start: int64 (n + 1) for the n members of the source population: row i is row_start[i]..row_start[i +
    1].  Look-up tables have a row for each row of each table.
    targets: uint32 (synapses,), indices in the target population; in a row sorted by (delay, target, number).
        Empty for look-up tables, each of whose rows reaches all targets in order.
    weights, delays: float64 (synapses,), or (1,) where common; delays in ms.
    """

    row_start: NDArray[np.int64]
    targets: NDArray[np.uint32]
    weights: FloatArray
    delays: FloatArray

    @property
    def dense(self) -> bool:
        """Whether every row reaches all targets in order, and `targets` is left out."""
        return self.targets.size == 0 and bool(self.row_start[-1])

    @property
    def weights_common(self) -> bool:
        """Whether one weight serves all synapses."""
        return self.weights.size != int(self.row_start[-1])

    @property
    def delays_common(self) -> bool:
        """Whether one delay serves all synapses."""
        return self.delays.size != int(self.row_start[-1])


class _Columns(NamedTuple):
    """An unsorted table; `by_target`: whether its rows are in order of target position."""

    row_start: NDArray[np.int64]
    targets: NDArray[np.uint32]
    weights: FloatArray
    delays: FloatArray
    by_target: bool


def build_synapses(network: Network, projection: Projection) -> SynapseTable:
    """The synapses of a projection of this network; they depend on nothing but it and the network's seed.

    Beside the table (4 bytes a synapse, and 8 each for own weights and own delays) and a few MB, no more than
    8 bytes a synapse are used for a time, before weights and delays are there, and scratch for the longest
    row.

    Raises:
        InputError: a delay is drawn below 0.
    """
    rule, seed, name = projection.rule, network.seed, projection.name
    if isinstance(rule, TableRows):
        return _table_rows(rule, projection)
    weight: Any = rule.matrix.data if isinstance(rule, FromMatrix) else projection.weight
    weights = Values(weight, seed, "weight", name)
    delays = Values(projection.delay, seed, "delay", name, lowest=0.0)
    ends = Ends(
        projection.source, projection.target, np.uint64(seed), np.uint64(stream_key("synapses", name))
    )
    columns = _columns(rule, ends, weights, delays)
    own_weights = np.empty(0) if weights.common else columns.weights
    own_delays = np.empty(0) if delays.common else columns.delays
    if not (columns.by_target and _ascending(projection.target)):
        connect.sort_rows_by_target(columns.row_start, columns.targets, own_weights, own_delays)
    if not delays.common:
        connect.sort_rows_by_delay(columns.row_start, columns.targets, own_weights, own_delays)
    table = SynapseTable(*columns[:4])
    for column in table:
        column.setflags(write=False)
    return table


def _table_rows(rule: TableRows, projection: Projection) -> SynapseTable:
    n_tables, n_rows, n_out = rule.tables.shape
    row_start = np.arange(n_tables * n_rows + 1, dtype=np.int64) * n_out
    weights = rule.tables.astype(np.float64).reshape(-1)
    table = SynapseTable(row_start, np.zeros(0, np.uint32), weights, np.array([projection.delay], np.float64))
    for column in table:
        column.setflags(write=False)
    return table


def _columns(rule: Any, ends: Ends, weights: Values, delays: Values) -> _Columns:
    """The unsorted table of a rule."""
    make: Callable[[Any, Ends], Any]
    by_target = True
    match rule:
        case FixedIndegree():
            return _from_pairs(lambda: connect_rules.fixed_indegree(rule, ends), ends, weights, delays, True)
        case Explicit():
            return _from_pairs(lambda: connect_rules.explicit(rule, ends), ends, weights, delays, False)
        case FixedTotalNumber(multapses=True):
            return _from_pairs(
                lambda: connect_rules.independent_pairs(rule, ends), ends, weights, delays, False
            )
        case FixedTotalNumber():
            make = connect_rules.different_pairs
        case FixedOutdegree():
            make, by_target = connect_rules.fixed_outdegree, False
        case PairwiseBernoulli():
            make = connect_rules.pairwise_bernoulli
        case AllToAll():
            make = connect_rules.all_to_all
        case OneToOne():
            make = connect_rules.one_to_one
        case FromMatrix():
            make = connect_rules.from_matrix
        case _:
            raise InputError("rule", rule, "no way to build this rule is known")
    return _from_rows(make(rule, ends), ends, weights, delays, by_target)


def _from_rows(rows: Rows, ends: Ends, weights: Values, delays: Values, by_target: bool) -> _Columns:
    """The table of a rule that made whole rows."""
    counts, targets = rows
    if not ends.target.is_whole:
        targets = ends.target.indices.astype(np.uint32)[targets]
    row_counts = np.zeros(ends.source.population.size, np.int64)
    row_counts[ends.source.indices] = counts
    own_weights, own_delays = weights.all(targets.size), delays.all(targets.size)
    if not _ascending(ends.source):
        order = np.argsort(np.repeat(ends.source.indices, counts), kind="stable")
        targets = targets[order]
        own_weights = own_weights if weights.common else own_weights[order]
        own_delays = own_delays if delays.common else own_delays[order]
    return _Columns(_row_start(row_counts), targets, own_weights, own_delays, by_target)


def _from_pairs(
    pairs: Callable[[], Pairs], ends: Ends, weights: Values, delays: Values, by_target: bool
) -> _Columns:
    """The table of a rule that makes pairs: two passes over them."""
    row_of = ends.source.indices.astype(np.uint32)
    target_of = ends.target.indices.astype(np.uint32)
    counts = np.zeros(ends.source.population.size, np.int64)
    for _, sources, _ in pairs():
        connect.count_rows(sources, row_of, counts)
    row_start = _row_start(counts)
    cursor, size = row_start[:-1].copy(), int(row_start[-1])
    targets = np.empty(size, np.uint32)
    own = [np.empty(0 if values.common else size) for values in (weights, delays)]
    for first, sources, chunk_targets in pairs():
        drawn = [np.empty(0 if values.common else sources.size) for values in (weights, delays)]
        weights.fill(first, drawn[0])
        delays.fill(first, drawn[1])
        chunk = sources, chunk_targets, drawn[0], drawn[1]
        connect.place_synapses(chunk, row_of, target_of, cursor, (targets, own[0], own[1]))
    own_weights, own_delays = (
        values.all(1) if values.common else column
        for values, column in zip((weights, delays), own, strict=True)
    )
    return _Columns(row_start, targets, own_weights, own_delays, by_target)


def _row_start(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def _ascending(view: PopulationView) -> bool:
    """Whether the members of a view are in the order of their indices."""
    return view.is_whole or bool((np.diff(view.indices) > 0).all())
