"""Distances between spike trains, by Elephant."""

from __future__ import annotations

import numpy as np

from eventsim.measures.trains import (
    Floats,
    Trains,
    as_neo,
    elephant,
    milliseconds,
    not_negative,
    positive,
    spike_trains,
)


def van_rossum_distances(trains: Trains, tau_ms: float) -> Floats:
    """Van Rossum's distance of every two trains, (n, n), no unit.

    Spikes become exponentials of time constant ``tau_ms``; D^2 = 2 / tau times the integral of the squared difference,
    so that a train and the same with one spike more are 1 apart (the paper's own scale is smaller by sqrt 2).
    M. C. W. van Rossum, A novel spike distance, Neural Computation 13, 751-763 (2001).
    """
    arrays, tau = spike_trains(trains), positive("tau_ms", tau_ms)
    module, ms = elephant("spike_train_dissimilarity"), milliseconds()
    if not arrays:
        return np.empty((0, 0))
    return np.asarray(module.van_rossum_distance(as_neo(arrays), time_constant=tau * ms), dtype=np.float64)


def victor_purpura_distances(trains: Trains, cost_per_ms: float) -> Floats:
    """Victor and Purpura's distance of every two trains, (n, n), no unit: the least cost of turning one into the other.

    A spike inserted or deleted costs 1, a shift ``cost_per_ms`` a millisecond.
    J. D. Victor and K. P. Purpura, Nature and precision of temporal coding in visual cortex: a metric-space analysis,
    Journal of Neurophysiology 76, 1310-1326 (1996).
    """
    arrays = spike_trains(trains)
    not_negative("cost_per_ms", cost_per_ms)
    module = elephant("spike_train_dissimilarity")
    if not arrays:
        return np.empty((0, 0))
    cost = cost_per_ms / milliseconds()
    return np.asarray(module.victor_purpura_distance(as_neo(arrays), cost_factor=cost), dtype=np.float64)
