"""Every measure against a plain, slow computation of its definition, or a case known by hand."""

from __future__ import annotations

import builtins
import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eventsim import measures
from eventsim.errors import InputError, MissingDataError
from eventsim.recording.results import SpikeRaster

Floats = NDArray[np.float64]
trains_of_few = st.lists(st.lists(st.floats(0.0, 50.0), max_size=5).map(sorted), min_size=2, max_size=3)


def raster(times: list[float], ids: list[int], size: int) -> SpikeRaster:
    return SpikeRaster(np.array(times, dtype=np.float64), np.array(ids, dtype=np.int64), size)


def poisson(rng: np.random.Generator, rates_hz: Floats, duration_ms: float) -> SpikeRaster:
    number = rng.poisson(rates_hz * duration_ms / 1e3)
    times, ids = rng.uniform(0.0, duration_ms, number.sum()), np.repeat(np.arange(len(number)), number)
    order = np.argsort(times)
    return SpikeRaster(times[order], ids[order], len(number))


def test_trains_of_a_raster() -> None:
    trains = measures.spike_trains(raster([1.0, 2.0, 2.0, 5.0], [2, 0, 2, 2], 4))
    assert [train.tolist() for train in trains] == [[2.0], [], [1.0, 2.0, 5.0], []]
    assert measures.spike_trains(raster([], [], 0)) == []


@pytest.mark.parametrize(
    ("trains", "said"),
    [
        ([[1.0], [3.0, 2.0]], r"trains\[1\]\[1\] = 2.0: is before"),
        ([[1.0, math.nan]], r"trains\[0\]\[1\] = nan: not a number"),
        ([[[1.0]]], r"trains\[0\] = .*: an array of 1 dimension"),
    ],
)
def test_bad_trains(trains: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        measures.spike_trains(trains)


def test_closed_forms_refuse_what_has_no_answer() -> None:
    with pytest.raises(InputError, match="below_hz = 5: must be above least_hz, 20"):
        measures.rate_misread_probability(10.0, 1000.0, 20, 5)
    with pytest.raises(InputError, match="rate_a_hz = -1: must be at least 0"):
        measures.chance_coincidence_rate_hz(-1, 1.0, 1.0)


def naive_van_rossum(a: list[float], b: list[float], tau: float) -> float:
    """Its definition: the integral on a fine grid."""
    t = np.linspace(0.0, 50.0 + 30.0 * tau, 200_001)

    def filtered(train: list[float]) -> Floats:
        return sum(
            (np.where(t >= s, np.exp(-np.maximum(t - s, 0.0) / tau), 0.0) for s in train), np.zeros(len(t))
        )

    return math.sqrt(2.0 / tau * np.trapezoid((filtered(a) - filtered(b)) ** 2, t))


@settings(max_examples=8, deadline=None)
@given(trains_of_few)
def test_van_rossum(trains: list[list[float]]) -> None:
    found = measures.van_rossum_distances(trains, 3.0)
    for i, j in itertools.combinations(range(len(trains)), 2):
        assert found[i, j] == pytest.approx(naive_van_rossum(trains[i], trains[j], 3.0), abs=0.06)


def naive_victor_purpura(a: list[float], b: list[float], q: float) -> float:
    """The recursion of the paper, without memory."""
    if not a or not b:
        return float(len(a) + len(b))
    return min(
        naive_victor_purpura(a[:-1], b, q) + 1.0,
        naive_victor_purpura(a, b[:-1], q) + 1.0,
        naive_victor_purpura(a[:-1], b[:-1], q) + q * abs(a[-1] - b[-1]),
    )


@settings(max_examples=40, deadline=None)
@given(trains_of_few, st.sampled_from([0.0, 0.1, 1.0, 20.0]))
def test_victor_purpura(trains: list[list[float]], cost: float) -> None:
    found = measures.victor_purpura_distances(trains, cost)
    for i, j in itertools.product(range(len(trains)), repeat=2):
        assert found[i, j] == pytest.approx(naive_victor_purpura(trains[i], trains[j], cost), abs=1e-9)


def test_intervals() -> None:
    train = [0.0, 10.0, 30.0, 35.0, 80.0]
    i = np.diff(train)
    found = measures.interval_statistics([train, [1.0, 4.0], [], [2.0]], refractory_ms=2.0)
    change = np.abs(np.diff(i)) / (i[1:] + i[:-1])
    assert found.mean_ms[:2].tolist() == [20.0, 3.0]
    assert found.cv[0] == pytest.approx(i.std() / i.mean())
    assert found.cv2[0] == pytest.approx(np.mean(2.0 * change))
    assert found.lv[0] == pytest.approx(np.mean(3.0 * change**2))
    together = i[1:] + i[:-1]
    revised = (1.0 - 4.0 * i[1:] * i[:-1] / together**2) * (1.0 + 4.0 * 2.0 / together)
    assert found.lvr[0] == pytest.approx(3.0 * revised.mean())
    assert np.isnan(found.mean_ms[2:]).all()
    assert all(np.isnan(column[1:]).all() for column in found[1:])


def test_latencies() -> None:
    spikes = raster([1.0, 2.0, 2.5, 9.0, 10.0, 12.0], [1, 0, 1, 2, 1, 0], 3)
    inf = math.inf
    assert measures.first_spike_latencies(spikes, [0.0, 2.0, 10.0], 8.0).tolist() == [
        [2.0, 1.0, inf],
        [0.0, 0.5, 7.0],
        [2.0, 0.0, inf],
    ]
    assert measures.first_spike_latencies(spikes, 2.0)[0].tolist() == [0.0, 0.5, 7.0]
    assert measures.first_spike_latencies(spikes, 2.0, 7.0)[0, 2] == inf


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), min_size=2, max_size=8))
def test_rank_order_is_pairs_in_order_less_pairs_out_of_order(pairs: list[tuple[float, float]]) -> None:
    a, b = map(np.array, zip(*pairs, strict=True))
    signs = [
        (np.sign(a[j] - a[i]), np.sign(b[j] - b[i])) for i, j in itertools.combinations(range(len(a)), 2)
    ]
    untied = [math.sqrt(sum(sign[k] != 0 for sign in signs)) for k in (0, 1)]
    found = measures.rank_order_correlation(a, b)
    if untied[0] * untied[1] == 0.0:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(sum(x * y for x, y in signs) / (untied[0] * untied[1]), abs=1e-12)


