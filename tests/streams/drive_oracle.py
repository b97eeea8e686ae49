"""A Poisson drive in plain Python: NumPy's Philox and Python's whole numbers, nothing of the kernels.

Only the number of arrivals is not remade: it is given, and its distribution is tested for itself.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np

from tests.streams.oracle import key_of

MASK = 2**64 - 1


def stretch_key(seed: int, name: str, counter: tuple[int, int, int]) -> list[int]:
    """The words behind the number of arrivals of a (cell, block, piece): the key of its arrivals."""
    before = (
        sum(word << (64 * k) for k, word in enumerate(counter)) - 1
    )  # NumPy counts up before its first block
    words = np.array([before >> (64 * k) & MASK for k in range(4)], np.uint64)
    generator = np.random.Philox(counter=words, key=np.array([seed, key_of("drive", name)], np.uint64))
    return generator.random_raw(4).tolist()[2:]


def word(key: list[int], j: int) -> int:
    """Word j under a key."""
    z = (key[0] + j * 0x9E3779B97F4A7C15) & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27 ^ key[1]) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def arrivals(
    key: list[int], n: int, span: tuple[float, float], shares: list[float] | int
) -> list[tuple[float, int]]:
    """(time, target) of n arrivals in a stretch of constant rate, as drawn; shares: of each target, or their number."""
    begin, end = span
    out = []
    for j in range(n):
        if isinstance(shares, int):
            product = word(key, j) * shares
            target, place = product >> 64, product & MASK
        else:
            sums = list(np.cumsum(shares))
            aim = (word(key, j) >> 12) * 2.0**-52 * sums[-1]
            target, place = bisect_right(sums, aim), word(key, j + 2**40)
        time = begin + (place >> 12) * 2.0**-52 * (end - begin)
        out.append((min(time, math.nextafter(end, 0.0)), target))
    return out
