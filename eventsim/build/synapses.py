"""From a projection to its synapses, stored by source and sorted for an engine that follows a spike.

Rules make pairs in an order of their own, chunk by chunk, and twice: once to count the synapses of each source, once to
put them in place.  So little more than the table itself is ever held.  One rule needs its table to make the pairs (see
`different_pairs`); there weights and delays are added where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.build import connect_rules
from eventsim.build.connect_rules import CHUNK, Ends, Pairs
from eventsim.build.different_pairs import different_pairs
from eventsim.build.draw import Values
from eventsim.build.noise import delay_changes, is_scattered, weight_changes
from eventsim.errors import InputError
from eventsim.kernels.synapses import sort_rows
from eventsim.kernels.random.streamkeys import stream_key
from eventsim.lut.lattice import snap
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

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_LARGEST_TILE = 2**16

Weights = NDArray[np.float32] | FloatArray
RowStart = NDArray[np.int64] | NDArray[np.uint32]
Targets = NDArray[np.uint32] | NDArray[np.uint16]


class SynapseTable(NamedTuple):
    """The synapses of a projection, read-only.

    row_start: (n * tiles + 1,) for the n members of the source population: row i * tiles + tile is what source i has in
        that tile of the targets, row_start[row]..row_start[row + 1].  int64 where the targets are one tile, else uint32
        if that holds the number of synapses.  Look-up tables have a row for each row of each table.
    targets: uint32 (synapses,), indices in the target population; uint16, indices in the tile, where they were cut by
        bounds.  In a row sorted by (delay, target, number), or by (target, number) where noise scatters its arrivals.
        Empty for look-up tables, each of whose rows reaches all targets in order.
    weights: float32 (synapses,), rounded to nearest; where common float64 (1,); of look-up tables float64 (synapses,).
    delays: float64 (synapses,), or (1,) where common, ms.
    """

    row_start: RowStart
    targets: Targets
    weights: Weights
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
    weights: Weights
    delays: FloatArray
    by_target: bool


class _Drawn(NamedTuple):
    """The weights and delays of a projection by number."""

    weights: Values
    delays: Values

    def columns(self, size: int) -> tuple[NDArray[np.float32], FloatArray]:
        """Room for the weights and delays of `size` synapses, none for common ones."""
        return (
            np.empty(0 if self.weights.common else size, np.float32),
            np.empty(0 if self.delays.common else size),
        )

    def chunk(self, first: int, size: int) -> tuple[FloatArray, FloatArray]:
        """Weights and delays number `first` to `first` + `size` - 1, empty where common."""
        weights, delays = (np.empty(0 if values.common else size) for values in self)
        self.weights.fill(first, weights)
        self.delays.fill(first, delays)
        return weights, delays


def build_synapses(
    network: Network, projection: Projection, bounds: NDArray[np.int64] | None = None
) -> SynapseTable:
    """The synapses of a projection of this network; they depend on nothing but it and the network's seed.

    bounds: (tiles + 1,) increasing indices 0, ..., size of the target population that cut the targets into tiles; None
        for one tile.  Each row of the table is cut into as many, and sorted within its tile; the synapses are the same.

    The table takes 4 bytes a synapse while it is built, 2 of them afterwards where it is cut, 4 more for own weights and 8 for own delays; beside it building holds a chunk of
    synapses, scratch for the longest row, 20 bytes for each member of the populations, and less than half a byte a
    synapse for a fixed number of different pairs.

    Raises:
        InputError: a delay is drawn below 0, an own weight is beyond float32, bounds that do not fit, or bounds for
            look-up tables, whose rows are not cut.
    """
    rule, seed, name = projection.rule, network.seed, projection.name
    cut = None if bounds is None else _checked_bounds(bounds, projection)
    if isinstance(rule, TableRows):
        return _table_rows(rule, network, projection)
    weight: Any = rule.matrix.data if isinstance(rule, FromMatrix) else projection.weight
    drawn = _Drawn(
        Values(
            weight, seed, "weight", name, (-_FLOAT32_MAX, _FLOAT32_MAX), weight_changes(network, projection)
        ),
        Values(projection.delay, seed, "delay", name, (0.0, math.inf), delay_changes(network, projection)),
    )
    ends = Ends(
        projection.source, projection.target, np.uint64(seed), np.uint64(stream_key("synapses", name))
    )
    columns = _columns(rule, ends, drawn)
    row_start = _sorted(columns, cut, projection.target, not is_scattered(network, projection))
    targets = columns.targets if cut is None else _within_tiles(columns.targets, row_start, cut)
    weights = drawn.weights.all(1) if drawn.weights.common else columns.weights
    delays = drawn.delays.all(1) if drawn.delays.common else columns.delays
    return _read_only(SynapseTable(row_start, targets, weights, delays))


def _checked_bounds(bounds: NDArray[np.int64], projection: Projection) -> NDArray[np.int64]:
    size = projection.target.population.size
    if isinstance(projection.rule, TableRows):
        raise InputError("bounds", bounds, "the rows of look-up tables are not cut into tiles")
    bounds = np.asarray(bounds)
    if bounds.ndim != 1 or bounds.dtype.kind not in "iu" or bounds.size < 2:
        raise InputError("bounds", bounds, "at least two whole numbers in one dimension are needed")
    if bounds[0] != 0 or bounds[-1] != size:
        raise InputError("bounds", (int(bounds[0]), int(bounds[-1])), f"must begin at 0 and end at {size}")
    falls = bounds[1:] < bounds[:-1]
    if falls.any():
        index = 1 + int(np.argmax(falls))
        raise InputError("bounds", int(bounds[index]), "less than the one before", index)
    large = np.diff(bounds) > _LARGEST_TILE
    if large.any():
        index = 1 + int(np.argmax(large))
        raise InputError("bounds", int(bounds[index]), f"more than {_LARGEST_TILE} after the one before", index)
    return bounds


def _table_rows(rule: TableRows, network: Network, projection: Projection) -> SynapseTable:
    """The rows of look-up tables; noise on their values leaves them on the lattice of latencies."""
    n_tables, n_rows, n_out = rule.tables.shape
    row_start = np.arange(n_tables * n_rows + 1, dtype=np.int64) * n_out
    weights = rule.tables.astype(np.float64).reshape(-1)
    for change in weight_changes(network, projection):
        change.of(0, weights)
        weights = snap(weights)
    delays = np.array([projection.delay], np.float64)
    return _read_only(SynapseTable(row_start, np.zeros(0, np.uint32), weights, delays))


def _read_only(table: SynapseTable) -> SynapseTable:
    for column in table:
        column.setflags(write=False)
    return table


def _columns(rule: Any, ends: Ends, drawn: _Drawn) -> _Columns:
    """The unsorted table of a rule.  Raises MemoryError for more synapses than can be held, before they are made."""
    expected = rule.synapse_count(ends.source, ends.target)
    if expected is not None:
        np.empty(min(expected, 2**60), np.uint32)
    make: Callable[[Any, Ends], Pairs]
    match rule:
        case FixedTotalNumber(multapses=False):
            return _from_rows(*different_pairs(rule, ends), ends, drawn)
        case FixedTotalNumber():
            make, by_target = connect_rules.independent_pairs, False
        case FixedIndegree():
            make, by_target = connect_rules.fixed_indegree, True
        case FixedOutdegree():
            make, by_target = connect_rules.fixed_outdegree, False
        case Explicit():
            make, by_target = connect_rules.explicit, False
        case PairwiseBernoulli():
            make, by_target = connect_rules.pairwise_bernoulli, True
        case AllToAll():
            make, by_target = connect_rules.all_to_all, True
        case OneToOne():
            make, by_target = connect_rules.one_to_one, True
        case FromMatrix():
            make, by_target = connect_rules.from_matrix, True
        case _:
            raise InputError("rule", rule, "no way to build this rule is known")
    return _from_pairs(lambda: make(rule, ends), ends, drawn, by_target)


def _from_pairs(pairs: Callable[[], Pairs], ends: Ends, drawn: _Drawn, by_target: bool) -> _Columns:
    """The table of a rule that makes pairs: two passes over them."""
    row_of = ends.source.indices.astype(np.uint32)
    target_of = ends.target.indices.astype(np.uint32)
    counts = np.zeros(ends.source.population.size, np.int64)
    for _, sources, _ in pairs():
        sort_rows.count_rows(sources, row_of, counts)
    row_start = _row_start(counts)
    targets = np.empty(int(row_start[-1]), np.uint32)
    weights, delays = drawn.columns(targets.size)
    cursor = row_start[:-1].copy()
    for first, sources, chunk_targets in pairs():
        chunk = sources, chunk_targets, *drawn.chunk(first, sources.size)
        sort_rows.place_synapses(chunk, row_of, target_of, cursor, (targets, weights, delays))
    return _Columns(row_start, targets, weights, delays, by_target)


def _from_rows(counts: NDArray[np.int64], targets: NDArray[np.uint32], ends: Ends, drawn: _Drawn) -> _Columns:
    """The table of a rule that made rows, in order of the sources' indices, of ascending target positions."""
    rows = np.sort(ends.source.indices)
    in_row = np.zeros(ends.source.population.size, np.int64)
    in_row[rows] = counts
    row_start = _row_start(in_row)
    if not ends.target.is_whole:
        target_of = ends.target.indices.astype(np.uint32)
        for first in range(0, targets.size, CHUNK):
            targets[first : first + CHUNK] = target_of[targets[first : first + CHUNK]]
    weights, delays = drawn.columns(targets.size)
    for number, first, size in _numbered(row_start, ends.source):
        chunk = drawn.chunk(number, size)
        weights[first : first + chunk[0].size] = chunk[0]
        delays[first : first + chunk[1].size] = chunk[1]
    return _Columns(row_start, targets, weights, delays, True)


