"""Precision and reliability of spikes across trials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsim.errors import InputError
from eventsim.measures.kernels import gaussian_products
from eventsim.measures.trains import Floats, Trains, positive, spike_trains
from eventsim.recording.results import SpikeRaster


class Events(NamedTuple):
    """Firing events of a neuron across trials, in order of time; (k,) each.

    times_ms: the mean time of an event's spikes.  precision_ms: their standard deviation (0 of a single one).
    reliability: the fraction of trials with a spike in the event.  spikes: how many it has in all trials.
    """

    times_ms: Floats
    precision_ms: Floats
    reliability: Floats
    spikes: NDArray[np.int64]


def trials(raster: SpikeRaster, neuron: int, onsets_ms: ArrayLike, window_ms: float) -> list[Floats]:
    """The spikes of a neuron within ``window_ms`` after each onset, in ms from the onset."""
    train, window = raster.of(neuron), positive("window_ms", window_ms)
    onsets = np.atleast_1d(np.asarray(onsets_ms, dtype=np.float64))
    bounds = np.searchsorted(train, np.stack([onsets, onsets + window], axis=1))
    return [train[first:last] - onset for onset, (first, last) in zip(onsets, bounds, strict=True)]


def firing_events(trials: Trains, gap_ms: float, least_reliability: float = 0.5) -> Events:
    """The events at which a neuron spikes again and again: precision and reliability of each.

    trials: its spikes in each trial.  An event is a stretch of the spikes of all trials taken together in which
    neighbours are at most ``gap_ms`` apart and which holds spikes of at least ``least_reliability`` of the trials.
    Precision and reliability as in Z. F. Mainen and T. J. Sejnowski, Reliability of spike timing in neocortical
    neurons, Science 268, 1503-1506 (1995), whose events are the peaks of a smoothed histogram instead.
    """
    trains, gap = spike_trains(trials), positive("gap_ms", gap_ms)
    if not 0.0 <= least_reliability <= 1.0:
        raise InputError("least_reliability", least_reliability, "must be from 0 to 1")
    times = np.concatenate([np.empty(0), *trains])
    of_trial = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    order = np.argsort(times, kind="stable")
    times, of_trial = times[order], of_trial[order]
    cuts = np.flatnonzero(np.diff(times) > gap) + 1
    groups = [] if not len(times) else list(zip(np.split(times, cuts), np.split(of_trial, cuts), strict=True))
    found = [
        (group.mean(), group.std(), len(np.unique(members)) / len(trains), len(group))
        for group, members in groups
        if len(np.unique(members)) >= least_reliability * len(trains)
    ]
    columns = [np.array(column, dtype=np.float64) for column in zip(*found, strict=True)] or [np.empty(0)] * 4
    return Events(columns[0], columns[1], columns[2], columns[3].astype(np.int64))


def correlation_reliability(trials: Trains, sigma_ms: float) -> float:
    """The mean correlation of every two trials whose spikes are Gaussians of width ``sigma_ms``; 0 to 1, no bins.

    A trial without spikes correlates with none.  NaN for fewer than two trials.
    S. Schreiber, J. M. Fellous, D. Whitmer, P. Tiesinga and T. J. Sejnowski, A new correlation-based measure of spike
    timing reliability, Neurocomputing 52-54, 925-931 (2003).
    """
    trains, sigma = spike_trains(trials), positive("sigma_ms", sigma_ms)
    if len(trains) < 2:
        return float("nan")
    products = gaussian_products(trains, sigma)
    norms = np.sqrt(np.diag(products))
    scale = np.outer(norms, norms)
    correlations = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0.0)
    return float(correlations[np.triu_indices(len(trains), 1)].mean())
