"""Layers simulated spike by spike against the direct formula, bit for bit."""

from itertools import pairwise

import numpy as np
import pytest

from eventsim import Network, simulate
from eventsim.errors import InputError
from eventsim.lut.lattice import LATTICE_MS, snap
from eventsim.lut.layer import LUTLayer
from eventsim.lut.network import LUTNetwork
from eventsim.lut.population import (
    Intervals,
    LatencyRange,
    add_layer,
    add_stack,
    add_volleys,
    intervals_for,
    latency_ranges,
)
from tests.lut import naive

INPUTS = LatencyRange(0.0, 10.0)


def random_layer(draw, n_in=12, n_out=5, n_tables=20, n_comparisons=4, shift=0.0):
    anchors, tables = naive.random_layer(draw, n_in, n_out, n_tables, n_comparisons, np.float64)
    return LUTLayer(n_in, anchors, snap(tables + shift))


def volleys_with_ties(draw, n, n_in):
    """Latencies from a few values, so that most comparisons are ties, and others from the whole lattice."""
    coarse = draw.integers(0, 4, (n, n_in)) * 2.5
    fine = snap(draw.uniform(0.0, 10.0, (n, n_in)))
    return np.where(draw.random((n, 1)) < 0.5, coarse, fine)


def outputs_of(stack, x, intervals=None, first=0, engine="queue"):
    """The latencies (n, n_out) of each layer as simulated; inf where there was no spike."""
    intervals = intervals_for(latency_ranges(stack, INPUTS)) if intervals is None else intervals
    network = Network()
    source = add_volleys(network, "input", x, intervals, first)
    names = [f"layer {k}" for k in range(len(stack.layers))]
    layers = add_stack(network, source, stack, intervals, names, INPUTS)
    results = simulate(network, intervals.duration_ms(first + len(x), len(layers)), engine=engine)
    tables = []
    for depth, layer in enumerate(layers, start=1):
        raster = results.spikes(layer.name)
        assert np.unique(np.column_stack([intervals.latencies(raster.times)[1], raster.ids]), axis=0).shape[
            0
        ] == len(raster)
        table = intervals.table(raster.times, raster.ids, len(x), layer.size, first + depth)
        assert np.isfinite(table).sum() == len(raster)
        tables.append(table)
    return tables


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("residuals", [(False,), (True,), (False, False), (True, False), (False, True, True)])
def test_event_driven_latencies_are_those_of_the_direct_formula(seed, residuals):
    draw = np.random.default_rng([seed, len(residuals)])
    sizes = [12]
    for residual in residuals:
        sizes.append(sizes[-1] if residual else int(draw.integers(2, 12)))
    layers = [
        random_layer(draw, n_in, n_out, n_comparisons=int(draw.integers(1, 7)))
        for n_in, n_out in pairwise(sizes)
    ]
    stack = LUTNetwork(layers, residuals)
    x = volleys_with_ties(draw, 15, 12)
    simulated = outputs_of(stack, x)
    for layer_k, expected in zip(simulated, stack.latencies(x)[1:], strict=True):
        np.testing.assert_array_equal(layer_k, expected)
    slow = [
        naive.forward(layers[0].anchors, layers[0].tables, row, row if residuals[0] else None) for row in x
    ]
    np.testing.assert_array_equal(simulated[0], slow)


@pytest.mark.parametrize("shift", [-1.0, 1.0])
def test_rows_of_one_sign_are_all_added_before_an_output_spikes(shift):
    draw = np.random.default_rng(3)
    layer = random_layer(draw, shift=3.0 * shift)  # a part of such a sum is far from the whole
    x = volleys_with_ties(draw, 10, 12)
    np.testing.assert_array_equal(outputs_of(LUTNetwork([layer]), x)[0], layer.forward(x))


def test_the_oracle_engine_gives_the_same():
    draw = np.random.default_rng(4)
    layer = random_layer(draw, n_out=12)
    stack, x = LUTNetwork([layer], [True]), volleys_with_ties(draw, 5, 12)
    np.testing.assert_array_equal(outputs_of(stack, x, engine="simpy")[0], stack.forward(x))


