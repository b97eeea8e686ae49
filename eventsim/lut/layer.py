"""A look-up-table layer: which pairs of spikes it compares, what its tables hold, and the direct formula.

Izhikevich, "Spiking Manifesto", arXiv 2512.11843 (2025).  A layer reads a vector of spike latencies ``x`` and gives one
of output latencies ``y``: bit r of table i is 1 where ``x[a_ir] - x[b_ir] > 0`` (b spiked before a) and 0 on a tie,
these bits are the index ``j_i`` of a row, and ``y = sum_i S_i[j_i]``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from eventsim.errors import InputError
from eventsim.lut.encoding import generator
from eventsim.lut.lattice import MOST_TABLES, check_on_lattice, snap
from eventsim.network import checks

MOST_COMPARISONS = 24


@dataclass(frozen=True, eq=False)
class LUTLayer:
    """Anchors and tables of a layer with ``n_in`` inputs.

    anchors: int32 (n_tables, n_comparisons, 2), the pairs (a, b), a != b; fixed, made read-only.
    tables: float32 or float64 (n_tables, 2**n_comparisons, n_out), ms; training changes them in place.
    Raises `InputError` where shapes or anchors cannot be used.
    """

    n_in: int
    anchors: NDArray[np.int32]
    tables: NDArray[np.floating]

    def __post_init__(self) -> None:
        anchors = np.ascontiguousarray(self.anchors, dtype=np.int32).view()
        anchors.flags.writeable = False
        tables = np.ascontiguousarray(self.tables)
        _check_shapes(self.n_in, anchors, tables)
        object.__setattr__(self, "anchors", anchors)
        object.__setattr__(self, "tables", tables)

    @classmethod
    def random(
        cls,
        n_in: int,
        n_out: int,
        n_tables: int,
        n_comparisons: int,
        seed: int,
        name: str = "layer",
        dtype: DTypeLike = np.float32,
    ) -> LUTLayer:
        """Tables of zeros, and anchors drawn uniformly among the pairs of different inputs.

        The draw depends on ``seed``, ``name`` and the shape alone.
        """
        if checks.whole("n_in", n_in) < 2:
            raise InputError("n_in", n_in, "a comparison needs two different inputs")
        checks.whole("n_out", n_out, 1)
        checks.whole("n_tables", n_tables, 1)
        if not 1 <= checks.whole("n_comparisons", n_comparisons) <= MOST_COMPARISONS:
            raise InputError("n_comparisons", n_comparisons, f"must be from 1 to {MOST_COMPARISONS}")
        anchors = draw_anchors(n_in, (n_tables, n_comparisons), seed, name)
        return cls(n_in, anchors, np.zeros((n_tables, 2**n_comparisons, n_out), dtype))

    @property
    def n_tables(self) -> int:
        return int(self.anchors.shape[0])

    @property
    def n_comparisons(self) -> int:
        return int(self.anchors.shape[1])

    @property
    def n_out(self) -> int:
        return int(self.tables.shape[2])

    def indices(self, x: NDArray[np.float64]) -> NDArray[np.int64]:
        """Row of each table, int64 (..., n_tables), for latencies ``x`` (..., n_in)."""
        bits = x[..., self.anchors[..., 0]] - x[..., self.anchors[..., 1]] > 0
        rows: NDArray[np.int64] = (bits << np.arange(self.n_comparisons)).sum(axis=-1)
        return rows

    def forward(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Output latencies (..., n_out) in float64, the rows added in order of the tables."""
        rows = self.indices(x)
        y = np.zeros((*x.shape[:-1], self.n_out))
        for i in range(self.n_tables):
            y += self.tables[i, rows[..., i]]
        return y

    def snapped(self) -> LUTLayer:
        """The same layer with its tables rounded to the lattice of latencies and checked, as a simulation needs it."""
        layer = replace(self, tables=snap(self.tables).astype(self.tables.dtype))
        layer.check()
        return layer

    def check(self) -> None:
        """Raise `InputError` naming table, row, output and value where sums of the tables would not be exact."""
        if self.n_tables > MOST_TABLES:
            raise InputError(
                "n_tables", self.n_tables, f"sums of more than {MOST_TABLES} rows may not be exact"
            )
        check_on_lattice("tables", self.tables, ("table", "row", "output"))

    def latency_bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Least and greatest latency of each output over all choices of rows, float64 (n_out,); exact if snapped."""
        low = self.tables.min(axis=1).sum(axis=0, dtype=np.float64)
        high = self.tables.max(axis=1).sum(axis=0, dtype=np.float64)
        return low, high

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LUTLayer):
            return NotImplemented
        return (
            self.n_in == other.n_in
            and np.array_equal(self.anchors, other.anchors)
            and self.tables.dtype == other.tables.dtype
            and np.array_equal(self.tables, other.tables)
        )

    __hash__ = None  # type: ignore[assignment]


def draw_anchors(n_in: int, shape: tuple[int, ...], seed: int, name: str) -> NDArray[np.int32]:
    """Pairs (*shape, 2) of different inputs, uniform; a function of these arguments alone."""
    draw = generator(seed, "anchors", name)
    a, b = draw.integers(0, n_in, shape), draw.integers(0, n_in - 1, shape)
    return np.stack([a, b + (b >= a)], axis=-1).astype(np.int32)


def _check_shapes(n_in: int, anchors: NDArray[np.int32], tables: NDArray[np.floating]) -> None:
    if anchors.ndim != 3 or anchors.shape[2] != 2 or 0 in anchors.shape:
        raise InputError(
            "anchors", anchors.shape, "the shape must be (n_tables, n_comparisons, 2), none zero"
        )
    if not 1 <= anchors.shape[1] <= MOST_COMPARISONS:
        raise InputError("n_comparisons", anchors.shape[1], f"must be from 1 to {MOST_COMPARISONS}")
    expected = (anchors.shape[0], 2 ** anchors.shape[1])
    if tables.ndim != 3 or tables.shape[:2] != expected or tables.shape[2] < 1:
        raise InputError("tables", tables.shape, f"the shape must be {(*expected, 'n_out')}")
    if tables.dtype not in (np.float32, np.float64):
        raise InputError("tables", str(tables.dtype), "must be float32 or float64")
    outside = (anchors < 0) | (anchors >= n_in)
    if outside.any():
        raise InputError("anchors", int(anchors[outside][0]), f"must be an input, from 0 to {n_in - 1}")
    same = anchors[..., 0] == anchors[..., 1]
    if same.any():
        raise InputError("anchors", tuple(anchors[same][0].tolist()), "the two inputs of a pair must differ")
