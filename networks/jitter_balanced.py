"""The scenario ``jitter-balanced``: Brunel's network under noise beside the same network without.

Its statistics hardly change; its spike times do.  Networks of this kind are chaotic: however small, jitter moves a few
spikes by enough to make and unmake others, and the two networks part.  What is asked is when, and how far.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.network import Network
from eventsim.recording.results import Results, SpikeRaster
from eventsim.recording.simulate import simulate
from eventsim.scenario.experiment import Experiment
from networks import balanced

BIN_MS = 10.0
PARTED = 0.5


def build(
    *,
    seed: int,
    neurons: int = 1000,
    exc_indegree: int = 200,
    inh_indegree: int = 50,
    jump_mv: float = 0.5,
    delay_ms: float = 1.5,
    delay_spread_ms: float = 0.5,
    transient_ms: float = 100.0,
    near_ms: float = 1.0,
) -> Experiment:
    """`balanced.build`, smaller and with a delay of each synapse's own, its metrics and those of `Beside`.

    With one delay for all, neurons that one spike fires at an instant reach others at an instant again, and the
    smallest jitter tells such arrivals apart.
    """
    experiment = balanced.build(
        seed=seed,
        neurons=neurons,
        exc_indegree=exc_indegree,
        inh_indegree=inh_indegree,
        jump_mv=jump_mv,
        delay_ms=delay_ms,
        delay_distribution="uniform",
        delay_spread_ms=delay_spread_ms,
        transient_ms=transient_ms,
    )
    statistics = experiment.measure
    assert statistics is not None
    beside = Beside(experiment.network.copy(), near_ms)
    return replace(experiment, measure=lambda results: {**statistics(results), **beside.measure(results)})


@dataclass
class Beside:
    """The network without noise, run once for all that is compared with it."""

    network: Network
    near_ms: float
    duration_ms: float = 0.0

    @cached_property
    def raster(self) -> SpikeRaster:
        """Its spikes, as far as `duration_ms`."""
        return simulate(self.network, self.duration_ms).spikes("neurons")

    def measure(self, results: Results) -> dict[str, float | None]:
        """How the spikes of a run are related to those without noise.

        same: of the spikes in the run's last half, the part that has one of the same neuron within `near_ms` without
        noise, less what chance would give (1: all, 0: as of another network).  parted_after_ms: from when on this, in
        bins of 10 ms, stays below a half; the end of the run if it does not.
        """
        if results.duration_ms > self.duration_ms:
            self.duration_ms = results.duration_ms
            self.__dict__.pop("raster", None)
        noisy = results.spikes("neurons")
        near = np.concatenate(
            [_near(noisy.of(i), self.raster.of(i), self.near_ms) for i in range(noisy.size)]
            or [np.zeros(0, bool)]
        )
        times = np.concatenate([noisy.of(i) for i in range(noisy.size)] or [np.zeros(0)])
        bins = np.arange(0.0, results.duration_ms + BIN_MS, BIN_MS)
        all_of, _ = np.histogram(times, bins)
        near_of, _ = np.histogram(times[near], bins)
        same = self._beyond_chance(near_of / np.maximum(all_of, 1))
        late = times > 0.5 * results.duration_ms
        parted = np.flatnonzero(same >= PARTED)
        last = int(parted[-1]) + 1 if parted.size else 0
        return {
            "same": float(self._beyond_chance(near[late].mean())) if late.any() else None,
            "parted_after_ms": min(float(bins[last]), results.duration_ms),
        }

    def _beyond_chance(self, fraction: Any) -> Any:
        """A fraction of spikes near one of the other network, 0 where chance gives it and 1 for all."""
        rate = self.raster.times.size / (self.raster.size * self.duration_ms)
        chance = -np.expm1(-2.0 * self.near_ms * rate)
        return (fraction - chance) / (1.0 - chance)


def _near(times: NDArray[np.float64], others: NDArray[np.float64], near_ms: float) -> NDArray[np.bool_]:
    """Which of the times have one of the others at most ``near_ms`` away."""
    first = np.searchsorted(others, times - near_ms, side="left")
    return np.asarray(first < np.searchsorted(others, times + near_ms, side="right"))
