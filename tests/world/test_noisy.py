"""Worlds around networks under noise."""

from __future__ import annotations

import pytest

from eventsim import World
from eventsim.errors import InputError
from eventsim.network import Network
from eventsim.network.noise import DeadNeurons, LostSpikes, SpikeJitter, ThresholdNoise
from tests.world.networks import ENGINES, bytes_of, network, plain


def noisy(per_spike: bool = False) -> Network:
    net = network()
    net.set_noise("hand->lif", SpikeJitter(0.1, "uniform"))
    net.set_noise("lif->exp", SpikeJitter(0.2, "exponential", per="synapse"), LostSpikes(0.2))
    net.set_noise("if", DeadNeurons(0.3), ThresholdNoise(0.2, per_spike=per_spike))
    return net


@pytest.mark.parametrize("engine", ENGINES)
def test_watching_changes_nothing(engine):
    world = World(noisy(), engine)
    heard = []

    def listen():
        while True:
            spikes = yield world.spike("if")
            heard.extend((spikes.time, int(member)) for member in spikes.members)

    world.process(listen())
    world.run(40.0)
    raster = world.results().spikes("if")
    assert len(heard) > 10
    assert [time for time, _ in heard] == raster.times.tolist()
    assert bytes_of(world) == plain(noisy(), 40.0, "queue")


def test_what_noise_acts_on_stays_as_it_is():
    world = World(noisy(), "queue")
    with pytest.raises(InputError, match="projection = 'lif->exp': noise acts on it"):
        world.set_delays("lif->exp", 2.0)
    with pytest.raises(InputError, match="members = 'if': noise is on its thresholds"):
        world.set_parameters("if", v_th=2.0)


def test_thresholds_that_move_after_each_spike_are_not_for_windows():
    with pytest.raises(InputError, match="engine = 'window': noise moves thresholds of 'if'"):
        World(noisy(per_spike=True), "window")
    assert World(noisy(per_spike=True)).simulation.engine == "queue"
