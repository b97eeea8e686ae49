"""The direct formula of layers and attention in float64, also where spikes are missing (latency inf).

A missing spike is later than all others.  A table that nothing reaches adds nothing; an output that nothing is added
to is missing itself.  On the lattice of latencies (`eventsim.lut.lattice`) all sums are exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Latencies = NDArray[np.float64]


def indices(anchors: NDArray[np.int32], x: Latencies) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Indices (..., n_tables) of latencies ``x`` (..., n_in), and whether any spike reaches the table."""
    a, b = x[..., anchors[..., 0]], x[..., anchors[..., 1]]
    rows: NDArray[np.int64] = ((b < a) << np.arange(anchors.shape[-2])).sum(axis=-1)
    reached: NDArray[np.bool_] = np.asarray(np.isfinite(np.minimum(a, b)).any(axis=-1))
    return rows, reached


def look_up(anchors: NDArray[np.int32], tables: NDArray[np.floating], x: Latencies) -> Latencies:
    """What a layer's rows add up to, (..., n_out) in ms; inf where nothing is added."""
    rows, reached = indices(anchors, x)
    total, heard = np.zeros((*x.shape[:-1], tables.shape[2])), np.zeros(x.shape[:-1], bool)
    for i, table in enumerate(tables):
        total += np.where(reached[..., i, np.newaxis], table[rows[..., i]], 0.0)
        heard |= reached[..., i]
    total[~heard] = np.inf
    return total


def attend(
    query_anchors: NDArray[np.int32],
    key_anchors: NDArray[np.int32],
    places: NDArray[np.int64],
    place_bits: int,
    tables: NDArray[np.floating],
    x: Latencies,
) -> Latencies:
    """What attention adds to latencies ``x`` (..., positions, n), of the same shape; inf where nothing is added.

    places: the bits of distances, (n_tables, positions).
    """
    positions = x.shape[-2]
    queries, asked = indices(query_anchors, x)
    keys, offered = indices(key_anchors, x)
    keys, total = keys << place_bits, np.zeros(x.shape)
    queries = queries << (place_bits + query_anchors.shape[-2])
    heard = np.zeros(x.shape[:-1], bool)
    for m in range(1, positions):
        distances = m - np.arange(m)
        for i, table in enumerate(tables):
            both = asked[..., m, i, np.newaxis] & offered[..., :m, i]
            rows = queries[..., m, i, np.newaxis] | keys[..., :m, i] | places[i, distances]
            read = np.where(both[..., np.newaxis], table[rows], 0.0)
            total[..., m, :] += read.sum(axis=-2, dtype=np.float64)
            heard[..., m] |= both.any(axis=-1)
    total[~heard] = np.inf
    return total


def add(x: Latencies, more: Latencies) -> Latencies:
    """The sum of a residual layer: what is missing of the two adds nothing; missing where both are."""
    total = np.where(np.isfinite(x), x, 0.0) + np.where(np.isfinite(more), more, 0.0)
    total[np.isinf(x) & np.isinf(more)] = np.inf
    return total
