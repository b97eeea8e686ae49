"""What a process does is, bit for bit, what the same thing does in a network's description."""

from __future__ import annotations

import math

import pytest

from eventsim import World
from eventsim.network import OneToOne, SpikeTrains
from tests.world.networks import ENGINES, bytes_of, network, none, one_cell, plain

TIMES = [0.0, 1.0, 2.2, 7.3, 7.300000000000001, 20.0, 33.4]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("ahead", [False, True])
def test_an_injected_spike_is_one_of_the_source(engine, ahead):
    net, given = network(), network(hand=SpikeTrains([TIMES] * 4))

    def by_hand():
        for t in TIMES:
            if ahead:
                world.inject(net["hand"], at=t)
            else:
                yield world.at(t)
                world.inject(net["hand"])
        yield world.timeout(0.0)

    world = World(net, engine)
    world.process(by_hand())
    world.run(40.0)
    assert bytes_of(world) == plain(given, 40.0, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("ahead", [False, True])
def test_a_current_step_is_that_of_the_description(engine, ahead):
    net, given = network(), network()
    steps = [(0.5, 300.0), (5.25, -50.0), (16.0, 420.0), (math.nextafter(32.0, 0.0), 0.0)]
    for target in ("lif", "if", "exp"):
        given.current(target, [t for t, _ in steps], [value for _, value in steps])

    def by_hand():
        for t, value in steps:
            if not ahead:
                yield world.at(t)
            for target in ("lif", "if", "exp"):
                world.current(target, value, at=t if ahead else None)
        yield world.timeout(0.0)

    world = World(net, engine)
    world.process(by_hand())
    world.run(40.0)
    assert bytes_of(world) == plain(given, 40.0, engine)


@pytest.mark.parametrize("engine", [*ENGINES, "simpy"])
def test_a_wait_ends_exactly_at_the_spike(engine):
    """What a process finds is after the spike: V at its reset value."""
    net = one_cell(i_e=500.0)
    world = World(net, engine)
    seen = []

    def watch():
        for _ in range(3):
            spikes = yield world.spike(net["cell"])
            seen.append((world.now, spikes.time, spikes.members.tolist()))
            assert abs(world.state("cell", "v")[0]) < 1e-12

    world.process(watch())
    world.run(100.0)
    raster = world.results().spikes("cell")
    assert [t for t, *_ in seen] == [t for _, t, *_ in seen] == raster.times[:3].tolist()
    assert [members for _, _, members in seen] == [[0]] * 3
    period = 20.0 * math.log(40.0 / (40.0 - 20.0))  # V_inf = 40 mV, V_th = 20 mV
    assert seen[0][0] == pytest.approx(period, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_everyone_of_an_instant_is_told_at_once(engine):
    """Sources that fire together, watched together; and a process that watches one of them alone."""
    net = one_cell()
    net.source("pair", SpikeTrains([[1.0, 4.0], [1.0, 2.0], [3.0]]))
    world, both, one = World(net, engine), [], []

    def watch(members, into):
        while True:
            spikes = yield world.spike(members)
            into.append((spikes.time, sorted(spikes.members.tolist())))

    world.process(watch(net["pair"][:2], both))
    world.process(watch(net["pair"][1], one))
    world.run(10.0)
    assert both == [(1.0, [0, 1]), (2.0, [1]), (4.0, [0])]
    assert one == [(1.0, [1]), (2.0, [1])]


@pytest.mark.parametrize("engine", [*ENGINES, "simpy"])
@pytest.mark.parametrize(
    ("change", "v_inf", "tau", "v_th"),
    [
        ({"v_th": 30.0}, 40.0, 20.0, 30.0),
        ({"tau_m": 40.0, "c_m": 500.0}, 40.0, 40.0, 20.0),
        ({"e_l": 5.0}, 45.0, 20.0, 20.0),
        ({"c_m": 200.0, "v_reset": -3.0}, 50.0, 20.0, 20.0),
    ],
)
def test_a_changed_parameter_holds_from_its_time_on(engine, change, v_inf, tau, v_th):
    """V follows one closed form up to 10 ms and the other from there on, from where the first has left it."""
    net = one_cell(i_e=500.0)
    world = World(net, engine)

    def by_hand():
        yield world.at(10.0)
        world.set_parameters("cell", **change)

    world.process(by_hand())
    world.run(60.0)
    v = 40.0 * (1.0 - math.exp(-0.5))
    first = 10.0 + tau * math.log((v_inf - v) / (v_inf - v_th))
    reset = change.get("v_reset", 0.0)
    second = first + tau * math.log((v_inf - reset) / (v_inf - v_th))
    assert world.results().spikes("cell").times[:2] == pytest.approx([first, second], rel=1e-12)
    for name, value in change.items():
        assert world.parameter("cell", name).tolist() == [value]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_neuron_above_its_new_threshold_fires_now(engine):
    net = one_cell(i_e=500.0)
    world = World(net, engine)

    def by_hand():
        yield world.at(10.0)
        world.set_parameters("cell", v_th=15.0)
        spikes = yield world.spike("cell")
        assert (spikes.time, world.now) == (10.0, 10.0)
        world.record("done", 1.0)

    world.process(by_hand())
    world.run(12.0)
    assert world.results().spikes("cell").times.tolist() == [10.0]
    assert world.recorded("done")[0].tolist() == [10.0]


@pytest.mark.parametrize("engine", [*ENGINES, "simpy"])
def test_spikes_under_way_keep_their_delay_and_take_the_new_weight(engine):
    """Three spikes, each enough to fire the cell: before a change, across it, after it."""
    net = one_cell()
    source = net.source("source", none(1))
    net.connect(source, "cell", OneToOne(), weight=30.0, delay=4.0, name="wire")
    world = World(net, engine)

    def by_hand():
        for t in (1.0, 5.5, 7.0, 20.0):
            world.inject(source, at=t)
        yield world.at(6.0)
        world.set_delays("wire", 1.5)
        yield world.at(22.0)
        world.set_weights("wire", 0.5)
        world.inject(source)
        yield world.at(25.0)
        world.inject(source)
        yield world.timeout(1.0)
        world.set_weights("wire", [50.0], synapses=[0])
        world.set_delays("wire", 3.0)

    world.process(by_hand())
    world.run(40.0)
    assert world.results().spikes("cell").times.tolist() == [5.0, 8.5, 9.5, 21.5, 26.5]
    assert [column.tolist() for column in world.synapses("wire")] == [[0], [0], [50.0], [3.0]]


def test_conditions_are_asked_when_they_say():
    net = one_cell(i_e=500.0)
    world = World(net, "queue")
    asked = []

    def above():
        asked.append(world.now)
        return world.state("cell", "v")[0] > 10.0

    def wait():
        yield world.timeout(0.25)
        assert (yield world.until(above, every_ms=0.5)) == world.now
        world.record("above", world.now)
        third = yield world.until(lambda: world.spike_counts("cell")[0] == 3, after="cell")
        world.record("third", third)

    world.process(wait())
    world.run(60.0)
    assert asked == [0.25 + 0.5 * k for k in range(13)]  # V = 40 (1 - exp(-t / 20)) > 10 from 5.754 ms on
    assert world.recorded("above")[0].tolist() == [6.25]
    assert world.recorded("third")[0].tolist() == world.results().spikes("cell").times[2:3].tolist()
