"""A scenario from its file to its results: raster, figures and summary in one folder."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventsim.errors import EventsimError, SimulationError
from eventsim.files import failures_naming
from eventsim.scenario.builder import check_parameters, find_builder
from eventsim.scenario.experiment import Experiment
from eventsim.scenario.files import prepare_directory, write_json
from eventsim.scenario.load import load_scenario, parse_overrides
from eventsim.scenario.memory import peak_rss_mb
from eventsim.scenario.noise import described, with_noise
from eventsim.scenario.pictures import save_figures, standard_figures
from eventsim.scenario.problems import ScenarioError
from eventsim.scenario.recording import apply_record, raster_writer

if TYPE_CHECKING:
    from eventsim.recording.raster_writer import RasterWriter
    from eventsim.scenario.schema import Scenario
    from eventsim.simulation import Simulation
    from eventsim.simulation.sink import Sink

DEFAULT_FOLDER = Path("results")
RASTER, SUMMARY = "raster.h5", "summary.json"

Progress = Callable[[float, int, int], None]
"""Called with the simulated time in ms, the spikes and the synaptic events so far."""


class Reporter:
    """Told how a run gets on; this one keeps it to itself."""

    def stage(self, text: str) -> None:
        """Something that may take a while begins."""

    def simulating(self, duration_ms: float) -> Progress | None:
        """The simulation begins; what is returned is called now and then while it runs."""
        return None


class Interrupted(EventsimError):
    """The user stopped the simulation by a signal; says what is left of it."""

    def __init__(self, text: str, number: signal.Signals = signal.SIGINT) -> None:
        super().__init__(text)
        self.signal = number


@dataclass(frozen=True)
class Outcome:
    """What a run left: the summary as a dictionary and the files written."""

    summary: dict[str, Any]
    folder: Path
    files: tuple[Path, ...]


def run_scenario(
    path: str | os.PathLike[str],
    overrides: Sequence[str] | Mapping[str, Any] = (),
    folder: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> Outcome:
    """Run the scenario in the file ``path`` and write ``raster.h5``, ``summary.json`` and figures into ``folder``.

    ``overrides`` are ``"dotted.key=value"`` texts or values by dotted key; ``folder`` is ``results/NAME`` by default.
    Raises ``ScenarioError`` for a mistake in the scenario, ``FileAccessError`` where ``folder`` cannot be written, and
    ``Interrupted`` when the user stops the simulation; the spikes until then stay in ``raster.h5.partial``.
    """
    from eventsim.simulation.stopwatch import Stopwatch

    path, reporter = Path(path), reporter or Reporter()
    changes = parse_overrides(overrides)
    scenario = load_scenario(path, changes)
    builder = find_builder(scenario.builder, path)
    parameters = check_parameters(builder, scenario, str(path), changes)
    target = DEFAULT_FOLDER / scenario.name if folder is None else Path(folder)
    prepare_directory(target)

    reporter.stage(f"building {scenario.name}")
    with Stopwatch().running() as watch:
        experiment = experiment_of(builder(seed=scenario.seed, **parameters), scenario, path)
        network = with_noise(experiment.network, scenario.noise, str(path))
        experiment = replace(experiment, network=network)
    duration_ms = duration_of(scenario, experiment, path)
    apply_record(scenario.record, network, duration_ms, str(path))

    writer = raster_writer(target / RASTER, network, scenario, duration_ms)
    simulation = _simulate(experiment, scenario, duration_ms, writer, reporter)

    reporter.stage("measuring")
    (target / SUMMARY).unlink(missing_ok=True)  # an earlier run's, which the new raster no longer belongs to
    metrics, pictures, measure_s = _measure(experiment, scenario, target)
    summary = {
        **run_summary(scenario, simulation, duration_ms),
        "hardware": scenario.hardware.model_dump(mode="json", exclude_unset=True),
        **({"noise": noise} if (noise := described(network)) else {}),
        "build_s": max(watch.rest_s - experiment.train_s, 0.0) + simulation.build_s,
        "train_s": experiment.train_s,
        "compile_s": watch.compile_s + simulation.compile_s,
        "run_s": simulation.run_s,
        "measure_s": measure_s,
        "peak_rss_mb": peak_rss_mb(),
        "profile": simulation.profile(),
        "metrics": metrics,
    }
    write_json(target / SUMMARY, summary)
    return Outcome(summary, target, (target / RASTER, target / SUMMARY, *pictures))


def experiment_of(built: Any, scenario: Scenario, path: Path) -> Experiment:
    """What a builder returned, as an experiment.  Raises ``ScenarioError`` if it is neither that nor a network."""
    from eventsim.network import Network

    if isinstance(built, Network):
        return Experiment(built)
    if isinstance(built, Experiment):
        return built
    what = f"returned {type(built).__name__}, not a Network or an Experiment"
    raise ScenarioError(f"{path}: builder = {scenario.builder!r}: {what}")


def duration_of(scenario: Scenario, experiment: Experiment, path: Path) -> float:
    """How long to simulate (ms).  Raises ``ScenarioError`` where neither scenario nor builder says it, or no time."""
    duration_ms = scenario.duration_ms if scenario.duration_ms is not None else experiment.duration_ms
    if duration_ms is None:
        raise ScenarioError(f"{path}: duration_ms: missing, and the builder does not say it either")
    if not 0.0 < duration_ms < math.inf:
        raise ScenarioError(
            f"{path}: duration_ms = {duration_ms}, from the builder: should be greater than 0"
        )
    return duration_ms


def _simulate(
    experiment: Experiment, scenario: Scenario, duration_ms: float, writer: RasterWriter, reporter: Reporter
) -> Simulation:
    """Run the network, and what is around it, into ``writer`` and close it."""
    reached_ms = 0.0
    shown = reporter.simulating(duration_ms)

    def report(time_ms: float, spikes: int, synaptic_events: int) -> None:
        nonlocal reached_ms
        reached_ms = time_ms
        if shown:
            shown(time_ms, spikes, synaptic_events)

    with _said_in_one_line(writer, lambda: reached_ms), writer:
        simulation = new_simulation(experiment.network, scenario.engine, scenario.threads, writer, report)
        experiment.simulate(simulation, duration_ms)
        writer.close(simulation.counts, duration_ms, simulation.spike_counts)
    return simulation


def new_simulation(
    network: Any, engine: str, threads: int, sink: Sink | None = None, progress: Progress | None = None
) -> Simulation:
    """The network built; the one place that knows how a scenario's simulation is called."""
    from eventsim.simulation import Simulation

    return Simulation(network, engine=engine, sink=sink, progress=progress, threads=threads)


