"""Training of attention by look-up tables in float32: a row for each pair of positions, named by query, key and
distance.

Table i adds to the output of position m, for each earlier position j, its row ``query[i, m] ++ key[i, j] ++ place[i,
m - j]``.  What each position contributes to these indices is resolved once (`layers.compare`, a `Found` for
queries, keys and distances): the V-index cache of the Spiking Manifesto.

Rows lie anywhere in gigabytes, so nearly all the time would go into waiting for memory: the rows needed next are worked
out, and their lines asked for, while the ones before are worked on.
"""

from typing import Any, NamedTuple

from numba import float32, int32, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.lut.layers import address_of, blend, bytes_of, clear, descend, part_of, place_of, pull
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
    total,
)


class Aimed(NamedTuple):
    """Numbers of rows for the pairs of one position, uint32 (2, places), the two of them in turn.

    row: the row read.  flipped: the row across the nearer of the query's and the key's comparison.  moved: the row
    across the distance's comparison where that is the nearest of all, else the row itself, from which nothing pulls:
    a second difference costs less than a branch that cannot be foreseen.
    """

    row: Any
    flipped: Any
    moved: Any


@inlined
def _row_at(table, rows, half, j, blocks):
    """The address of the row that ``rows`` names for position j."""
    return table + uint64(rows[half, j]) * bytes_of(blocks)


@inlined
def _ask_for(row, blocks):
    for block in range(len(blocks)):
        prefetch(row, BYTES * block)


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
def attend(tables, blocks, first, last, query, key, place, aimed, sums):
    """``sums`` (parts, positions, width) become the sums of the rows of each part's tables; parts ``first`` to ``last
    - 1`` alone."""
    positions = sums.shape[1]
    table_bytes = bytes_of(blocks) * uint64(tables.shape[1])
    for part in range(first, last):
        y = sums[part]
        clear(y)
        begin, end = part_of(tables.shape[0], sums.shape[0], part)
        for i in range(begin, end):
            table = address_of(tables) + uint64(i) * table_bytes
            for ahead in range(1, positions + 1):
                if ahead < positions:
                    half = uint64(ahead & 1)
                    _aim(i, ahead, half, positions, query, key, place, aimed)
                    for j in range(uint64(ahead)):
                        _ask_for(_row_at(table, aimed.row, half, j, blocks), blocks)
                m = ahead - 1
                half = uint64(m & 1)
                target = place_of(y, m, 0)
                for block in range(len(blocks)):
                    offset = uint64(BYTES * block)
                    value = load(target + offset)
                    for j in range(uint64(m)):
                        value = plus(value, load(_row_at(table, aimed.row, half, j, blocks) + offset))
                    store(target + offset, value)


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
def _ask_to_learn(table, m, blocks, wanted, aimed):
    half = uint64(m & 1)
    for j in range(uint64(m)):
        _ask_for(_row_at(table, aimed.row, half, j, blocks), blocks)
        if wanted:
            _ask_for(_row_at(table, aimed.flipped, half, j, blocks), blocks)
        _ask_for(_row_at(table, aimed.moved, half, j, blocks), blocks)


@inlined
def _learn_position(table, m, blocks, wanted, aimed, grad, step, pulls):
    """Learn all pairs of position m in a table; ``grad`` and ``step`` are the addresses of its gradient and its step.

    Puts what pulls at the nearer comparison of each pair into ``pulls[0]``, what pulls at its distance's into
    ``pulls[1]``.
    """
    half = uint64(m & 1)
    for j in range(uint64(m)):
        row = _row_at(table, aimed.row, half, j, blocks)
        if wanted:
            pulls[uint64(0), j] = blend(row, _row_at(table, aimed.flipped, half, j, blocks), grad, blocks)
        pulls[uint64(1), j] = blend(row, _row_at(table, aimed.moved, half, j, blocks), grad, blocks)
        descend(row, step, blocks)


@inlined
def _share(i, m, near, key, positions, pulls):
    """Add the pulls of position m's pairs to those of its keys (``pulls[2]``) and distances (``pulls[3]``), and return
    the sum of those at the query, whose comparison is at ``near``."""
    zero, of_query = splat(float32(0.0)), splat(float32(0.0))
    for j in range(0, m, LANES):
        g, key_near = load(place_of(pulls, 0, j)), load(place_of(key.near, i, j))
        of_query = plus(of_query, choose(splat(near), key_near, g, zero))
        of_key, of_place = place_of(pulls, 2, j), place_of(pulls, 3, positions - 1 - m + j)
        store(of_key, plus(load(of_key), choose(splat(near), key_near, zero, g)))
        store(of_place, plus(load(of_place), load(place_of(pulls, 1, j))))
    return total(of_query)


@inner
def learn_pairs(
    tables, blocks, anchors, first, last, wanted, found, aimed, grad_y, step, pulls, sums, place_pulls
):
    """One step of gradient descent over all pairs, in order of (table, m, j), on the tables of parts ``first`` to
    ``last - 1``, of as many as ``sums`` has.

    ``anchors`` and ``found``: of queries and keys, and (found alone) of distances, from the largest to 0.  Where
    ``wanted``, ``sums`` (parts, positions, width) become what reaches the anchors from each part.  ``place_pulls``
    (n_tables, positions) becomes the gradient of the distances' nearest comparisons.  ``pulls``: float32 (4, places),
    work space.
    """
    positions = grad_y.shape[0]
    query, key, place = found
    for part in range(first, last):
        grad_x = sums[part]
        clear(grad_x)
        begin, end = part_of(tables.shape[0], sums.shape[0], part)
        for i in range(begin, end):
            table = address_of(tables) + uint64(i) * bytes_of(blocks) * uint64(tables.shape[1])
            pulls[:] = float32(0.0)
            for ahead in range(1, positions + 1):
                if ahead < positions:
                    _aim_to_learn(i, ahead, positions, query, key, place, aimed)
                    _ask_to_learn(table, ahead, blocks, wanted, aimed)
                m = ahead - 1
                grad, move = place_of(grad_y, m, 0), place_of(step, m, 0)
                _learn_position(table, m, blocks, wanted, aimed, grad, move, pulls)
                g = _share(i, m, query.near[i, m], key, positions, pulls)
                if wanted:
                    pull(anchors[0], i, query.which[i, m], g * query.slope[i, m], grad_x, m)
            for j in range(positions):
                if wanted:
                    pull(anchors[1], i, key.which[i, j], pulls[2, j] * key.slope[i, j], grad_x, j)
                place_pulls[i, j] = pulls[3, j] * place.slope[i, j]
