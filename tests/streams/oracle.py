"""Poisson processes and merged inputs in plain Python: NumPy's Philox and `math.log`, nothing from the kernels."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np


def key_of(kind: str, name: str) -> int:
    """The 64-bit key of a random stream."""
    return int.from_bytes(hashlib.blake2b(f"{kind}\0{name}".encode(), digest_size=8).digest(), "little")


def words(seed: int, key: int, element: int) -> Iterator[int]:
    """The 64-bit words of one element: word k % 4 of block k // 4; NumPy counts up before its first block."""
    before = 2**64 * element - 1  # the counter is (block, element, 0, 0), the lowest word first
    counter = np.array([before >> shift & (2**64 - 1) for shift in (0, 64, 128, 192)], np.uint64)
    generator = np.random.Philox(counter=counter, key=np.array([seed, key], np.uint64))
    while True:
        yield from generator.random_raw(64).tolist()


def unit_positions(seed: int, key: int, element: int) -> Iterator[float]:
    """Events of the unit-rate process."""
    position = 0.0
    for word in words(seed, key, element):
        position -= math.log(((word >> 12) + 0.5) * 2.0**-52)
        yield position


def poisson_times(
    positions: Iterator[float], edges: list[float], rates_hz: list[float], until: float
) -> list[float]:
    """Times up to `until` (ms) of a process of rate rates_hz[k] from edges[k] on, by walking along the rate."""
    times = []
    for position in positions:
        left, time = position, math.inf
        for k, rate in enumerate(rates_hz):
            length = edges[k + 1] - edges[k] if k + 1 < len(edges) else math.inf
            grown = rate / 1000.0 * length if rate else 0.0
            if left <= grown:
                time = edges[k] + left * 1000.0 / rate
                break
            left -= grown
        if time > until:
            return times
        times.append(time)
    return times