def test_neurons_that_are_silent() -> None:
    inf = math.inf
    a, b = [1.0, 2.0, 3.0, inf], [1.0, 3.0, inf, inf]
    assert measures.rank_order_correlation(a, b) == 1.0
    assert measures.rank_order_correlation(a, b, silent_last=True) == 1.0
    assert measures.rank_order_correlation([1.0, 2.0, inf], [inf, 2.0, 1.0], silent_last=True) == -1.0
    assert math.isnan(measures.rank_order_correlation([1.0, inf], [inf, 1.0]))
    matrix = measures.rank_order_correlations([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [2.0, 1.0, 3.0]])
    assert matrix.tolist() == [
        [1.0, -1.0, pytest.approx(1 / 3)],
        [-1.0, 1.0, pytest.approx(-1 / 3)],
        [pytest.approx(1 / 3), pytest.approx(-1 / 3), 1.0],
    ]


def test_events_by_hand() -> None:
    found = measures.firing_events([[10.0, 40.0], [11.0], [12.0, 40.5, 70.0], [40.25]], gap_ms=2.0)
    assert found.times_ms.tolist() == [11.0, 40.25]
    assert found.precision_ms == pytest.approx([math.sqrt(2 / 3), math.sqrt(0.125 / 3)])
    assert found.reliability.tolist() == [0.75, 0.75]
    assert found.spikes.tolist() == [3, 3]
    assert len(measures.firing_events([[], []], 1.0).times_ms) == 0
    assert measures.firing_events([[10.0], []], 1.0, 0.6).spikes.size == 0


def test_precision_and_reliability_are_those_that_made_the_trials() -> None:
    """4,000 trials of jitter 0.3 ms, each spike lost with 20 %: within 5 standard errors."""
    rng, n = np.random.default_rng(4), 4000
    spikes = np.array([20.0, 50.0, 90.0]) + rng.normal(0.0, 0.3, (n, 3))
    kept = rng.random((n, 3)) < 0.8
    found = measures.firing_events([row[mask] for row, mask in zip(spikes, kept, strict=True)], gap_ms=2.0)
    assert found.times_ms == pytest.approx([20.0, 50.0, 90.0], abs=5 * 0.3 / math.sqrt(0.8 * n))
    assert found.precision_ms == pytest.approx([0.3] * 3, abs=5 * 0.3 / math.sqrt(2 * 0.8 * n))
    assert found.reliability == pytest.approx([0.8] * 3, abs=5 * math.sqrt(0.16 / n))


