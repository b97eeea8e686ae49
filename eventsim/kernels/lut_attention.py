"""Training of attention by look-up tables in float32: a row for each pair of positions, named by query, key and distance.

Table i adds to the output of position m, for each earlier position j, its row ``query[i, m] ++ key[i, j] ++ place[i,
m - j]``.  What each position contributes to these indices is resolved once (`lut_layers.compare`, a `Found` for queries,
keys and distances): the V-index cache of the Spiking Manifesto.

Rows lie anywhere in gigabytes, so nearly all the time would go into waiting for memory: the addresses for position
m + 1 are computed, and their lines asked for, while those for m are worked on.  All pairs of one table come before the
next table, which keeps the pages touched at a time few.
"""

from typing import Any, NamedTuple

from numba import float32, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.lut_layers import address_of, blend, descend, pull
from eventsim.kernels.memory import prefetch
from eventsim.kernels.vector import BYTES, LANES, load, plus, store

LINE = 64


class Aimed(NamedTuple):
    """Addresses for the pairs of one position, uint64 (2, positions), the two rows of the arrays in turn.

    row: the row read.  flipped: the row across the nearer of the query's and the key's comparison.  moved: the row across
    the distance's comparison where that is the nearest of all, else 0.
    """

    row: Any
    flipped: Any
    moved: Any


@inlined
def _ask_for(row, row_bytes):
    for offset in range(0, row_bytes, LINE):
        prefetch(row, offset)


@inlined
def _index(query, key, place, key_bits, place_bits):
    return uint64(((query << key_bits) | key) << place_bits | place)


@inner
def _aim_to_read(table, i, m, bits, row_bytes, query, key, place, rows):
    """The addresses of the rows that position m reads from table i."""
    key_bits, place_bits = bits
    for j in range(m):
        number = _index(query.row[i, m], key.row[i, j], place.row[i, m - j], key_bits, place_bits)
        rows[j] = table + number * uint64(row_bytes)
        _ask_for(rows[j], row_bytes)


@inner
def attend(tables, first, last, bits, query, key, place, aimed, y):
    """Add to ``y`` (positions, width) what tables ``first`` to ``last - 1`` give to every position."""
    positions, width = y.shape
    row_bytes = 4 * width
    for i in range(first, last):
        table = address_of(tables) + uint64(i) * uint64(tables.shape[1] * row_bytes)
        _aim_to_read(table, i, 1, bits, row_bytes, query, key, place, aimed.row[1])
        for m in range(1, positions):
            if m + 1 < positions:
                _aim_to_read(table, i, m + 1, bits, row_bytes, query, key, place, aimed.row[(m + 1) & 1])
            rows = aimed.row[m & 1]
            target = address_of(y) + uint64(m * row_bytes)
            for block in range(width // LANES):
                offset = uint64(block * BYTES)
                value = load(target + offset)
                for j in range(m):
                    value = plus(value, load(rows[j] + offset))
                store(target + offset, value)


@inner
def _aim_to_learn(table, i, m, bits, row_bytes, wanted, query, key, place, aimed):
    """The addresses of the rows that position m learns in table i and of those it compares them with."""
    key_bits, place_bits = bits
    half = m & 1
    query_row, query_near = query.row[i, m], query.near[i, m]
    query_flip = query.flip[i, m] << (key_bits + place_bits)
    for j in range(m):
        key_near, place_near = key.near[i, j], place.near[i, m - j]
        number = _index(query_row, key.row[i, j], place.row[i, m - j], key_bits, place_bits)
        row = table + number * uint64(row_bytes)
        aimed.row[half, j] = row
        _ask_for(row, row_bytes)
        if wanted:
            flip = query_flip if query_near < key_near else key.flip[i, j] << place_bits
            flipped = table + (number ^ uint64(flip)) * uint64(row_bytes)
            aimed.flipped[half, j] = flipped
            _ask_for(flipped, row_bytes)
        moved = uint64(0)
        if place_near < query_near and place_near < key_near:
            moved = table + (number ^ uint64(place.flip[i, m - j])) * uint64(row_bytes)
            _ask_for(moved, row_bytes)
        aimed.moved[half, j] = moved


@inner
def _learn_position(i, m, width, wanted, query, key, aimed, grad, step, pulls):
    """Learn all pairs of position m in table i; ``grad`` and ``step`` are the addresses of its gradient and its step."""
    half = m & 1
    of_query = float32(0.0)
    for j in range(m):
        row = aimed.row[half, j]
        if wanted:
            g = blend(row, aimed.flipped[half, j], grad, width)
            nearer = query.near[i, m] < key.near[i, j]
            of_query += g if nearer else float32(0.0)
            pulls[0, j] += float32(0.0) if nearer else g
        if aimed.moved[half, j] != uint64(0):
            pulls[1, m - j] += blend(row, aimed.moved[half, j], grad, width)
        descend(row, step, width)
    return of_query


@inner
def learn_pairs(tables, anchors, first, last, bits, wanted, found, aimed, grad_y, step, pulls, grad_x, place_pulls):
    """One step of gradient descent on tables ``first`` to ``last - 1`` over all pairs, in order of (table, m, j).

    ``anchors`` and ``found``: of queries and keys, and (found alone) of distances.  Where ``wanted``, ``grad_x``
    (positions, width) receives what reaches the anchors.  ``place_pulls`` (n_tables, positions) becomes the gradient of
    the distances' nearest comparisons.  ``pulls``: float32 (2, positions), work space.
    """
    positions, width = grad_y.shape
    row_bytes = 4 * width
    query, key, place = found
    for i in range(first, last):
        table = address_of(tables) + uint64(i) * uint64(tables.shape[1] * row_bytes)
        pulls[:] = float32(0.0)
        _aim_to_learn(table, i, 1, bits, row_bytes, wanted, query, key, place, aimed)
        for m in range(1, positions):
            if m + 1 < positions:
                _aim_to_learn(table, i, m + 1, bits, row_bytes, wanted, query, key, place, aimed)
            here = uint64(m * row_bytes)
            g = _learn_position(
                i, m, width, wanted, query, key, aimed, address_of(grad_y) + here, address_of(step) + here, pulls
            )
            if wanted:
                pull(anchors[0], i, query.which[i, m], g * query.slope[i, m], grad_x[m])
        for j in range(positions):
            if wanted:
                pull(anchors[1], i, key.which[i, j], pulls[0, j] * key.slope[i, j], grad_x[j])
            place_pulls[i, j] = pulls[1, j] * place.slope[i, j]
