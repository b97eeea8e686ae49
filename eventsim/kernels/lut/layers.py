"""Training of look-up-table layers in float32: comparisons and rows of a layer at all positions of a text at once.

`lut` has the rule and its float64 form.  Here latencies are (positions, width), with a width that is a multiple of
`vector.LANES`, and what is known of each table at each position is kept by table: `Found`, arrays (tables, places),
with places for a multiple of `LANES` positions and `LANES` more.  The tables of a layer lie behind each other,
``tables`` (n_tables, n_rows, width).  ``blocks`` is a tuple of as many numbers as a row has vectors: of a tuple the
length is known to the compiler, which then keeps whole rows in registers.
"""

from typing import Any, NamedTuple

from numba import float32, int32, int64, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.vector import (
    BYTES,
    LANES,
    choose,
    choose_int,
    either,
    load,
    minus,
    over,
    plus,
    size,
    splat,
    splat_int,
    store,
    store_int,
    times,
    total,
)


class Found(NamedTuple):
    """The comparisons of tables at positions, each (n_tables, places).

    row: int32, the index.  near: float32, the smallest ``|u|``.  slope: float32, U'(u) there.  which: int32, its bit r.
    flip: int32, what to flip in the index.
    """

    row: Any
    near: Any
    slope: Any
    which: Any
    flip: Any


@inlined
def address_of(array):
    """Where a contiguous array lies."""
    return uint64(array.ctypes.data)


@inlined
def place_of(array, i, j):
    """Where element (i, j) of a contiguous array of four-byte numbers (n, m) lies."""
    return address_of(array) + uint64(4) * (uint64(i) * uint64(array.shape[1]) + uint64(j))


@inner
def compare(anchors, columns, first, last, shift, found):
    """Resolve tables ``first`` to ``last - 1`` at all positions: the index, and the comparison nearest to a tie.

    ``columns``: float32 (width, positions rounded up), the latencies of each neuron behind each other.  Indices and
    flips are shifted up by ``shift`` bits.
    """
    zero, half, one = splat(float32(0.0)), splat(float32(0.5)), splat(float32(1.0))
    for i in range(first, last):
        for c in range(0, columns.shape[1], LANES):
            u = minus(
                load(place_of(columns, anchors[i, 0, 0], c)), load(place_of(columns, anchors[i, 0, 1], c))
            )
            flip, which = splat_int(int32(1 << shift)), splat_int(int32(0))
            row = choose_int(zero, u, flip, which)
            near = size(u)
            for r in range(1, anchors.shape[1]):
                v = minus(
                    load(place_of(columns, anchors[i, r, 0], c)), load(place_of(columns, anchors[i, r, 1], c))
                )
                bit, distance = splat_int(int32(1 << (r + shift))), size(v)
                row = either(row, choose_int(zero, v, bit, splat_int(int32(0))))
                u, flip = choose(distance, near, v, u), choose_int(distance, near, bit, flip)
                which = choose_int(distance, near, splat_int(int32(r)), which)
                near = choose(distance, near, distance, near)
            slope = over(half, times(plus(one, near), plus(one, near)))
            store(place_of(found.slope, i, c), choose(zero, u, minus(zero, slope), slope))
            store(place_of(found.near, i, c), near)
            store_int(place_of(found.row, i, c), row)
            store_int(place_of(found.which, i, c), which)
            store_int(place_of(found.flip, i, c), flip)


@inlined
def bytes_of(blocks):
    """The length of a row."""
    return uint64(BYTES * len(blocks))


@inner
def embed(embedding, blocks, tokens, z):
    """``z`` (positions, width) becomes the rows of ``embedding`` for ``tokens``."""
    row_bytes = bytes_of(blocks)
    for c in range(z.shape[0]):
        source = address_of(embedding) + uint64(tokens[c]) * row_bytes
        for block in range(len(blocks)):
            offset = uint64(BYTES * block)
            store(address_of(z) + uint64(c) * row_bytes + offset, load(source + offset))


@inner
def clear(y):
    """Zeros in ``y`` (positions, width)."""
    for c in range(0, y.size, LANES):
        store(address_of(y) + uint64(4 * c), splat(float32(0.0)))


