"""One measurement in a process of its own: a JSON task as the argument, the figures as a line of JSON."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from eventsim.build.synapses import build_synapses
from eventsim.models import LIF
from eventsim.network import FixedIndegree, Network, Projection, Uniform
from eventsim.recording.memory import MemorySink
from eventsim.recording.simulate import population_table
from eventsim.scenario.experiment import Experiment
from eventsim.scenario.memory import peak_rss_mb
from eventsim.simulation import Simulation


class Stopwatch:
    """Wall and CPU seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def lap(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


def simulate(
    *,
    builder: str,
    parameters: dict[str, Any],
    seed: int,
    warm_ms: float,
    timed_ms: float,
    threads: int = 1,
) -> dict[str, Any]:
    """Simulate a network, its spikes kept in memory; compiling, building and the first `warm_ms` are not timed."""
    network = _network(builder, parameters, seed)
    simulation = Simulation(network, sink=MemorySink(population_table(network)), threads=threads)
    simulation.run(warm_ms)
    before, spikes_before, watch = simulation.counts, simulation.spike_counts.copy(), Stopwatch()
    simulation.run(timed_ms)
    wall_s, cpu_s = watch.lap()
    counts = {name: count - before[name] for name, count in simulation.counts.items()}
    spikes = simulation.spike_counts - spikes_before
    return {
        "engine": simulation.engine,
        "synapses": before["synapses"],
        "build_s": simulation.build_s,
        "run_s": wall_s,
        "run_cpu_s": cpu_s,
        "biological_s": timed_ms / 1e3,
        "mean_rate_hz": 1e3 * counts["spikes"] / (before["neurons"] * timed_ms),
        "rates_hz": {
            name: 1e3 * int(spikes[each.first : each.first + each.size].sum()) / (each.size * timed_ms)
            for name, each in network.populations.items()
        },
        "synaptic_events": counts["synaptic_events"],
        "external_events": counts["external_events"],
        "peak_rss_mb": peak_rss_mb(),
    }


def _network(builder: str, parameters: dict[str, Any], seed: int) -> Network:
    module, _, function = builder.partition(":")
    built = getattr(importlib.import_module(module), function)(seed=seed, **parameters)
    return built.network if isinstance(built, Experiment) else built


def construct(*, kind: str, neurons: int, indegree: int, seed: int) -> dict[str, float]:
    """Build one projection; the peak of memory is what building adds to what the process had."""
    build_synapses(*_projection(kind, 20, 5, seed))  # compiles
    described = _projection(kind, neurons, indegree, seed)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts again from here
    before, watch = _memory("VmRSS:"), Stopwatch()
    table = build_synapses(*described)
    wall_s, cpu_s = watch.lap()
    synapses = int(table.row_start[-1])
    return {
        "build_s": wall_s,
        "build_cpu_s": cpu_s,
        "synapses": synapses,
        "bytes_a_synapse": (_memory("VmHWM:") - before) / synapses,
    }


def _projection(kind: str, neurons: int, indegree: int, seed: int) -> tuple[Network, Projection]:
    network = Network(seed)
    cells = network.population("cells", neurons, LIF())
    weight = 0.1 if kind == "common" else Uniform(0.05, 0.15)
    delay = Uniform(1.0, 20.0) if kind == "own" else 1.5
    return network, network.connect(cells, cells, FixedIndegree(indegree), weight, delay)


def _memory(line: str) -> int:
    """A figure of this process's memory in bytes."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        return 1024 * int(next(text for text in status if text.startswith(line)).split()[1])


def main() -> None:
    """Do the task that the first argument holds."""
    task = json.loads(sys.argv[1])
    measure = task.pop("measure")
    figures = simulate(**task) if measure == "simulate" else construct(**task)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
