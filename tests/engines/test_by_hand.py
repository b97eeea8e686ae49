"""Small networks whose spikes are known by hand, in both engines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eventsim.models.integrate_and_fire import IF
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from eventsim.network import AllToAll, Explicit, Network, OneToOne, SpikeTrains
from tests.engines.runs import ENGINES, one_of_each, run, trains

pytestmark = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


def source(network: Network, *spikes: list[float]):
    """A population of sources with these spikes, named "s"."""
    return network.source("s", SpikeTrains(list(spikes)))


def test_equal_times_keep_the_order_of_ids(engine):
    network = one_of_each()
    s = source(network, [2.0])
    for name in ("b", "a"):
        target = network.population(name, 2, IF())
        network.connect(s, target, AllToAll(), weight=1.5, delay=1.0)
    assert trains(engine, network, 5.0) == [(3.0, name) for name in ("b[0]", "b[1]", "a[0]", "a[1]")]


def test_a_chain_without_delay_goes_round_by_round(engine):
    """The third of the chain has the smallest id, yet spikes last."""
    network = one_of_each()
    last, middle, first = (network.population(name, 1, IF()) for name in ("last", "middle", "first"))
    network.connect(source(network, [1.0]), first, OneToOne(), weight=1.5, delay=0.5)
    network.connect(first, middle, OneToOne(), weight=1.5, delay=0.0)
    network.connect(middle, last, OneToOne(), weight=1.5, delay=0.0)
    assert trains(engine, network, 5.0) == [(1.5, "first[0]"), (1.5, "middle[0]"), (1.5, "last[0]")]


def test_rounds_hold_apart_what_arrives_at_one_instant(engine):
    """Excitation over one synapse and inhibition over two, both without delay: the neuron fires before that comes."""
    network = one_of_each()
    relay, cell = network.population("relay", 1, IF()), network.population("cell", 1, IF())
    s = source(network, [1.0])
    network.connect(s, cell, OneToOne(), weight=1.5, delay=0.0)
    network.connect(s, relay, OneToOne(), weight=1.5, delay=0.0)
    network.connect(relay, cell, OneToOne(), weight=-5.0, delay=0.0)
    assert trains(engine, network, 2.0) == [(1.0, "relay[0]"), (1.0, "cell[0]")]


@pytest.mark.parametrize("test", ["instant", "arrival"])
@pytest.mark.parametrize("excitation_first", [True, False])
def test_excitation_and_inhibition_at_one_instant(engine, test, excitation_first):
    """+1.5 and -1: together below threshold; one after the other, above it if the excitation comes first."""
    network = one_of_each()
    cell = network.population("cell", 1, IF(test=test))
    weights = [1.5, -1.0] if excitation_first else [-1.0, 1.5]
    network.connect(source(network, [1.0], [1.0]), cell, AllToAll(), weight=np.array(weights), delay=1.0)
    fires = test == "arrival" and excitation_first
    assert trains(engine, network, 5.0) == [(2.0, "cell[0]")] * fires


def test_projections_in_order_of_creation_within_one_spike(engine):
    network = one_of_each()
    cell = network.population("cell", 2, IF(test="arrival"))
    s = source(network, [1.0])
    network.connect(s, cell[0], OneToOne(), weight=-1.0, delay=1.0)
    for target in (cell[0], cell[1]):
        network.connect(s, target, OneToOne(), weight=1.5, delay=1.0)
    network.connect(s, cell[1], OneToOne(), weight=-1.0, delay=1.0)
    assert trains(engine, network, 5.0) == [(2.0, "cell[1]")]


def test_the_rule_instant_fires_once_for_two_arrivals_and_the_rule_arrival_twice(engine):
    for test, spikes in (("instant", 1), ("arrival", 2)):
        network = one_of_each()
        cell = network.population("cell", 1, IF(test=test))
        network.connect(source(network, [1.0], [1.0]), cell, AllToAll(), weight=1.5, delay=0.0)
        assert trains(engine, network, 5.0) == [(1.0, "cell[0]")] * spikes


def test_subtraction_gives_several_spikes_at_one_instant(engine):
    """3.5 thresholds: three spikes, in three rounds, and half a threshold is left for the next arrival."""
    for test in ("instant", "arrival"):
        network = one_of_each()
        cell = network.population("cell", 1, IF(reset="subtract", test=test))
        echo = network.population("echo", 1, IF())
        s = source(network, [1.0, 3.0])
        network.connect(s, cell, OneToOne(), weight=np.array([3.5]), delay=0.0)
        network.connect(cell, echo, OneToOne(), weight=1.5, delay=0.0)
        first = [(1.0, "cell[0]"), (1.0, "cell[0]"), (1.0, "echo[0]"), (1.0, "cell[0]"), (1.0, "echo[0]")]
        times = [t for t, name in trains(engine, network, 5.0) if name == "cell[0]"]
        assert trains(engine, network, 2.0) == [*first, (1.0, "echo[0]")]
        assert times == [1.0] * 3 + [3.0] * 3  # 0.5 + 3.5 = 4 thresholds: the fourth is reached, not exceeded


def test_an_arrival_at_the_end_of_the_refractory_period_counts(engine):
    """Spike at 1; arrivals at 1.75 (lost) and, in one instant with the end, at 2."""
    for model in (IF(t_ref=1.0), LIF(t_ref=1.0, v_th=1.0), IF(t_ref=1.0, test="arrival")):
        network = one_of_each()
        cell = network.population("cell", 1, model)
        s = source(network, [1.0, 1.75, 2.0])
        network.connect(s, cell, OneToOne(), weight=1.5, delay=0.0)
        assert trains(engine, network, 5.0) == [(1.0, "cell[0]"), (2.0, "cell[0]")]


def test_the_end_of_a_refractory_period_comes_before_arrivals(engine):
    """Left above threshold by subtraction, the neuron fires as soon as it may, whatever inhibition comes then."""
    network = one_of_each()
    cell = network.population("cell", 1, IF(t_ref=1.0, reset="subtract"))
    s = source(network, [1.0], [2.0])
    network.connect(s, cell, AllToAll(), weight=np.array([2.5, -5.0]), delay=0.0)
    assert trains(engine, network, 5.0) == [(1.0, "cell[0]"), (2.0, "cell[0]")]


def test_a_crossing_comes_before_arrivals_of_the_same_instant(engine):
    """V = t / 4 reaches 1 at 4: the inhibition that arrives then is too late."""
    network = one_of_each()
    cell = network.population("cell", 1, IF(c_m=1.0, i_e=0.25))
    network.connect(source(network, [4.0]), cell, OneToOne(), weight=-1.0, delay=0.0)
    assert trains(engine, network, 9.0) == [(4.0, "cell[0]")]
    assert trains(engine, network, 12.0) == [(4.0, "cell[0]"), (12.0, "cell[0]")]


def test_a_change_of_current_comes_before_crossings_of_the_same_instant(engine):
    """At 4 V is the threshold and would exceed it, but the current stops."""
    network = one_of_each()
    cell = network.population("cell", 1, IF(c_m=1.0, i_e=0.25))
    network.current(cell, [4.0, 6.0], [0.0, 1.0])
    assert trains(engine, network, 6.5) == [(6.0, "cell[0]")]


def test_touching_the_threshold_is_not_exceeding_it(engine):
    network = one_of_each()
    cell = network.population("cell", 1, IF())
    network.connect(source(network, [1.0, 2.0]), cell, OneToOne(), weight=1.0, delay=0.0)
    assert trains(engine, network, 5.0) == [(2.0, "cell[0]")]


def test_supra_threshold_currents(engine):
    """LIF: interval t_ref + tau log(V_inf / (V_inf - V_th)); IF: t_ref + V_th C / I."""
    network = one_of_each()
    network.population("lif", 1, LIF(tau_m=20.0, c_m=250.0, i_e=300.0, v_th=20.0, t_ref=2.0))
    network.population("if", 1, IF(c_m=250.0, i_e=50.0, v_th=1.0, t_ref=3.0))
    network.population("exp", 1, LIFExp(tau_m=20.0, c_m=250.0, i_e=500.0, v_th=20.0))
    spikes = trains(engine, network, 200.0)
    intervals = {"lif": 20.0 * math.log(24.0 / 4.0) + 2.0, "if": 8.0, "exp": 20.0 * math.log(2.0)}
    for name, interval in intervals.items():
        times = np.array([t for t, who in spikes if who == f"{name}[0]"])
        t_ref = {"lif": 2.0, "if": 3.0, "exp": 0.0}[name]
        expected = np.arange(1, 1 + math.floor((200.0 + t_ref) / interval)) * interval - t_ref
        np.testing.assert_allclose(times, expected, rtol=0, atol=1e-12)


def test_an_exponential_current_crosses_between_arrivals(engine):
    """tau = tau_s = 10, C = 1: V = w x exp(-x/10); w = 1 crosses v_th = 2 where x exp(-x/10) = 2, once only."""
    network = one_of_each()
    model = LIFExp(tau_m=10.0, tau_syn_ex=10.0, c_m=1.0, v_th=2.0, t_ref=100.0)
    cell = network.population("cell", 1, model)
    network.connect(source(network, [1.0]), cell, OneToOne(), weight=1.0, delay=0.5)
    from scipy.special import lambertw

    expected = 1.5 - 10.0 * lambertw(-0.2).real
    assert [t for t, _ in trains(engine, network, 50.0)] == pytest.approx([expected], abs=1e-13)


def test_at_the_threshold_and_pulled_down(engine):
    """V = V_th at 0, and more inhibition than excitation arrives: V falls at once."""
    network = one_of_each()
    cell = network.population("cell", 1, LIFExp(v_th=20.0, v_init=20.0, e_l=19.0))
    weights = np.array([300.0, -3000.0])
    network.connect(source(network, [0.0], [0.0]), cell, AllToAll(), weight=weights, delay=0.0)
    assert trains(engine, network, 50.0) == []


def test_everything_at_time_zero(engine):
    """A neuron that starts above threshold, a source spike and an arrival, all at 0."""
    network = one_of_each()
    cell = network.population("cell", 2, IF(v_init=np.array([0.0, 1.5]), t_ref=1.0))
    network.connect(source(network, [0.0]), cell, AllToAll(), weight=1.5, delay=0.0)
    network.record_spikes("s")
    assert trains(engine, network, 0.0) == [(0.0, "s[0]"), (0.0, "cell[1]"), (0.0, "cell[0]")]


def test_self_connections_and_multapses(engine):
    """Two synapses of a neuron onto itself, 0.75 each, arriving together: above threshold; one alone is not."""
    network = one_of_each()
    cell = network.population("cell", 2, IF())
    network.connect(source(network, [1.0]), cell, AllToAll(), weight=1.5, delay=0.0)
    onto_itself = Explicit(np.array([0, 0, 1]), np.array([0, 0, 1]))
    network.connect(cell, cell, onto_itself, weight=0.75, delay=2.0)
    pattern = [(1.0, "cell[0]"), (1.0, "cell[1]"), (3.0, "cell[0]"), (5.0, "cell[0]")]
    assert trains(engine, network, 6.0) == pattern


def test_a_cycle_of_zero_delay_without_end_is_reported(engine):
    network = one_of_each()
    pair = network.population("pair", 2, IF())
    network.connect(source(network, [1.0]), pair[0], OneToOne(), weight=1.5, delay=0.0)
    network.connect(pair[:1], pair[1:], OneToOne(), weight=1.5, delay=0.0)
    network.connect(pair[1:], pair[:1], OneToOne(), weight=1.5, delay=0.0)
    result = run(engine, network, 5.0)
    for words in ("at 1 ms", "pair[0]", "pair[1]", "refractory period"):
        assert words in result.error


def test_a_cycle_of_zero_delay_ends_with_a_refractory_period(engine):
    network = one_of_each()
    pair = network.population("pair", 2, IF(t_ref=1.0))
    network.connect(source(network, [1.0]), pair[0], OneToOne(), weight=1.5, delay=0.0)
    network.connect(pair, pair, AllToAll(autapses=False), weight=1.5, delay=0.0)
    assert trains(engine, network, 5.0) == [(1.0, "pair[0]"), (1.0, "pair[1]")]


def test_runs_in_pieces_are_the_whole_run(engine):
    network = one_of_each(seed=4)
    cell = network.population("cell", 5, LIFExp(i_e=200.0))
    network.connect(cell, cell, AllToAll(), weight=40.0, delay=1.25)
    network.drive(cell, 2000.0, 40.0)
    whole, pieces = run(engine, network, 60.0), run(engine, network, 0.0, 7.0, 7.0, 31.25, 60.0)
    assert whole.times.size > 5
    np.testing.assert_array_equal(whole.times, pieces.times)
    np.testing.assert_array_equal(whole.ids, pieces.ids)


def test_a_cycle_that_multiplies_is_reported_before_it_fills_memory(engine):
    """Each of three neurons fires at every arrival from each of the three: thrice as many spikes every round."""
    network = one_of_each()
    cell = network.population("cell", 3, IF(test="arrival"))
    network.connect(source(network, [1.0]), cell, AllToAll(), weight=1.5, delay=0.0)
    network.connect(cell, cell, AllToAll(), weight=1.5, delay=0.0)
    error = run(engine, network, 2.0).error
    assert error.startswith("at 1 ms")
    assert "cell[0]" in error