@pytest.mark.parametrize("seed", range(4))
def test_missing_spikes_count_as_later_than_all_others(seed):
    draw = np.random.default_rng(seed)
    layer = random_layer(draw)
    x = volleys_with_ties(draw, 30, 12)
    x[draw.random(x.shape) < np.linspace(0.1, 1.0, 30)[:, np.newaxis]] = np.inf
    expected = np.array([sum_of_reached_tables(layer, row) for row in x])
    assert np.isinf(expected[-1]).all()  # no spike at all
    assert np.isfinite(expected).any()
    np.testing.assert_array_equal(outputs_of(LUTNetwork([layer]), x)[0], expected)


def sum_of_reached_tables(layer, x):
    """By the rule: bit 1 where b spiked and a did not, or later; a table that no spike reaches is silent."""
    total = np.full(layer.n_out, np.inf)
    for pairs, table in zip(layer.anchors.tolist(), layer.tables, strict=True):
        if np.isinf(x[np.ravel(pairs)]).all():
            continue
        row = sum(2**r for r, (a, b) in enumerate(pairs) if x[b] < x[a])
        total = np.where(np.isinf(total), 0.0, total) + table[row]
    return total


def test_a_missing_input_adds_nothing_to_the_sum_of_a_residual_layer():
    draw = np.random.default_rng(5)
    layer = random_layer(draw, n_out=12)
    x = volleys_with_ties(draw, 8, 12)
    lost = draw.random(x.shape) < 0.2
    x[lost] = np.inf
    expected = np.array([sum_of_reached_tables(layer, row) for row in x]) + np.where(lost, 0.0, x)
    np.testing.assert_array_equal(outputs_of(LUTNetwork([layer], [True]), x)[0], expected)


@pytest.mark.parametrize(("start_ms", "first"), [(37.5, 0), (0.0, 11), (1e6 + LATTICE_MS, 2**20)])
def test_volleys_lie_anywhere_in_time(start_ms, first):
    draw = np.random.default_rng(6)
    stack = LUTNetwork([random_layer(draw), random_layer(draw, 5, 3)])
    intervals = intervals_for(latency_ranges(stack, INPUTS), start_ms)
    x = volleys_with_ties(draw, 4, 12)
    np.testing.assert_array_equal(outputs_of(stack, x, intervals, first)[1], stack.forward(x))


def test_spikes_may_come_right_after_the_start_and_right_before_the_end_of_an_interval():
    draw = np.random.default_rng(7)
    layer = random_layer(draw)
    snug = intervals_for(latency_ranges(LUTNetwork([layer]), INPUTS))
    intervals = Intervals(snug.length_ms + 3.0, snug.offset_ms)
    least, greatest = -intervals.offset_ms, intervals.length_ms - intervals.offset_ms
    x = draw.choice([least + LATTICE_MS, greatest - 2 * LATTICE_MS, greatest - LATTICE_MS, np.inf], (40, 12))
    expected = np.array([sum_of_reached_tables(layer, row) for row in x])
    np.testing.assert_array_equal(outputs_of(LUTNetwork([layer]), x, intervals)[0], expected)
    for border in (least, greatest):
        with pytest.raises(InputError, match=r"latencies\[0, 0\]"):
            add_volleys(Network(), "input", np.full((1, 1), border), intervals)


def test_a_layer_reads_what_another_sends_right_before_the_end():
    late, early = 5.0 - LATTICE_MS, LATTICE_MS - 1.0
    anchors = np.array([[[0, 1]]])
    first = LUTLayer(2, anchors, np.array([[[late, early], [early, late]]]))
    stack = LUTNetwork([first, LUTLayer(2, anchors, np.array([[[2.0], [3.0]]]))])
    x, intervals = np.array([[1.0, 3.0], [3.0, 1.0], [2.0, 2.0]]), Intervals(6.0, 1.0)
    network = Network()
    source = add_volleys(network, "input", x, intervals)
    hidden = add_layer(network, source, first, intervals, "hidden")
    add_layer(network, hidden, stack.layers[1], intervals, "output")
    raster = simulate(network, intervals.duration_ms(3, 2)).spikes("output")
    np.testing.assert_array_equal(intervals.table(raster.times, raster.ids, 3, 1, 2), stack.forward(x))


