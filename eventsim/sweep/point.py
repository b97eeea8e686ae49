"""One point of a sweep: its settings in, its row out."""

from __future__ import annotations

import copy
import dataclasses
import functools
import hashlib
import json
import os
import platform
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from eventsim.scenario.builder import Builder, check_parameters, find_builder
from eventsim.scenario.load import check_document, override
from eventsim.scenario.noise import with_noise
from eventsim.scenario.recording import apply_record, raster_writer
from eventsim.scenario.run import duration_of, experiment_of, new_simulation, run_summary
from eventsim.sweep.flatten import flatten
from eventsim.sweep.journal import Row, line_of
from eventsim.sweep.once import once

if TYPE_CHECKING:
    from numpy import generic
    from numpy.typing import NDArray

    from eventsim.recording.results import Results
    from eventsim.scenario.experiment import Experiment
    from eventsim.scenario.schema import Scenario
    from eventsim.simulation import Simulation

#: Keys of a scenario that change nothing in the network that is built.
_OF_THE_RUN = ("name", "duration_ms", "engine", "threads")
#: Keys that change nothing in a point's row.
NOT_OF_THE_POINT = ("description", "plot", "sweep")


class Point(NamedTuple):
    """The settings of a point by dotted key, and the digest of all that its row depends on.

    shares: whether other points have the same network, so that it is worth keeping.
    """

    key: str
    settings: dict[str, Any]
    shares: bool = True


@dataclass(frozen=True)
class Job:
    """What all points of a sweep share, sent with every task.

    document: the scenario.  path: its file, from which builders are found.  rasters: the folder in which rasters are
    kept, or None.  token: names this run of the sweep among others.
    """

    document: Mapping[str, Any]
    path: str
    rasters: str | None
    token: str


