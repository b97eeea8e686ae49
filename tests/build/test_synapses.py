"""The synapse tables of every rule: structure, the rule's exact meaning, independence of everything else.

Statistical tests use fixed seeds, so that they always give the same result; the stated error rate is the
chance with which a right implementation would fail under a seed picked at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.build.synapses import SynapseTable, build_synapses
from eventsim.errors import InputError
from eventsim.network import (
    AllToAll,
    Explicit,
    Exponential,
    FixedIndegree,
    FixedOutdegree,
    FixedTotalNumber,
    FromMatrix,
    Lognormal,
    Model,
    Network,
    Normal,
    OneToOne,
    PairwiseBernoulli,
    Population,
    TruncatedNormal,
    Uniform,
)


@dataclass(frozen=True)
class Cell(Model):
    """A model without parameters: the synapses do not depend on it."""


def populations(n_source: int, n_target: int, seed: int = 1) -> tuple[Network, Population, Population]:
    network = Network(seed)
    return network, network.population("a", n_source, Cell()), network.population("b", n_target, Cell())


def sources_of(table: SynapseTable) -> np.ndarray:
    return np.repeat(np.arange(table.row_start.size - 1), np.diff(table.row_start))


def pairs_of(table: SynapseTable) -> list[tuple[int, int]]:
    return list(zip(sources_of(table).tolist(), table.targets.tolist(), strict=True))


def check_structure(table: SynapseTable, n_source: int, n_target: int) -> None:
    assert table.row_start.dtype == np.int64 and table.row_start.shape == (n_source + 1,)
    assert table.row_start[0] == 0 and table.row_start[-1] == table.targets.size
    assert (np.diff(table.row_start) >= 0).all()
    assert table.targets.dtype == np.uint32 and (table.targets < n_target).all()
    assert table.delays.dtype == np.float64 and table.delays.shape in ((1,), table.targets.shape)
    assert (table.weights.dtype, table.weights.shape) in ((np.float64, (1,)), (np.float32, table.targets.shape))
    assert not any(column.flags.writeable for column in table)
    delays = np.broadcast_to(table.delays, table.targets.shape)
    order = np.lexsort((table.targets, delays, sources_of(table)))
    assert np.array_equal(delays[order], delays) and np.array_equal(table.targets[order], table.targets)


RULES = st.one_of(
    st.builds(AllToAll, autapses=st.booleans()),
    st.builds(PairwiseBernoulli, p=st.sampled_from([0.0, 0.03, 0.5, 0.97, 1.0]), autapses=st.booleans()),
    st.builds(FixedIndegree, k=st.integers(0, 9), autapses=st.booleans(), multapses=st.booleans()),
    st.builds(FixedOutdegree, k=st.integers(0, 9), autapses=st.booleans(), multapses=st.booleans()),
    st.builds(FixedTotalNumber, n=st.integers(0, 60), autapses=st.booleans(), multapses=st.booleans()),
)
VALUES = st.sampled_from([1.5, 0.0, Uniform(1.0, 20.0), Lognormal(0.0, 2.0), Exponential(2.0, 0.5)])
MEMBERS = st.lists(st.integers(0, 11), min_size=1, max_size=12, unique=True)


@settings(max_examples=150, deadline=None)
@given(rule=RULES, weight=VALUES, delay=VALUES, source=MEMBERS, target=MEMBERS, recurrent=st.booleans())
def test_rules_between_any_views(rule, weight, delay, source, target, recurrent) -> None:
    """Degrees, forbidden pairs and membership hold exactly, whatever the views and however they overlap."""
    network, a, b = populations(12, 12)
    b = a if recurrent else b
    try:
        projection = network.connect(a[source], b[target], rule, weight, delay)
    except InputError:
        return  # the rule cannot be met between these; its own test is in tests/network
    table = build_synapses(network, projection)
    check_structure(table, 12, 12)
    pairs = pairs_of(table)
    assert {s for s, _ in pairs} <= set(source) and {t for _, t in pairs} <= set(target)
    if recurrent and not rule.autapses:
        assert all(s != t for s, t in pairs)
    if not getattr(rule, "multapses", False):
        assert len(set(pairs)) == len(pairs)
    if isinstance(rule, FixedIndegree):
        assert np.bincount([t for _, t in pairs], minlength=12)[target].tolist() == [rule.k] * len(target)
    if isinstance(rule, FixedOutdegree):
        assert np.diff(table.row_start)[source].tolist() == [rule.k] * len(source)
    if isinstance(rule, FixedTotalNumber):
        assert len(pairs) == rule.n
    if isinstance(rule, AllToAll) or getattr(rule, "p", 0) == 1.0:
        expected = {(s, t) for s in source for t in target if rule.autapses or not recurrent or s != t}
        assert set(pairs) == expected
    if getattr(rule, "p", 1) == 0.0:
        assert not pairs


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_explicit_lists_against_a_plain_sort(data) -> None:
    """Given pairs, weights and delays come back sorted by (source, delay, target, number); nothing is
    lost."""
    n = data.draw(st.integers(0, 40))
    sources = data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    targets = data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    delays = data.draw(st.lists(st.sampled_from([0.0, 1.0, 1.5, 1e-300, 1e300]), min_size=n, max_size=n))
    order = data.draw(st.permutations(range(5)))
    network, a, b = populations(5, 5)
    rule = Explicit(np.array(sources, int), np.array(targets, int))
    projection = network.connect(a[order], b[order], rule, np.arange(n, dtype=float), np.array(delays, float))
    table = build_synapses(network, projection)
    expected = sorted(
        (order[s], d, order[t], e) for e, (s, d, t) in enumerate(zip(sources, delays, targets, strict=True))
    )
    assert list(zip(sources_of(table), table.delays, table.targets, table.weights, strict=True)) == expected


def test_matrix_rows_and_weights() -> None:
    network, a, b = populations(30, 20)
    matrix = scipy.sparse.random(30, 20, 0.2, random_state=3, format="coo")
    table = build_synapses(network, network.connect(a, b, FromMatrix(matrix)))
    check_structure(table, 30, 20)
    rebuilt = np.zeros((30, 20), np.float32)
    rebuilt[sources_of(table), table.targets] = table.weights
    assert np.array_equal(rebuilt, matrix.toarray().astype(np.float32))


def test_one_to_one_between_reordered_views() -> None:
    network, a, b = populations(4, 4)
    projection = network.connect(a[[3, 1]], b[[0, 2]], OneToOne(), weight=np.array([5.0, 6.0]))
    table = build_synapses(network, projection)
    assert pairs_of(table) == [(1, 2), (3, 0)]
    assert table.weights.tolist() == [6.0, 5.0]


def test_all_to_all_takes_a_matrix_of_weights_without_its_diagonal() -> None:
    network, a, _ = populations(3, 3)
    weights = np.arange(9.0).reshape(3, 3)
    table = build_synapses(network, network.connect(a, a, AllToAll(autapses=False), weights))
    assert table.weights.tolist() == [1.0, 2.0, 3.0, 5.0, 6.0, 7.0]


@pytest.mark.parametrize("multapses", [True, False])
def test_fixed_indegree_array_follows_target_and_draw(multapses: bool) -> None:
    """Weight number target * k + draw: the weights of target t are t k .. t k + k - 1."""
    network, a, b = populations(50, 40)
    rule = FixedIndegree(6, multapses=multapses)
    table = build_synapses(network, network.connect(a, b, rule, np.arange(240.0), Uniform(1.0, 2.0)))
    assert np.array_equal(table.weights // 6, table.targets)
    assert np.array_equal(np.sort(table.weights), np.arange(240.0))


CHOICES = [
    FixedIndegree(4),
    FixedIndegree(4, multapses=False),
    FixedOutdegree(4),
    FixedOutdegree(4, multapses=False),
    PairwiseBernoulli(0.4),
    FixedTotalNumber(4000),
    FixedTotalNumber(4000, multapses=False),
    FixedTotalNumber(8000, multapses=False),
]


@pytest.mark.parametrize("rule", CHOICES, ids=repr)
def test_every_partner_is_equally_likely(rule) -> None:
    """Chi-squared over the ten partners of 1,000 neurons; error rate 1e-3 each.

    Draws without replacement vary less than the test assumes, which only lowers the rate of false alarms; so
    the lower tail is used as well, against draws that are too even (1e-3 for those with replacement).
    """
    inward = isinstance(rule, FixedIndegree)
    network, a, b = populations(10, 1000, seed=7) if inward else populations(1000, 10, seed=7)
    table = build_synapses(network, network.connect(a, b, rule))
    chosen = sources_of(table) if inward else table.targets
    counts = np.bincount(chosen, minlength=10)
    p_value = scipy.stats.chisquare(counts).pvalue
    assert p_value > 1e-3
    if getattr(rule, "multapses", False):
        assert p_value < 1 - 1e-3


def test_draws_without_replacement_are_uniform_over_ordered_choices() -> None:
    """All 5 * 4 * 3 ordered choices of 3 sources out of 5 for 30,000 targets; error rate 1e-3."""
    network, a, b = populations(5, 30_000, seed=11)
    rule = FixedIndegree(3, multapses=False)
    table = build_synapses(network, network.connect(a, b, rule, np.arange(90_000.0)))
    chosen = np.empty(90_000, int)
    chosen[table.weights.astype(int)] = sources_of(table)
    codes = chosen.reshape(-1, 3) @ [25, 5, 1]
    counts = np.unique(codes, return_counts=True)[1]
    assert counts.size == 60
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("n", [3, 7])
def test_different_pairs_are_uniform_over_subsets(n: int) -> None:
    """All subsets of n of the 2 * 5 - 1 pairs that are no autapse (drawn, or left out); error rate 1e-3."""
    codes = []
    for number in range(1500):
        network = Network(number)
        a = network.population("a", 5, Cell())
        rule = FixedTotalNumber(n, autapses=False, multapses=False)
        table = build_synapses(network, network.connect(a[[0]], a, rule, name="x")) if n < 4 else None
        if table is None:
            table = build_synapses(network, network.connect(a[:2], a, rule, name="x"))
        codes.append(sum(1 << (5 * s + t) for s, t in pairs_of(table)))
    counts = np.unique(codes, return_counts=True)[1]
    assert counts.size == {3: 4, 7: 8}[n]
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_bernoulli_pairs_are_independent() -> None:
    """Out-degrees of 20,000 sources against the binomial distribution; error rate 1e-3."""
    network, a, b = populations(20_000, 12, seed=5)
    table = build_synapses(network, network.connect(a, b, PairwiseBernoulli(0.3)))
    counts = np.bincount(np.diff(table.row_start), minlength=13)
    expected = scipy.stats.binom(12, 0.3).pmf(np.arange(13)) * 20_000
    counts, expected = np.append(counts[:9], counts[9:].sum()), np.append(expected[:9], expected[9:].sum())
    assert scipy.stats.chisquare(counts, expected).pvalue > 1e-3


DISTRIBUTIONS = [
    (Uniform(1.0, 20.0), scipy.stats.uniform(1.0, 19.0)),
    (Normal(5.0, 0.5), scipy.stats.norm(5.0, 0.5)),
    (TruncatedNormal(1.0, 2.0, 0.0, 4.0), scipy.stats.truncnorm(-0.5, 1.5, 1.0, 2.0)),
    (TruncatedNormal(0.0, 1.0, 12.0), scipy.stats.truncnorm(12.0, np.inf)),
    (TruncatedNormal(50.0, 1.0, 0.0, 38.0), scipy.stats.truncnorm(-50.0, -12.0, 50.0, 1.0)),
    (Lognormal(0.5, 0.3), scipy.stats.lognorm(0.3, scale=np.exp(0.5))),
    (Exponential(3.0, 1.0), scipy.stats.expon(1.0, 3.0)),
]


@pytest.mark.parametrize(("distribution", "expected"), DISTRIBUTIONS, ids=lambda d: type(d).__name__)
def test_distributions(distribution, expected) -> None:
    """Kolmogorov-Smirnov of 50,000 delays, error rate 1e-3; a second stream is uncorrelated with the
    first."""
    network, a, b = populations(100, 500, seed=9)
    projection = network.connect(a, b, AllToAll(), distribution, distribution)
    table = build_synapses(network, projection)
    assert scipy.stats.kstest(table.delays, expected.cdf).pvalue > 1e-3
    assert scipy.stats.kstest(table.weights, expected.cdf).pvalue > 1e-3
    assert abs(scipy.stats.spearmanr(table.delays, table.weights).statistic) < 4.0 / np.sqrt(50_000)


@pytest.mark.parametrize("number", [10**15, 2**80])
def test_too_many_synapses_are_refused_before_they_are_drawn(number: int) -> None:
    network, source, target = populations(5, 5)
    projection = network.connect(source, target, FixedTotalNumber(number))
    with pytest.raises(MemoryError):
        build_synapses(network, projection)


def test_negative_drawn_delay_names_projection_synapse_and_value() -> None:
    network, a, b = populations(100, 100)
    projection = network.connect(a, b, AllToAll(), delay=Normal(1.5, 0.75), name="loop")
    with pytest.raises(InputError, match=r"delay of 'loop'\[\d+\] = -.*TruncatedNormal") as caught:
        build_synapses(network, projection)
    assert caught.value.index is not None and caught.value.value < 0


@pytest.mark.parametrize("rule", [*CHOICES, AllToAll()], ids=repr)
def test_other_projections_change_nothing(rule) -> None:
    """The same tables with other projections, inputs and populations around, and with the same name."""

    def build(crowded: bool) -> SynapseTable:
        network, a, b = populations(100, 100, seed=3)
        if crowded:
            network.population("c", 5, Cell())
            network.connect(b, a, FixedIndegree(3), Uniform(0, 1), Uniform(0, 1))
            network.drive(b, 10.0, 1.0)
        return build_synapses(network, network.connect(a, b, rule, Normal(0, 1), Uniform(1, 2), name="kept"))

    for alone, among in zip(build(False), build(True), strict=True):
        assert np.array_equal(alone, among)


def test_seed_and_name_matter() -> None:
    def targets(seed: int, name: str) -> np.ndarray:
        network, a, b = populations(50, 50, seed)
        return build_synapses(network, network.connect(a, b, FixedOutdegree(5), name=name)).targets

    assert np.array_equal(targets(1, "x"), targets(1, "x"))
    assert not np.array_equal(targets(1, "x"), targets(2, "x"))
    assert not np.array_equal(targets(1, "x"), targets(1, "y"))


def test_adding_a_target_keeps_the_inputs_of_the_others() -> None:
    """Draws are keyed by the chooser, not by their place in memory."""

    def inputs(n_target: int) -> set[tuple[int, int, float, float]]:
        network, a, b = populations(50, n_target)
        projection = network.connect(a, b, FixedIndegree(7), Normal(0, 1), Uniform(1, 2), name="x")
        table = build_synapses(network, projection)
        return set(zip(sources_of(table), table.targets, table.weights, table.delays, strict=True))

    assert inputs(20) < inputs(21)


@pytest.mark.parametrize("delays", ["equal", "few", "skewed", "descending", "huge"])
def test_rows_of_any_delays_are_sorted(delays: str) -> None:
    """Delays that the buckets of the sort do not spread: one row of 5,000."""
    rng = np.random.default_rng(0)
    values = {
        "equal": np.full(5000, 2.0),
        "few": rng.integers(0, 3, 5000).astype(float),
        "skewed": np.exp(rng.normal(0, 20, 5000)),
        "descending": np.append(np.arange(4999.0, 0, -1) * 1e-9, 1.0),
        "huge": np.where(rng.random(5000) < 0.5, 1e308, rng.random(5000)),
    }[delays]
    network, a, b = populations(1, 5000)
    projection = network.connect(a, b, AllToAll(), np.arange(5000.0), values)
    table = build_synapses(network, projection)
    order = np.argsort(values, kind="stable")
    assert np.array_equal(table.delays, values[order])
    assert np.array_equal(table.targets, order)
    assert np.array_equal(table.weights, order)
