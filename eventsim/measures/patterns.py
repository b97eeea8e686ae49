"""Polychronous patterns: neurons that spike one after the other at given lags, and when they do so again.

E. M. Izhikevich, Polychronization: computation with spikes, Neural Computation 18, 245-282 (2006).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsim.errors import InputError
from eventsim.measures.latency import first_spike_latencies
from eventsim.measures.trains import Floats, positive
from eventsim.recording.results import SpikeRaster


@dataclass(frozen=True)
class Pattern:
    """Neurons (local indices) and how long after the first of them each spikes (ms); the first lag is 0."""

    neurons: tuple[int, ...]
    lags_ms: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.neurons or len(self.neurons) != len(self.lags_ms):
            raise InputError(
                "lags_ms", self.lags_ms, f"one for each of {len(self.neurons)} neurons is needed"
            )
        if self.lags_ms[0] != 0.0 or not np.isfinite(self.lags_ms).all():
            raise InputError("lags_ms", self.lags_ms, "must be finite and begin with 0")


class Occurrences(NamedTuple):
    """times_ms, (k,): when the pattern's first neuron spikes; found, (k,): how many of its spikes are there."""

    times_ms: Floats
    found: NDArray[np.int64]


def pattern_of(raster: SpikeRaster, onset_ms: float, window_ms: float) -> Pattern:
    """The pattern of the first spikes of all neurons within ``window_ms`` after an onset, in their order."""
    latencies = first_spike_latencies(raster, onset_ms, window_ms)[0]
    order = np.argsort(latencies, kind="stable")[: int(np.isfinite(latencies).sum())]
    if not len(order):
        raise InputError("onset_ms", onset_ms, f"no spike comes within {window_ms:g} ms")
    lags = latencies[order] - latencies[order[0]]
    return Pattern(tuple(order.tolist()), tuple(lags.tolist()))


def pattern_occurrences(
    raster: SpikeRaster, pattern: Pattern, tolerance_ms: float, missing: int = 0
) -> Occurrences:
    """When the pattern occurs: its first neuron spikes, and the others at their lags after it.

    A spike counts if it is at most ``tolerance_ms`` early or late; up to ``missing`` of them may be absent.
    """
    tolerance = positive("tolerance_ms", tolerance_ms)
    if not 0 <= missing < len(pattern.neurons):
        raise InputError("missing", missing, f"must be from 0 to {len(pattern.neurons) - 1}")
    anchors = raster.of(pattern.neurons[0])
    found = np.ones(len(anchors), dtype=np.int64)
    for neuron, lag in zip(pattern.neurons[1:], pattern.lags_ms[1:], strict=True):
        train, expected = raster.of(neuron), anchors + lag
        bounds = [
            np.searchsorted(train, expected - tolerance),
            np.searchsorted(train, expected + tolerance, side="right"),
        ]
        found += bounds[1] > bounds[0]
    enough = found >= len(pattern.neurons) - missing
    return Occurrences(anchors[enough], found[enough])


def expected_occurrences(
    rates_hz: ArrayLike, pattern: Pattern, duration_ms: float, tolerance_ms: float, missing: int = 0
) -> float:
    """How often the pattern would occur by chance, if the neurons were independent and Poisson at ``rates_hz``, (n,).

    The first neuron spikes at its rate; each other one has a spike in its window with probability
    1 - exp(-2 rate tolerance), and at most ``missing`` have none.
    """
    rates_per_ms = np.asarray(rates_hz, dtype=np.float64)[list(pattern.neurons)] * 1e-3
    there = 1.0 - np.exp(-2.0 * positive("tolerance_ms", tolerance_ms) * rates_per_ms[1:])
    absent = np.ones(1)  # the distribution of how many are absent
    for p in there:
        absent = np.append(absent * p, 0.0) + np.append(0.0, absent * (1.0 - p))
    return float(rates_per_ms[0] * duration_ms * math.fsum(absent[: missing + 1]))


def pattern_recurrence(
    raster: SpikeRaster, onsets_ms: ArrayLike, window_ms: float, tolerance_ms: float
) -> Floats:
    """How much of the pattern after each onset comes again after each other one, (k, k), 0 to 1.

    Element (i, j) is the fraction of the neurons that spike within ``window_ms`` after onset i whose first spike after
    onset j comes as late, to ``tolerance_ms``.  NaN where no neuron spikes after onset i.
    """
    tolerance = positive("tolerance_ms", tolerance_ms)
    latencies = first_spike_latencies(raster, onsets_ms, positive("window_ms", window_ms))
    spiked = np.isfinite(latencies)
    found = np.empty((len(latencies), len(latencies)))
    for i, row in enumerate(latencies):
        mine = row[spiked[i]]
        again = np.abs(latencies[:, spiked[i]] - mine) <= tolerance
        found[i] = again.mean(axis=1) if len(mine) else np.nan
    return found
