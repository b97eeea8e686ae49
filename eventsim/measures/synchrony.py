"""How much neurons spike together."""

from __future__ import annotations

import math

import numpy as np

from eventsim.measures.kernels import gaussian_square
from eventsim.measures.trains import Trains, as_neo, elephant, milliseconds, positive, spike_trains


def synchrony_index(trains: Trains, duration_ms: float, sigma_ms: float) -> float:
    """chi, from 0 to 1: 1 for identical trains, about 1 / sqrt(n) for n independent ones.

    Each spike becomes a Gaussian of width ``sigma_ms``; chi^2 is the variance over time of the mean of all neurons,
    over the mean of the neurons' own variances.  Computed from pairs of spikes, without bins; what of a Gaussian
    reaches beyond the run is counted in it.  NaN where no neuron spikes.
    D. Golomb, Neuronal synchrony measures, Scholarpedia 2 (1), 1347 (2007).
    """
    arrays = spike_trains(trains)
    duration, sigma = positive("duration_ms", duration_ms), positive("sigma_ms", sigma_ms)
    pooled = np.sort(np.concatenate([np.empty(0), *arrays]))
    if not len(pooled):
        return math.nan

    def variance(train: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        return gaussian_square(train, sigma) / duration - (len(train) / duration) ** 2

    own = sum(variance(train) for train in arrays) / len(arrays)
    together = variance(pooled) / len(arrays) ** 2
    return math.sqrt(max(together, 0.0) / own) if own > 0.0 else math.nan


def spike_contrast(trains: Trains, duration_ms: float, least_bin_ms: float = 10.0) -> float:
    """SPIKE-contrast, from 0 to 1: synchrony at the time scale at which it is largest, by Elephant.

    Trains without spikes are left out; NaN if fewer than two are left.  ``least_bin_ms`` is the smallest bin tried.
    M. Ciba, T. Isomura, Y. Jimbo, A. Bahmer and C. Thielemann, Spike-contrast: a novel time scale independent and
    multivariate measure of spike train synchrony, Journal of Neuroscience Methods 293, 136-143 (2018).
    """
    arrays = [train for train in spike_trains(trains) if len(train)]
    stop, least = positive("duration_ms", duration_ms), positive("least_bin_ms", least_bin_ms)
    module, ms = elephant("spike_train_synchrony"), milliseconds()
    if len(arrays) < 2:
        return math.nan
    return float(
        module.spike_contrast(
            as_neo(arrays, stop),
            t_start=0.0 * ms,
            t_stop=stop * ms,
            min_bin=least * ms,
        )
    )
