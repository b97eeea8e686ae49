"""Poisson sources: against the plain oracle, and statistically; what drives have in common with them.

The statistical tests have fixed seeds; each would fail for one seed in 1,000 if the generator were right.
"""

import math

import numpy as np
import pytest
from scipy import stats

from eventsim.build.streams import DriveStream, SpikeStream
from eventsim.network.inputs import PiecewiseRate, PoissonSpikes
from eventsim.network.network import Network
from tests.streams import oracle
from tests.streams.networks import neurons, read

ERROR_RATE = 1e-3


def source(rate, size=None, seed=1, **limits):
    network = Network(seed=seed)
    network.source("p", PoissonSpikes(rate, **limits), size)
    return network


def times_by_source(columns, size):
    return [columns[0][columns[1] == i] for i in range(size)]


def assert_same_times(got, expected):
    """Equal up to rounding: log and sums are the same, the way to the time differs by a few operations."""
    assert got.size == len(expected)
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-12)


def test_constant_rate_is_the_oracle():
    network = source(200.0, 3, seed=2**64 - 1)
    columns = read(SpikeStream(network), [50.0, 200.0, 500.0])
    for i, times in enumerate(times_by_source(columns, 3)):
        positions = oracle.unit_positions(2**64 - 1, oracle.key_of("poisson", "p"), i)
        assert_same_times(times, oracle.poisson_times(positions, [0.0], [200.0], 500.0))


def test_a_rate_for_each_source_and_silence():
    rates = np.array([0.0, 1000.0, 5.0, 300.0])
    columns = read(SpikeStream(source(rates)), [10.0 * k for k in range(1, 101)])
    for i, times in enumerate(times_by_source(columns, 4)):
        positions = oracle.unit_positions(1, oracle.key_of("poisson", "p"), i)
        expected = oracle.poisson_times(positions, [0.0], [rates[i]], 1000.0) if rates[i] else []
        assert_same_times(times, expected)
    assert not np.any(columns[1] == 0)


@pytest.mark.parametrize("rates", [[100.0, 0.0, 2000.0, 0.0], [0.0, 500.0, 0.0, 40.0], [0.0, 0.0, 0.0, 0.0]])
def test_piecewise_rates_are_the_oracle(rates):
    edges = [5.0, 50.0, 50.5, 120.0]
    columns = read(SpikeStream(source(PiecewiseRate(edges, rates), 4)), [40.0, 50.2, 300.0])
    for i, times in enumerate(times_by_source(columns, 4)):
        positions = oracle.unit_positions(1, oracle.key_of("poisson", "p"), i)
        assert_same_times(times, oracle.poisson_times(positions, edges, rates, 300.0))
    for begin, end, rate in zip(edges, [*edges[1:], 300.0], rates, strict=True):
        if rate == 0.0:
            assert not np.any((columns[0] >= begin) & (columns[0] < end))
    assert not np.any(columns[0] < 5.0)


def test_start_and_stop_bound_the_spikes():
    columns = read(SpikeStream(source(1000.0, 50, start_ms=20.0, stop_ms=30.0)), [100.0])
    assert columns[0].min() >= 20.0
    assert columns[0].max() < 30.0
    stepped = read(
        SpikeStream(source(PiecewiseRate([0.0, 25.0], [1000.0, 500.0]), 50, start_ms=20.0, stop_ms=30.0)),
        [100.0],
    )
    early = stepped[0] < 25.0
    np.testing.assert_array_equal(stepped[0][early], columns[0][columns[0] < 25.0])
    assert 20.0 <= stepped[0].min() < stepped[0].max() < 30.0


def test_intervals_are_exponential_and_counts_poisson():
    columns = read(SpikeStream(source(50.0, 400, seed=7)), [1000.0 * k for k in range(1, 11)])
    trains = times_by_source(columns, 400)
    firsts = np.array([train[0] for train in trains])  # one interval a source: independent, not length-biased
    fifth = np.array([train[20] - train[19] for train in trains])
    assert stats.kstest(firsts, stats.expon(scale=20.0).cdf).pvalue > ERROR_RATE
    assert stats.kstest(fifth, stats.expon(scale=20.0).cdf).pvalue > ERROR_RATE
    counts = np.array([train.size for train in trains])
    total = stats.poisson(50.0 * 10 * 400)
    assert 2 * min(total.cdf(counts.sum()), total.sf(counts.sum())) > ERROR_RATE
    dispersion = ((counts - 500.0) ** 2).sum() / 500.0  # chi-squared with 400 degrees of freedom
    assert 2 * min(stats.chi2(400).cdf(dispersion), stats.chi2(400).sf(dispersion)) > ERROR_RATE


def test_neighbouring_sources_and_drives_are_uncorrelated():
    network = neurons(200, seed=3)
    network.drive("n", 100.0, 1.0, name="a")
    network.drive("n", 100.0, 1.0, name="b")
    times, ids, drives = read(DriveStream(network), [5000.0])
    bins = (times // 100.0).astype(int)
    counts = np.zeros((2, 200, 51))
    np.add.at(counts, (drives, ids, bins), 1)
    series = (counts[:, :, :50] - 10.0) / math.sqrt(10.0)
    for products in (
        series[0] * series[1],
        series[0, 1:] * series[0, :-1],
        series[0][:, 1:] * series[0][:, :-1],
    ):
        score = products.sum() / math.sqrt(products.size)
        assert 2 * stats.norm.sf(abs(score)) > ERROR_RATE


def test_a_time_varying_rate_has_the_right_density():
    rate = PiecewiseRate([0.0, 10.0, 30.0], [100.0, 1000.0, 400.0])
    times = read(SpikeStream(source(rate, 500, seed=11)), [50.0])[0]
    grown = np.interp(times, [0.0, 10.0, 30.0, 50.0], [0.0, 1.0, 21.0, 29.0])
    assert stats.kstest(grown, stats.uniform(0.0, 29.0).cdf).pvalue > ERROR_RATE


def test_the_expected_rate_is_what_comes():
    network = neurons(100)
    network.drive("n", PiecewiseRate([1.0, 10.0], [1000.0, 3000.0]), 1.0)
    network.drive(network["n"][:10], 500.0, 1.0)
    stream = DriveStream(network)
    assert stream.expected_rate_per_ms(0.0) == pytest.approx(5.0)
    assert stream.expected_rate_per_ms(1.0) == pytest.approx(105.0)
    assert stream.expected_rate_per_ms(50.0) == pytest.approx(305.0)
