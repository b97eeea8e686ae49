"""Which cores a neuron's spike reaches, with how many synapses on each: all that traffic depends on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eventsim.build.synapses import SynapseTable, build_synapses
from eventsim.kernels import hardware as kernels
from eventsim.models.lut import LUTTables
from eventsim.network.network import Network
from eventsim.network.projection import Projection
from eventsim.network.rules import TableRows
from eventsim.network.wiring import ReadRows

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Reach:
    """Rows of synapses by source and core.  Row k is of a source i with row_start[i] <= k < row_start[i + 1].

    row_start: (n_ids + 1,).  cores: (rows,), ascending for each source.  synapses: (rows,), how many there.
    """

    row_start: Ints
    cores: Ints
    synapses: Ints

    @property
    def sources(self) -> Ints:
        """The source of each row."""
        return np.repeat(np.arange(self.row_start.size - 1), np.diff(self.row_start))


@dataclass(frozen=True)
class TableLayer:
    """Look-up tables and the outputs to which their rows are added.

    first, n_tables: the tables' global ids.  n_rows, n_comparisons: of each.  first_out, n_out: the outputs' ids.
    start_ms, interval_ms: the intervals in which a table reads one row.
    """

    name: str
    first: int
    n_tables: int
    n_rows: int
    n_comparisons: int
    first_out: int
    n_out: int
    start_ms: float
    interval_ms: float

    @property
    def ids(self) -> Ints:
        return np.arange(self.first, self.first + self.n_tables)

    @property
    def outputs(self) -> Ints:
        return np.arange(self.first_out, self.first_out + self.n_out)


def is_tables(projection: Projection) -> bool:
    """Whether the source of a projection are look-up tables, whose rows lie with them and not with the targets."""
    return isinstance(projection.rule, TableRows | ReadRows)


def table_layers(network: Network) -> list[TableLayer]:
    """The look-up-table layers of a network (or of its wiring), in order of their projections."""
    layers = []
    for projection in network.projections.values():
        if not is_tables(projection):
            continue
        source, target, rule = projection.source.population, projection.target.population, projection.rule
        n_rows = rule.n_rows if isinstance(rule, ReadRows) else int(getattr(rule, "tables").shape[1])  # noqa: B009
        model = source.model
        known = isinstance(model, LUTTables)
        layers.append(
            TableLayer(
                source.name,
                source.first,
                source.size,
                n_rows,
                model.n_comparisons if isinstance(model, LUTTables) else int(n_rows).bit_length() - 1,
                target.first,
                target.size,
                float(model.start_ms) if known else 0.0,  # type: ignore[union-attr]
                float(model.interval_ms) if known else np.inf,  # type: ignore[union-attr]
            )
        )
    return layers


def synapse_tables(network: Network, delays: bool = False) -> Iterator[tuple[Projection, SynapseTable]]:
    """The synapses of every projection that is not of look-up tables, one projection in memory at a time.

    delays: whether the delays are wanted; without them only targets are made.
    """
    for projection in network.projections.values():
        if is_tables(projection):
            continue
        bare = projection if delays else replace(projection, delay=0.0)
        into_tables = isinstance(projection.target.population.model, LUTTables)
        if not (projection.rule.holds_weights or into_tables):
            bare = replace(bare, weight=1.0)
        yield projection, build_synapses(network, bare)


def reach_of(network: Network, core_of: Ints) -> Reach:
    """The rows of all sources under a mapping, (n_ids,) core of each neuron and source.

    4 bytes a synapse of the largest projection are used for a time, and 24 bytes a row.
    """
    keys, synapses, n_cores = [], [], int(core_of.max()) + 1
    for projection, table in synapse_tables(network):
        source, target = projection.source.population, projection.target.population
        local = core_of[target.first : target.first + target.size]
        found = np.zeros(source.size, np.int64)
        none = np.empty(0, np.int64)
        kernels.cores_of_rows(table.row_start, table.targets, local, found, none, none)
        cores, counts = (np.empty(int(found.sum()), np.int64) for _ in range(2))
        if cores.size:
            kernels.cores_of_rows(table.row_start, table.targets, local, found, cores, counts)
        ids = np.repeat(np.arange(source.first, source.first + source.size), found)
        keys.append(ids * n_cores + cores)
        synapses.append(counts)
    return _merged(keys, synapses, network.size, n_cores)


def _merged(keys: list[Ints], synapses: list[Ints], n_ids: int, n_cores: int) -> Reach:
    """Rows of the same source and core, from several projections, as one."""
    key = np.concatenate([np.empty(0, np.int64), *keys])
    count = np.concatenate([np.empty(0, np.int64), *synapses])
    if len(keys) > 1 and key.size:
        order = np.argsort(key, kind="stable")
        key, count = key[order], count[order]
        begins = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
        key, count = key[begins], np.add.reduceat(count, begins)
    rows = np.bincount(key // n_cores, minlength=n_ids) if key.size else np.zeros(n_ids, np.int64)
    row_start = np.concatenate([np.zeros(1, np.int64), np.cumsum(rows)])
    parts = row_start, key % n_cores, count
    for part in parts:
        part.setflags(write=False)
    return Reach(*parts)
