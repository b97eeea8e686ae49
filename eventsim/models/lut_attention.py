"""Tables of an attention head as neurons: one index from a query, remembered keys and distances, a row for each pair.

In interval v a table resolves the index of position v as `eventsim.models.lut.LUTTables` does, and remembers it: its
memory is the V-index cache.  When the query is resolved it spikes once for every earlier position of the same text, at
that instant, nearest first, each time along the row that query, key and distance name.
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

MOST_POSITIONS = 64
"""That a table can remember."""


@inner
def _interval_of(p, t):
    """The interval that ``t`` lies in, its end included."""
    return math.ceil((t - p.start) / p.interval) - 1


@inner
def _next_distance(p, s):
    """The nearest position not yet read of which a key is known, as a distance; 0 if there is none."""
    position = (s.volley - p.origin) % p.context
    for d in range(s.done + 1, position + 1):
        if s.stamp[(s.volley - d) % MOST_POSITIONS] == s.volley - d:
            return d
    return 0


def carry(p, s, t):
    """Nothing happens between events."""
    s.t = t


def _reading(p, s):
    """Now, if the query is resolved and there is a key to read with; at the latest when the interval closes."""
    if s.seen & p.query_mask == 0 or _next_distance(p, s) == 0:
        return math.inf
    return s.t if s.seen & p.query_mask == p.query_mask else p.start + (s.volley + 1.0) * p.interval


def _compare(p, s, weight, receptor):
    """A spike at pin 2 r (a) or 2 r + 1 (b) of comparison r: the first sets the bit, 1 for b; together they give 0."""
    volley = _interval_of(p, s.t)
    if volley != s.volley:
        s.volley = volley
        s.seen = s.bits = s.fresh = s.done = 0
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
    if mask & p.key_mask:
        s.keys[volley % MOST_POSITIONS] = (s.bits & p.key_mask) >> p.key_shift
        s.stamp[volley % MOST_POSITIONS] = volley


def _row(p, s):
    """Query, key and distance, in this table."""
    d = _next_distance(p, s)
    key = s.keys[(s.volley - d) % MOST_POSITIONS]
    query = s.bits & p.query_mask
    return s.first_row + (((query << p.comparisons) | key) << p.place_bits | s.places[d])


def _read(p, s):
    """That pair has been read."""
    s.done = _next_distance(p, s)


@dataclass(frozen=True)
class LUTAttention(Model):
    """Each neuron is a table of attention; a text is ``context`` volleys in a row, from interval ``origin`` on.

    n_comparisons: of a query and of a key.  shared: these are the same comparisons, else those of keys come after those
    of queries.  The weight of a synapse onto a table is its pin, 2 r for the a of comparison r and 2 r + 1 for its b.
    places: whole numbers below 2**place_bits, (n_tables, context), of a table's distances 0 (unused) to context - 1.
    A table that no spike of a query or none of a key reaches reads nothing for that pair; a bit of which only one spike
    arrives is set by it, one of which none does is 0.
    """

    handlers: ClassVar[Any] = Handlers(flow=carry, crossing=_reading, jump=_compare, reset=_read, row=_row)
    weights_are_numbers: ClassVar[bool] = False
    parameter_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [("start", "f8"), ("interval", "f8")]
        + [
            (name, "i8")
            for name in (
                "comparisons", "place_bits", "query_mask", "key_mask", "key_shift", "origin", "context"
            )
        ],
        align=True,
    )  # fmt: skip
    state_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [("t", "f8"), ("t_fresh", "f8")]
        + [(name, "i8") for name in ("volley", "seen", "bits", "fresh", "done", "first_row")]
        + [(name, "i8", (MOST_POSITIONS,)) for name in ("keys", "stamp", "places")],
        align=True,
    )
    state_units: ClassVar[Mapping[str, str]] = {"t": "ms", "t_fresh": "ms"}

    n_comparisons: int
    place_bits: int
    places: NDArray[np.int64]
    context: int
    origin: int = 0
    shared: bool = True
    start_ms: float = 0.0
    interval_ms: float = 100.0

    def validate(self) -> None:
        if not 1 <= self.n_comparisons <= 12:
            raise InputError("n_comparisons", self.n_comparisons, "must be from 1 to 12")
        if not 2 <= self.context <= MOST_POSITIONS:
            raise InputError("context", self.context, f"a table remembers up to {MOST_POSITIONS} positions")
        if self.places.ndim != 2 or self.places.shape[1] != self.context:
            raise InputError("places", self.places.shape, f"the shape must be (n_tables, {self.context})")

    def neuron_parameters(self) -> tuple[str, ...]:
        return "start_ms", "interval_ms"

    def parameters(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[Any]:
        """The intervals, and the masks of the comparisons."""
        positive(values, "interval_ms")
        record = np.zeros(1, self.parameter_dtype)
        record["start"], record["interval"] = values["start_ms"][0], values["interval_ms"][0]
        record["comparisons"], record["place_bits"] = self.n_comparisons, self.place_bits
        record["query_mask"] = 2**self.n_comparisons - 1
        record["key_shift"] = 0 if self.shared else self.n_comparisons
        record["key_mask"] = record["query_mask"] << record["key_shift"]
        record["origin"], record["context"] = self.origin, self.context
        return record

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        """Nothing has arrived; table i's rows are i * 2**(2 n_comparisons + place_bits) and those after it."""
        state = np.zeros(n, self.state_dtype)
        state["volley"] = -1
        state["stamp"] = -1
        state["t_fresh"] = -np.inf
        state["first_row"] = np.arange(n) * 2 ** (2 * self.n_comparisons + self.place_bits)
        state["places"][:, : self.context] = self.places
        return state