@inner
def gather(y, sums):
    """Add to ``y`` (positions, width) the sums of all parts (parts, positions, width), in order."""
    for c in range(0, y.size, LANES):
        target = address_of(y) + uint64(4 * c)
        value = load(target)
        for part in range(sums.shape[0]):
            value = plus(value, load(address_of(sums) + uint64(4 * (part * y.size + c))))
        store(target, value)


@inner
def scale(grad, rate, step):
    """``step`` becomes the rate times ``grad``, both (positions, width)."""
    for c in range(0, grad.size, LANES):
        store(address_of(step) + uint64(4 * c), times(splat(rate), load(address_of(grad) + uint64(4 * c))))


@inner
def turn(x, columns):
    """``columns`` becomes ``x`` (positions, width) transposed."""
    for c in range(x.shape[0]):
        for k in range(x.shape[1]):
            columns[k, c] = x[c, k]


@inlined
def part_of(number, parts, part):
    """The first and the last (exclusive) of ``number`` tables that belong to a part."""
    return int64(number * part // parts), int64(number * (part + 1) // parts)


@inner
def sum_rows(tables, blocks, first, last, found, sums):
    """``sums`` (parts, positions, width) become the sums of the rows of each part's tables; parts ``first`` to ``last
    - 1`` alone."""
    row_bytes = bytes_of(blocks)
    table_bytes = row_bytes * uint64(tables.shape[1])
    for part in range(first, last):
        y = sums[part]
        clear(y)
        begin, end = part_of(tables.shape[0], sums.shape[0], part)
        for c in range(y.shape[0]):
            target = address_of(y) + uint64(c) * row_bytes
            table = address_of(tables) + uint64(begin) * table_bytes
            for i in range(begin, end):
                row = table + uint64(found.row[i, c]) * row_bytes
                for block in range(len(blocks)):
                    offset = uint64(BYTES * block)
                    store(target + offset, plus(load(target + offset), load(row + offset)))
                table += table_bytes


@inlined
def blend(row, flipped, grad, blocks):
    """``grad . (S[flipped] - S[row])`` of the rows at these addresses."""
    value = times(load(grad), minus(load(flipped), load(row)))
    for block in range(1, len(blocks)):
        offset = uint64(BYTES * block)
        value = plus(value, times(load(grad + offset), minus(load(flipped + offset), load(row + offset))))
    return total(value)


@inlined
def descend(row, step, blocks):
    """Take ``step`` (rate times gradient, at an address) from the row at an address."""
    for block in range(len(blocks)):
        offset = uint64(BYTES * block)
        store(row + offset, minus(load(row + offset), load(step + offset)))


@inlined
def pull(anchors, i, r, amount, grad, c):
    """Add ``amount`` to the gradient (positions, width) of a comparison's first anchor, take it from the second's."""
    grad[c, anchors[i, r, 0]] += amount
    grad[c, anchors[i, r, 1]] -= amount


@inner
def learn_rows(anchors, tables, blocks, first, last, found, grad_y, step, sums):
    """One step of gradient descent on the tables of parts ``first`` to ``last - 1``, of as many as ``sums`` has.

    ``grad_y`` and ``step`` (rate times it): float32 (positions, width).  ``sums`` (parts, positions, width) become
    what reaches the input from each part.
    """
    row_bytes = bytes_of(blocks)
    table_bytes = row_bytes * uint64(tables.shape[1])
    for part in range(first, last):
        grad_x = sums[part]
        clear(grad_x)
        begin, end = part_of(tables.shape[0], sums.shape[0], part)
        for i in range(begin, end):
            table = address_of(tables) + uint64(i) * table_bytes
            for c in range(grad_y.shape[0]):
                here = uint64(c) * row_bytes
                row = table + uint64(found.row[i, c]) * row_bytes
                flipped = table + uint64(found.row[i, c] ^ found.flip[i, c]) * row_bytes
                g = blend(row, flipped, address_of(grad_y) + here, blocks)
                pull(anchors, i, found.which[i, c], g * found.slope[i, c], grad_x, c)
                descend(row, address_of(step) + here, blocks)
