"""Distributions that a weight, a delay or a model parameter may be drawn from.

A description only: the draws are made by `eventsim.build.draw`, one uniform number per value put through the
distribution's quantile function, so that value number e depends on the seed, the stream and e alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from eventsim.errors import InputError
from eventsim.network import checks
from eventsim.network.description import Description, FloatArray


@dataclass(frozen=True)
class Distribution(Description):
    """Base of the distributions; all parameters are finite unless said otherwise."""

    @property
    def lowest(self) -> float:
        """The lower end of the support."""
        return -math.inf


@dataclass(frozen=True)
class Uniform(Distribution):
    """Uniform on (low, high), low <= high."""

    low: float
    high: float

    def validate(self) -> None:
        self._set("low", checks.number("low", self.low))
        self._set("high", checks.number("high", self.high, self.low))

    @property
    def lowest(self) -> float:
        return self.low


@dataclass(frozen=True)
class Normal(Distribution):
    """Normal with this mean and standard deviation std >= 0."""

    mean: float
    std: float

    def validate(self) -> None:
        self._set("mean", checks.number("mean", self.mean))
        self._set("std", checks.number("std", self.std, 0.0))

    @property
    def lowest(self) -> float:
        return -math.inf if self.std > 0 else self.mean


@dataclass(frozen=True)
class TruncatedNormal(Distribution):
    """Normal(mean, std), std > 0, conditioned on low <= x <= high (which may be infinite).

    The interval must come within 35 standard deviations of the mean, beyond which no probability can be
    computed.
    """

    mean: float
    std: float
    low: float = 0.0
    high: float = math.inf

    def validate(self) -> None:
        self._set("mean", checks.number("mean", self.mean))
        self._set("std", checks.number("std", self.std, 0.0, above=True))
        self._set("low", checks.number("low", self.low, infinite=True))
        self._set("high", checks.number("high", self.high, self.low, above=True, infinite=True))
        if (self.low - self.mean) / self.std > 35.0:
            raise InputError("low", self.low, "more than 35 standard deviations above the mean")
        if (self.mean - self.high) / self.std > 35.0:
            raise InputError("high", self.high, "more than 35 standard deviations below the mean")

    @property
    def lowest(self) -> float:
        return self.low


@dataclass(frozen=True)
class Lognormal(Distribution):
    """exp(Normal(mu, sigma)): mu and sigma >= 0 belong to the logarithm."""

    mu: float
    sigma: float

    def validate(self) -> None:
        self._set("mu", checks.number("mu", self.mu))
        self._set("sigma", checks.number("sigma", self.sigma, 0.0))

    @property
    def lowest(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Exponential(Distribution):
    """low + an exponential variable of mean scale > 0."""

    scale: float
    low: float = 0.0

    def validate(self) -> None:
        self._set("scale", checks.number("scale", self.scale, 0.0, above=True))
        self._set("low", checks.number("low", self.low))

    @property
    def lowest(self) -> float:
        return self.low


Value = float | FloatArray | Distribution
"""What a weight, a delay or a parameter may be: one number for all, one for each, or drawn."""
