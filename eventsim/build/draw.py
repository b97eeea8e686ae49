"""Draws from distributions: the values of synapses and of model parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.kernels import quantiles
from eventsim.kernels.streamkeys import stream_key
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
    lowest: of what may be drawn.  highest: the largest magnitude of values that are not common.
    """

    def __init__(
        self,
        value: Value,
        seed: int,
        kind: str,
        name: str,
        lowest: float = -math.inf,
        highest: float = math.inf,
    ) -> None:
        self.value = value
        self.lowest = lowest
        self.highest = highest
        self._field = f"{kind} of {name!r}"
        self._keys = np.uint64(seed), np.uint64(stream_key(kind, name))

    @property
    def common(self) -> bool:
        """Whether all share one value."""
        return isinstance(self.value, int | float)

    def fill(self, first: int, out: NDArray[np.float64]) -> None:
        """Write the values number first, first + 1, ... into `out`.

        Raises:
            InputError: a drawn value is below `lowest` or not finite, or one is beyond `highest`.
        """
        if isinstance(self.value, Distribution):
            kind, parameters = _quantile(self.value)
            bad = quantiles.fill_draws(kind, parameters, *self._keys, np.uint64(first), self.lowest, out)
            if bad >= 0:
                self._refuse(first + int(bad), float(out[bad]))
        elif isinstance(self.value, np.ndarray):
            out[:] = self.value[first : first + out.size]
        else:
            out[:] = self.value
            return
        if out.size and max(-out.min(), out.max()) > self.highest:
            worst = int(np.abs(out).argmax())
            self._refuse(first + worst, float(out[worst]))

    def _refuse(self, index: int, value: float) -> None:
        if self.highest < abs(value) < math.inf:
            raise InputError(self._field, value, f"at most {self.highest:.6g} can be stored", index)
        why = "the drawn value is not finite"
        if value < self.lowest:
            why = f"drawn below {self.lowest:g}; TruncatedNormal keeps a normal distribution above a bound"
        raise InputError(self._field, value, f"{why} (from {self.value})", index)

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
