"""Noise in the oracle: the same draws as in the kernels, its own arithmetic of what becomes of a spike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from eventsim.build.noise import keys
from eventsim.kernels.random.quantiles import normal_quantile
from eventsim.network.description import FloatArray
from eventsim.network.network import Network
from eventsim.network.noise import ClockTick, DelayMismatch, LostSpikes, SpikeJitter, ThresholdNoise
from eventsim.network.population import Population
from eventsim.network.projection import Projection


def uniform(stream: tuple[Any, Any], *counter: int) -> float:
    """A draw in (0, 1) of a stream, by (element, number[, 1 + target, which])."""
    element, number, *rest = (*counter, 0, 0)
    key, block = (
        sum(int(word) << (64 * k) for k, word in enumerate(words))
        for words in (stream, (number, element, *rest[:2]))
    )
    before = (block - 1) % 2**256  # NumPy counts one further before it draws
    word = int(np.random.Philox(key=key, counter=before).random_raw())
    return ((word >> 12) + 0.5) * 2.0**-52


class Travel:
    """The spikes of a projection on their way."""

    def __init__(self, network: Network, projection: Projection) -> None:
        noise: Any = network.noise_on(projection)
        self.jitter: SpikeJitter | None = noise.get(SpikeJitter)
        self.lost: LostSpikes | None = noise.get(LostSpikes)
        self.clock: ClockTick | None = noise.get(ClockTick)
        self.drift_per_s = getattr(noise.get(DelayMismatch), "drift_per_s", 0.0)
        self._jitter_stream = keys(network, SpikeJitter, projection.name)
        self._lost_stream = keys(network, LostSpikes, projection.name)

    def arrival(
        self, emitted: float, delay: float, spike: tuple[int, int], synapse: tuple[int, int]
    ) -> float | None:
        """When a spike arrives, if it does.

        spike: index of the neuron, number of the spike.  synapse: target, number among those of this source and target.
        """
        synapse = 1 + synapse[0], synapse[1]
        if self.lost:
            own = synapse if self.lost.per == "synapse" else (0, 0)
            if uniform(self._lost_stream, *spike, *own) < self.lost.probability:
                return None
        t = emitted + delay * max(0.0, 1.0 + self.drift_per_s * 1e-3 * emitted)
        if self.jitter:
            own = synapse if self.jitter.per == "synapse" else (0, 0)
            t += _moved(self.jitter, uniform(self._jitter_stream, *spike, *own))
        return max(emitted, _on_clock(self.clock, t) if self.clock else t)


def _moved(jitter: SpikeJitter, u: float) -> float:
    match jitter.shape:
        case "normal":
            return jitter.scale_ms * float(normal_quantile(u))
        case "uniform":
            return jitter.scale_ms * (2.0 * u - 1.0)
        case _:
            return -jitter.scale_ms * math.log(u)


def _on_clock(clock: ClockTick, t: float) -> float:
    """The multiple n tick, as float64 has it, that is last before t or nearest to it: compared in fractions."""
    guess = int(Fraction(t) / Fraction(clock.tick_ms))
    multiples = {n: Fraction(n * clock.tick_ms) for n in range(guess - 2, guess + 4)}
    n = max(n for n, multiple in multiples.items() if multiple <= Fraction(t))
    below, above = Fraction(t) - multiples[n], multiples[n + 1] - Fraction(t)
    later = clock.ties == "up" or n % 2 == 1
    if clock.rounding == "nearest" and (above < below or (above == below and later)):
        n += 1
    return n * clock.tick_ms


class MovingThreshold:
    """The threshold of a neuron that noise moves after each spike.  name: the parameter's."""

    def __init__(
        self, network: Network, population: Population, index: int, values: Mapping[str, FloatArray]
    ) -> None:
        noise: Any = network.noise_on(population)[ThresholdNoise]
        model: Any = population.model
        self.name: str = model.threshold
        mean = values[self.name]
        self._mean, self._std = float(mean[index % mean.size]), float(noise.std)
        self._index, self._number = index, 0
        self._stream = keys(network, ThresholdNoise, population.name)

    def next(self) -> float:
        """The threshold after one more spike."""
        self._number += 1
        return self._mean + self._std * float(
            normal_quantile(uniform(self._stream, self._index, self._number))
        )
