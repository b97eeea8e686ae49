"""The current-based benchmark as it was published, and the network that costs as many events as are asked for."""

from __future__ import annotations

import pytest

from eventsim.models import LIFExp
from eventsim.network import PairwiseBernoulli, Uniform
from eventsim.simulation import Simulation
from networks import cuba, sparse


def test_cuba_is_described_as_published() -> None:
    """Brette et al. (2007), benchmark 2, in mV of what a current would hold the membrane at: R = tau_m / C_m."""
    network = cuba.build(seed=1).network
    (cells,) = network.populations.values()
    model = cells.model
    assert isinstance(model, LIFExp)
    assert cells.size == 4000
    assert (model.tau_m, model.tau_syn_ex, model.tau_syn_in, model.t_ref) == (20.0, 5.0, 10.0, 5.0)
    assert (model.e_l, model.v_th, model.v_reset, model.v_init) == (
        -49.0,
        -50.0,
        -60.0,
        Uniform(-60.0, -50.0),
    )
    resistance_mv_per_pa = model.tau_m / model.c_m
    excitation, inhibition = network.projections["excitation"], network.projections["inhibition"]
    assert excitation.weight * resistance_mv_per_pa == pytest.approx(1.62)
    assert inhibition.weight * resistance_mv_per_pa == pytest.approx(-9.0)
    for each, size in ((excitation, 3200), (inhibition, 800)):
        assert each.source.size == size and each.target.size == 4000 and each.delay == 0.1
        assert each.rule == PairwiseBernoulli(0.02, autapses=False)


def test_a_sparse_neuron_fires_for_every_arrival_of_its_drive_and_for_nothing_else() -> None:
    """Also at the highest rate; 1e5 +- 316 arrivals, five standard deviations: one seed in a million misses it."""
    simulation = Simulation(sparse.build(seed=3, neurons=1000, rate_hz=100.0))
    simulation.run(1000.0)
    counts = simulation.counts
    assert abs(counts["spikes"] - 100_000) < 5 * 316
    assert counts["spikes"] == counts["external_events"]
    simulation.run(1.0)
    last_ms = simulation.counts["spikes"] - counts["spikes"]
    assert 0 <= 100 * counts["spikes"] - counts["synaptic_events"] < 100 * 200
    assert 50 < last_ms < 150


def test_a_silent_sparse_network_has_no_event_however_long() -> None:
    simulation = Simulation(sparse.build(seed=1, neurons=1000, rate_hz=0.0, outdegree=10))
    simulation.run(1e6)
    counts = simulation.counts
    assert (counts["synapses"], counts["spikes"], counts["synaptic_events"]) == (10_000, 0, 0)
