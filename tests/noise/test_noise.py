"""Noise as it is described and drawn: checks, distributions, rounding, and closed forms of what it does.

Statistical tests draw 20,000 values with fixed keys; each fails by chance with a probability below 1e-4.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray
from scipy import integrate, stats

from eventsim import measures
from eventsim.errors import InputError
from eventsim.kernels import noise as draws
from eventsim.network import noise

N = 20_000
SHAPES = {"normal": draws.NORMAL, "uniform": draws.UNIFORM, "exponential": draws.EXPONENTIAL}
ROUNDING = {"floor": draws.FLOOR, "even": draws.NEAREST_EVEN, "up": draws.NEAREST_UP}

# What is called from kernels alone, made callable from Python.
unit, jitter, delay_factor, drifted, weight_factor, quantised, ticked, threshold_shift = (
    draws.unit, draws.jitter, draws.delay_factor, draws.drifted, draws.weight_factor, draws.quantised, draws.ticked,
    draws.threshold_shift,
)  # fmt: skip


@njit(error_model="numpy")
def fill(what, a, b, steps, out):  # type: ignore[no-untyped-def]
    """Draws of the functions: element, number, target and which are multiples 0, 1, ... of their steps."""
    for k in range(out.size):
        u = unit(7, 11, k * steps[0], k * steps[1], k * steps[2], k * steps[3])
        if what == 0:
            out[k] = u
        elif what == 2:
            out[k] = jitter(b, a, u)
        elif what == 3:
            out[k] = delay_factor(a, u)
        elif what == 4:
            out[k] = weight_factor(a, u)
        else:
            out[k] = threshold_shift(a, u)


@njit(error_model="numpy")
def plain(what, a, b, c):  # type: ignore[no-untyped-def]
    if what == 1:
        return drifted(a, b, c)
    if what == 2:
        return quantised(a, np.int64(b), c)
    return ticked(a, b, np.int64(c))


def drawn(what: int, a: float = 0.0, b: int = 0, *steps: int) -> NDArray[np.float64]:
    """steps: of elements, numbers, targets, which; by default elements 0, 1, ..."""
    out = np.empty(N)
    fill(what, a, b, np.array((*steps, 0, 0, 0, 0)[:4] if steps else (1, 0, 0, 0), np.uint64), out)
    return out


def test_a_draw_is_the_block_of_its_counter() -> None:
    """NumPy's Philox increments its counter before the first block."""
    for counter in ((0, 1, 0, 0), (5, 5, 1, 0), (1_000_003, 77, 9, 2), (2**40, 2**33, 2**32, 1)):
        element, number, target, which = counter
        generator = np.random.Philox(key=[7, 11], counter=[number - 1, element, target, which])
        word = int(generator.random_raw())
        assert drawn(0, 0.0, 0, *counter)[1] == ((word >> 12) + 0.5) * 2.0**-52


