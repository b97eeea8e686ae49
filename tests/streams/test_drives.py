"""Poisson drives: against the plain oracle, statistically, and at the edges.

The statistical tests have fixed seeds; each would fail for one seed in 1,000 if the draws were right.
"""

import math
from concurrent.futures import ThreadPoolExecutor

import mpmath
import numpy as np
import pytest
from numba import njit
from scipy import stats

from eventsim.build.streams import DriveStream
from eventsim.build.streams.drive_table import DriveTable, cell_length
from eventsim.errors import InputError
from eventsim.kernels.memory import address
from eventsim.kernels.random import drive
from eventsim.kernels.random.drive import BLOCK, count_cells, draw_cells
from eventsim.network.inputs import PiecewiseRate, PoissonSpikes, RegularSpikes
from eventsim.network.noise import SpuriousSpikes
from tests.streams import drive_oracle
from tests.streams.networks import Neuron, neurons, read

ERROR_RATE = 1e-3


def driven(size, rate_hz, seed=1, members=None):
    network = neurons(size, seed)
    network.drive("n" if members is None else network["n"][members], rate_hz, 1.0, name="d")
    return network


def draw(network, first, last):
    """(times, targets) of the cells first..last - 1 of the drive, as drawn."""
    table = DriveTable(network)
    n = count_cells(table.records, 0, first, last)
    times, labels = np.full(n + 1, math.nan), np.full(n + 1, 2**32 - 1, np.uint32)
    assert draw_cells(table.records, 0, first, last, 0, address(times), address(labels)) == n
    assert math.isnan(times[n]) and labels[n] == 2**32 - 1  # nothing is written past the room asked for
    return times[:n], labels[:n]


def two_sided(distribution, value):
    return 2 * min(distribution.cdf(value), distribution.sf(value))


def as_expected(counts, expected):
    """Chi-squared test of counts against Poisson means."""
    return two_sided(stats.chi2(counts.size), ((counts - expected) ** 2 / expected).sum()) > ERROR_RATE


# --- every arrival, as defined ---