def document_of(scenario: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The scenario's document at a point."""
    document: dict[str, Any] = copy.deepcopy(dict(scenario))
    for key, value in settings.items():
        override(document, key, value)
    return document


def run_points(job: Job, points: Iterable[Point]) -> Iterator[str]:
    """Run the points one after the other; yields the journal's line of each."""
    for point in points:
        started = time.time()
        watch = time.perf_counter()
        row = run_point(job, point)
        log = {
            "started": started,
            "seconds": time.perf_counter() - watch,
            "host": platform.node(),
            "pid": os.getpid(),
        }
        yield line_of(point.key, row, log)


def run_point(job: Job, point: Point) -> Row:
    """The row of a point: its summary, metrics and raster, or the error that it ended in."""
    try:
        return _simulated(job, point)
    except Exception as error:
        _KEPT.simulation.cache_clear()  # in which the error may have left anything
        return {"error": error_text(error).replace(job.path, Path(job.path).name)}


def error_text(error: BaseException) -> str:
    """The kind of an error and what it says, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def build_key(document: Mapping[str, Any]) -> str:
    """What the network of a point depends on, as a text: points that have it in common share the network."""
    left_out: tuple[str, ...] = _OF_THE_RUN
    if document.get("record", {}).get("states"):
        left_out = ("name", "engine", "threads")  # when something is sampled depends on the duration
    kept = {key: value for key, value in document.items() if key not in (*left_out, *NOT_OF_THE_POINT)}
    return json.dumps(kept, sort_keys=True, default=str)


def experiment_key(text: str) -> str:
    """What the builder's experiment depends on, of a `build_key`: all but the noise that is then put on its network."""
    return json.dumps({key: value for key, value in json.loads(text).items() if key != "noise"})


def point_key(document: Mapping[str, Any], sources: str, rasters: bool) -> str:
    """The digest of all that a point's row depends on."""
    kept = {key: value for key, value in document.items() if key not in NOT_OF_THE_POINT}
    text = json.dumps([kept, sources, rasters], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _simulated(job: Job, point: Point) -> Row:
    document = document_of(job.document, point.settings)
    path = Path(job.path)
    scenario = check_document(document, path, point.settings)
    shared = _Shared(build_key(document), job.path, job.token, tuple(point.settings))
    experiment = _KEPT.noisy(shared)
    duration_ms = duration_of(scenario, experiment, path)
    shares = point.shares and experiment.world is None  # whose processes change what is simulated
    simulation = _at_time_0(shared, scenario.engine, scenario.threads, shares)
    results, raster = _results(job, point, scenario, simulation, duration_ms, experiment)
    summary = run_summary(scenario, simulation, duration_ms)
    del summary["parameters"]  # the settings have those that vary, the table's header the others
    metrics = flatten(experiment.metrics(results))
    return {"summary": flatten(summary), "metrics": metrics, "raster": raster, "error": ""}


def _results(
    job: Job,
    point: Point,
    scenario: Scenario,
    simulation: Simulation,
    duration_ms: float,
    experiment: Experiment,
) -> tuple[Results, str]:
    """Run the simulation into a raster file, if these are kept, or into memory; the name of the file with it."""
    if job.rasters is None:
        from eventsim.recording.memory import MemorySink
        from eventsim.recording.simulate import population_table, recorder_table

        sink = MemorySink(population_table(simulation.network), recorder_table(simulation.network))
        simulation.sink = sink
        experiment.simulate(simulation, duration_ms)
        results = sink.results(duration_ms, simulation.counts)
        results.metadata |= {"scenario": scenario.name, "seed": scenario.seed}
        return results, ""
    from eventsim.recording.raster_reader import open_raster

    path = Path(job.rasters) / f"{point.key}.h5"
    with raster_writer(path, simulation.network, scenario, duration_ms) as writer:
        simulation.sink = writer
        experiment.simulate(simulation, duration_ms)
        writer.close(simulation.counts, duration_ms, simulation.spike_counts)
    return open_raster(path), path.name


class _Shared(NamedTuple):
    """What names a network in this process."""

    text: str
    path: str
    token: str
    changes: tuple[str, ...]


def _noisy(shared: _Shared) -> Experiment:
    """The experiment with its network under the noise of the point: noise asks for no new network of the builder's."""
    _KEPT.simulation.cache_clear()  # the memory of the last network before that of the next
    path = Path(shared.path)
    scenario = check_document({"name": path.stem, **json.loads(shared.text)}, path, shared.changes)
    experiment = _KEPT.built(shared._replace(text=experiment_key(shared.text)))
    network = with_noise(experiment.network, scenario.noise, shared.path)
    return dataclasses.replace(experiment, network=network)


def _built(shared: _Shared) -> Experiment:
    """The experiment that the builder makes, kept until another is asked for."""
    path = Path(shared.path)
    scenario = check_document({"name": path.stem, **json.loads(shared.text)}, path, shared.changes)
    builder = _builder(scenario.builder, shared.path, shared.token)
    parameters = check_parameters(builder, scenario, shared.path, shared.changes)
    with once(f"builder {scenario.builder} {shared.path}", shared.token):
        experiment = experiment_of(builder(seed=scenario.seed, **parameters), scenario, path)
    duration_ms = duration_of(scenario, experiment, path) if scenario.record.states else 0.0
    apply_record(scenario.record, experiment.network, duration_ms, shared.path)
    return experiment


@functools.lru_cache(maxsize=8)
def _builder(specification: str, path: str, token: str) -> Builder:
    """`find_builder`, once for each run of a sweep: looking for it on disk costs more than a small network."""
    return find_builder(specification, Path(path))


def _at_time_0(shared: _Shared, engine: str, threads: int, shares: bool) -> Simulation:
    """A simulation of the network that has not begun."""
    if shares and engine != "simpy":  # which keeps no states
        simulation, start = _KEPT.simulation(shared, engine, threads)
        simulation.restore(start)
        return simulation
    return _new_simulation(shared, engine, threads)


def _simulation(
    shared: _Shared, engine: str, threads: int
) -> tuple[Simulation, Mapping[str, NDArray[generic]]]:
    """The network built for the engine, kept until another is asked for, and its state at time 0."""
    simulation = _new_simulation(shared, engine, threads)
    return simulation, simulation.state()


def _new_simulation(shared: _Shared, engine: str, threads: int) -> Simulation:
    network = _KEPT.noisy(shared).network
    models = sorted({type(each.model).__qualname__ for each in network.populations.values()})
    with once(f"kernels {engine} {models}", shared.token) as first:
        if first:
            new_simulation(network, engine, threads).run(0.0)  # what that compiles, others find on disk
        return new_simulation(network, engine, threads)


class _Kept(threading.local):
    """The last experiment and simulation of each thread: a worker of the user's cluster may have several."""

    def __init__(self) -> None:
        self.built = functools.lru_cache(maxsize=1)(_built)
        self.noisy = functools.lru_cache(maxsize=1)(_noisy)
        self.simulation = functools.lru_cache(maxsize=1)(_simulation)


_KEPT = _Kept()
