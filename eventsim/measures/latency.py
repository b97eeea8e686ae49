"""First-spike latencies and the order of spikes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from eventsim.errors import InputError
from eventsim.measures.trains import Floats, positive
from eventsim.recording.results import SpikeRaster


def first_spike_latencies(raster: SpikeRaster, onsets_ms: ArrayLike, window_ms: float = math.inf) -> Floats:
    """How long after each onset each neuron first spikes, (onsets, neurons) in ms; inf where it does not.

    A spike counts if it comes at the onset or less than ``window_ms`` later.  Raises ``InputError``.
    """
    onsets, window = (
        np.atleast_1d(np.asarray(onsets_ms, dtype=np.float64)),
        positive("window_ms", window_ms, True),
    )
    if onsets.ndim != 1 or not np.isfinite(onsets).all():
        raise InputError("onsets_ms", onsets_ms, "finite numbers in one dimension are needed")
    latencies = np.full((len(onsets), raster.size), np.inf)
    for row, onset in zip(latencies, onsets, strict=True):
        first, last = np.searchsorted(raster.times, (onset, onset + window))
        # Backwards, so that of several spikes of a neuron the first is written last.
        row[raster.ids[first:last][::-1]] = (raster.times[first:last] - onset)[::-1]
    return latencies


def rank_order_correlation(a: ArrayLike, b: ArrayLike, *, silent_last: bool = False) -> float:
    """Kendall's tau-b of the order in which neurons spike in two sets of latencies, (n,) each; -1 to 1.

    Neurons that spike in only one (latency inf) are left out, or, with ``silent_last``, come after all others, tied.
    NaN where no order is left.  M. G. Kendall, The treatment of ties in ranking problems, Biometrika 33 (1945).
    """
    from scipy.stats import kendalltau

    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if left.shape != right.shape or left.ndim != 1:
        raise InputError("b", right.shape, f"must have the shape of a, {left.shape}, of one dimension")
    spiked = np.isfinite(left) | np.isfinite(right) if silent_last else np.isfinite(left) & np.isfinite(right)
    if spiked.sum() < 2:
        return math.nan
    return float(kendalltau(left[spiked], right[spiked]).statistic)


def rank_order_correlations(latencies: ArrayLike, *, silent_last: bool = False) -> Floats:
    """`rank_order_correlation` of every two rows of latencies (k, n): (k, k)."""
    rows = np.asarray(latencies, dtype=np.float64)
    if rows.ndim != 2:
        raise InputError("latencies", rows.shape, "an array (onsets, neurons) is needed")
    found = np.empty((len(rows), len(rows)))
    for i, left in enumerate(rows):
        for j in range(i, len(rows)):
            found[i, j] = found[j, i] = rank_order_correlation(left, rows[j], silent_last=silent_last)
    return found
