"""Training of attention by look-up tables in float32: a row for each pair of positions, named by query, key and
distance.

Table i adds to the output of position m, for each earlier position j, its row ``query[i, m] ++ key[i, j] ++ place[i,
m - j]``.  What each position contributes to these indices is resolved once (`lut_layers.compare`, a `Found` for
queries, keys and distances): the V-index cache of the Spiking Manifesto.

Rows lie anywhere in gigabytes, so nearly all the time would go into waiting for memory: the rows needed next are worked
out, and their lines asked for, while the ones before are worked on.
"""

from typing import Any, NamedTuple

from numba import float32, int32, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.lut_layers import address_of, blend, descend, place_of, pull
from eventsim.kernels.memory import prefetch
from eventsim.kernels.vector import (
    BYTES,
    LANES,
    choose,
    choose_int,
    differ,
    either,
    load,
    load_int,
    plus,
    splat,
    splat_int,
    store,
    store_int,
)

LINE = 64


class Aimed(NamedTuple):
    """Numbers of rows for the pairs of one position, uint32 (2, places), the two of them in turn.

    row: the row read.  flipped: the row across the nearer of the query's and the key's comparison.  moved: the row
    across the distance's comparison where that is the nearest of all, else the row itself.
    """

    row: Any
    flipped: Any
    moved: Any


@inlined
def _ask_for(row, row_bytes):
    for offset in range(0, row_bytes, LINE):
        prefetch(row, offset)


@inlined
def _rows(i, m, j, positions, query, key, place):
    """The rows that position m reads from table i together with positions j to j + LANES - 1."""
    keys = load_int(place_of(key.row, i, j))
    places = load_int(place_of(place.row, i, positions - 1 - m + j))
    return either(either(splat_int(query.row[i, m]), keys), places)


@inlined
def _aim(i, m, half, positions, query, key, place, aimed):
    """The rows that position m reads from table i."""
    for j in range(0, m, LANES):
        store_int(place_of(aimed.row, half, j), _rows(i, m, j, positions, query, key, place))


@inner
def attend(tables, first, every, query, key, place, aimed, y):
    """Add to ``y`` (positions, width) the rows of all tables, at positions ``first``, ``first + every``, ..."""
    positions, width = y.shape
    row_bytes = 4 * width
    table_bytes = uint64(tables.shape[1] * row_bytes)
    for m in range(first, positions, every):
        target = place_of(y, m, 0)
        table = address_of(tables)
        _aim(0, m, 0, positions, query, key, place, aimed)
        for i in range(tables.shape[0]):
            half = uint64(i & 1)
            if i + 1 < tables.shape[0]:
                other = uint64(1) - half
                _aim(i + 1, m, other, positions, query, key, place, aimed)
                for j in range(uint64(m)):
                    _ask_for(table + table_bytes + uint64(aimed.row[other, j]) * uint64(row_bytes), row_bytes)
            for offset in range(uint64(0), uint64(row_bytes), uint64(BYTES)):
                value = load(target + offset)
                for j in range(uint64(m)):
                    value = plus(value, load(table + uint64(aimed.row[half, j]) * uint64(row_bytes) + offset))
                store(target + offset, value)
            table += table_bytes


@inlined
def _aim_to_learn(i, m, positions, query, key, place, aimed):
    """The rows that position m learns in table i, and those it compares them with."""
    half = m & 1
    near, flip = splat(query.near[i, m]), splat_int(query.flip[i, m])
    for j in range(0, m, LANES):
        rows = _rows(i, m, j, positions, query, key, place)
        key_near, place_near = (
            load(place_of(key.near, i, j)),
            load(place_of(place.near, i, positions - 1 - m + j)),
        )
        nearer = choose_int(near, key_near, flip, load_int(place_of(key.flip, i, j)))
        place_flip = load_int(place_of(place.flip, i, positions - 1 - m + j))
        nearest = choose_int(
            place_near, choose(near, key_near, near, key_near), place_flip, splat_int(int32(0))
        )
        store_int(place_of(aimed.row, half, j), rows)
        store_int(place_of(aimed.flipped, half, j), differ(rows, nearer))
        store_int(place_of(aimed.moved, half, j), differ(rows, nearest))


@inlined
def _ask_to_learn(table, m, row_bytes, wanted, aimed):
    half = uint64(m & 1)
    for j in range(uint64(m)):
        row, moved = aimed.row[half, j], aimed.moved[half, j]
        _ask_for(table + uint64(row) * uint64(row_bytes), row_bytes)
        if wanted:
            _ask_for(table + uint64(aimed.flipped[half, j]) * uint64(row_bytes), row_bytes)
        if moved != row:
            _ask_for(table + uint64(moved) * uint64(row_bytes), row_bytes)


@inlined
def _learn_position(i, table, m, row_bytes, wanted, near, key, aimed, grad, step, pulls):
    """Learn all pairs of position m in table i; ``grad`` and ``step`` are the addresses of its gradient and its step.

    Returns what is pulled at the query's comparison and adds to ``pulls`` what is at those of keys and distances.
    """
    half, width, last = uint64(m & 1), row_bytes // 4, uint64(pulls.shape[1] - 1)
    of_query = float32(0.0)
    for j in range(uint64(m)):
        number, moved = aimed.row[half, j], aimed.moved[half, j]
        row = table + uint64(number) * uint64(row_bytes)
        if wanted:
            g = blend(row, table + uint64(aimed.flipped[half, j]) * uint64(row_bytes), grad, width)
            nearer = near < key.near[uint64(i), j]
            of_query += g if nearer else float32(0.0)
            pulls[uint64(0), j] += float32(0.0) if nearer else g
        if moved != number:
            g = blend(row, table + uint64(moved) * uint64(row_bytes), grad, width)
            pulls[uint64(1), last - uint64(m) + j] += g
        descend(row, step, width)
    return of_query


@inner
def learn_pairs(tables, anchors, first, last, wanted, found, aimed, grad_y, step, pulls, grad_x, place_pulls):
    """One step of gradient descent on tables ``first`` to ``last - 1`` over all pairs, in order of (table, m, j).

    ``anchors`` and ``found``: of queries and keys, and (found alone) of distances, from the largest to 0.  Where
    ``wanted``, ``grad_x`` (positions, width) receives what reaches the anchors.  ``place_pulls`` (n_tables, positions)
    becomes the gradient of the distances' nearest comparisons.  ``pulls``: float32 (2, positions), work space.
    """
    positions, width = grad_y.shape
    row_bytes = 4 * width
    query, key, place = found
    for i in range(first, last):
        table = address_of(tables) + uint64(i) * uint64(tables.shape[1] * row_bytes)
        pulls[:] = float32(0.0)
        for ahead in range(1, positions + 1):
            if ahead < positions:
                _aim_to_learn(i, ahead, positions, query, key, place, aimed)
                _ask_to_learn(table, ahead, row_bytes, wanted, aimed)
            m = ahead - 1
            grad, move = place_of(grad_y, m, 0), place_of(step, m, 0)
            near = query.near[i, m]
            g = _learn_position(i, table, m, row_bytes, wanted, near, key, aimed, grad, move, pulls)
            if wanted:
                pull(anchors[0], i, query.which[i, m], g * query.slope[i, m], grad_x, m)
        for j in range(positions):
            if wanted:
                pull(anchors[1], i, key.which[i, j], pulls[0, j] * key.slope[i, j], grad_x, j)
            place_pulls[i, j] = pulls[1, j] * place.slope[i, j]
