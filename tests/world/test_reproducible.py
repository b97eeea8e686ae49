"""A world is as reproducible as its network alone: whatever the engine, the threads and the cuts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eventsim.build.tiles
from eventsim import World
from tests.engines.drawing import networks_with_delays
from tests.world.networks import ENGINES, bytes_of, network, plain

END = 50.0


@pytest.mark.parametrize("engine", ENGINES)
def test_without_processes_it_is_the_plain_run(engine):
    world = World(network(), engine)
    for cut in (0.0, 3.3, 17.0, END):
        world.run_until(cut)
    assert bytes_of(world) == plain(network(), END, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_looking_changes_nothing(engine):
    net = network()
    world = World(net, engine)

    def at_spikes():
        while True:
            yield world.spike(net["lif"][5:20])
            world.record("v", world.state("exp", "v"))

    def at_times():
        while True:
            yield world.timeout(0.7)
            world.synapses("noise->lif"), world.parameter("lif", "v_th"), world.spike_counts("noise")

    world.process(at_spikes())
    world.process(at_times())
    world.run(END)
    assert len(world.recorded("v")[0]) > 5
    assert bytes_of(world) == plain(network(), END, engine)


def meddle(world):
    """A process that does everything, driven by spikes; another one by time."""
    net = world.network

    def on_spikes():
        for k in range(200):
            spikes = yield world.spike(net["lif"][:20])
            world.record("v", world.state("exp", "v").sum())
            world.inject(net["hand"][k % 4])
            world.current(net["exp"][spikes.members[0] % 30], 100.0 + 40.0 * (k % 5))
            if k % 3 == 0:
                world.set_weights("hand->lif", 3.0 + k % 4, synapses=np.arange(k % 7, 100, 7))

    def on_times():
        for k in range(40):
            yield world.timeout(1.3)
            world.set_parameters(net["lif"][k % 40], v_th=15.0 + k % 7, t_ref=0.5)
            if k % 4 == 0:
                world.set_parameters("exp", tau_m=15.0 + k % 8, v_th=17.0)
            if (
                k > 25
            ):  # neurons that no longer share their parameters, of a population that is driven as a whole
                world.set_parameters(net["exp"][k % 30], v_th=14.0 + k % 3)
            if k % 5 == 1:
                world.set_delays("noise->lif", 0.4 + 0.1 * (k % 3))
            if k % 5 == 3:
                delays = world.synapses("exp->lif").delays
                world.set_delays("exp->lif", delays[::-1].copy())
            world.inject(net["hand"][1:3], at=world.now + 0.25)

    world.process(on_spikes())
    world.process(on_times())


def meddled(engine, threads=1, cuts=(), whole=True):
    world = World(network(whole=whole), engine, threads=threads)
    meddle(world)
    for cut in (*cuts, END):
        world.run_until(cut)
    return *bytes_of(world), world.recorded("v")[1].tobytes()


def test_meddling_gives_the_same_bytes_on_engines_and_cuts():
    whole = meddled("queue")
    assert meddled("window") == whole
    assert meddled("queue", cuts=(1.3, 9.99, 20.0)) == whole


def test_meddling_gives_the_same_bytes_on_tiles_and_threads(monkeypatch):
    """A population that is driven as a whole would need tiles of 1024 neurons."""
    whole = meddled("queue", whole=False)
    monkeypatch.setattr(eventsim.build.tiles, "TILE_NEURONS", 7)
    assert meddled("window", cuts=(0.0, 12.0), whole=False) == whole
    assert meddled("window", threads=2, whole=False) == whole


def test_the_oracle_agrees():
    """Injection and waiting on the SimPy engine, where nothing hangs on how a sum is rounded."""
    rasters = []
    for engine in ("queue", "simpy"):
        net = network(driven=False)
        world = World(net, engine)

        def feed(world=world, net=net):
            while True:
                yield world.timeout(2.5)
                world.inject(net["hand"])
                yield world.spike(net["if"])
                world.set_parameters("if", v_th=1.5)
                world.set_weights("hand->lif", 4.7)

        world.process(feed())
        world.run(END)
        rasters.append([world.results().spikes(name) for name in ("lif", "if", "hand")])
    for ours, oracle in zip(*rasters, strict=True):
        assert ours.ids.tolist() == oracle.ids.tolist()
        np.testing.assert_allclose(ours.times, oracle.times, rtol=0, atol=1e-9)
    assert rasters[0][1].ids.size > 3


@pytest.mark.parametrize("engine", ENGINES)
def test_python_is_called_at_its_own_events_alone(engine, monkeypatch):
    """Kernels run from one event of a process to the next, however many spikes there are in between."""
    net = network()
    world = World(net, engine)
    calls = []
    run = type(world.simulation.reached).run_until
    monkeypatch.setattr(
        type(world.simulation.reached), "run_until", lambda *args: calls.append(1) or run(*args)
    )

    def rarely():
        for _ in range(5):
            yield world.timeout(8.0)

    world.process(rarely())
    world.run(END)
    assert world.simulation.counts["synaptic_events"] > 1000
    assert len(calls) <= 5 + 4


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(networks_with_delays(), st.integers(0, 2**32 - 1), st.sampled_from([3, 4096]))
def test_stops_anywhere_in_any_network(net, picked, neurons):
    """Whoever is waited for, both engines stop at the same times, in the same state, and the plain run's bytes stay."""
    watched = [p for p in net.populations.values() if picked >> p.first & 1 or p.is_source]

    def seen(engine):
        world, states = World(net, engine), []

        def watch(population):
            members = population[picked % population.size]
            while True:
                spikes = yield world.spike(members)
                states.append((*spikes, *(world.state(p, "v").tobytes() for p in neurons_of(net))))

        for population in watched:
            world.process(watch(population))
        world.run(6.0)
        return bytes_of(world), [(each[0], each[1].tolist(), *each[2:]) for each in states]

    with pytest.MonkeyPatch.context() as patch:
        driven = any(drive.target.is_whole for drive in net.drives)
        patch.setattr(eventsim.build.tiles, "TILE_NEURONS", 1024 if driven else neurons)
        found = seen("window")
        assert found[0] == plain(net, 6.0, "window")
    assert found == seen("queue")


def neurons_of(net):
    """Populations of neurons."""
    return [p for p in net.populations.values() if not p.is_source]
