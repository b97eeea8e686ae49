"""The scenario ``coincidence``: detectors with continuous delays under jitter, against closed forms.

Each detector is a leaky neuron that fires when two spikes reach it within a window, and has one source on its left and
one on its right.  In every volley the right one spikes so much later as the detector's delays differ, which are drawn
from a continuum, plus a mismatch.  Jitter on the wires makes matched volleys miss the window and mismatched ones hit
it; `eventsim.measures.coincidence_probability` says how often.  Other detectors listen to Poisson sources, and what
they find is chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.build.draw import Values
from eventsim.errors import InputError
from eventsim.measures import coincidence_probability
from eventsim.models import LIF
from eventsim.network import Network, OneToOne, PoissonSpikes, SpikeJitter, SpikeTrains, Uniform
from eventsim.network.noise import Shape
from eventsim.scenario.experiment import Experiment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results

WIRE_MS = 30.0
"""The shortest delay: jitter can take no more off it."""
LAGS_MS = 20.0
VOLLEY_MS = 100.0
FEW = 5.0
"""Hits or misses: of fewer, a deviation in standard errors says little."""
MISMATCHES_MS = tuple(0.6 * step for step in range(13))
JUMP = 0.9
"""Of the threshold: what one spike adds.  Two within the window suffice; soon after it nothing is left of the first."""


def build(
    *,
    seed: int,
    window_ms: float = 2.0,
    jitter_ms: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0),
    shape: Shape = "normal",
    mismatch_ms: tuple[float, ...] = MISMATCHES_MS,
    detectors: int = 20,
    volleys: int = 50,
    rates_hz: tuple[float, ...] = (5.0, 10.0, 20.0, 40.0),
) -> Experiment:
    """`detectors` for each jitter and mismatch, and for each rate of the Poisson sources; they see `volleys` volleys.

    window_ms: how far apart two spikes may come.  jitter_ms, shape: of the jitter on both wires of a detector, one draw
    a spike (`eventsim.network.SpikeJitter`).
    """
    for name, values in (("jitter_ms", jitter_ms), ("mismatch_ms", mismatch_ms)):
        for index, value in enumerate(values):
            if not 0.0 <= value < math.inf:
                raise InputError(name, value, "must not be negative", index)
    if not window_ms > 0.0:
        raise InputError("window_ms", window_ms, "must be above 0")
    network = Network(seed)
    model = detector(window_ms)
    for sigma in jitter_ms:
        noise = SpikeJitter(sigma, shape)
        _add_tuned(network, model, np.repeat(mismatch_ms, detectors), volleys, noise, f"{sigma:g} ms")
    for rate in rates_hz:
        name = f"{rate:g} Hz"
        sources = network.source(f"chance {name}", PoissonSpikes(rate), 2 * detectors)
        ends = network.population(f"detectors {name}", detectors, model)
        for side in (sources[:detectors], sources[detectors:]):
            network.connect(side, ends, OneToOne(), JUMP, 1.0)
    setting = Setting(window_ms, jitter_ms, shape, mismatch_ms, detectors, volleys, rates_hz)
    return Experiment(
        network,
        duration_ms=volleys * VOLLEY_MS,
        measure=setting.measure,
        figures=partial(_figures, setting),
    )


def detector(window_ms: float) -> LIF:
    """Fires (threshold 1) when an arrival finds more than 1 - `JUMP` of an earlier one: within the window."""
    return LIF(tau_m=window_ms / math.log(JUMP / (1.0 - JUMP)), v_th=1.0, v_reset=0.0)


def _add_tuned(
    network: Network, model: LIF, mismatch: NDArray[np.float64], volleys: int, noise: SpikeJitter, name: str
) -> None:
    """Detectors whose wires differ by a lag, and sources that spike this lag and a mismatch apart."""
    lags = Values(Uniform(0.0, LAGS_MS), network.seed, "lag", name).all(mismatch.size)
    starts = np.arange(volleys) * VOLLEY_MS
    left = network.source(f"left {name}", _trains([starts for _ in lags]))
    right = network.source(f"right {name}", _trains([starts + late for late in lags + mismatch]))
    ends = network.population(f"detectors {name}", mismatch.size, model)
    for side, source, delay in (("left", left, WIRE_MS + lags), ("right", right, WIRE_MS)):
        wire = network.connect(source, ends, OneToOne(), JUMP, delay, name=f"{side} wires {name}")
        network.set_noise(wire, noise)


def _trains(times: list[NDArray[np.floating[Any]]]) -> SpikeTrains:
    every = np.concatenate(times)
    ids = np.repeat(np.arange(len(times), dtype=np.uint32), [train.size for train in times])
    order = np.argsort(every, kind="stable")
    return SpikeTrains(every[order], ids[order], len(times))


class Hits(NamedTuple):
    """Detections at each jitter (rows) and mismatch (columns), as a fraction of the volleys, found and expected."""

    found: NDArray[np.float64]
    expected: NDArray[np.float64]
    trials: int

    @property
    def errors(self) -> NDArray[np.float64]:
        """The standard error of what is found."""
        return np.sqrt(self.expected * (1.0 - self.expected) / self.trials)

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Found less expected in standard errors, where hits and misses are many enough to be nearly normal."""
        free = self.trials * self.expected * (1.0 - self.expected) >= FEW
        deviations: NDArray[np.float64] = (self.found - self.expected)[free] / self.errors[free]
        return deviations