@contextmanager
def _said_in_one_line(writer: RasterWriter, reached_ms: Callable[[], float]) -> Iterator[None]:
    """Ctrl-C, a full disk and a simulation that cannot go on, with the name of what was recorded until then."""
    try:
        with failures_naming(writer.partial):
            yield
    except KeyboardInterrupt:
        kept = f"the raster so far is {writer.partial}"
        raise Interrupted(f"interrupted at {reached_ms():.6g} ms; {kept}") from None
    except SimulationError as error:
        raise SimulationError(f"{error}; the raster until then is {writer.partial}") from error


def _measure(
    experiment: Experiment, scenario: Scenario, target: Path
) -> tuple[dict[str, Any], list[Path], float]:
    """The metrics, the pictures written and the seconds that both took, from the raster as it lies in the file."""
    from eventsim.recording.raster_reader import open_raster

    started = time.perf_counter()
    results = open_raster(target / RASTER)
    try:
        metrics = experiment.metrics(results)
        figures = [*standard_figures(results, scenario.plot.figures), *experiment.pictures(results).items()]
        pictures = save_figures(figures, target)
    except Exception as error:
        error.add_note(f"the raster is complete: {target / RASTER}")
        raise
    return metrics, pictures, time.perf_counter() - started


def run_summary(scenario: Scenario, simulation: Simulation, duration_ms: float) -> dict[str, Any]:
    """What was run and counted: all of the summary that depends on neither the clock nor the machine."""
    counts = simulation.counts
    neurons, spikes = int(counts["neurons"]), int(counts["spikes"])
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "engine": simulation.engine,
        "engine_why": simulation.why,
        "threads": simulation.threads,
        "duration_ms": duration_ms,
        "parameters": scenario.parameters,
        "neurons": neurons,
        "synapses": int(counts["synapses"]),
        "spikes": spikes,
        "source_spikes": int(counts["source_spikes"]),
        "mean_rate_hz": 1e3 * spikes / (neurons * duration_ms) if neurons else None,
        "synaptic_events": int(counts["synaptic_events"]),
        "external_events": int(counts["external_events"]),
    }
