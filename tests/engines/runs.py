"""Both engines on one network, and what to compare of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import SimulationError
from eventsim.models.integrate_and_fire import IF
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from eventsim.network import Network
from eventsim.simulation.oracle.engine import SimPyEngine
from eventsim.simulation.queue_engine import QueueEngine

ENGINES = [QueueEngine, SimPyEngine]


class Run(NamedTuple):
    """Recorded spikes in their order, and counts; or the error that ended it."""

    times: NDArray[np.float64]
    ids: NDArray[np.uint32]
    counts: dict[str, Any]
    error: str = ""


def run(engine: type, network: Network, *stops: float) -> Run:
    """Run up to each of the times in turn."""
    simulation = engine(network)
    simulation.compile()
    times, ids = [np.zeros(0)], [np.zeros(0, np.uint32)]

    def keep(new_times: NDArray[np.float64], new_ids: NDArray[np.uint32]) -> None:
        times.append(new_times)
        ids.append(new_ids)

    error = ""
    try:
        for stop in stops:
            simulation.run_until(stop, keep, lambda _: None)
    except SimulationError as failure:
        error = str(failure)
    return Run(np.concatenate(times), np.concatenate(ids), simulation.counts(), error)


def trains(engine: type, network: Network, stop: float) -> list[tuple[float, str]]:
    """Recorded spikes as (time, "population[index]")."""
    result = run(engine, network, stop)
    assert not result.error
    names = [f"{p.name}[{i}]" for p in network.populations.values() for i in range(p.size)]
    return [(t, names[i]) for t, i in zip(result.times.tolist(), result.ids.tolist(), strict=True)]


def one_of_each(seed: int = 0) -> Network:
    """A network that has all three models, so that one set of kernels serves all tests here."""
    network = Network(seed)
    for name, model in (("idle lif", LIF()), ("idle if", IF()), ("idle exp", LIFExp())):
        network.population(name, 1, model)
    return network
