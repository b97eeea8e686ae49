"""Draws from distributions: the values of synapses and of model parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.noise import Change
from eventsim.errors import InputError
from eventsim.kernels.random import quantiles
from eventsim.kernels.random.streamkeys import stream_key
from eventsim.network.description import FloatArray
from eventsim.network.distributions import (
    Distribution,
    Exponential,
    Lognormal,
    Normal,
    TruncatedNormal,
    Uniform,
    Value,
)
from eventsim.network.model import Model


class Values:
    """Numbered values as a projection or a model describes them: one for all, from an array, or drawn.

    kind, name: of the random stream; value number e depends on the seed, on these and on e alone.
    within: the lowest and the highest that values drawn or from an array may be.  changes: what noise makes of them.

    Raises:
        InputError: an array's value is beyond `within`.
    """

    def __init__(
        self,
        value: Value,
        seed: int,
        kind: str,
        name: str,
        within: tuple[float, float] = (-math.inf, math.inf),
        changes: Sequence[Change] = (),
    ) -> None:
        self.value = value
        self._changes = tuple(changes)
        self._within = within
        self._field = f"{kind} of {name!r}"
        self._keys = np.uint64(seed), np.uint64(stream_key(kind, name))
        if isinstance(value, Distribution):
            self._quantile = _quantile(value)
        elif isinstance(value, np.ndarray) and value.size:
            for index in (int(value.argmin()), int(value.argmax())):
                if not within[0] <= value[index] <= within[1]:
                    self._refuse(index, float(value[index]))

    @property
    def common(self) -> bool:
        """Whether all share one value."""
        return isinstance(self.value, int | float) and not any(change.of_each for change in self._changes)

    def fill(self, first: int, out: NDArray[np.float64]) -> None:
        """Write the values number first, first + 1, ... into `out`.

        Raises:
            InputError: a drawn value is beyond `within` or not finite.
        """
        if isinstance(self.value, Distribution):
            bad = quantiles.fill_draws(*self._quantile, *self._keys, np.uint64(first), self._within, out)
            if bad >= 0:
                self._refuse(first + int(bad), float(out[bad]))
        elif isinstance(self.value, np.ndarray):
            out[:] = self.value[first : first + out.size]
        else:
            out[:] = self.value
        for change in self._changes:
            change.of(first, out)
        if self._changes and out.size:
            for index in (int(out.argmin()), int(out.argmax())):
                if not self._within[0] <= out[index] <= self._within[1]:
                    self._refuse(first + index, float(out[index]))

    def _refuse(self, index: int, value: float) -> None:
        lowest, highest = self._within
        if not math.isfinite(value):
            why = f"the drawn value is not finite (from {self.value})"
        elif lowest < 0.0:
            why = f"beyond the {highest:.6g} that can be stored for each synapse"
        else:
            why = f"drawn below {lowest:g}; TruncatedNormal keeps a normal distribution above a bound (from {self.value})"
        raise InputError(self._field, value, why, index)

    def all(self, count: int) -> FloatArray:
        """The first `count` values in a new array, (1,) if they are common."""
        result = np.empty(1 if self.common else count)
        self.fill(0, result)
        return result


def _quantile(distribution: Distribution) -> tuple[int, NDArray[np.float64]]:
    """The kind and the six parameters that `kernels.quantiles.fill_draws` takes."""
    match distribution:
        case Uniform(low, high):
            kind, parameters = quantiles.UNIFORM, [low, high]
        case Normal(mean, std):
            kind, parameters = quantiles.NORMAL, [mean, std]
        case Lognormal(mu, sigma):
            kind, parameters = quantiles.LOGNORMAL, [mu, sigma]
        case Exponential(scale, low):
            kind, parameters = quantiles.EXPONENTIAL, [low, scale]
        case TruncatedNormal(mean, std, low, high):
            ends = (low - mean) / std, (high - mean) / std
            if ends[0] > 0.0:
                std, ends = -std, (-ends[1], -ends[0])
            phi = [0.5 * math.erfc(-end / math.sqrt(2.0)) for end in ends]
            kind, parameters = quantiles.TRUNCATED_NORMAL, [mean, std, *phi, low, high]
        case _:
            raise InputError("distribution", distribution, "not one of those that can be drawn from")
    return kind, np.array(parameters + [0.0] * (6 - len(parameters)))


def realise(model: Model, n: int, seed: int, population_name: str) -> dict[str, FloatArray]:
    """Every parameter of a model as a read-only float64 array, (1,) where all n neurons share it, else (n,).

    Draws come from the streams ("model field", population/field), element = neuron.

    Raises:
        InputError: an array of another length.
    """
    model.check_size(n)
    values: dict[str, FloatArray] = {}
    for field in model.neuron_parameters():
        value: Any = getattr(model, field)
        values[field] = Values(value, seed, "model field", f"{population_name}/{field}").all(n)
        values[field].setflags(write=False)
    return values
