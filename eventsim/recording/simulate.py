"""The short way: simulate a network and get its results."""

from __future__ import annotations

import os

from eventsim.network import checks, wiring
from eventsim.network.network import Network
from eventsim.recording.memory import MemorySink
from eventsim.recording.raster_reader import open_raster
from eventsim.recording.raster_writer import RasterWriter
from eventsim.recording.results import PopulationInfo, Results, StateRecorder
from eventsim.simulation.simulation import Progress, Simulation


def population_table(network: Network) -> list[PopulationInfo]:
    """What a sink wants to know of the populations of a network; raises InputError for what is none."""
    checks.instance("network", network, Network)
    return [
        PopulationInfo(each.name, each.first, each.size, network.is_recorded(each))
        for each in network.populations.values()
    ]


def recorder_table(network: Network) -> list[StateRecorder]:
    """What a sink wants to know of the state recorders of a network."""
    return [
        StateRecorder(
            each.target.population.name, each.variable, each.target.indices, each.times_ms, each.unit
        )
        for each in network.recorders
    ]


def simulate(
    network: Network,
    duration_ms: float,
    engine: str = "auto",
    path: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Results:
    """Simulate `network` from time 0 for `duration_ms` and return its spikes, traces and counts.

    path: an HDF5 raster to stream the spikes to; the results then read from it.  By default they are kept in memory.

    Raises InputError for a duration or engine that cannot be used, SimulationError for a cycle of zero delay that
    never ends.
    """
    if path is None:
        sink = MemorySink(population_table(network), recorder_table(network))
        simulation = Simulation(network, engine, sink, progress)
        simulation.run(duration_ms)
        return sink.results(duration_ms, simulation.counts)
    metadata = {"seed": network.seed, "duration_ms": duration_ms, "wiring": wiring.to_bytes(network)}
    with RasterWriter(path, population_table(network), metadata, recorder_table(network)) as writer:
        simulation = Simulation(network, engine, writer, progress)
        simulation.run(duration_ms)
        writer.close(simulation.counts, duration_ms, simulation.spike_counts)
    return open_raster(path)
