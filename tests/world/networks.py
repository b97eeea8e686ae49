"""Networks for the tests of the world, and how they are run; all of one set of models, so that one kernel serves."""

from __future__ import annotations

from typing import Any

import numpy as np

from eventsim import IF, LIF, LIFExp, Network, World
from eventsim.network import AllToAll, FixedIndegree, OneToOne, PoissonSpikes, SpikeTrains, Uniform
from eventsim.simulation import Simulation

ENGINES = ["queue", "window"]


def none(n: int) -> SpikeTrains:
    """Sources that fire only when a process lets them."""
    return SpikeTrains([np.zeros(0)] * n)


def one_cell(**parameters: Any) -> Network:
    """A leaky neuron alone, in a network of the same models as `network`."""
    net = Network()
    net.population("cell", 1, LIF(**parameters))
    net.population("idle if", 1, IF())
    net.population("idle exp", 1, LIFExp())
    return net


def network(
    seed: int = 1, driven: bool = True, whole: bool = True, hand: SpikeTrains | None = None
) -> Network:
    """Neurons of three models, excited by a drive, sources and each other, with delays of their own."""
    net = Network(seed)
    lif = net.population("lif", 40, LIF(t_ref=1.0, v_init=Uniform(0.0, 15.0)))
    inh = net.population("if", 10, IF(v_th=Uniform(1.0, 2.0)))
    exp = net.population("exp", 30, LIFExp(t_ref=1.0, i_e=Uniform(0.0, 200.0)))
    hand_source = net.source("hand", none(4) if hand is None else hand)
    noise = net.source("noise", PoissonSpikes(100.0), size=20)
    net.connect(noise, lif, FixedIndegree(5), weight=8.0, delay=Uniform(0.5, 3.0))
    net.connect(hand_source, lif, AllToAll(), weight=4.1, delay=1.25)
    net.connect(lif, inh, FixedIndegree(8), weight=0.4, delay=Uniform(0.5, 2.0))
    net.connect(lif, exp, FixedIndegree(8), weight=60.0, delay=1.0)
    net.connect(inh, lif, FixedIndegree(3), weight=-2.0, delay=0.75)
    net.connect(exp, lif[:30], OneToOne(), weight=Uniform(1.0, 5.0), delay=Uniform(1.0, 4.0))
    if driven:
        net.drive(exp if whole else exp[1:], 400.0, 30.0)
        net.drive(lif[3:], 100.0, 3.0)
    net.record_spikes(hand_source)
    return net


def bytes_of(world: World) -> tuple[bytes, ...]:
    """All that a world's run has left: spikes and counts."""
    results = world.results()
    parts = [results.spikes(name) for name in results.populations]
    left = [np.asarray(column).tobytes() for raster in parts for column in (raster.times, raster.ids)]
    return *left, world.simulation.spike_counts.tobytes(), str(world.simulation.counts).encode()


def plain(net: Network, duration: float, engine: str, **options: Any) -> tuple[bytes, ...]:
    """What the same network leaves without any process, simulated by `Simulation` itself."""
    from eventsim.recording.memory import MemorySink
    from eventsim.recording.simulate import population_table, recorder_table

    sink = MemorySink(population_table(net), recorder_table(net))
    simulation = Simulation(net, engine, sink, **options)
    simulation.run(duration)
    results = sink.results(duration, simulation.counts)
    parts = [results.spikes(name) for name in results.populations]
    left = [np.asarray(column).tobytes() for raster in parts for column in (raster.times, raster.ids)]
    return *left, simulation.spike_counts.tobytes(), str(simulation.counts).encode()
