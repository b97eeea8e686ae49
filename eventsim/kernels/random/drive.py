"""Poisson drives: any piece of one, in any order, on any thread, for some nanoseconds an arrival.

Independent Poisson processes of many neurons together are one process of the summed rate, each arrival of which belongs
to a neuron chosen by its share of the rate.  So a drive's targets are cut into *blocks* of `BLOCK` (the last is
smaller) and time into *cells* of 2**k ms, the same for all of a drive: cell c is [c * cell_ms, (c + 1) * cell_ms).
Where the rate changes within a cell, the cell is a number of stretches, each of constant rate.  In a stretch a block
has a Poisson number of arrivals, and each is uniform in time.

All of it is a function of (seed, key of the drive, block, cell, number of the piece of constant rate).  Philox gives
the number of arrivals and a key of 128 bits; arrival j takes one word of splitmix64 under that key (Steele, Lea and
Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), whose two multiplications LLVM makes four at a
time.  Its upper bits are the target, the other 54 the time.  Nothing is kept between calls.
"""

import math

import numpy as np
from numba import int64, uint32, uint64

from eventsim.kernels.jit import inlined, inner, kernel
from eventsim.kernels.memory import f8, u2, u4
from eventsim.kernels.random.philox import float_of_bits, philox_block, to_unit

BLOCK = 1024

DRIVE = np.dtype(
    [
        ("seed", "u8"),
        ("key", "u8"),
        ("cell_ms", "f8"),  # a power of two
        ("n_targets", "i8"),
        ("n_blocks", "i8"),  # block b drives targets[BLOCK * b : BLOCK * (b + 1)]
        ("targets", "u8"),  # u4 (n_targets,): global ids, ascending
        ("n_pieces", "i8"),
        ("edges", "u8"),  # f8 (n_pieces + 1,), ms: where the pieces of constant rate begin, 0 first; infinity
        ("rates", "u8"),  # f8 (n_pieces,): arrivals a ms and unit of weight
        ("weights", "u8"),  # f8 (n_blocks,): of a block, the sum over its targets
        ("shares", "u8"),  # f8 (n_blocks, BLOCK): running sums of the weights, then infinity; 0: all equal
    ],
    align=True,
)
"""A Poisson drive.  A target's rate is its weight (its share) times the rate of the piece."""

_GOLDEN = 0x9E3779B97F4A7C15
_ONE = 0x3FF0000000000000  # the bits of 1.0
_LOW_32 = 2**32 - 1
_LOW_52 = 2**52 - 1
_OTHER_WORDS = 1 << 40  # where the second words of the arrivals begin: no stretch has as many arrivals
_HALVINGS = 10  # of a block, down to one target
_FEW = 10.0  # a mean below which the number of arrivals is found by adding up probabilities
_BELOW_RESOLUTION = 1e-20


@inlined
def _mixed(counter, other):
    """A word of splitmix64; the second key keeps two runs apart even where their counters overlap."""
    z = (counter ^ (counter >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27)) ^ other) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@inlined
def _fraction(bits):
    """52 random bits as a double in [0, 1)."""
    return float_of_bits(bits | uint64(_ONE)) - 1.0


@inlined
def _split(word, size):
    """The 74-bit product word * size: its whole part 0..size - 1, and its fraction in [0, 1).

    Both parts are uniform, and independent to 2**-54.  In products of 32 bits, for which there are vector instructions.
    """
    low = (word & uint64(_LOW_32)) * size
    high = (word >> uint64(32)) * size + (low >> uint64(32))
    bits = ((high & uint64(_LOW_32)) << uint64(20)) | ((low & uint64(_LOW_32)) >> uint64(12))
    return high >> uint64(32), _fraction(bits)


