"""The ``[record]`` table of a scenario, applied to the network that its builder made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import EventsimError
from eventsim.scenario.problems import ScenarioError, nearest

if TYPE_CHECKING:
    from eventsim.network import Network, Population
    from eventsim.recording.raster_writer import RasterWriter
    from eventsim.scenario.schema import Record, Scenario, StateTrace

_SETTINGS = {"builder", "parameters", "record", "hardware"}


def apply_record(record: Record, network: Network, duration_ms: float, where: str) -> None:
    """Choose the populations in the raster and add the state recorders.  Raises ``ScenarioError``."""
    if record.populations is not None:
        for index, name in enumerate(record.populations):
            _population(network, name, f"{where}: record.populations[{index}]")
        for name in network.populations:
            network.record_spikes(name, record=name in record.populations)
    for index, trace in enumerate(record.states):
        place = f"{where}: record.states[{index}]"
        population = _population(network, trace.population, f"{place}.population")
        try:
            members = population[:] if trace.neurons is None else population[list(trace.neurons)]
            network.record_state(members, trace.variable, _sample_times(trace, duration_ms))
        except EventsimError as error:
            raise ScenarioError(f"{place}: {error}") from None


def raster_writer(path: Path, network: Network, scenario: Scenario, duration_ms: float) -> RasterWriter:
    """A writer for the network's spikes and states.

    The file names what the spikes depend on, and neither engine nor threads: they give the same bytes.
    """
    from eventsim.network import wiring
    from eventsim.recording.raster_writer import RasterWriter
    from eventsim.recording.simulate import population_table, recorder_table

    metadata = {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "settings": scenario.model_dump(mode="json", include=_SETTINGS)
        | scenario.model_dump(mode="json", include={"noise"}, exclude_defaults=True),
        "duration_ms": duration_ms,
        "wiring": wiring.to_bytes(network),
    }
    return RasterWriter(path, population_table(network), metadata, recorder_table(network))


def _sample_times(trace: StateTrace, duration_ms: float) -> NDArray[np.float64]:
    if trace.interval_ms is None:
        times = np.array(trace.times_ms, np.float64)
    else:
        samples = int(duration_ms / trace.interval_ms) + 1
        times = np.arange(samples, dtype=np.float64) * trace.interval_ms
    return times[times <= duration_ms]


def _population(network: Network, name: str, place: str) -> Population:
    if name not in network.populations:
        raise ScenarioError(f"{place} = {name!r}: no such population, {nearest(name, network.populations)}")
    return network.populations[name]
