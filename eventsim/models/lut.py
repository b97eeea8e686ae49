"""Look-up-table layers as neurons: tables that resolve comparisons as spikes arrive, outputs that sum their rows.

Time goes in intervals: volley k lies between start + k T and start + (k + 1) T, one spike a neuron, that of latency x
at start + k T + offset + x.  What a table reads at the very end of an interval belongs to it.
`eventsim.lut.population` builds layers from these two models; `eventsim.lut.lattice` says why nothing is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.kernels.handlers import Handlers
from eventsim.kernels.jit import inner
from eventsim.models.checks import positive
from eventsim.network.model import Model

TABLE_VALUE, OWN_LATENCY = 0, 1
"""Receptors of `LUTOutputs`: a value read from a table; the latency of the arriving spike itself (residual layers)."""


@inner
def _interval_of(p, t):
    """The interval that ``t`` lies in, its end included."""
    return math.ceil((t - p.start) / p.interval) - 1.0


@inner
def _end_of(p, interval):
    return p.start + (interval + 1.0) * p.interval


def carry(p, s, t):
    """Nothing happens between events."""
    s.t = t


def _resolution(p, s):
    """A table is resolved when its last comparison is; at the latest, if anything has arrived, at the end."""
    if s.seen == 0 or s.read != 0:
        return math.inf
    return s.t if s.seen == p.all_seen else _end_of(p, s.volley)


def _compare(p, s, weight, receptor):
    """A spike at pin 2 r (a) or 2 r + 1 (b) of comparison r: the first sets the bit, 1 for b; together they give 0."""
    volley = _interval_of(p, s.t)
    if volley != s.volley:
        s.volley = volley
        s.seen = s.bits = s.fresh = s.read = 0
    if s.t != s.t_fresh:
        s.t_fresh = s.t
        s.fresh = 0
    pin = int(weight)
    mask = 1 << (pin >> 1)
    if s.seen & mask == 0:
        s.seen |= mask
        s.fresh |= mask
        if pin & 1:
            s.bits |= mask
    elif s.fresh & mask and pin & 1 == 0:
        s.bits &= ~mask


def _row(p, s):
    """The row that the bits name, in this table."""
    return s.first_row + s.bits


def _close(p, s):
    """The row has been read; the table waits for the next volley."""
    s.read = 1


@dataclass(frozen=True)
class LUTTables(Model):
    """Each neuron is a table of n_comparisons comparisons between two inputs each; its spike is the reading of a row.

    Bit r is set by the first spike of comparison r's pair (a, b): 1 if b came first, 0 if a did or both at the same
    instant.  The table spikes, along the row of synapses that its bits name (`TableRows`), when the last bit is set,
    or, if something has arrived, at the end of the interval with the bits still missing 0.

    n_comparisons: 1 to 24.  start_ms, interval_ms: the intervals.  The weight of a synapse onto a table is its pin,
    2 r for the a of comparison r and 2 r + 1 for its b.
    """

    handlers: ClassVar[Any] = Handlers(
        flow=carry, crossing=_resolution, jump=_compare, reset=_close, row=_row
    )
    weights_are_numbers: ClassVar[bool] = False
    parameter_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [("start", "f8"), ("interval", "f8"), ("all_seen", "i8")], align=True
    )
    state_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [("t", "f8"), ("volley", "f8"), ("t_fresh", "f8")]
        + [(name, "i8") for name in ("seen", "bits", "fresh", "read", "first_row")],
        align=True,
    )
    state_units: ClassVar[Mapping[str, str]] = {"t": "ms", "t_fresh": "ms"}

    n_comparisons: int
    start_ms: float = 0.0
    interval_ms: float = 100.0

    def validate(self) -> None:
        if not 1 <= self.n_comparisons <= 24:
            raise InputError("n_comparisons", self.n_comparisons, "must be from 1 to 24")

    def parameters(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[Any]:
        """The intervals, and the mask of all comparisons."""
        positive(values, "interval_ms")
        all_seen = np.array([2.0**self.n_comparisons - 1])
        return super().parameters(
            {"start": values["start_ms"], "interval": values["interval_ms"], "all_seen": all_seen}
        )

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        """Nothing has arrived; table i's rows are i * 2**n_comparisons and those after it."""
        state = np.zeros(n, self.state_dtype)
        state["volley"] = state["t_fresh"] = -np.inf
        state["first_row"] = np.arange(n) * 2**self.n_comparisons
        return state


def _due(p, s):
    """The spike of the volley before if it is still to come, else that of the values summed so far."""
    if s.due < math.inf:
        return s.due
    return _end_of(p, s.volley) + p.offset + s.sum if s.count > 0 else math.inf


def _add(p, s, weight, receptor):
    """Add a value, or the arriving spike's own latency, to the sum of this interval."""
    volley = _interval_of(p, s.t)
    if volley != s.volley:
        if s.count > 0:
            s.due = _end_of(p, s.volley) + p.offset + s.sum
        s.volley = volley
        s.sum = 0.0
        s.count = 0
    s.count += 1
    s.sum += weight if receptor == 0 else s.t - (p.start + volley * p.interval) - p.offset


def _sent(p, s):
    """The spike is off: that of the volley before, or that of the sum."""
    if s.due < math.inf:
        s.due = math.inf
    else:
        s.count = 0
        s.sum = 0.0


@dataclass(frozen=True)
class LUTOutputs(Model):
    """Neurons that sum what arrives in an interval and spike in the next, at its start + offset + sum.

    Over receptor 0 arrives a value (ms) read from a table, over receptor 1 a spike whose own latency is added: the
    residual of a residual layer.  Sums are exact on the lattice of latencies, so their order does not matter.

    start_ms, interval_ms, offset_ms: the intervals, and where in them latency 0 lies.
    """

    handlers: ClassVar[Any] = Handlers(flow=carry, crossing=_due, jump=_add, reset=_sent)
    parameter_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [(name, "f8") for name in ("start", "interval", "offset")], align=True
    )
    state_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [(name, "f8") for name in ("t", "volley", "sum", "due")] + [("count", "i8")], align=True
    )
    state_units: ClassVar[Mapping[str, str]] = {"t": "ms", "sum": "ms", "due": "ms"}

    start_ms: float = 0.0
    interval_ms: float = 100.0
    offset_ms: float = 50.0

    def parameters(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[Any]:
        """The intervals."""
        positive(values, "interval_ms")
        return super().parameters({name: values[f"{name}_ms"] for name in ("start", "interval", "offset")})

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        """Nothing has arrived and no spike is due."""
        state = np.zeros(n, self.state_dtype)
        state["volley"] = -np.inf
        state["due"] = np.inf
        return state
