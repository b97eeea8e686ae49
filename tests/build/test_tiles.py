"""Tables cut into tiles: the synapses of the whole table, tile by tile, each row sorted; and what is refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eventsim.build.synapses import SynapseTable, build_synapses
from eventsim.errors import InputError
from eventsim.network import (
    AllToAll,
    Explicit,
    FixedIndegree,
    FixedOutdegree,
    FixedTotalNumber,
    Model,
    Network,
    Normal,
    OneToOne,
    PairwiseBernoulli,
    Projection,
    Uniform,
)
from eventsim.network.rules import TableRows

N = 30


@dataclass(frozen=True)
class Cell(Model):
    """A model without parameters: the synapses do not depend on it."""


def entries(table: SynapseTable, bounds: NDArray[np.int64]) -> list[tuple[int, int, float, int, float]]:
    """(source, tile, delay, target, weight) of each synapse in the order of the table."""
    tiles = bounds.size - 1
    size = table.targets.size
    row = np.repeat(np.arange(table.row_start.size - 1), np.diff(table.row_start.astype(np.int64)))
    delays, weights = np.broadcast_to(table.delays, size), np.broadcast_to(table.weights, size)
    source, tile = np.divmod(row, tiles)
    columns = (source, tile, delays, table.targets + bounds[tile], weights)
    return list(zip(*(column.tolist() for column in columns), strict=True))


RULES = st.one_of(
    st.builds(AllToAll, autapses=st.booleans()),
    st.just(OneToOne()),
    st.builds(PairwiseBernoulli, p=st.sampled_from([0.1, 0.9])),
    st.builds(FixedIndegree, k=st.integers(0, 9)),
    st.builds(FixedOutdegree, k=st.integers(1, 9), multapses=st.booleans()),
    st.builds(FixedTotalNumber, n=st.integers(1, 90), multapses=st.booleans()),
    st.builds(FixedTotalNumber, n=st.sampled_from([200, 600, 900]), multapses=st.booleans()),
    st.integers(0, 200).map(
        lambda n: Explicit(*np.random.default_rng(n).integers(0, N, (2, n)))  # few pairs, many of them twice
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    rule=RULES,
    delay=st.sampled_from([1.5, Uniform(0.0, 20.0), "few"]),
    cuts=st.lists(st.integers(0, N), max_size=5),
    target=st.none() | st.permutations(range(N)),
    seed=st.integers(0, 99),
)
def test_any_bounds_hold_the_same_synapses_in_order(rule, delay, cuts, target, seed) -> None:
    """The whole table, stably sorted by (source, tile), is the cut one: order within a tile is that of the whole."""
    network = Network(seed)
    a, b = (network.population(name, N, Cell()) for name in "ab")
    count = rule.synapse_count(a[:], b[:])
    if delay == "few":
        if count is None:
            return
        delay = np.random.default_rng(seed).integers(0, 3, count).astype(float)
    projection = network.connect(a, b if target is None else b[target], rule, Normal(0.0, 1.0), delay)
    bounds = np.array([0, *sorted(cuts), N])
    tile_of = np.repeat(np.arange(bounds.size - 1), np.diff(bounds))
    whole, cut = build_synapses(network, projection), build_synapses(network, projection, bounds)
    expected = [
        (s, int(tile_of[target]), d, target, w) for s, _, d, target, w in entries(whole, np.array([0, N]))
    ]
    expected.sort(key=lambda entry: entry[:2])
    assert entries(cut, bounds) == expected
    assert whole.targets.dtype == np.uint32 and cut.targets.dtype == np.uint16
    assert cut.row_start.size == N * (bounds.size - 1) + 1
    assert cut.row_start.dtype == (np.int64 if bounds.size == 2 else np.uint32)
    assert cut.row_start[0] == 0 and cut.row_start[-1] == cut.targets.size


def projection_with(weight: float | Normal = 1.0) -> tuple[Network, Projection]:
    network = Network(1)
    a = network.population("a", N, Cell())
    return network, network.connect(a, a, FixedIndegree(3), weight)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([0, N - 1], r"bounds.* = \(0, 29\)"),
        ([1, N], r"bounds.* = \(1, 30\)"),
        ([0, 9, 8, N], r"bounds\[2\] = 8"),
        ([0.0, float(N)], "whole numbers"),
        ([N], "at least two"),
    ],
)
def test_bounds_that_do_not_fit(bounds: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_synapses(*projection_with(), np.array(bounds))


def test_a_tile_that_16_bits_do_not_number() -> None:
    network = Network(1)
    a = network.population("a", 2**16 + 2, Cell())
    with pytest.raises(InputError, match=r"bounds\[2\] = 65538: more than 65536"):
        build_synapses(network, network.connect(a, a, OneToOne()), np.array([0, 1, 2**16 + 2]))


def test_look_up_tables_are_not_cut() -> None:
    network = Network(1)
    a, b = network.population("a", 2, Cell()), network.population("b", 3, Cell())
    projection = network.connect(a, b, TableRows(np.full((2, 4, 3), 0.1)))
    table = build_synapses(network, projection)
    assert table.weights.dtype == np.float64 and table.weights.tolist() == [0.1] * 24
    with pytest.raises(InputError, match="look-up tables"):
        build_synapses(network, projection, np.array([0, 1, 3]))


def test_own_weights_are_rounded_to_nearest_and_common_ones_not() -> None:
    assert build_synapses(*projection_with(0.1)).weights.tolist() == [0.1]
    network = Network(1)
    a = network.population("a", N, Cell())
    weights = np.random.default_rng(1).normal(size=N)
    table = build_synapses(network, network.connect(a, a, OneToOne(), weights))
    assert np.array_equal(table.weights, weights.astype(np.float32))


def test_a_weight_that_cannot_be_stored_is_named() -> None:
    network = Network(1)
    a = network.population("a", N, Cell())
    weights = np.ones(N)
    weights[7] = -1e39
    projection = network.connect(a, a, OneToOne(), weights, name="big")
    with pytest.raises(InputError, match=r"weight of 'big'\[7\] = -1e\+39"):
        build_synapses(network, projection)
    with pytest.raises(InputError, match=r"weight of 'a->a'\[\d+\].*3\.40282e\+38"):
        build_synapses(*projection_with(Normal(0.0, 1e39)))