def _numbered(row_start: NDArray[np.int64], source: PopulationView) -> Iterator[tuple[int, int, int]]:
    """Stretches (number of the first synapse, its place in the table, how many) of synapses numbered by source."""
    if _ascending(source):
        size = int(row_start[-1])
        for first in range(0, size, CHUNK):
            yield first, first, min(CHUNK, size - first)
    else:
        number = 0
        for row in source.indices:
            first, last = int(row_start[row]), int(row_start[row + 1])
            yield number, first, last - first
            number += last - first


def _sorted(
    columns: _Columns, bounds: NDArray[np.int64] | None, target: PopulationView, by_delay: bool
) -> RowStart:
    """Sort the rows of a table where they are; returns where they start, cut into tiles."""
    row_start, targets, weights, delays, by_target = columns
    by_target = by_target and _ascending(target)
    if bounds is None:
        bounds = np.array([0, target.population.size])
    tile_of = np.repeat(np.arange(bounds.size - 1, dtype=np.uint32), np.diff(bounds))
    tile_start: RowStart = row_start
    if bounds.size > 2:
        n_tiles = bounds.size - 1
        n_rows = (row_start.size - 1) * n_tiles
        narrow = targets.size < 2**32
        tile_start = np.zeros(n_rows + 1, np.uint32) if narrow else np.zeros(n_rows + 1, np.int64)
        sort_rows.cut_rows(row_start, targets, tile_of, n_tiles, tile_start)
    if delays.size and by_delay:
        sort_rows.sort_rows(delays, row_start, tile_start, tile_of, (targets, weights, delays))
    elif not by_target:  # in order of targets is in order of tiles
        tile_of[:] = 0
        sort_rows.sort_rows(targets, row_start, row_start, tile_of, (targets, weights, delays))
    return tile_start


def _within_tiles(
    targets: NDArray[np.uint32], row_start: RowStart, bounds: NDArray[np.int64]
) -> NDArray[np.uint16]:
    """The targets by their index in their tile, in half the memory: where they were, and the rest is given back."""
    size, owned = targets.size, targets if targets.flags.owndata else targets.copy()
    sort_rows.narrow(owned, row_start, bounds, owned.view(np.uint16))
    owned.resize((size + 1) // 2, refcheck=False)
    return owned.view(np.uint16)[:size]


def _row_start(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def _ascending(view: PopulationView) -> bool:
    """Whether the members of a view are in the order of their indices."""
    return view.is_whole or bool((np.diff(view.indices) > 0).all())