def gaussians(train: list[float], sigma: float, t: Floats) -> Floats:
    peak = 1.0 / (sigma * math.sqrt(2.0 * math.pi))
    return sum((peak * np.exp(-(((t - s) / sigma) ** 2) / 2.0) for s in train), np.zeros(len(t)))


@settings(deadline=None)
@given(trains_of_few)
def test_correlation_reliability(trains: list[list[float]]) -> None:
    t = np.linspace(-20.0, 70.0, 9001)
    shapes = [gaussians(train, 2.0, t) for train in trains]
    expected = [
        (x @ y) / math.sqrt((x @ x) * (y @ y)) if x.any() and y.any() else 0.0
        for x, y in itertools.combinations(shapes, 2)
    ]
    assert measures.correlation_reliability(trains, 2.0) == pytest.approx(np.mean(expected), abs=1e-9)


def test_jittered_trials_correlate_by_the_closed_form() -> None:
    """One spike a trial, jitter s: the mean correlation is sigma / sqrt(sigma^2 + s^2); to 5 standard errors."""
    rng, sigma, jitter = np.random.default_rng(5), 1.0, 0.7
    trials = (100.0 + rng.normal(0.0, jitter, 600))[:, None]
    expected = sigma / math.sqrt(sigma**2 + jitter**2)
    assert measures.correlation_reliability(list(trials), sigma) == pytest.approx(
        expected, abs=5 * 0.3 / math.sqrt(600)
    )


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(20.0, 80.0), min_size=1, max_size=5).map(sorted), min_size=1, max_size=3))
def test_synchrony_index(trains: list[list[float]]) -> None:
    t = np.linspace(0.0, 100.0, 10_001)
    shapes = np.array([gaussians(train, 1.5, t) for train in trains])

    def variance(shape: Floats) -> float:
        return np.trapezoid(shape**2, t) / 100.0 - (np.trapezoid(shape, t) / 100.0) ** 2

    expected = math.sqrt(
        max(variance(shapes.mean(axis=0)), 0.0) / np.mean([variance(shape) for shape in shapes])
    )
    assert measures.synchrony_index(trains, 100.0, 1.5) == pytest.approx(expected, abs=1e-6)


def test_synchrony_of_independent_and_of_equal_trains() -> None:
    """chi^2 of 50 independent Poisson trains is 1/50 but for chance: to 20 %, some 5 standard errors."""
    trains = measures.spike_trains(poisson(np.random.default_rng(6), np.full(50, 20.0), 20_000.0))
    assert measures.synchrony_index(trains, 20_000.0, 2.0) ** 2 == pytest.approx(1 / 50, rel=0.2)
    assert measures.synchrony_index([trains[0]] * 5, 20_000.0, 2.0) == pytest.approx(1.0)
    assert math.isnan(measures.synchrony_index([[], []], 10.0, 1.0))


def test_spike_contrast() -> None:
    trains = measures.spike_trains(poisson(np.random.default_rng(7), np.full(10, 10.0), 2000.0))
    assert measures.spike_contrast([trains[0]] * 4, 2000.0) == pytest.approx(1.0)
    assert measures.spike_contrast(trains, 2000.0) < 0.6
    assert math.isnan(measures.spike_contrast([trains[0], []], 2000.0))


def test_the_spectrum_of_poisson_neurons_is_flat() -> None:
    """2 r / n = 0.4 Hz; the mean over 240 frequencies and 79 half-independent segments to 2 %, 5 standard errors."""
    found = measures.population_spectrum(
        poisson(np.random.default_rng(8), np.full(100, 20.0), 20_000.0), 20_000.0
    )
    assert found.frequencies_hz[1] == 2.0
    assert found.power[5:245].mean() == pytest.approx(0.4, rel=0.02 * math.sqrt(2.0))


def test_the_spectrum_of_a_rhythm_peaks_there() -> None:
    times = np.arange(0.0, 5000.0, 25.0)
    spikes = SpikeRaster(np.repeat(times, 3), np.tile([0, 1, 2], len(times)), 3)
    found = measures.population_spectrum(spikes, 5000.0, start_ms=100.0)
    assert found.frequencies_hz[found.power[:60].argmax()] == 40.0
    with pytest.raises(InputError, match="segment_ms"):
        measures.population_spectrum(spikes, 300.0)


