"""Connection rules: which source members have synapses on which target members.

A rule is a description; `eventsim.build.synapses` makes the synapses.  Rules speak of positions:
0..n_source-1 in the source and 0..n_target-1 in the target, be they populations or views.  An autapse joins a
neuron to itself (only where source and target are of the same population), a multapse is one of several
synapses of the same pair.

Each rule numbers its synapses; weight and delay number e belong to synapse e, drawn or taken from an array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.network import checks
from eventsim.network.description import Description, frozen_array, frozen_sparse
from eventsim.network.population import PopulationView, self_positions


@dataclass(frozen=True)
class Rule(Description):
    """Base of the connection rules."""

    holds_weights = False  # whether the weights are part of the rule, and none are given to `connect`

    def check(self, source: PopulationView, target: PopulationView) -> None:
        """Raise `InputError` if the rule cannot be met between these two."""

    def synapse_count(self, source: PopulationView, target: PopulationView) -> int | None:
        """The number of weights (and of delays) an array must have; None if the number is random."""
        return None


def forbidden_selves(source: PopulationView, target: PopulationView, autapses: bool) -> NDArray[np.int64]:
    """The pairs source * target.size + target that may not be because they are autapses; none if autapses
    may."""
    if autapses:
        return np.zeros(0, np.int64)
    positions = self_positions(source, target)
    return (np.arange(source.size) * target.size + positions)[positions >= 0]


@dataclass(frozen=True)
class AllToAll(Rule):
    """Every source to every target.  Synapses are numbered by (source, target)."""

    autapses: bool = True

    def validate(self) -> None:
        self._set("autapses", checks.flag("autapses", self.autapses))

    def synapse_count(self, source: PopulationView, target: PopulationView) -> int | None:
        return source.size * target.size - forbidden_selves(source, target, self.autapses).size


@dataclass(frozen=True)
class OneToOne(Rule):
    """Source i to target i; both need the same size.  Synapse i."""

    def check(self, source: PopulationView, target: PopulationView) -> None:
        if source.size != target.size:
            raise InputError(
                "target", target.size, f"OneToOne needs equal sizes: the source has {source.size}"
            )

    def synapse_count(self, source: PopulationView, target: PopulationView) -> int | None:
        return source.size


@dataclass(frozen=True)
class PairwiseBernoulli(Rule):
    """Every pair with probability p, independently.  Synapses are numbered by (source, target)."""

    p: float
    autapses: bool = True

    def validate(self) -> None:
        self._set("p", checks.number("p", self.p, 0.0))
        if self.p > 1.0:
            raise InputError("p", self.p, "a probability is at most 1")
        self._set("autapses", checks.flag("autapses", self.autapses))


@dataclass(frozen=True)
class _FixedDegree(Rule):
    k: int
    autapses: bool = True
    multapses: bool = True

    def validate(self) -> None:
        self._set("k", checks.whole("k", self.k))
        self._set("autapses", checks.flag("autapses", self.autapses))
        self._set("multapses", checks.flag("multapses", self.multapses))

    def _check_choice(self, chooser: PopulationView, chosen: PopulationView, role: str) -> None:
        """Every member of `chooser` must find k partners among `chosen`."""
        available = chosen.size
        if not self.autapses and chooser.size and (self_positions(chooser, chosen) >= 0).any():
            available -= 1
        if self.k > 0 and chooser.size > 0 and (available < 1 or (not self.multapses and self.k > available)):
            raise InputError(
                "k", self.k, f"only {available} {role} to choose from (multapses={self.multapses})"
            )


@dataclass(frozen=True)
class FixedIndegree(_FixedDegree):
    """k sources for each target, drawn uniformly.  Synapse target * k + draw.

    With multapses the k draws are independent; without, they are a uniform sample of k different sources.
    """

    def check(self, source: PopulationView, target: PopulationView) -> None:
        self._check_choice(target, source, "sources")

    def synapse_count(self, source: PopulationView, target: PopulationView) -> int | None:
        return target.size * self.k


@dataclass(frozen=True)
class FixedOutdegree(_FixedDegree):
    """k targets for each source, drawn uniformly.  Synapse source * k + draw."""

    def check(self, source: PopulationView, target: PopulationView) -> None:
        self._check_choice(source, target, "targets")

    def synapse_count(self, source: PopulationView, target: PopulationView) -> int | None:
        return source.size * self.k


@dataclass(frozen=True)
class FixedTotalNumber(Rule):
    """n synapses in all, drawn uniformly from the pairs.

    With multapses the draws are independent and numbered as drawn; without, they are a uniform sample of n
    different pairs, numbered by (source, target).
    """

    n: int
    autapses: bool = True
    multapses: bool = True

    def validate(self) -> None:
        self._set("n", checks.whole("n", self.n))
        self._set("autapses", checks.flag("autapses", self.autapses))
        self._set("multapses", checks.flag("multapses", self.multapses))

    def check(self, source: PopulationView, target: PopulationView) -> None:
        pairs = source.size * target.size - forbidden_selves(source, target, self.autapses).size
        if self.n > 0 and (pairs < 1 or (not self.multapses and self.n > pairs)):
            raise InputError("n", self.n, f"only {pairs} pairs to choose from (multapses={self.multapses})")

    def synapse_count(self, source: PopulationView, target: PopulationView) -> int | None:
        return self.n


@dataclass(frozen=True)
class Explicit(Rule):
    """Synapse e joins source position sources[e] to target position targets[e]; arrays of whole numbers,
    (n,).

    autapses, multapses: with False, a list that has one is refused.
    """

    sources: NDArray[np.uint32]
    targets: NDArray[np.uint32]
    autapses: bool = True
    multapses: bool = True

    def validate(self) -> None:
        self._set("sources", _positions("sources", self.sources))
        self._set("targets", _positions("targets", self.targets))
        if self.sources.size != self.targets.size:
            raise InputError(
                "targets", self.targets.size, f"as many as sources are needed: {self.sources.size}"
            )
        self._set("autapses", checks.flag("autapses", self.autapses))
        self._set("multapses", checks.flag("multapses", self.multapses))
        if not self.multapses:
            pairs = (self.sources.astype(np.uint64) << np.uint64(32)) | self.targets
            _, first_uses = np.unique(pairs, return_index=True)
            if first_uses.size < pairs.size:
                index = int(np.setdiff1d(np.arange(pairs.size), first_uses)[0])
                raise InputError(
                    "sources", int(self.sources[index]), "the same pair twice: multapses are off", index
                )

    def check(self, source: PopulationView, target: PopulationView) -> None:
        for field, positions, size in (
            ("sources", self.sources, source.size),
            ("targets", self.targets, target.size),
        ):
            wrong = positions >= size
            if wrong.any():
                index = int(np.argmax(wrong))
                raise InputError(field, int(positions[index]), f"no such member: the size is {size}", index)
        if not self.autapses:
            selves = self_positions(source, target)[self.sources] == self.targets
            if selves.any():
                index = int(np.argmax(selves))
                raise InputError("sources", int(self.sources[index]), "an autapse: autapses are off", index)

    def synapse_count(self, source: PopulationView, target: PopulationView) -> int | None:
        return self.sources.size


def _positions(field: str, value: Any) -> NDArray[np.uint32]:
    """Positions as read-only uint32, (n,)."""
    array = frozen_array(value, field)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(field, value, "whole numbers in one dimension are needed")
    wrong = (array < 0) | (array > np.iinfo(np.uint32).max)
    if wrong.any():
        index = int(np.argmax(wrong))
        raise InputError(field, int(array[index]), "a position is at least 0 and below 2**32", index)
    positions = array.astype(np.uint32)
    positions.setflags(write=False)
    return positions


@dataclass(frozen=True)
class FromMatrix(Rule):
    """A synapse for every stored element of a (n_source, n_target) matrix, its value the weight.

    matrix: scipy.sparse of any format, or a dense array (of which zeros are no synapses); kept as a canonical
    CSR array, where duplicates are summed and explicit zeros stay.  Synapses are numbered by (source,
    target).
    """

    matrix: Any
    autapses: bool = True

    holds_weights = True

    def validate(self) -> None:
        if isinstance(self.matrix, np.ndarray):
            if self.matrix.ndim != 2:
                raise InputError("matrix", self.matrix.shape, "two dimensions (source, target) are needed")
            self._set("matrix", frozen_sparse(self.matrix))
        if not hasattr(self.matrix, "indptr"):
            raise InputError(
                "matrix", self.matrix, "a scipy.sparse matrix or a two-dimensional array is needed"
            )
        checks.real_array("matrix.data", self.matrix.data)
        self._set("autapses", checks.flag("autapses", self.autapses))

    def check(self, source: PopulationView, target: PopulationView) -> None:
        if self.matrix.shape != (source.size, target.size):
            raise InputError("matrix.shape", self.matrix.shape, f"must be {(source.size, target.size)}")
        if not self.autapses:
            row = np.repeat(np.arange(source.size), np.diff(self.matrix.indptr))
            selves = self_positions(source, target)[row] == self.matrix.indices
            if selves.any():
                index = int(np.argmax(selves))
                place = int(row[index]), int(self.matrix.indices[index])
                raise InputError("matrix element", place, "an autapse: autapses are off")

    def synapse_count(self, source: PopulationView, target: PopulationView) -> int | None:
        return int(self.matrix.nnz)


@dataclass(frozen=True)
class TableRows(Rule):
    """Look-up tables: source i is a table, and its spike goes along the row that its model names, to all targets.

    tables: (n_tables, n_rows, n_target) weights, one table a source; the delay is common.  The source's model has a
    handler ``row`` that gives i * n_rows + j for row j.
    """

    tables: NDArray[np.floating]

    holds_weights = True

    def validate(self) -> None:
        tables = frozen_array(self.tables, "tables")
        if tables.ndim != 3 or tables.dtype.kind != "f":
            raise InputError(
                "tables", tables.shape, "the shape (n_tables, n_rows, n_target) of floats is needed"
            )
        self._set("tables", tables)

    def check(self, source: PopulationView, target: PopulationView) -> None:
        needed = (source.size, target.size)
        if (
            not (source.is_whole and target.is_whole)
            or (self.tables.shape[0], self.tables.shape[2]) != needed
        ):
            raise InputError(
                "tables",
                self.tables.shape,
                f"a table for each of {needed[0]} sources with {needed[1]} targets is needed",
            )
