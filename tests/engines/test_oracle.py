"""Random networks in the queue engine and in the SimPy engine: the same spikes in the same order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from eventsim.errors import SimulationError
from eventsim.models.izhikevich import Izhikevich
from eventsim.models.izhikevich_grid import IzhikevichGrid
from eventsim.network import AllToAll, FixedIndegree, Model, Network, OneToOne, SpikeTrains, Uniform
from eventsim.simulation.oracle.engine import SimPyEngine
from eventsim.simulation.queue_engine import QueueEngine
from tests.engines.drawing import END, crossing_networks, jumping_networks
from tests.engines.runs import ENGINES, Run, run, trains

OFTEN = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

QUANTA_OVER_SLOPE = 2e-9
"""ms.  The oracle knows V to some ulp; the leaky models to a few quanta, of 2^-46 of 64 mV for the largest current:
some 3e-12 mV.  A crossing differs by that over the slope of V there, which falls below 1.5e-3 mV/ms in one network in a
thousand (V_inf is drawn from 51 mV), and each crossing hands its error on to those that it causes."""


def both(network: Network, end: float) -> tuple[Run, Run]:
    """Runs of the two engines, with the same ids and counts; or neither, and the same error."""
    queue, simpy = run(QueueEngine, network, end), run(SimPyEngine, network, end)
    assert queue.error.split("through")[0] == simpy.error.split("through")[0]
    if queue.error:
        event("endless")
        nothing = Run(np.zeros(0), np.zeros(0, np.uint32), {})
        return nothing, nothing
    event(f"spikes: {len(str(queue.ids.size))} digits")
    np.testing.assert_array_equal(queue.ids, simpy.ids)
    for name, count in queue.counts.items():
        np.testing.assert_array_equal(count, simpy.counts[name], err_msg=name)
    return queue, simpy


@OFTEN
@given(jumping_networks())
def test_jumping_neurons_agree_bit_for_bit(network):
    queue, simpy = both(network, END)
    np.testing.assert_array_equal(queue.times, simpy.times)


@OFTEN
@given(crossing_networks())
def test_crossing_neurons_agree_to_rounding(network):
    queue, simpy = both(network, END)
    np.testing.assert_allclose(queue.times, simpy.times, rtol=0, atol=QUANTA_OVER_SLOPE)


@settings(OFTEN, max_examples=5)
@given(st.integers(0, 2**32), st.sampled_from(["instant", "arrival"]))
def test_izhikevich_neurons_agree_to_a_picosecond(seed, test):
    """1e-9 ms, as accurate as the oracle's Runge-Kutta steps are; the weights keep V far from where it could tip."""
    network = Network(seed)
    regular = network.population("regular", 3, Izhikevich(i_e=Uniform(5.0, 15.0), test=test))
    fast = network.population("fast", 2, Izhikevich(a=0.1, d=2.0, i_e=Uniform(0.0, 10.0), test=test))
    network.connect(regular, fast, AllToAll(), weight=Uniform(0.0, 3.0), delay=Uniform(0.0, 3.0))
    network.connect(fast, regular, FixedIndegree(1), weight=Uniform(-3.0, 0.0), delay=Uniform(0.0, 3.0))
    network.drive(regular, 200.0, 0.5)
    network.current(fast, [20.0, 30.0], [12.0, 4.0])
    queue, simpy = both(network, 40.0)
    assert queue.ids.size > 0
    np.testing.assert_allclose(queue.times, simpy.times, rtol=0, atol=1e-9)


def test_the_published_scheme_gives_the_same_spikes():
    """Whole milliseconds, so the times are equal; weights large enough that no neuron hangs at its threshold."""
    network = Network(7)
    cells = network.population("cells", 8, IzhikevichGrid(i_e=Uniform(3.0, 12.0)))
    network.connect(cells, cells, FixedIndegree(3), weight=Uniform(-4.0, 6.0), delay=Uniform(0.0, 3.0))
    network.connect(cells, cells, FixedIndegree(1), weight=3.0, delay=0.0)
    network.current(cells, [20.0, 31.5], [15.0, 6.0])
    queue, simpy = (run(engine, network, 120.0) for engine in ENGINES)
    assert queue.ids.size > 15
    assert queue.times.tolist() == simpy.times.tolist()
    assert queue.ids.tolist() == simpy.ids.tolist()


@dataclass(frozen=True)
class Relay(Model):
    """Fires whenever anything arrives."""

    class Plain:
        def __init__(self, values: Any, model: Any) -> None:
            self.due = math.inf

        def advance(self, t: float) -> None:
            self.now = t

        def next_spike(self) -> float:
            return self.due

        def look_again(self) -> float:
            return math.inf

        def arrive(self, weight: float, receptor: int) -> None:
            self.due = self.now

        def fire(self) -> int:
            self.due = math.inf
            return 0

    parameter_dtype: ClassVar[Any] = np.dtype([("unused", "f8")])
    state_dtype: ClassVar[Any] = np.dtype([("t", "f8")])
    unused: float = 0.0


def _relayed(model: Model) -> Network:
    network = Network()
    relay = network.population("relay", 1, model)
    network.connect(network.source("s", SpikeTrains([[1.0, 2.0]])), relay, OneToOne(), delay=0.25)
    return network


def test_a_model_may_bring_its_own_oracle():
    Oracled = type("Oracled", (Relay,), {"oracle": Relay.Plain})
    assert trains(SimPyEngine, _relayed(Oracled()), 5.0) == [(1.25, "relay[0]"), (2.25, "relay[0]")]


def test_a_model_without_oracle_is_refused():
    with pytest.raises(SimulationError, match=r"Relay has no plain neuron.*define Relay\.oracle"):
        SimPyEngine(_relayed(Relay()))