@inner
def _fill_block(key, n, span, times, targets):
    """Arrivals at BLOCK targets of equal rate: `_split` without products.

    The counter is carried from arrival to arrival, which LLVM turns into four counters; j * _GOLDEN it would multiply.
    """
    begin, length, last = span
    counter, other = key
    for j in range(uint64(n)):
        word = _mixed(counter, other)
        fraction = _fraction((word >> uint64(2)) & uint64(_LOW_52))
        f8(times)[j] = min(begin + fraction * length, last)
        u2(targets)[j] = word >> uint64(54)
        counter += uint64(_GOLDEN)


@inner
def _fill_part(key, n, size, span, times, targets):
    """Arrivals at fewer targets of equal rate."""
    begin, length, last = span
    counter, other = key
    for j in range(uint64(n)):
        target, fraction = _split(_mixed(counter, other), size)
        f8(times)[j] = min(begin + fraction * length, last)
        u2(targets)[j] = target
        counter += uint64(_GOLDEN)


@inner
def _fill_by_share(key, n, shares, span, times, targets):
    """Arrivals at targets of different rates: the first whose running sum exceeds a uniform number.

    The search is without branches, which nobody could predict.
    """
    begin, length, last = span
    sums, total = shares
    counter, other = key
    counter_2 = counter + uint64(_OTHER_WORDS) * uint64(_GOLDEN)
    for j in range(uint64(n)):
        aim = _fraction(_mixed(counter, other) >> uint64(12)) * total
        time = _fraction(_mixed(counter_2, other) >> uint64(12))
        target = uint64(0)
        for halving in range(1, _HALVINGS + 1):
            step = uint64(BLOCK >> halving)
            target += step * uint64(f8(sums)[target + step - uint64(1)] <= aim)
        f8(times)[j] = min(begin + time * length, last)
        u2(targets)[j] = target
        counter += uint64(_GOLDEN)
        counter_2 += uint64(_GOLDEN)


@inner
def _log_poisson(k, mean):
    """Logarithm of the Poisson probability of k, for large means as well: nothing large is subtracted.

    Loader, "Fast and accurate computation of binomial probabilities", 2000, for k from 16 on.
    """
    if k < 16.0:
        return k * math.log(mean) - mean - math.lgamma(k + 1.0)
    over = k - mean
    inverse = 1.0 / k
    square = inverse * inverse
    stirling = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680))))
    return over - k * math.log1p(over / mean) - 0.5 * math.log(2.0 * math.pi * k) - stirling


@inner
def _many(mean, keys, counter, u, v):
    """A Poisson number by transformed rejection, from a first pair of uniform numbers; some 1.1 pairs are needed.

    PTRS of Hoermann, "The transformed rejection method for generating Poisson random variables", Insurance:
    Mathematics and Economics 12 (1993).
    """
    block, cell, piece = counter
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    alpha = 1.1239 + 1.1328 / (b - 3.4)
    attempt = 0
    while True:
        x = u - 0.5
        left = 0.5 - abs(x)
        k = math.floor((2.0 * a / left + b) * x + mean + 0.43)
        if left >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2.0):
            return int64(k)
        if k >= 0.0 and (left >= 0.013 or v <= left):
            density = math.log(v * alpha / (a / (left * left) + b))
            if density <= _log_poisson(k, mean):
                return int64(k)
        attempt += 1
        words = philox_block(keys[0], keys[1], cell, block, piece, attempt)
        u, v = to_unit(words[0]), to_unit(words[1])


@inner
def _few(mean, word, finer):
    """A Poisson number by inversion of the upper tail, in which the smallest means keep their precision."""
    u = (float(word) + to_unit(finer)) * 2.0**-64
    k, probability, tail = 0, math.exp(-mean), -math.expm1(-mean)
    while u < tail and probability > _BELOW_RESOLUTION:
        k += 1
        probability *= mean / k
        tail -= probability
    return int64(k)


