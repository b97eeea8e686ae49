"""A fixed number of different pairs: the first n different ones of a stream of drawn pairs.

A pair is known to be new only if those before it are kept somewhere, and that has to take no more memory than the
synapses themselves.  Where n is a large part of all pairs, each pair gets a bit.  Where it is a small part, n pairs are
drawn into the rows of a table; as many more are drawn as there were repeats, which leave just the room for them; and
so on.  If n is more than half of all pairs, those left out are drawn instead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventsim.build.connect_rules import Ends, Positions, draws
from eventsim.kernels.synapses import distinct
from eventsim.kernels.synapses.sort_rows import count_rows, place_synapses
from eventsim.network.rules import FixedTotalNumber

_BITS_ABOVE = 0.3  # of all pairs; the bits then take less than half a byte a synapse

Rows = tuple[NDArray[np.int64], Positions]


def different_pairs(rule: FixedTotalNumber, ends: Ends) -> Rows:
    """The number of synapses of each source, and their target positions, ascending for each source.

    In the order of the sources' indices in their population.
    """
    selves = ends.selves(rule.autapses)
    row_of = np.empty(ends.source.size, np.uint32)
    row_of[np.argsort(ends.source.indices)] = np.arange(row_of.size, dtype=np.uint32)
    pairs = ends.source.size * ends.target.size - int((selves >= 0).sum())
    if rule.n > _BITS_ABOVE * pairs:
        return _by_bits(rule.n, pairs, selves, row_of, ends)
    return _by_rounds(rule.n, selves, row_of, ends)


def _by_bits(n: int, pairs: int, selves: NDArray[np.int64], row_of: NDArray[np.uint32], ends: Ends) -> Rows:
    """Draw until enough bits are set."""
    left_out = n > pairs // 2
    missing, drawn = pairs - n if left_out else n, 0
    bits = np.zeros(-(-ends.source.size * ends.target.size // distinct.WORD_BITS), np.uint64)
    while missing:
        last = drawn + missing
        for _, sources, targets in draws(ends, selves, drawn, last):
            missing = distinct.mark_pairs(sources, targets, row_of, ends.target.size, bits, missing)
        drawn = last
    by_row = np.empty_like(selves)
    by_row[row_of] = selves
    counts, chosen = np.zeros(ends.source.size, np.int64), np.empty(n, np.uint32)
    distinct.rows_of_bits(bits, ends.target.size, by_row, left_out, counts, chosen)
    return counts, chosen


def _by_rounds(n: int, selves: NDArray[np.int64], row_of: NDArray[np.uint32], ends: Ends) -> Rows:
    """Draw as many as are missing, drop the repeats, and again."""
    counts, chosen = np.zeros(ends.source.size, np.int64), np.empty(n, np.uint32)
    target_of = np.arange(ends.target.size, dtype=np.uint32)
    none = np.empty(0)
    columns = chosen, none.astype(np.float32), none
    filled = drawn = 0
    while filled < n:
        last = drawn + n - filled
        more, cursor = np.zeros_like(counts), np.empty_like(counts)
        for _, sources, _ in draws(ends, selves, drawn, last):
            count_rows(sources, row_of, more)
        distinct.make_room(counts, more, cursor, chosen)
        for _, sources, targets in draws(ends, selves, drawn, last):
            place_synapses((sources, targets, none, none), row_of, target_of, cursor, columns)
        filled, drawn = distinct.drop_repeats(cursor, counts, chosen), last
    return counts, chosen
