"""Numbers the figures need, computed piece by piece so that memory does not grow with the raster."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from eventsim.recording.results import Floats, Results, SpikeRaster

#: Spikes that are drawn, and about how many are read at once.
SHOWN_SPIKES = 1_000_000


class Activity(NamedTuple):
    """Rates of a population over time, (bins,) between ``edges_ms``, and of its neurons, (size,)."""

    bin_ms: float
    edges_ms: Floats
    rates_hz: Floats
    neuron_rates_hz: Floats


class Intervals(NamedTuple):
    """Inter-spike intervals up to ``until_ms`` and the neurons' mean coefficient of variation (or nan)."""

    intervals_ms: Floats
    cv: float
    until_ms: float


def shown_window(results: Results, start_ms: float = 0.0, spikes: int = SHOWN_SPIKES) -> float:
    """A time up to which about ``spikes`` spikes lie after ``start_ms``, at the mean rate; else the end."""
    total = results.spike_count()
    if total <= spikes:
        return results.duration_ms
    return min(results.duration_ms, start_ms + _round_down(results.duration_ms * spikes / total))


def activities(results: Results) -> dict[str, Activity]:
    """The activity of each population, in bins that hold about ten spikes but are not fewer than 20."""
    names = results.populations
    bins = results.spike_count() // (10 * max(1, len(names)))
    return {name: activity(results, name, min(max(bins, 20), 200)) for name in names}


def activity(results: Results, name: str, bins: int = 200) -> Activity:
    """Rates in ``bins`` to half as many bins of a round width, and of each neuron over the whole time."""
    duration, size = results.duration_ms, results.populations[name].size
    if duration <= 0.0 or size == 0:
        return Activity(0.0, np.array([0.0, 1.0]), np.zeros(1), np.zeros(size))
    bin_ms = _round_down(2.0 * duration / bins)
    edges = np.append(np.arange(math.ceil(duration / bin_ms)) * bin_ms, duration)
    in_bin, of_neuron = np.zeros(len(edges) - 1), np.zeros(size)
    for piece in _pieces(results, name):
        bin_of = np.minimum((piece.times / bin_ms).astype(np.int64), len(in_bin) - 1)
        in_bin += np.bincount(bin_of, minlength=len(in_bin))
        of_neuron += piece.counts()
    return Activity(bin_ms, edges, 1e3 * in_bin / (np.diff(edges) * size), 1e3 * of_neuron / duration)


def early_intervals(results: Results, name: str) -> Intervals:
    """The intervals within the first million spikes or so of a population."""
    count = results.spike_count(name)
    until = results.duration_ms
    if count > SHOWN_SPIKES:
        until = _round_down(until * SHOWN_SPIKES / count)
    raster = results.spikes(name, stop_ms=np.inf if until >= results.duration_ms else until)
    intervals, neurons = raster.intervals()
    return Intervals(intervals, coefficient_of_variation(intervals, neurons), until)


def coefficient_of_variation(intervals: Floats, neurons: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """Standard deviation over mean of a neuron's intervals, averaged over neurons with at least three."""
    if not len(intervals):
        return math.nan
    number = np.bincount(neurons)
    enough = number >= 3
    if not enough.any():
        return math.nan
    number = np.maximum(number, 1)
    mean = np.bincount(neurons, intervals) / number
    variance = np.bincount(neurons, (intervals - mean[neurons]) ** 2) / number
    mean, variance = mean[enough], variance[enough]
    return float(np.mean(np.sqrt(variance[mean > 0.0]) / mean[mean > 0.0]))


def _pieces(results: Results, name: str) -> Iterator[SpikeRaster]:
    """All spikes of a population in stretches of time of about equal length."""
    number = 1 + results.spike_count(name) // SHOWN_SPIKES
    bounds = np.linspace(0.0, results.duration_ms, number + 1)
    bounds[-1] = np.inf
    for start, stop in pairwise(bounds):
        yield results.spikes(name, float(start), float(stop))


def _round_down(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above ``value``."""
    power = 10.0 ** math.floor(math.log10(value))
    return float(max(step for step in (1.0, 2.0, 5.0) if step * power <= value * (1.0 + 1e-12)) * power)
