"""Power spectra of populations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eventsim.errors import InputError
from eventsim.measures.trains import Floats, positive
from eventsim.recording.results import SpikeRaster


class Spectrum(NamedTuple):
    """frequencies_hz, (k,) from 0; power, (k,) in Hz: squared rate of a neuron per Hz of frequency, one-sided."""

    frequencies_hz: Floats
    power: Floats


def population_spectrum(
    raster: SpikeRaster,
    duration_ms: float,
    start_ms: float = 0.0,
    bin_ms: float = 1.0,
    segment_ms: float = 500.0,
) -> Spectrum:
    """The spectrum of a population's mean rate by Welch's method (`scipy.signal.welch`, Hann windows, half overlapped).

    The rate is counted in bins of ``bin_ms`` from ``start_ms`` to ``duration_ms``: spectra are the one measure here
    with a grid, and hold to about a fifth of 1 / bin.  n independent Poisson neurons of rate r have the flat spectrum
    2 r / n.
    P. Welch, IEEE Transactions on Audio and Electroacoustics 15, 70-73 (1967).
    """
    from scipy.signal import welch

    width, segment = positive("bin_ms", bin_ms), positive("segment_ms", segment_ms)
    bins = int((duration_ms - start_ms) / width)
    in_segment = round(segment / width)
    if not 2 <= in_segment <= bins:
        raise InputError("segment_ms", segment_ms, f"must be from 2 bins to the {bins} bins of the run")
    edges = start_ms + np.arange(bins + 1) * width
    counts, _ = np.histogram(raster.times, edges)
    rates_hz = 1e3 * counts / (width * max(raster.size, 1))
    frequencies, power = welch(rates_hz, fs=1e3 / width, nperseg=in_segment)
    return Spectrum(np.asarray(frequencies), np.asarray(power))