@dataclass(frozen=True)
class Setting:
    """What was asked for, and what came of it."""

    window_ms: float
    jitter_ms: tuple[float, ...]
    shape: Shape
    mismatch_ms: tuple[float, ...]
    detectors: int
    volleys: int
    rates_hz: tuple[float, ...]

    def expected(self, mismatch_ms: float, sigma: float) -> float:
        """The probability of a detection."""
        if sigma == 0.0:
            return float(mismatch_ms < self.window_ms)
        return coincidence_probability(mismatch_ms, self.window_ms, sigma, self.shape)

    def hits(self, results: Results) -> Hits:
        """Detections of volleys."""
        shape = (len(self.mismatch_ms), self.detectors)
        found = [
            results.spikes(f"detectors {sigma:g} ms").counts().reshape(shape).sum(axis=1)
            for sigma in self.jitter_ms
        ]
        expected = [[self.expected(gap, sigma) for gap in self.mismatch_ms] for sigma in self.jitter_ms]
        trials = self.detectors * self.volleys
        return Hits(np.array(found) / trials, np.array(expected), trials)

    def chance_hz(self, results: Results) -> NDArray[np.float64]:
        """Detections a second of each rate's detectors, on average."""
        seconds = results.duration_ms * 1e-3
        return np.array(
            [results.spikes(f"detectors {rate:g} Hz").counts().mean() / seconds for rate in self.rates_hz]
        )

    def expected_chance_hz(self, rate_hz: float) -> float:
        """Detections a second by chance: each uses up two spikes of 2 r a second, of whichever source.

        A spike that finds one within the window before it, which has probability p = 1 - exp(-2 r window), is a
        detection; so they come every 1 + 1/p spikes.  What is left of more than one earlier spike is neglected.
        """
        p = -math.expm1(-2.0 * rate_hz * self.window_ms * 1e-3)
        return 2.0 * rate_hz * p / (1.0 + p)

    def measure(self, results: Results) -> dict[str, Any]:
        """Missed matches and false ones at each jitter, and how far all of it is from the closed forms.

        largest_deviation and chi2_per_point in standard errors; false: of the mismatches beyond the window, the first.
        """
        hits, chance = self.hits(results), self.chance_hz(results)
        beyond = next((k for k, gap in enumerate(self.mismatch_ms) if gap > self.window_ms), 0)
        return {
            "missed": (1.0 - hits.found[:, 0]).tolist(),
            "missed_expected": (1.0 - hits.expected[:, 0]).tolist(),
            "false": hits.found[:, beyond].tolist(),
            "false_expected": hits.expected[:, beyond].tolist(),
            "chance_hz": chance.tolist(),
            "chance_expected_hz": [self.expected_chance_hz(rate) for rate in self.rates_hz],
            "largest_deviation": float(np.abs(hits.deviations).max(initial=0.0)),
            "chi2_per_point": float(np.mean(hits.deviations**2)) if hits.deviations.size else 0.0,
            "volleys_seen": hits.trials * hits.found.size,
        }


def _figures(setting: Setting, results: Results) -> dict[str, Figure]:
    from networks.coincidence_figure import coincidence_figure

    return {"coincidence": coincidence_figure(setting, results)}