def test_a_volley_is_answered_in_the_next_interval_whatever_the_others_are():
    draw = np.random.default_rng(8)
    layer = random_layer(draw)
    x = volleys_with_ties(draw, 6, 12)
    x[2] = np.inf  # an empty interval in between
    together = outputs_of(LUTNetwork([layer]), x)[0]
    for k in range(6):
        np.testing.assert_array_equal(together[k : k + 1], outputs_of(LUTNetwork([layer]), x[k : k + 1])[0])


def test_a_cut_run_gives_the_same():
    from eventsim import Simulation

    draw = np.random.default_rng(9)
    layer, x = random_layer(draw), volleys_with_ties(draw, 5, 12)
    intervals = intervals_for(latency_ranges(LUTNetwork([layer]), INPUTS))
    network = Network()
    add_layer(network, add_volleys(network, "input", x, intervals), layer, intervals, "out")
    whole, cut = Simulation(network), Simulation(network)
    duration = intervals.duration_ms(5)
    whole.run(duration)
    for part in (0.3, 0.45, 0.25):
        cut.run_until(min(duration, cut.time + part * duration))
    cut.run_until(duration)
    np.testing.assert_array_equal(whole.spike_counts, cut.spike_counts)
    assert whole.counts == cut.counts


def test_what_would_be_rounded_or_leave_its_interval_is_refused():
    draw = np.random.default_rng(10)
    layer, intervals, network = random_layer(draw), Intervals(100.0, 50.0), Network()
    x = np.zeros((2, 12))
    for bad, why in [(0.1, "snap"), (50.0, "below"), (-50.0, "above"), (np.nan, "above"), (-np.inf, "above")]:
        wrong = x.copy()
        wrong[1, 3] = bad
        with pytest.raises(InputError, match=rf"latencies\[1, 3\].*{why}"):
            add_volleys(network, "bad", wrong, intervals)
    with pytest.raises(InputError, match="latencies"):
        add_volleys(network, "bad", x[0], intervals)
    with pytest.raises(InputError, match="first"):
        add_volleys(network, "bad", x, intervals, first=2**40)
    source = add_volleys(network, "input", x, intervals)
    unsnapped = LUTLayer(12, layer.anchors, layer.tables + 0.1 * LATTICE_MS)
    with pytest.raises(InputError, match="snap"):
        add_layer(network, source, unsnapped, intervals, "out")
    with pytest.raises(InputError, match="13 inputs"):
        add_layer(network, source, random_layer(draw, 13), intervals, "out")
    with pytest.raises(InputError, match="12 inputs and 5 outputs"):
        add_layer(network, source, layer, intervals, "out", residual=INPUTS)
    with pytest.raises(InputError, match="length_ms"):
        add_layer(network, source, random_layer(draw, n_out=12), intervals, "out", LatencyRange(0.0, 60.0))
    for wrong_intervals, field in [
        (Intervals(100.0, 1.0), "offset_ms"),
        (Intervals(51.0, 50.0), "length_ms"),
        (Intervals(100.1, 50.0), "length_ms"),
        (Intervals(100.0, 50.0, 0.1), "start_ms"),
        (Intervals(0.0, 50.0), "length_ms"),
    ]:
        with pytest.raises(InputError, match=field):
            add_layer(network, source, layer, wrong_intervals, "out")
    with pytest.raises(InputError, match="ranges"):
        intervals_for([LatencyRange(1.0, np.inf)])
    with pytest.raises(InputError, match="names"):
        add_stack(network, source, LUTNetwork([layer]), intervals, [], INPUTS)
    assert list(network.populations) == ["input"]
