"""What cannot be is refused in one line, and nothing has changed then."""

from __future__ import annotations

import math

import pytest

from eventsim import World, save_state
from eventsim.errors import InputError, SimulationError
from eventsim.simulation import Simulation
from tests.world.networks import ENGINES, bytes_of, network, plain

MISTAKES = {
    "an injection in the past": (
        lambda w: w.inject(w.network["hand"], at=1.0),
        "at = 1.0: must be at least 2",
    ),
    "one of several in the past": (
        lambda w: w.inject(w.network["hand"], at=[3.0, 4.0, 1.0, 5.0]),
        r"at\[2\] = 1.0: must be at least 2",
    ),
    "never": (lambda w: w.inject(w.network["hand"], at=math.inf), "at = inf: must be finite"),
    "a spike of a neuron": (lambda w: w.inject("lif"), "members = 'lif': spikes are injected at sources"),
    "no such source": (lambda w: w.inject(w.network["hand"][4]), "hand = 4: no such member"),
    "no such population": (lambda w: w.spike("lfi"), "population = 'lfi': no such population"),
    "a wait in the past": (lambda w: w.at(1.5), "time = 1.5: must be at least 2"),
    "a wait backwards": (lambda w: w.env.timeout(-1.0), "delay = -1.0: must be at least 0"),
    "a current that is none": (lambda w: w.current("exp", math.nan), "values = nan: not a number"),
    "a current for a source": (lambda w: w.current("hand", 1.0), "members = 'hand'"),
    "currents for others": (
        lambda w: w.current("exp", [1.0, 2.0]),
        "as many values as members are needed: 30",
    ),
    "a weight that is none": (
        lambda w: w.set_weights("hand->lif", [1.0, math.nan], synapses=[3, 4]),
        r"weights\[1\] = nan: not a number",
    ),
    "a weight too large": (
        lambda w: w.set_weights("hand->lif", 1e39, synapses=[3]),
        r"weights\[0\] = 1e\+39: beyond float32",
    ),
    "no such synapse": (
        lambda w: w.set_weights("hand->lif", 1.0, synapses=[0, 160]),
        r"synapses\[1\] = 160: no such synapse: there are 160",
    ),
    "a negative delay": (lambda w: w.set_delays("hand->lif", -0.5), "delays = -0.5: must be at least 0"),
    "no such projection": (lambda w: w.set_delays("hand->fil", 1.0), "projection = 'hand->fil'"),
    "no such parameter": (lambda w: w.set_parameters("lif", v_thresh=1.0), "parameter = 'v_thresh'"),
    "a parameter that is none": (
        lambda w: w.set_parameters(w.network["lif"][:3], v_th=[16.0, math.nan, 16.0]),
        r"v_th\[1\] = nan: not a number",
    ),
    "a threshold below the reset value": (
        lambda w: w.set_parameters(w.network["lif"][:2], v_th=[20.0, -1.0]),
        "v_reset",
    ),
    "a parameter of time 0": (lambda w: w.set_parameters("lif", v_init=1.0), "v_init = 1.0: it is of time 0"),
    "a current as a parameter": (lambda w: w.set_parameters("lif", i_e=1.0), "i_e = 1.0: .*World.current"),
    "a function that was not called": (
        lambda w: w.process(test_delays_of_zero_in_windows),
        "a generator is needed",
    ),
    "no such variable": (lambda w: w.state("lif", "w"), "variable = 'w'"),
    "a condition asked at no time": (lambda w: w.until(lambda: True), "give either after or every_ms"),
}


@pytest.mark.parametrize("engine", ENGINES)
def test_mistakes_are_told_and_change_nothing(engine):
    net = network()
    world = World(net, engine)
    world.run(2.0)
    for name, (mistake, said) in MISTAKES.items():
        with pytest.raises(InputError, match=said):
            mistake(world)
            pytest.fail(name)
    world.run_until(20.0)
    assert bytes_of(world) == plain(network(), 20.0, engine)


def test_delays_of_zero_in_windows():
    world = World(network(), "window")
    with pytest.raises(InputError, match="needs delays above 0"):
        world.set_delays("hand->lif", 0.0)
    world.run(20.0)
    assert bytes_of(world) == plain(network(), 20.0, "window")


def test_a_mistake_in_a_process_ends_the_run_where_it_was_made():
    net = network()
    world = World(net, "queue")

    def wrong():
        yield world.at(7.0)
        world.inject(net["hand"], at=6.0)

    world.process(wrong())
    with pytest.raises(InputError, match=r"^at = 6.0: must be at least 7$"):
        world.run(20.0)
    assert world.now == world.simulation.time == 7.0
    world.run_until(20.0)
    assert bytes_of(world) == plain(network(), 20.0, "queue")


def test_a_world_with_processes_cannot_be_saved(tmp_path):
    simulation = Simulation(network(), "queue")
    world = World(simulation)
    world.run(1.0)
    save_state(simulation, tmp_path / "before")

    def idle():
        yield world.timeout(1.0)

    world.process(idle())
    world.run(5.0)
    with pytest.raises(SimulationError, match="cannot be saved"):
        save_state(simulation, tmp_path / "after")
    assert [path.name for path in tmp_path.iterdir()] == ["before"]