@pytest.mark.parametrize("size", [1, 3, 700, 1024, 1500])
def test_equal_rates_are_the_oracle(size):
    network = driven(size, 10.0, seed=2**64 - 1)
    cell_ms = float(DriveTable(network).records["cell_ms"][0])
    assert cell_ms == 128.0
    for cell in (0, 5):
        times, labels = draw(network, cell, cell + 1)
        for block in range(-(-size // BLOCK)):
            own = labels // BLOCK == block
            key = drive_oracle.stretch_key(2**64 - 1, "d", (cell, block, 0))
            span = (cell * cell_ms, (cell + 1) * cell_ms)
            expected = drive_oracle.arrivals(key, int(own.sum()), span, min(BLOCK, size - block * BLOCK))
            assert list(zip(times[own], labels[own] % BLOCK, strict=True)) == expected


def test_different_rates_are_the_oracle():
    rates = np.array([0.0, 100.0, 0.0, 7.0, 1000.0, 0.0])
    network = driven(6, rates)
    cell_ms = float(DriveTable(network).records["cell_ms"][0])
    times, labels = draw(network, 3, 4)
    key = drive_oracle.stretch_key(1, "d", (3, 0, 0))
    expected = drive_oracle.arrivals(key, times.size, (3 * cell_ms, 4 * cell_ms), list(rates))
    assert list(zip(times, labels, strict=True)) == expected
    assert set(labels) <= {1, 3, 4}


def test_pieces_within_a_cell_are_the_oracle():
    edges = [0.5, 1.0, 1.7, 2.5]
    network = driven(40, PiecewiseRate(edges, [450.0, 0.0, 500.0, 150.0]))
    assert DriveTable(network).records["cell_ms"][0] == 2.0
    times, labels = draw(network, 0, 2)
    got, spans = list(zip(times, labels, strict=True)), []
    for cell, piece, begin, end in [(0, 1, 0.5, 1.0), (0, 3, 1.7, 2.0), (1, 3, 2.0, 2.5), (1, 4, 2.5, 4.0)]:
        inside = int(((times >= begin) & (times < end)).sum())
        key = drive_oracle.stretch_key(1, "d", (cell, 0, piece))
        spans += drive_oracle.arrivals(key, inside, (begin, end), 40)
    assert got == spans


# --- the number of arrivals ---


def table_of_mean(mean, seed=1):
    """A drive of one neuron, and cells in which as many arrivals are expected."""
    table = DriveTable(driven(1, mean * 1000.0 if mean < 1e5 else 1e8, seed))
    table.records["cell_ms"] = 1.0 if mean < 1e5 else mean / 1e5
    return table


@pytest.mark.parametrize("mean", [0.02, 1.0, 9.9, 10.1, 17.0, 60.0, 3000.0, 1e6, 1e9])
def test_the_number_in_a_cell_is_poisson(mean):
    table = table_of_mean(mean, seed=5)
    counts = np.array([count_cells(table.records, 0, k, k + 1) for k in range(10_000)])
    poisson = stats.poisson(mean)
    bounds = np.unique(poisson.ppf(np.linspace(0.0, 1.0, 21)[1:-1]))
    expected = np.diff(np.concatenate([[0.0], poisson.cdf(bounds), [1.0]]))
    observed = np.bincount(np.searchsorted(bounds, counts), minlength=expected.size)
    full = expected > 0.0
    assert stats.chisquare(observed[full], counts.size * expected[full]).pvalue > ERROR_RATE
    dispersion = ((counts - mean) ** 2).sum() / mean
    # of chi-squared's shape but for the fourth moment of a Poisson number: the normal approximation with its variance
    score = (dispersion - counts.size) / math.sqrt(counts.size * (2.0 + 1.0 / mean))
    assert 2 * stats.norm.sf(abs(score)) > ERROR_RATE
    neighbours = ((counts[1:] - mean) * (counts[:-1] - mean)).sum() / mean / math.sqrt(counts.size - 1)
    assert 2 * stats.norm.sf(abs(neighbours)) > ERROR_RATE


def test_tiny_means_keep_their_precision():
    table = table_of_mean(1e-5)
    n = sum(count_cells(table.records, 0, first, first + 1_000_000) for first in (0, 2**40))
    assert two_sided(stats.poisson(20.0), n) > ERROR_RATE
    silent = table_of_mean(0.0)
    assert count_cells(silent.records, 0, 0, 1_000_000) == 0


@njit
def log_poisson(k, mean):
    return drive._log_poisson(k, mean)


@njit
def few(mean, word):
    return drive._few(mean, np.uint64(word), np.uint64(2**63))


def test_the_probability_that_a_number_is_accepted_with():
    for mean in (10.0, 15.5, 100.0, 3e3, 1e6, 2e9):
        for k in {0, 1, 15, 16, 17, *np.round(mean + np.linspace(-8.0, 8.0, 33) * math.sqrt(mean)).clip(0)}:
            with mpmath.workdps(40):
                exact = float(k * mpmath.log(mean) - mean - mpmath.loggamma(k + 1))
            assert log_poisson(float(k), mean) == pytest.approx(exact, rel=1e-12, abs=1e-10)


def test_small_means_are_inverted():
    for mean in (1e-12, 0.1, 1.0, 9.99):
        for upper in (1e-11, 1e-6, 0.01, 0.3, 0.7, 0.999):
            assert few(mean, np.uint64(upper * 2.0**64)) == stats.poisson(mean).isf(upper)
    for mean in (1e-300, 1e-18, 1e-15, 1e-12):
        word = int(mean * 2.0**64)
        assert few(mean, np.uint64(word + 1 + word // 1000)) == 0
        assert few(mean, np.uint64(max(word - 1 - word // 1000, 0))) == (1 if word else 0)


# --- the processes ---


def trains_of(times, ids, size):
    """Times in order of (neuron, time), and where each neuron's begin."""
    order = np.lexsort((times, ids))
    return times[order], np.searchsorted(ids[order], np.arange(size))


def uncorrelated(a, b):
    """Whether standardised counts are, by the sum of their products."""
    products = a * b
    return 2 * stats.norm.sf(abs(products.sum()) / math.sqrt(products.size)) > ERROR_RATE


def test_intervals_are_exponential_and_counts_poisson():
    """In windows that lie across the ends of cells, within blocks and over them."""
    size, windows = 1300, 160
    network = driven(size, 50.0, seed=7)
    assert DriveTable(network).records["cell_ms"][0] == 32.0
    times, ids, _ = read(DriveStream(network), [40.0 * windows])
    trains, first = trains_of(times, ids, size)
    for after, before in (
        (trains[first], 0.0),
        *((trains[first + k], trains[first + k - 1]) for k in (1, 40)),
    ):
        assert stats.kstest(after - before, stats.expon(scale=20.0).cdf).pvalue > ERROR_RATE
    counts = np.zeros((size, windows))
    np.add.at(counts, (ids, (times // 40.0).astype(int)), 1)
    for part in (counts, counts[:1024], counts[1024:]):
        assert as_expected(part.sum(axis=0), 2.0 * len(part))
        assert as_expected(part.sum(axis=1), 2.0 * windows)
        assert two_sided(stats.poisson(2.0 * part.size), part.sum()) > ERROR_RATE
    dispersion = ((counts - 2.0) ** 2).sum() / 2.0
    assert 2 * stats.norm.sf(abs(dispersion - counts.size) / math.sqrt(2.5 * counts.size)) > ERROR_RATE
    series = (counts - 2.0) / math.sqrt(2.0)
    assert uncorrelated(series[1:], series[:-1])  # neurons
    assert uncorrelated(series[1024:], series[: size - 1024])  # the same places in two blocks
    assert uncorrelated(series[:, 1:], series[:, :-1])  # times
    assert uncorrelated(series[:, 8:], series[:, :-8])


def test_cells_and_blocks_are_independent():
    """Number, and place of arrival j, of one cell and block against the next's."""
    times, labels = draw(driven(2 * BLOCK, 500.0, seed=9), 0, 500)
    cell, block = times // 2.0, labels // BLOCK
    counts = np.zeros((500, 2))
    np.add.at(counts, (cell.astype(int), block), 1)
    series = (counts - 1024.0) / math.sqrt(1024.0)
    assert as_expected(counts.reshape(-1), 1024.0)
    assert uncorrelated(series[:, 0], series[:, 1])
    assert uncorrelated(series[1:], series[:-1])
    phase, place = times / 2.0 - cell, (labels % BLOCK + 0.5) / BLOCK
    starts = np.flatnonzero(np.diff(cell * 2 + block, prepend=-1.0))
    for j in (0, 1, 750):
        for column in (phase, place):
            values = (column[starts + j] - 0.5) * math.sqrt(12.0)
            assert uncorrelated(values[1:], values[:-1])
            assert uncorrelated(values[2:], values[:-2])


@pytest.mark.parametrize("size", [1024, 700])
def test_times_are_uniform_whatever_the_target(size):
    times, labels = draw(driven(size, 1000.0, seed=3), 10, 1400)
    phase = times - np.floor(times)
    assert DriveTable(driven(size, 1000.0)).records["cell_ms"][0] == 1.0
    assert stats.kstest(phase, "uniform").pvalue > ERROR_RATE
    table = np.zeros((size, 16))
    np.add.at(table, (labels, (phase * 16.0).astype(int)), 1)
    assert stats.chisquare(table.reshape(-1)).pvalue > ERROR_RATE
    assert stats.chisquare(table.sum(axis=1)).pvalue > ERROR_RATE
    fine = (phase * 2.0**30).astype(np.int64) % 1024  # the lower bits too
    assert stats.chisquare(np.bincount(fine, minlength=1024)).pvalue > ERROR_RATE
    following = np.zeros((32, 32))
    np.add.at(following, (labels[:-1] * 32 // size, labels[1:] * 32 // size), 1)
    share = np.bincount(np.arange(size) * 32 // size) / size
    expected = (times.size - 1) * np.outer(share, share).reshape(-1)
    assert stats.chisquare(following.reshape(-1), expected).pvalue > ERROR_RATE


def test_a_rate_that_changes_has_the_right_density():
    """Changes within cells and at their ends, cells that are silent for a part."""
    edges, rates = [0.3, 1.0, 1.5, 2.0, 40.0, 41.7], [2000.0, 0.0, 500.0, 1000.0, 0.0, 2000.0]
    network = driven(1100, PiecewiseRate(edges, rates), seed=11)
    times, ids, _ = read(DriveStream(network), [1.2, 50.0])
    grown = np.concatenate([[0.0], np.cumsum(np.array(rates) * np.diff([*edges, 50.0]) / 1000.0)])
    unit = np.interp(times, [*edges, 50.0], grown)
    assert stats.kstest(unit, stats.uniform(0.0, grown[-1]).cdf).pvalue > ERROR_RATE
    assert two_sided(stats.poisson(1100 * grown[-1]), times.size) > ERROR_RATE
    assert as_expected(np.bincount(ids, minlength=1100), grown[-1])
    trains, first = trains_of(unit, ids, 1100)
    assert stats.kstest(trains[first], "expon").pvalue > ERROR_RATE
    for begin, end in ((0.0, 0.3), (1.0, 1.5), (40.0, 41.7)):
        assert not np.any((times >= begin) & (times < end))


def test_each_neuron_has_its_own_rate():
    rates = np.random.default_rng(1).gamma(0.5, 100.0, 1500)
    rates[[0, 7, 1023, 1024, 1499]] = 0.0
    members = np.random.default_rng(2).permutation(2000)[:1500]  # the rates are in the order of the members
    times, ids, _ = read(DriveStream(driven(2000, rates, 13, members)), [5000.0])
    counts = np.bincount(ids, minlength=2000)[members]
    assert not counts[rates == 0.0].any()
    assert counts.sum() == times.size
    expected = rates * 5.0
    busy = expected > 20.0
    assert as_expected(counts[busy], expected[busy])
    assert two_sided(stats.poisson(expected[~busy].sum()), counts[~busy].sum()) > ERROR_RATE
    assert stats.kstest(times, stats.uniform(0.0, 5000.0).cdf).pvalue > ERROR_RATE
    trains, first = trains_of(times, ids, 2000)
    unit = trains[first[members[busy]]] * rates[busy] / 1000.0
    assert stats.kstest(unit, "expon").pvalue > ERROR_RATE


def test_drives_of_two_names_and_seeds_are_unrelated():
    columns = []
    for name, seed in (("d", 1), ("e", 1), ("d", 2)):
        network = neurons(2000, seed)
        network.drive("n", 500.0, 1.0, name=name)
        times, ids, _ = read(DriveStream(network), [100.0])
        counts = np.zeros((2000, 10))
        np.add.at(counts, (ids, (times // 10.0).astype(int)), 1)
        columns.append((counts - 5.0) / math.sqrt(5.0))
    a, b, c = columns
    assert uncorrelated(a, b)
    assert uncorrelated(a, c)


# --- the stream ---


def test_neither_other_inputs_nor_ids_matter():
    alone = driven(1025, 300.0)
    among = neurons(10)
    among.population("m", 1025, Neuron())
    among.drive("n", 40.0, 1.0, name="other")
    among.drive("m", 300.0, 1.0, name="d")
    among.drive("m", 50.0, 1.0)
    times, ids, _ = read(DriveStream(alone), [100.0])
    columns = read(DriveStream(among), [100.0])
    own = columns[2] == 1
    assert times.tobytes() == columns[0][own].tobytes()
    assert (ids + 10).tobytes() == columns[1][own].tobytes()


def test_slices_are_the_cells_in_order():
    network = driven(1025, PiecewiseRate([0.0, 10.3], [500.0, 800.0]))
    cell_ms = float(DriveTable(network).records["cell_ms"][0])
    times, labels = draw(network, 0, 10)
    order = np.lexsort((labels, times))
    below = math.nextafter(4 * cell_ms, 0.0)
    for cuts in ([], [4 * cell_ms], [below, 4 * cell_ms], [0.0, 0.1, 0.2, 0.2, 3.9 * cell_ms, 8 * cell_ms]):
        got = read(DriveStream(network), [*cuts, 10 * cell_ms])
        assert got[0].tobytes() == times[order].tobytes()
        assert got[1].tobytes() == labels[order].tobytes()


def test_cells_can_be_drawn_by_several_threads():
    network = driven(3000, np.linspace(1.0, 500.0, 3000))
    expected = [draw(network, k, k + 1) for k in range(40)]
    with ThreadPoolExecutor(4) as threads:
        for got, (times, labels) in zip(
            threads.map(lambda k: draw(network, k, k + 1), range(40)), expected, strict=True
        ):
            assert got[0].tobytes() == times.tobytes()
            assert got[1].tobytes() == labels.tobytes()


def test_a_subset_of_the_neurons():
    times, ids, drives = read(DriveStream(driven(5000, 1000.0, members=[4000, 17, 2500])), [1000.0])
    assert set(ids) == {17, 2500, 4000}
    assert as_expected(np.bincount(ids)[[17, 2500, 4000]], 1000.0)
    assert times.size == drives.size


def test_one_neuron_of_an_enormous_rate():
    times, _, _ = read(DriveStream(driven(1, 1e9)), [0.01, 0.1])
    assert two_sided(stats.poisson(1e5), times.size) > ERROR_RATE
    assert stats.kstest(times, stats.uniform(0.0, 0.1).cdf).pvalue > ERROR_RATE
    for rate in (9e10, np.array([1e11, 1e11]), PiecewiseRate([0.0, 5.0], [1.0, 1e11])):
        with pytest.raises(InputError, match=r"rate_hz of 'd'.*too many, 131072 at most"):
            DriveStream(driven(2, rate))


def test_rates_beyond_what_can_be_told_apart_are_refused():
    limit = r"must be at most 1e\+11"
    for rate, said in ((1e14, r" = 1"), (np.array([1.0, 1e300]), r"\[1\] = 1e\+300")):
        for described in (PoissonSpikes, lambda rate: RegularSpikes(rate_hz=rate)):
            with pytest.raises(InputError, match=f"^rate_hz{said}.*{limit}"):
                described(rate)
        with pytest.raises(InputError, match=f"^rate_hz of 'd'{said}.*{limit}"):
            driven(2, rate)
    with pytest.raises(InputError, match=rf"^rates_hz\[1\] = 1e\+17: {limit}"):
        PiecewiseRate([0.0, 5.0], [1.0, 1e17])
    with pytest.raises(InputError, match=rf"^rate_hz = 1000000000000.0: {limit}"):
        SpuriousSpikes(1e12)


def test_a_tiny_rate_and_a_long_time():
    times, _, _ = read(DriveStream(driven(1, 1e-5, seed=3)), [1.0, 1e9])
    assert two_sided(stats.poisson(10.0), times.size) > ERROR_RATE
    late = 2.0**45 + 0.25
    stream = DriveStream(driven(5, PiecewiseRate([0.0, 1.0, late], [1000.0, 0.0, 1000.0])))
    stream.slice(-math.inf, 10.0)
    assert late - 1024.0 < stream.next_time() <= late
    times, ids, _ = stream.slice(10.0, late + 100.0)
    assert times[0] >= late
    assert as_expected(np.bincount(ids, minlength=5), 100.0)


def test_a_drive_of_no_rate_is_silent():
    for network in (driven(5, 0.0), driven(5, np.zeros(5)), driven(5, PiecewiseRate([3.0], [0.0]))):
        stream = DriveStream(network)
        assert stream.next_time() == math.inf
        assert stream.slice(-math.inf, 1e15)[0].size == 0


def test_the_cells_hold_one_thousand_to_two_thousand():
    for rate in (2.0**-10, 0.001, 0.1, 1.0, 1.999, 2.0, 3.0, 1000.0, 1023.9):
        length = cell_length(rate)
        assert math.log2(length).is_integer()
        assert 1.0 <= rate * length < 2.0
    assert cell_length(0.0) == cell_length(1e-300) == 1024.0
    assert cell_length(1e9) == cell_length(1e300) == 1.0 / 1024.0


def test_as_many_rates_as_targets():
    with pytest.raises(InputError, match="rate_hz of 'd' = 3: as many rates as targets"):
        driven(4, [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match=r"rate_hz of 'd'\[1\] = -1"):
        driven(2, [1.0, -1.0])