def naive_occurrences(
    spikes: SpikeRaster, pattern: measures.Pattern, tolerance: float, missing: int
) -> list[float]:
    found = []
    for t, neuron in zip(spikes.times, spikes.ids, strict=True):
        if neuron == pattern.neurons[0]:
            there = sum(
                any(
                    abs(s - (t + lag)) <= tolerance and m == other
                    for s, m in zip(spikes.times, spikes.ids, strict=True)
                )
                for other, lag in zip(pattern.neurons[1:], pattern.lags_ms[1:], strict=True)
            )
            if there + 1 >= len(pattern.neurons) - missing:
                found.append(float(t))
    return found


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=40), st.integers(0, 2))
def test_occurrences(events: list[tuple[int, int]], missing: int) -> None:
    events = sorted((quarter / 4.0, neuron) for quarter, neuron in events)
    spikes = raster([t for t, _ in events], [n for _, n in events], 4)
    pattern = measures.Pattern((2, 0, 3), (0.0, 1.5, 2.0))
    found = measures.pattern_occurrences(spikes, pattern, 0.25, missing)
    assert found.times_ms.tolist() == naive_occurrences(spikes, pattern, 0.25, missing)


def test_a_planted_pattern_is_found_and_recurs() -> None:
    rng, onsets = np.random.default_rng(9), np.arange(6) * 100.0
    lags = rng.uniform(1.0, 20.0, 8)
    jittered = lags + rng.uniform(-0.2, 0.2, (6, 8))
    times, ids = (onsets[:, None] + jittered).ravel(), np.tile(np.arange(8), 6)
    order = np.argsort(times)
    spikes = SpikeRaster(times[order], ids[order], 9)
    pattern = measures.pattern_of(spikes, 200.0, 50.0)
    assert pattern.neurons == tuple(np.argsort(jittered[2]))
    found = measures.pattern_occurrences(spikes, pattern, 0.8 + 1e-9)
    assert len(found.times_ms) == 6
    assert found.found.tolist() == [8] * 6
    recurrence = measures.pattern_recurrence(spikes, [*onsets, 700.0], 50.0, 0.4 + 1e-9)
    assert (recurrence[:6, :6] == 1.0).all()
    assert (recurrence[:6, 6] == 0.0).all() and np.isnan(recurrence[6]).all()
    with pytest.raises(InputError, match="no spike"):
        measures.pattern_of(spikes, 700.0, 50.0)


@pytest.mark.parametrize("missing", [0, 1])
def test_chance_occurrences_are_the_closed_form(missing: int) -> None:
    """Poisson neurons: the count differs from its expectation by 4 standard deviations with p < 1e-4."""
    rates = np.array([20.0, 30.0, 10.0, 40.0])
    spikes = poisson(np.random.default_rng(10), rates, 400_000.0)
    pattern = measures.Pattern((0, 3, 1, 2), (0.0, 4.0, 9.0, 12.0))
    expected = measures.expected_occurrences(rates, pattern, 400_000.0, 5.0, missing)
    p = 1.0 - np.exp(-2.0 * 5.0 * rates[[3, 1, 2]] / 1e3)
    none = math.prod(p)
    one = sum(none / q * (1.0 - q) for q in p)
    assert expected == pytest.approx(20.0 * 400.0 * (none + missing * one))
    count = len(measures.pattern_occurrences(spikes, pattern, 5.0, missing).times_ms)
    assert abs(count - expected) < 4.0 * math.sqrt(1.5 * expected)


def test_trials() -> None:
    spikes = raster([1.0, 4.0, 11.0, 13.0, 19.0], [0, 0, 1, 0, 0], 2)
    cut = measures.trials(spikes, 0, [0.0, 10.0], 5.0)
    assert [trial.tolist() for trial in cut] == [[1.0, 4.0], [3.0]]


def test_without_elephant_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__
    from eventsim.measures import trains

    def missing(name: str, *arguments: Any) -> Any:
        if name.startswith("elephant"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(trains, "import_module", missing)
    with pytest.raises(MissingDataError, match=r'pip install "eventsim\[elephant\]"'):
        measures.van_rossum_distances([[1.0]], 1.0)