@inlined
def _count(drive, counter, mean):
    """Number of arrivals in a stretch, and the key of their words."""
    block, cell, piece = counter
    words = philox_block(drive.seed, drive.key, cell, block, piece, 0)
    if mean < _FEW:
        n = _few(mean, words[0], words[1])
    else:
        n = _many(mean, (drive.seed, drive.key), counter, to_unit(words[0]), to_unit(words[1]))
    return n, (words[2], words[3])


@inner
def piece_at(drive, time):
    """Number of the piece of constant rate in which a time >= 0 lies."""
    edges = f8(drive.edges)
    first, last = int64(0), int64(drive.n_pieces)
    while last - first > 1:
        middle = (first + last) >> 1
        if edges[middle] <= time:
            first = middle
        else:
            last = middle
    return first


@inlined
def _stretch(drive, block, piece, begin, end):
    """End of the stretch of a cell that lies in a piece of constant rate, and a block's mean number in it."""
    until = min(end, f8(drive.edges)[piece + 1])
    return until, (until - begin) * f8(drive.rates)[piece] * f8(drive.weights)[block]


@inner
def count_in_cell(drive, block, cell):
    """Number of arrivals of a block in a cell: the room that `draw_cell` needs."""
    begin = float(cell) * drive.cell_ms
    end = begin + drive.cell_ms
    piece = piece_at(drive, begin)
    n = int64(0)
    while begin < end:
        until, mean = _stretch(drive, block, piece, begin, end)
        if mean > 0.0:
            n += _count(drive, (block, cell, piece), mean)[0]
        begin = until
        piece += 1
    return n


@inner
def _fill(drive, block, draws, span, places):
    key, n = draws
    times, targets = places
    size = min(int64(BLOCK), drive.n_targets - block * BLOCK)
    if drive.shares:
        shares = (drive.shares + uint64(8 * BLOCK * block), f8(drive.weights)[block])
        _fill_by_share(key, n, shares, span, times, targets)
    elif size == BLOCK:
        _fill_block(key, n, span, times, targets)
    else:
        _fill_part(key, n, uint64(size), span, times, targets)


@inner
def draw_cell(drive, block, cell, times, targets):
    """Write the arrivals of a block in a cell, in no order; returns how many, which is `count_in_cell`.

    drive: a `DRIVE`.  times: address of f8, ms, in [cell * cell_ms, (cell + 1) * cell_ms).  targets: address of u2,
    the index in the block, 0..BLOCK - 1: of drive.targets[BLOCK * block + index].
    """
    begin = float(cell) * drive.cell_ms
    end = begin + drive.cell_ms
    piece = piece_at(drive, begin)
    n = int64(0)
    while begin < end:
        until, mean = _stretch(drive, block, piece, begin, end)
        if mean > 0.0:
            count, key = _count(drive, (block, cell, piece), mean)
            span = (begin, until - begin, np.nextafter(until, 0.0))
            places = (uint64(times) + uint64(8 * n), uint64(targets) + uint64(2 * n))
            _fill(drive, block, (key, count), span, places)
            n += count
        begin = until
        piece += 1
    return n


@kernel
def count_cells(drives, number, first, last):
    """Number of arrivals of a drive in the cells first..last - 1."""
    drive = drives[number]
    n = int64(0)
    for cell in range(first, last):
        for block in range(drive.n_blocks):
            n += count_in_cell(drive, block, cell)
    return n


@kernel
def draw_cells(drives, number, first, last, label, times, labels):
    """Write the arrivals of a drive in the cells first..last - 1; target k of the drive is label + k.

    times: f8, labels: u4, addresses with room for `count_cells`.
    """
    drive = drives[number]
    n = int64(0)
    for cell in range(first, last):
        for block in range(drive.n_blocks):
            where = uint64(labels) + uint64(4 * n)
            count = draw_cell(drive, block, cell, uint64(times) + uint64(8 * n), where)
            for j in range(count - 1, -1, -1):  # in place: from the last on, as labels are wider
                u4(where)[j] = uint32(label + block * BLOCK) + u2(where)[j]
            n += count
    return n
