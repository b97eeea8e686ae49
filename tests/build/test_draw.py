"""Model parameters as arrays, and the quantile function behind every draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import scipy.special

from eventsim.build.draw import Values, realise
from eventsim.errors import InputError
from eventsim.kernels.random.quantiles import normal_quantile
from eventsim.kernels.random.streamkeys import stream_key
from eventsim.network import Distribution, Model, Normal, Uniform


@dataclass(frozen=True)
class Cell(Model):
    parameter_dtype: ClassVar[np.dtype] = np.dtype([("tau_ms", "f8"), ("v0", "f8")], align=True)
    state_dtype: ClassVar[np.dtype] = np.dtype([("t", "f8"), ("v", "f8")], align=True)

    tau_ms: float | np.ndarray | Distribution = 20
    v0: float | np.ndarray | Distribution = 0.0
    steps: int = 4
    reset: str = "value"
    noisy: bool = False


def test_realise_makes_arrays_of_one_or_n() -> None:
    values = realise(Cell(v0=np.arange(3.0)), 3, 1, "a")
    assert list(values) == ["tau_ms", "v0"]
    assert values["tau_ms"].tolist() == [20.0] and values["v0"].tolist() == [0.0, 1.0, 2.0]
    assert values["tau_ms"].dtype == np.float64 and not values["v0"].flags.writeable
    parameters = Cell(v0=np.arange(3.0)).parameters(values)
    assert parameters.dtype == Cell.parameter_dtype
    assert parameters.tolist() == [(20.0, 0.0), (20.0, 1.0), (20.0, 2.0)]
    assert Cell().parameters(realise(Cell(), 3, 1, "a")).shape == (1,)
    assert Cell().initial_state(values, 3).tolist() == [(0.0, 0.0)] * 3
    with pytest.raises(InputError, match="v0"):
        realise(Cell(v0=np.arange(3.0)), 4, 1, "a")


def test_draws_depend_on_seed_population_and_field_only() -> None:
    model = Cell(tau_ms=Uniform(1, 2), v0=Uniform(1, 2))
    a, longer = realise(model, 10, 1, "a"), realise(model, 20, 1, "a")
    assert np.array_equal(a["v0"], longer["v0"][:10])
    assert not (a["v0"] == a["tau_ms"]).any()
    assert not (a["v0"] == realise(model, 10, 1, "b")["v0"]).any()
    assert not (a["v0"] == realise(model, 10, 2, "a")["v0"]).any()
    assert np.array_equal(a["v0"], realise(Cell(v0=Uniform(1, 2)), 10, 1, "a")["v0"])


def test_values_are_the_words_of_the_stream_wherever_one_starts() -> None:
    last = 2**256 - 1  # NumPy counts one further before it draws
    words = np.random.Philox(key=5 + (stream_key("weight", "x") << 64), counter=last).random_raw(32)
    expected = ((words >> np.uint64(12)) + 0.5) * 2.0**-52
    values = Values(Uniform(0.0, 1.0), 5, "weight", "x")
    for first in range(8):
        for size in range(20):
            out = np.empty(size)
            values.fill(first, out)
            assert np.array_equal(out, expected[first : first + size])


def test_normal_quantile_against_scipy() -> None:
    """To 1e-15 relative, in the middle and to 1e-300 in the tail."""
    p = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 1001), 10.0 ** -np.linspace(1, 300, 300)])
    x = np.array([normal_quantile(each) for each in p])
    assert np.allclose(x, scipy.special.ndtri(p), rtol=2e-15, atol=2e-16)


def test_values_that_overflow_are_reported() -> None:
    with pytest.raises(InputError, match=r"weight of 'x'\[\d\] = inf: the drawn value is not finite"):
        Values(Normal(1e308, 1e308), 1, "weight", "x").all(1000)
