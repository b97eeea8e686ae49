"""Noise in the engines: the same spikes in all of them, on any threads and however a run is cut."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from eventsim.models.integrate_and_fire import IF
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from eventsim.network import FixedIndegree, Network, PoissonSpikes, SpikeTrains, Uniform
from eventsim.network.noise import (
    ClockTick,
    DeadNeurons,
    DelayMismatch,
    LostSpikes,
    Noise,
    SpikeJitter,
    SpuriousSpikes,
    StuckSynapses,
    ThresholdNoise,
    WeightMismatch,
    WeightQuantisation,
)
from eventsim.simulation import Simulation
from eventsim.simulation.oracle.engine import SimPyEngine
from eventsim.simulation.queue_engine import QueueEngine
from eventsim.simulation.window_engine import WindowEngine, ZeroDelay
from tests.engines.runs import Run, one_of_each, run
from tests.engines.test_windows import assert_same, tiles_of
from tests.noise.networks import recurrent

END = 40.0
ON_SPIKES: list[tuple[Noise, ...]] = [
    (SpikeJitter(0.05),),
    (SpikeJitter(0.7),),
    (SpikeJitter(0.7, "uniform"),),
    (SpikeJitter(0.7, "exponential", "synapse"),),
    (LostSpikes(0.3),),
    (LostSpikes(0.3, "synapse"),),
    (ClockTick(0.5),),
    (ClockTick(0.5, "floor"),),
    (DelayMismatch(0.2, 3.0),),
    (DelayMismatch(0.0, -3.0),),
    (WeightMismatch(0.5), WeightQuantisation(3, 1.0), StuckSynapses(0.2, 0.1)),
    (SpikeJitter(0.05, "normal", "synapse"), LostSpikes(0.1), ClockTick(0.25), DelayMismatch(0.1, 0.5)),
]
ON_CELLS: list[tuple[Noise, ...]] = [
    (DeadNeurons(0.3),),
    (SpuriousSpikes(20.0),),
    (ThresholdNoise(0.2, per_spike=False),),
    (ThresholdNoise(0.2),),
    (ThresholdNoise(0.2), SpuriousSpikes(10.0), DeadNeurons(0.1)),
]
EVERYTHING = (SpikeJitter(0.05, per="synapse"), LostSpikes(0.1), ClockTick(0.25), WeightMismatch(0.1))


def compare(network: Network, threads: int = 1) -> tuple[Run, bool]:
    """The run of the queue, which is the oracle's and the window engine's; and whether windows can serve it."""
    queue = run(QueueEngine, network, END)
    assert queue.ids.size > 100
    assert_same(queue, run(SimPyEngine, network, END))
    try:
        with tiles_of(7):
            assert_same(queue, run(partial(WindowEngine, threads=threads), network, END))
    except ZeroDelay:
        return queue, False
    return queue, True


@pytest.mark.parametrize("noise", ON_SPIKES, ids=str)
def test_noise_on_spikes_and_synapses_in_all_engines(noise: tuple[Noise, ...]) -> None:
    """Under the rule "arrival" the order within an instant shows in the spikes of the clock's ticks."""
    clean = run(QueueEngine, recurrent(1.5, test="arrival"), END)
    one_delay, served = compare(recurrent(1.5, *noise, test="arrival"))
    own_delays, _ = compare(recurrent(Uniform(1.0, 3.0), *noise, test="arrival"))
    without_delay, in_windows = compare(recurrent(0.0, *noise))
    forwards = noise in [(SpikeJitter(0.7),), (DelayMismatch(0.0, -3.0),)]
    assert (served, in_windows) == (not forwards, False)
    assert not np.array_equal(one_delay.times, clean.times)
    assert not np.array_equal(own_delays.times, without_delay.times)


@pytest.mark.parametrize("noise", ON_CELLS, ids=str)
def test_noise_on_neurons_in_all_engines(noise: tuple[Noise, ...]) -> None:
    for rule in ("instant", "arrival"):
        _, served = compare(recurrent(1.5, SpikeJitter(0.05), on_cells=noise, test=rule))
        assert served


def test_on_two_threads_and_cut_anywhere() -> None:
    """Taken up again by a fresh engine of either kind, in the middle of a step of the clock too."""
    network = recurrent(Uniform(1.0, 3.0), *EVERYTHING, on_cells=ON_CELLS[-1])
    whole, served = compare(network, threads=2)
    assert served
    for engine_class in (QueueEngine, WindowEngine):
        engine, times = engine_class(network), list[Any]()
        for stop in (0.0, 7.3, 20.0, 20.25, END):
            state = engine.state()
            engine = engine_class(network)
            engine.restore(state)
            engine.run_until(stop, lambda new, _, times=times: times.append(new), lambda _: None)
        np.testing.assert_array_equal(np.concatenate(times), whole.times)


def test_thresholds_of_all_models_that_have_one() -> None:
    """Exponential currents and currents above threshold: crossings that no arrival causes, found to rounding."""
    network = one_of_each(seed=2)
    for name, model in (
        ("lif", LIF(v_th=1.0, i_e=20.0, t_ref=0.2)),
        ("if", IF(v_th=1.0, i_e=60.0, t_ref=0.2, reset="subtract")),
        ("exp", LIFExp(v_th=1.0, i_e=10.0, t_ref=0.2)),
    ):
        cells = network.population(name, 3, model)
        network.set_noise(cells, ThresholdNoise(0.2))
        sources = network.source(f"onto {name}", PoissonSpikes(400.0), 3)
        weight = 40.0 if name == "exp" else 0.3
        network.connect(sources, cells, FixedIndegree(1), weight=weight, delay=Uniform(1.0, 2.0))
    queue, oracle = run(QueueEngine, network, END), run(SimPyEngine, network, END)
    assert_same(queue, run(WindowEngine, network, END))
    assert queue.ids.size > 50
    np.testing.assert_array_equal(queue.ids, oracle.ids)
    np.testing.assert_allclose(queue.times, oracle.times, rtol=0, atol=2e-9)


def test_why_not_in_windows_is_said() -> None:
    simulation = Simulation(recurrent(1.5, SpikeJitter(0.7), ClockTick(0.1)))
    assert simulation.engine == "queue"
    assert "has a delay of 1.5 ms, of which jitter and a clock may take 5.8 ms" in simulation.why
    assert "may take all" in Simulation(recurrent(1.5, DelayMismatch(0.0, -1e-9))).why
    assert Simulation(recurrent(1.5, SpikeJitter(0.0))).engine == "window"


def test_the_clock_brings_arrivals_together() -> None:
    """Two spikes within one tick fire a neuron that one does not; arrivals at one instant act together."""
    network = Network(0)
    sources = network.source("sources", SpikeTrains([np.array([1.01]), np.array([1.03])]))
    cells = network.population("cells", 1, LIF(tau_m=0.01, v_th=1.5))
    wires = network.connect(sources, cells, FixedIndegree(2, multapses=False), weight=1.0, delay=1.0)
    assert run(QueueEngine, network, 5.0).times.size == 0
    for tick, expected in ((ClockTick(0.1), [2.0]), (ClockTick(0.25, "floor"), [2.0]), (ClockTick(0.04), [])):
        network.set_noise(wires, tick)
        assert run(QueueEngine, network, 5.0).times.tolist() == expected
    network.set_noise(
        wires, ClockTick(10.0, "floor")
    )  # the tick before is past: they arrive when they are emitted
    assert run(QueueEngine, network, 5.0).times.size == 0