def test_neither_neighbouring_elements_nor_numbers_nor_targets_are_alike() -> None:
    by_each = [drawn(0, 0.0, 0, *steps) for steps in np.eye(4, dtype=int).tolist()]
    for values in by_each:
        assert stats.kstest(values, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 4.0 / math.sqrt(N)
    correlations = np.corrcoef([values[1:] for values in by_each]) - np.eye(4)
    assert np.abs(correlations).max() < 4.0 / math.sqrt(N)


@pytest.mark.parametrize(
    ("shape", "law"),
    [
        ("normal", stats.norm(0, 0.7)),
        ("uniform", stats.uniform(-0.7, 1.4)),
        ("exponential", stats.expon(0, 0.7)),
    ],
)
def test_jitter_has_its_distribution(shape: str, law: Any) -> None:
    for steps in ((1, 0), (0, 1), (0, 0, 1)):
        values = drawn(2, 0.7, SHAPES[shape], *steps)
        assert stats.kstest(values, law.cdf).pvalue > 1e-4
    assert (drawn(2, 0.0, SHAPES[shape]) == 0.0).all()


def test_factors_and_shifts_have_their_distributions() -> None:
    sigma = math.sqrt(math.log1p(0.3**2))
    laws = {
        3: stats.lognorm(sigma, scale=math.exp(-0.5 * sigma**2)),
        4: stats.norm(1.0, 0.3),
        5: stats.norm(0.0, 0.3),
    }
    for what, law in laws.items():
        assert stats.kstest(drawn(what, 0.3), law.cdf).pvalue > 1e-4
    factors = drawn(3, 0.3)
    assert factors.mean() == pytest.approx(1.0, abs=4 * 0.3 / math.sqrt(N))
    assert factors.std() == pytest.approx(0.3, rel=0.05)
    assert (drawn(3, 0.0) == 1.0).all()


def test_drift_by_hand() -> None:
    assert plain(1, 2.0, 5e-5, 2000.0) == pytest.approx(2.0 * 1.1)
    assert plain(1, 2.0, -1e-3, 3000.0) == 0.0


@given(st.floats(-3, 3), st.integers(2, 7), st.floats(0.1, 2.0))
@settings(deadline=None)
def test_quantisation_takes_the_nearest_level(weight: float, bits: int, largest: float) -> None:
    most = 2 ** (bits - 1) - 1
    levels = [largest / most * k for k in range(-most, most + 1)]
    found = plain(2, weight, float(bits), largest)
    assert found in levels
    assert abs(found - weight) <= min(abs(level - weight) for level in levels) * (1 + 1e-12) + 1e-15


def test_quantisation_of_ties_and_beyond() -> None:
    assert [plain(2, weight, 3.0, 3.0) for weight in (0.5, 1.5, 2.5, -0.5, -1.5, 9.0, -9.0)] == [
        *(0.0, 2.0, 2.0, 0.0, -2.0, 3.0, -3.0)
    ]


@given(
    st.floats(0, 1e5), st.sampled_from([0.1, 1.0, 0.025, 1 / 3, 1e-3, 7.3]), st.sampled_from(sorted(ROUNDING))
)
@settings(deadline=None, max_examples=300)
def test_ticks_against_exact_arithmetic(t: float, tick: float, rounding: str) -> None:
    """The multiples are those of float64, n * tick; which one is chosen is exact."""
    guess = int(Fraction(t) / Fraction(tick))
    multiples = {n: Fraction(n * tick) for n in range(max(guess - 2, 0), guess + 4)}
    below = max(n for n, multiple in multiples.items() if multiple <= Fraction(t))
    down, up = Fraction(t) - multiples[below], multiples[below + 1] - Fraction(t)
    chosen = below
    if rounding != "floor" and (up < down or (up == down and (rounding == "up" or below % 2 == 1))):
        chosen = below + 1
    assert plain(3, t, tick, float(ROUNDING[rounding])) == chosen * tick


@given(
    st.integers(0, 10**9), st.sampled_from([0.1, 0.025, 1 / 3, 1e-3, 7.3]), st.sampled_from(sorted(ROUNDING))
)
@settings(deadline=None)
def test_a_time_on_the_clock_stays(n: int, tick: float, rounding: str) -> None:
    assert plain(3, n * tick, tick, float(ROUNDING[rounding])) == n * tick


def test_ties_by_hand() -> None:
    for rounding, expected in (
        ("floor", [0.0, 1.0, 2.0]),
        ("even", [0.0, 2.0, 2.0]),
        ("up", [1.0, 2.0, 3.0]),
    ):
        assert [plain(3, t, 1.0, float(ROUNDING[rounding])) for t in (0.5, 1.5, 2.5)] == expected


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("gap", [0.0, 0.4, 1.3])
def test_jitter_swaps_latencies_as_often_as_the_closed_form_says(shape: Any, gap: float) -> None:
    values = drawn(2, 0.7, SHAPES[shape])
    swapped = int((gap + values[1::2] - values[::2] < 0.0).sum())
    p = measures.swap_probability(gap, 0.7, shape)
    assert abs(swapped - N / 2 * p) <= 4.0 * math.sqrt(N / 2 * p * (1.0 - p)) + 1e-9


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize(("gap", "window"), [(0.0, 1.0), (0.5, 0.3), (3.0, 1.0), (-1.0, 2.0)])
def test_coincidences_by_integration_and_by_drawing(shape: Any, gap: float, window: float) -> None:
    law = {
        "normal": stats.norm(0, 0.7),
        "uniform": stats.uniform(-0.7, 1.4),
        "exponential": stats.expon(0, 0.7),
    }[shape]
    expected = integrate.quad(
        lambda y: law.pdf(y) * (law.cdf(y - gap + window) - law.cdf(y - gap - window)),
        *(-8.0, 20.0),
        points=[-0.7, 0.0, 0.7],
        limit=400,
    )[0]
    p = measures.coincidence_probability(gap, window, 0.7, shape)
    assert p == pytest.approx(expected, abs=2e-4)
    values = drawn(2, 0.7, SHAPES[shape])
    found = int((np.abs(gap + values[1::2] - values[::2]) <= window).sum())
    assert abs(found - N / 2 * p) <= 4.0 * math.sqrt(N / 2 * p * (1.0 - p)) + 1e-9


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: noise.SpikeJitter(-0.1), "scale_ms = -0.1: must be at least 0"),
        (lambda: noise.SpikeJitter(math.inf), "scale_ms = inf: must be finite"),
        (
            lambda: noise.SpikeJitter(1.0, "gaussian"),
            "shape = 'gaussian': one of normal, uniform, exponential",
        ),  # type: ignore[arg-type]
        (lambda: noise.SpikeJitter(1.0, per="neuron"), "per = 'neuron': one of spike, synapse"),  # type: ignore[arg-type]
        (lambda: noise.LostSpikes(1.1), "probability = 1.1: must be at most 1"),
        (lambda: noise.SpuriousSpikes(-1.0), "rate_hz = -1.0"),
        (lambda: noise.DelayMismatch(drift_per_s=math.nan), "drift_per_s = nan: not a number"),
        (lambda: noise.WeightMismatch(True), "std = True: a number is needed"),
        (lambda: noise.WeightQuantisation(1, 1.0), "bits = 1: must be at least 2"),
        (lambda: noise.WeightQuantisation(60, 1.0), "bits = 60: must be at most 52"),
        (lambda: noise.WeightQuantisation(4, 0.0), "largest = 0.0: must be greater than 0"),
        (lambda: noise.ThresholdNoise(1.0, per_spike=1), "per_spike = 1: True or False"),  # type: ignore[arg-type]
        (lambda: noise.ClockTick(0.0), "tick_ms = 0.0: must be greater than 0"),
        (lambda: noise.ClockTick(1.0, ties="odd"), "ties = 'odd': one of even, up"),  # type: ignore[arg-type]
        (lambda: noise.DeadNeurons(-0.5), "probability = -0.5"),
        (lambda: noise.StuckSynapses(0.5, math.inf), "weight = inf: must be finite"),
    ],
)
def test_mistakes_name_the_field_and_the_value(make: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert said in str(caught.value)


def test_descriptions_are_values() -> None:
    assert noise.SpikeJitter(np.float64(0.5)) == noise.SpikeJitter(0.5)
    assert noise.SpikeJitter(0.5) != noise.SpikeJitter(0.5, per="synapse")
    assert len({noise.ClockTick(0.1), noise.ClockTick(0.1), noise.ClockTick(0.1, "floor")}) == 2
