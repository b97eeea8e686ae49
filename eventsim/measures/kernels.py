"""Products of spike trains under a kernel, summed over pairs of spikes: exact, without a grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eventsim.measures.trains import Floats

#: A Gaussian product is left out beyond this many widths: it is below 3e-16 of one at distance 0.
_REACH = 12.0
_PAIRS_AT_ONCE = 1_000_000


def gaussian_products(trains: Sequence[Floats], sigma_ms: float) -> Floats:
    """The integrals of the products of every two trains with unit Gaussians of width sigma for spikes, (n, n) in 1/ms.

    Each is the sum of Gaussians of width sqrt(2) sigma over the distances of all pairs of spikes.
    """
    times = np.concatenate([np.empty(0), *trains])
    of_train = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    order = np.argsort(times, kind="stable")
    times, of_train = times[order], of_train[order]
    found = np.zeros(len(trains) ** 2)
    for left, right, values in _pairs(times, sigma_ms):
        cell = of_train[left] * len(trains) + of_train[right]
        found += np.bincount(cell, values, minlength=len(found))
    return found.reshape(len(trains), len(trains))


def gaussian_square(times: Floats, sigma_ms: float) -> float:
    """The integral of the square of one train, whose times ascend, in 1/ms."""
    return math.fsum(values.sum() for _, _, values in _pairs(times, sigma_ms))


def _pairs(times: Floats, sigma_ms: float) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Floats]]:
    """All ordered pairs of ascending times within reach of each other, some at once, with their products."""
    first = np.searchsorted(times, times - _REACH * sigma_ms)
    number = np.searchsorted(times, times + _REACH * sigma_ms, side="right") - first
    until = np.cumsum(number)
    start = 0
    while start < len(times):
        before = until[start - 1] if start else 0
        stop = max(int(np.searchsorted(until, before + _PAIRS_AT_ONCE, side="right")), start + 1)
        left = np.repeat(np.arange(start, stop), number[start:stop])
        of_first = until[start:stop] - number[start:stop] - before - first[start:stop]
        right = np.arange(len(left)) - np.repeat(of_first, number[start:stop])
        distances = (times[left] - times[right]) / (2.0 * sigma_ms)
        yield left, right, np.exp(-(distances**2)) / (2.0 * sigma_ms * math.sqrt(math.pi))
        start = stop
