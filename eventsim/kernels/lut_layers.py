"""Training of look-up-table layers in float32: comparisons and rows of a layer at all positions of a text at once.

`lut` has the rule and its float64 form.  Here latencies ``x`` are (positions, width), with a width that is a multiple of
`vector.LANES`, and what is known of each table at each position is kept by table: `Found`, arrays (tables, positions).
The rows of the tables of a layer lie behind each other, ``tables`` (n_tables, n_rows, width).
"""

from typing import Any, NamedTuple

from numba import float32, int32, int64, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.vector import BYTES, LANES, load, minus, plus, splat, store, times, total


class Found(NamedTuple):
    """The comparisons of tables at positions, each (n_tables, positions).

    row: int32, the index.  near: float32, the smallest ``|u|``.  slope: float32, U'(u) there.  which: int32, its bit r.
    flip: int32, ``1 << which``.
    """

    row: Any
    near: Any
    slope: Any
    which: Any
    flip: Any


@inner
def compare(anchors, columns, first, last, found):
    """Resolve tables ``first`` to ``last - 1`` at all positions: the index, and the comparison nearest to a tie.

    ``columns``: float32 (width, positions), the latencies of each neuron behind each other.
    """
    for i in range(first, last):
        row, near, which = found.row[i], found.near[i], found.which[i]
        slope, flip = found.slope[i], found.flip[i]
        one, other = columns[anchors[i, 0, 0]], columns[anchors[i, 0, 1]]
        for c in range(row.size):
            u = one[c] - other[c]
            row[c] = int32(u > float32(0.0))
            slope[c] = u
            near[c] = abs(u)
            which[c] = int32(0)
        for r in range(1, anchors.shape[1]):
            one, other = columns[anchors[i, r, 0]], columns[anchors[i, r, 1]]
            bit, number = int32(1 << r), int32(r)
            for c in range(row.size):
                u = one[c] - other[c]
                closer = abs(u) < near[c]
                row[c] |= bit if u > float32(0.0) else int32(0)
                near[c] = abs(u) if closer else near[c]
                slope[c] = u if closer else slope[c]
                which[c] = number if closer else which[c]
        for c in range(row.size):
            flip[c] = int32(1) << which[c]
            steep = float32(0.5) / ((float32(1.0) + near[c]) * (float32(1.0) + near[c]))
            slope[c] = -steep if slope[c] > float32(0.0) else steep


@inner
def turn(x, columns):
    """``columns`` becomes ``x`` transposed."""
    for c in range(columns.shape[1]):
        for k in range(columns.shape[0]):
            columns[k, c] = x[c, k]


@inlined
def address_of(array):
    """Where a contiguous array lies."""
    return uint64(array.ctypes.data)


@inner
def sum_rows(tables, first, last, found, y):
    """Add to ``y`` (positions, width) the rows of tables ``first`` to ``last - 1``."""
    width = tables.shape[2]
    row_bytes, table_bytes = uint64(4 * width), uint64(4 * width * tables.shape[1])
    start = address_of(tables)
    for c in range(y.shape[0]):
        target = address_of(y) + uint64(c) * row_bytes
        for block in range(width // LANES):
            offset = uint64(block * BYTES)
            value = load(target + offset)
            for i in range(first, last):
                row = start + uint64(i) * table_bytes + uint64(found.row[i, c]) * row_bytes
                value = plus(value, load(row + offset))
            store(target + offset, value)


@inlined
def blend(row, flipped, grad, width):
    """``grad . (S[flipped] - S[row])`` of the rows at these addresses."""
    value = times(load(grad), minus(load(flipped), load(row)))
    for block in range(1, width // LANES):
        offset = uint64(block * BYTES)
        value = plus(value, times(load(grad + offset), minus(load(flipped + offset), load(row + offset))))
    return total(value)


@inlined
def descend(row, step, width):
    """Take ``step`` (rate times gradient, at an address) from the row at an address."""
    for block in range(width // LANES):
        offset = uint64(block * BYTES)
        store(row + offset, minus(load(row + offset), load(step + offset)))


@inlined
def pull(anchors, i, r, amount, grad):
    """Add ``amount`` to the gradient (width,) of the first anchor of a comparison and take it from the second's."""
    grad[anchors[i, r, 0]] += amount
    grad[anchors[i, r, 1]] -= amount


@inner
def scale(grad, rate, step):
    """``step`` becomes ``rate * grad``, both float32 (positions, width)."""
    for c in range(grad.shape[0]):
        for k in range(grad.shape[1]):
            step[c, k] = rate * grad[c, k]


@inner
def learn_rows(anchors, tables, first, last, found, grad_y, step, wanted, grad_x):
    """One step of gradient descent on tables ``first`` to ``last - 1``; where ``wanted``, add to ``grad_x`` too.

    ``grad_y``, ``step`` (rate times it) and ``grad_x``: float32 (positions, width).
    """
    width = tables.shape[2]
    row_bytes, table_bytes = uint64(4 * width), uint64(4 * width * tables.shape[1])
    for i in range(first, last):
        table = address_of(tables) + uint64(i) * table_bytes
        for c in range(grad_y.shape[0]):
            here = uint64(c) * row_bytes
            row = table + uint64(found.row[i, c]) * row_bytes
            if wanted:
                flipped = table + uint64(found.row[i, c] ^ found.flip[i, c]) * row_bytes
                g = blend(row, flipped, address_of(grad_y) + here, width)
                pull(anchors, i, found.which[i, c], g * found.slope[i, c], grad_x[c])
            descend(row, address_of(step) + here, width)


@inlined
def part_of(number, parts, part):
    """The first and the last (exclusive) of ``number`` tables that belong to a part."""
    return int64(number * part // parts), int64(number * (part + 1) // parts)
