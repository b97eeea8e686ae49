"""A network whose spikes take as long as they did on the chip, and what that changes.

Every spike's way to a core takes its own time on the chip; a network has one delay for each synapse.  So a synapse
gets, beside its own delay, the mean latency that packets of its source to the core of its target had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from eventsim.build.synapses import build_synapses
from eventsim.hardware.bound import cycles_of, path_cycles
from eventsim.hardware.costing import Cost
from eventsim.hardware.packets import Delivered
from eventsim.hardware.reach import is_tables
from eventsim.hardware.run import Run
from eventsim.lut.lattice import snap
from eventsim.models.lut import LUTOutputs, LUTTables
from eventsim.network.inputs import PoissonDrive
from eventsim.network.network import Network
from eventsim.network.projection import Projection
from eventsim.network.rules import Explicit
from eventsim.recording.memory import MemorySink
from eventsim.recording.results import Results
from eventsim.recording.simulate import population_table
from eventsim.simulation.simulation import Simulation


def with_latencies(network: Network, cost: Cost, delivered: Delivered) -> Network:
    """The network with the mean latency of (source, core) added to the delay of each synapse; rows of look-up tables,
    which the chip adds where they lie, keep their delay.  Its random draws are those of the network."""
    slower = Network(network.seed)
    for population in network.populations.values():
        if population.is_source:
            slower.source(population.name, population.model, population.size)  # type: ignore[arg-type]
        else:
            slower.population(population.name, population.size, population.model)  # type: ignore[arg-type]
    latency = _mean_latency_ms(cost, delivered)
    for projection in network.projections.values():
        _connect(slower, network, projection, cost, latency)
    for each in network.inputs:
        target = slower[each.target.population.name][each.target.indices]
        if isinstance(each, PoissonDrive):
            slower.drive(target, each.rate_hz, each.weight, each.name, each.receptor)
        else:
            slower.current(target, each.times_ms, each.values, each.name)
    slower.record_spikes(*(name for name in network.populations if network.is_recorded(name)))
    return slower


def _mean_latency_ms(cost: Cost, delivered: Delivered) -> np.ndarray:
    """(rows,) mean latency in the model's time; of a row that sent nothing, what it takes alone."""
    rows = cost.placed.reach.cores.size
    packets = np.bincount(delivered.row, minlength=rows)
    cycles = np.bincount(delivered.row, weights=delivered.latency, minlength=rows)
    alone = path_cycles(cost.placed, cycles_of(cost.chip))
    return delivered.model_ms(np.where(packets > 0, cycles / np.maximum(packets, 1), alone))


def _connect(
    slower: Network, network: Network, projection: Projection, cost: Cost, latency: np.ndarray
) -> None:
    source, target = projection.source.population, projection.target.population
    ends = slower[source.name], slower[target.name]
    if is_tables(projection):
        slower.connect(*ends, projection.rule, delay=projection.delay, name=projection.name)
        return
    table = build_synapses(network, projection)
    members = np.repeat(np.arange(source.size), np.diff(table.row_start))
    targets = table.targets.astype(np.int64)
    placed = cost.placed
    keys = placed.reach.sources * placed.mesh.n_cores + placed.reach.cores
    wanted = (source.first + members) * placed.mesh.n_cores + placed.core_of[target.first + targets]
    delay = np.broadcast_to(table.delays, members.shape) + latency[np.searchsorted(keys, wanted)]
    if isinstance(target.model, LUTTables | LUTOutputs):
        delay = snap(delay)
    rule = Explicit(members.astype(np.uint32), targets.astype(np.uint32))
    weight = np.broadcast_to(table.weights, members.shape).astype(np.float64)
    slower.connect(*ends, rule, weight, delay, projection.name, projection.receptor)


def compare_feedback(
    run: Run,
    network: Network,
    cost: Cost,
    delivered: Delivered,
    measure: Callable[[Results], Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Simulate the network with the chip's latencies and compare it with the run: spikes that are the same but for
    their time, how far these moved, and those of the experiment's metrics that are numbers."""
    slower = with_latencies(network, cost, delivered)
    sink = MemorySink(population_table(slower), [])
    simulation = Simulation(slower, "queue", sink)
    simulation.run(run.duration_ms)
    results = sink.results(run.duration_ms, simulation.counts)
    before = run.results
    found: dict[str, Any] = {"populations": {}}
    if before is None:
        return found
    for name in results.populations:
        if name in before.populations:
            found["populations"][name] = _moved(before, results, name)
    if measure is not None:
        new = dict(_numbers(measure(results)))
        old = dict(_numbers(measure(before)))
        found["metrics"] = {key: {"without": old[key], "with": new[key]} for key in old if key in new}
    return found


def _numbers(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Metrics that are numbers, those of inner mappings under dotted names."""
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{key}.")
        elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
            yield prefix + key, float(value)


def _moved(before: Results, after: Results, name: str) -> dict[str, Any]:
    """Neuron by neuron, spike k of the one run beside spike k of the other."""
    a, b = before.spikes(name), after.spikes(name)
    same = np.minimum(a.counts(), b.counts())
    shifts = [np.subtract(b.of(i)[: same[i]], a.of(i)[: same[i]]) for i in np.flatnonzero(same).tolist()]
    shift = np.abs(np.concatenate([np.empty(0), *shifts]))
    return {
        "spikes_without": len(a),
        "spikes_with": len(b),
        "neurons_with_other_counts": int((a.counts() != b.counts()).sum()),
        "median_shift_ms": float(np.median(shift)) if shift.size else 0.0,
        "largest_shift_ms": float(shift.max(initial=0.0)),
    }
