"""Izhikevich's neuron against long double, and its grid scheme against the published program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eventsim.errors import InputError
from eventsim.models.izhikevich import Izhikevich
from eventsim.models.izhikevich_grid import IzhikevichGrid
from eventsim.network import AllToAll, FromMatrix, Network, SpikeTrains, Uniform
from tests.models.engine import run
from tests.models.precise_izhikevich import spike_times
from tests.models.records import plain, records

# a, b, c, d; then (time, current) steps: the patterns of the papers of 2003 and 2004
PATTERNS = {
    "regular spiking": ((0.02, 0.2, -65.0, 8.0), [(0, 0), (10, 10)]),
    "intrinsically bursting": ((0.02, 0.2, -55.0, 4.0), [(0, 0), (10, 10)]),
    "chattering": ((0.02, 0.2, -50.0, 2.0), [(0, 0), (10, 10)]),
    "fast spiking": ((0.1, 0.2, -65.0, 2.0), [(0, 0), (10, 10)]),
    "low-threshold spiking": ((0.02, 0.25, -65.0, 2.0), [(0, 0), (10, 10)]),
    "resonator": ((0.1, 0.26, -65.0, 2.0), [(0, 0), (10, 0.5)]),
    "phasic spiking": ((0.02, 0.25, -65.0, 6.0), [(0, 0), (10, 0.5)]),
    "phasic bursting": ((0.02, 0.25, -55.0, 0.05), [(0, 0), (10, 0.6)]),
    "tonic bursting": ((0.02, 0.2, -50.0, 2.0), [(0, 0), (10, 15)]),
    "frequency adaptation": ((0.01, 0.2, -65.0, 8.0), [(0, 0), (10, 30)]),
    "class 2": ((0.2, 0.26, -65.0, 0.0), [(0, -0.5), (10, 0.2), (100, 0.5), (300, 1.0), (600, 2.0)]),
    "spike latency": ((0.02, 0.2, -65.0, 6.0), [(0, 0), (10, 7.04), (13, 0)]),
    "rebound spike": ((0.03, 0.25, -60.0, 4.0), [(0, 0), (20, -15), (25, 0)]),
    "rebound burst": ((0.03, 0.25, -52.0, 0.0), [(0, 0), (20, -15), (25, 0)]),
    "bistability": (
        (0.1, 0.26, -60.0, 0.0),
        [(0, 0.24), (37.5, 1.24), (42.5, 0.24), (216, 1.24), (221, 0.24)],
    ),
    "inhibition-induced spiking": ((-0.02, -1.0, -60.0, 8.0), [(0, 80), (50, 75), (250, 80)]),
}


@pytest.fixture(scope="module")
def patterns():
    """The spikes of every pattern over a second, run as populations of one network."""
    network = Network()
    for name, (abcd, steps) in PATTERNS.items():
        network.population(name, 1, Izhikevich(*abcd))
        network.current(name, *zip(*[(float(t), float(i)) for t, i in steps], strict=True))
    times, ids, _ = run(network, 1000.0)
    return {name: times[ids == network[name].first] for name in PATTERNS}


@pytest.mark.parametrize("name", PATTERNS)
def test_pattern_equals_long_double(name, patterns):
    abcd, steps = PATTERNS[name]
    expected = spike_times(abcd, [(float(t), 0.0, float(i)) for t, i in steps], 1000.0)
    assert len(patterns[name]) == len(expected)
    np.testing.assert_allclose(patterns[name], expected, rtol=0, atol=5e-11)


def test_arrivals():
    rng = np.random.default_rng(1)
    arrivals = np.sort(rng.uniform(0.0, 1000.0, 400))
    weights = rng.normal(1.0, 4.0, 400).astype(np.float32).astype(np.float64)  # as synapses keep them
    network = Network()
    network.population("cell", 1, Izhikevich(i_e=2.0))
    sources = network.source("source", SpikeTrains(arrivals, np.arange(400), 400))
    network.connect(sources, "cell", AllToAll(), weight=weights, delay=0.0)
    times, _, _ = run(network, 1000.0)
    steps = [(0.0, 0.0, 2.0), *((t, w, 2.0) for t, w in zip(arrivals, weights, strict=True))]
    expected = spike_times((0.02, 0.2, -65.0, 8.0), steps, 1000.0)
    assert len(expected) > 5
    np.testing.assert_allclose(times, expected, rtol=0, atol=5e-11)


def test_rest_costs_nothing():
    def own_events(model: Izhikevich, start: float, stop: float) -> int:
        network = Network()
        network.population("cell", 1, model)
        _, _, engine = run(network, start)
        before = int(engine.q.scalar("own_events"))
        engine.run_until(stop, lambda *_: None, lambda _: None)
        return int(engine.q.scalar("own_events")) - before

    at_rest = Izhikevich(v_init=-70.0, u_init=-14.0)
    displaced = Izhikevich(v_init=-50.0, u_init=-5.0)
    assert own_events(at_rest, 0.0, 1e6) <= 1
    assert own_events(displaced, 0.0, 1000.0) < 150
    assert own_events(displaced, 3000.0, 1e6) == 0


def test_threshold_at_the_highest_point():
    """A current too weak for a spike: v rises, turns and falls.  A threshold 1e-6 mV below its peak makes one."""
    cell = Izhikevich(v_init=-70.0, u_init=-14.0, c=-80.0, i_e=2.0)
    p, s = records(cell)
    flow = plain(cell)["flow"]
    values = []
    for t in np.linspace(0.0, 20.0, 8001):
        flow(p, s, t)
        values.append(float(s.v))
    highest = max(values)
    assert -69.0 < highest < -50.0
    assert 100 < values.index(highest) < 7900
    network = Network()
    network.population("cells", 2, replace(cell, v_th=np.array([highest - 1e-6, highest + 1e-6])))
    _, ids, _ = run(network, 20.0)
    assert list(ids) == [0]


def test_parameters_of_each_neuron():
    a = np.array([0.02, 0.1])
    network = Network(seed=3)
    network.population("both", 2, Izhikevich(a=a, i_e=10.0, d=np.array([8.0, 2.0])))
    network.population("drawn", 50, Izhikevich(i_e=Uniform(4.0, 10.0)))
    times, ids, _ = run(network, 300.0)
    for k, abcd in enumerate([(0.02, 0.2, -65.0, 8.0), (0.1, 0.2, -65.0, 2.0)]):
        np.testing.assert_allclose(
            times[ids == k], spike_times(abcd, [(0.0, 0.0, 10.0)], 300.0), rtol=0, atol=5e-11
        )
    assert len(set(np.bincount(ids[ids >= 2]))) > 1


def test_reset_above_threshold_is_refused():
    network = Network()
    network.population("wrong", 2, Izhikevich(c=np.array([-65.0, 30.0])))
    with pytest.raises(InputError, match=r"c of .*\[1\] = 30"):
        run(network, 1.0)


def published_program(s, current, a, b, c, d, steps):
    """The program of the paper in NumPy; v, u as it sets them.  Spikes as (step from 0, neuron) in order.

    The arrivals are added up one by one, as an engine must, not by a sum in pairs; else word for word.
    """
    v = np.full(len(a), -65.0)
    u = b * v
    firings = []
    for t in range(steps):
        fired = np.flatnonzero(v >= 30)
        firings += [(float(t), int(neuron)) for neuron in fired]
        v[fired] = c[fired]
        u[fired] = u[fired] + d[fired]
        arrived = np.zeros(len(a))
        for neuron in fired:
            arrived += s[:, neuron]
        total = current[t] + arrived
        v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + total)
        v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + total)
        u = u + a * (b * v - u)
    return firings


def test_grid_equals_the_published_program():
    rng = np.random.default_rng(2003)
    n_exc, n_inh, steps = 800, 200, 300
    re, ri = rng.random(n_exc), rng.random(n_inh)
    a = np.concatenate([np.full(n_exc, 0.02), 0.02 + 0.08 * ri])
    b = np.concatenate([np.full(n_exc, 0.2), 0.25 - 0.05 * ri])
    c = np.concatenate([-65 + 15 * re**2, np.full(n_inh, -65.0)])
    d = np.concatenate([8 - 6 * re**2, np.full(n_inh, 2.0)])
    s = np.hstack([0.5 * rng.random((1000, n_exc)), -rng.random((1000, n_inh))])
    current = np.hstack([5 * rng.standard_normal((steps, n_exc)), 2 * rng.standard_normal((steps, n_inh))])
    network = Network()
    cells = network.population("cells", 1000, IzhikevichGrid(a, b, c, d))
    network.current(cells, np.arange(float(steps)), current)
    network.connect(cells, cells, FromMatrix(s.T), delay=0.0)
    times, ids, _ = run(network, steps - 1.0)
    expected = published_program(s, current, a, b, c, d, steps)
    assert len(expected) > 1000
    assert list(zip(times.tolist(), ids.tolist(), strict=True)) == expected
