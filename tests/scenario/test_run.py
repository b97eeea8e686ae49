"""A run around a stand-in for the engine: what is written, what is said when it stops half-way."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eventsim.simulation
from eventsim.command_line.failures import describe
from eventsim.errors import SimulationError
from eventsim.files import write_whole
from eventsim.models import LIF
from eventsim.network import Network
from eventsim.recording.raster_reader import open_raster
from eventsim.scenario.experiment import Experiment
from eventsim.scenario.files import to_json
from eventsim.scenario.problems import ScenarioError
from eventsim.scenario.recording import apply_record
from eventsim.scenario.run import Interrupted, duration_of, run_scenario
from eventsim.scenario.schema import Record, Scenario, StateTrace

BUILDER = """
from eventsim.network import Network, PoissonSpikes
from eventsim.scenario.experiment import Experiment


def build(*, seed: int, size: int = 5, measured: bool = False, mistaken: bool = False) -> Network | Experiment:
    network = Network(seed)
    network.source("noise", PoissonSpikes(rate_hz=10.0), size=size)
    network.source("more", PoissonSpikes(rate_hz=10.0), size=size)
    network.record_spikes("noise")
    if mistaken:
        return Experiment(network, measure=lambda results: {"rate": 1 / 0})
    if not measured:
        return network
    return Experiment(
        network,
        duration_ms=30.0,
        measure=lambda results: {"spikes_of_noise": results.spike_count("noise"), "not_a_number": float("nan")},
    )
"""


class StandIn:
    """Emits a spike of neuron 0 and one of neuron 5 each millisecond; ``trouble`` happens at 20 ms."""

    trouble: Callable[[], None] | None = None

    def __init__(self, network: Any, engine: str, sink: Any, progress: Any, threads: int) -> None:
        self.sink, self.progress, self.engine, self.threads = sink, progress, "queue", threads
        self.why = "asked for"
        self.spike_counts = np.zeros(10, np.int64)
        self.build_s, self.compile_s, self.run_s = 0.1, 0.2, 0.3
        self.counts: dict[str, Any] = {
            "neurons": 10,
            "synapses": 0,
            "source_spikes": 0,
            "synaptic_events": 0,
            "external_events": 0,
        }

    def profile(self) -> dict[str, Any]:
        return {}

    def run(self, duration_ms: float) -> None:
        for now in range(1, int(duration_ms) + 1):
            self.sink.spikes(np.array([now, now], dtype=float), np.array([0, 5], dtype=np.uint32))
            self.progress(float(now), 2 * now, 0)
            if now == 20 and type(self).trouble:
                type(self).trouble()
        self.counts["spikes"] = 2 * int(duration_ms)


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(eventsim.simulation, "Simulation", StandIn, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stand_in_builder.py").write_text(BUILDER)
    path = tmp_path / "small.toml"
    path.write_text('builder = "stand_in_builder.py:build"\nseed = 3\n[plot]\nfigures = []\n')
    return path


def make_trouble(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def trouble() -> None:
        raise error

    monkeypatch.setattr(StandIn, "trouble", staticmethod(trouble))


def test_the_summary_holds_what_was_run(scenario: Path) -> None:
    outcome = run_scenario(scenario, ["duration_ms=50"])
    assert outcome.folder == Path("results/small")
    summary = json.loads((outcome.folder / "summary.json").read_text())
    assert summary == json.loads(to_json(outcome.summary))
    expected = {
        "scenario": "small",
        "seed": 3,
        "engine": "queue",
        "threads": 1,
        "duration_ms": 50.0,
        "neurons": 10,
        "synapses": 0,
        "spikes": 100,
        "mean_rate_hz": 200.0,
        "synaptic_events": 0,
        "external_events": 0,
        "compile_s": 0.2,
        "run_s": 0.3,
        "metrics": {},
    }
    assert expected.items() <= summary.items()
    assert summary["build_s"] >= 0.1
    assert summary["peak_rss_mb"] > 10
    assert sorted(path.name for path in outcome.folder.iterdir()) == ["raster.h5", "summary.json"]


def test_an_experiment_measures_the_raster(scenario: Path) -> None:
    outcome = run_scenario(scenario, {"parameters.measured": True}, "elsewhere/deep")
    assert outcome.summary["duration_ms"] == 30.0
    assert json.loads(Path("elsewhere/deep/summary.json").read_text())["metrics"] == {
        "spikes_of_noise": 30,
        "not_a_number": None,
    }


def test_a_mistake_in_a_measure_says_where_the_raster_is(scenario: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_scenario(scenario, {"duration_ms": 30.0, "parameters.mistaken": True})
    status, line = describe(caught.value)
    assert (status, "; the raster is complete: results/small/raster.h5; " in line) == (1, True)
    assert open_raster("results/small/raster.h5").spike_count() > 0


def returning(what: Any, results: Any) -> Any:
    return what


@pytest.mark.parametrize("what", [None, [1.0, 2.0], 0.5, "rate"])
def test_what_a_measure_returns_has_names(what: Any) -> None:
    results: Any = None
    said = re.escape(f"{returning.__module__}:returning returned {what!r}: a mapping of names to ")
    function = partial(returning, what)
    experiment = Experiment(Network(), measure=function, figures=function)
    with pytest.raises(ScenarioError, match=said + "values is needed"):
        experiment.metrics(results)
    with pytest.raises(ScenarioError, match=said + "figures is needed"):
        experiment.pictures(results)
    with pytest.raises(ScenarioError, match=r"returning returned 3 for 'a': a matplotlib Figure is needed"):
        Experiment(Network(), figures=partial(returning, {"a": 3})).pictures(results)


def test_the_raster_depends_on_neither_engine_nor_time(scenario: Path) -> None:
    first = run_scenario(scenario, {"duration_ms": 50.0}, "a").files[0].read_bytes()
    second = (
        run_scenario(scenario, {"duration_ms": 50.0, "engine": "simpy", "threads": 2}, "b")
        .files[0]
        .read_bytes()
    )
    assert first == second


def test_the_populations_recorded_are_those_of_the_scenario(scenario: Path) -> None:
    outcome = run_scenario(scenario, {"duration_ms": 5.0, "record.populations": ["more"]})
    results = open_raster(outcome.files[0])
    assert list(results.populations) == ["more"]
    assert results.spikes("more").ids.tolist() == [0] * 5


@pytest.mark.parametrize(
    ("trace", "error", "said"),
    [
        (
            {"neurons": (2,), "interval_ms": 1.0},
            ScenarioError,
            r"small.toml: record.states\[0\]: members of 'cells'",
        ),
        ({"interval_ms": 1e-12}, MemoryError, "Unable to allocate"),
    ],
)
def test_states_that_cannot_be_recorded(trace: dict[str, Any], error: type[Exception], said: str) -> None:
    network = Network()
    network.population("cells", 2, LIF())
    record = Record(states=(StateTrace(population="cells", variable="v", **trace),))
    with pytest.raises(error, match=said):
        apply_record(record, network, 1e6, "small.toml")


def test_no_duration_is_a_mistake(scenario: Path) -> None:
    with pytest.raises(ScenarioError, match="duration_ms: missing"):
        run_scenario(scenario)


@pytest.mark.parametrize("duration_ms", [0.0, -1.0, float("nan"), float("inf")])
def test_a_duration_of_the_builders_must_be_one(duration_ms: float) -> None:
    scenario = Scenario(name="x", builder="x:y")
    with pytest.raises(
        ScenarioError, match=rf"x.toml: duration_ms = {duration_ms}, from the builder: should be gr"
    ):
        duration_of(scenario, Experiment(Network(), duration_ms), Path("x.toml"))


def test_ctrl_c_leaves_a_readable_raster(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_trouble(monkeypatch, KeyboardInterrupt())
    with pytest.raises(Interrupted) as caught:
        run_scenario(scenario, {"duration_ms": 50.0})
    status, line = describe(caught.value)
    assert status == 130
    assert line == "interrupted at 20 ms; the raster so far is results/small/raster.h5.partial"
    results = open_raster("results/small/raster.h5.partial")
    assert results.spike_count("noise") == 20
    assert not results.complete
    assert not Path("results/small/summary.json").exists()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "Can't write data (a long story of HDF5)"),
        OSError("Can't write data (error message = 'No space left on device', errno = 28, and more)"),
        RuntimeError("Can't decrement id ref count (unable to extend file properly, errno = 28, and more)"),
    ],
)
def test_a_full_disk_is_one_line(scenario: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    make_trouble(monkeypatch, error)
    with pytest.raises(OSError, match="No space left") as caught:
        run_scenario(scenario, {"duration_ms": 50.0})
    assert describe(caught.value) == (2, "results/small/raster.h5.partial: No space left on device")


def test_a_full_disk_is_told_of_any_file(tmp_path: Path) -> None:
    def write(temporary: Path) -> None:
        temporary.write_text("half")
        raise RuntimeError("file write failed: filename = '.table.7.h5', errno = 28, and more")

    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(tmp_path / "table.h5", write)
    assert caught.value.filename == str(tmp_path / "table.h5")
    assert not list(tmp_path.iterdir())


def test_what_nobody_foresaw_is_not_taken_for_a_full_disk(
    scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_trouble(monkeypatch, RuntimeError("something else"))
    with pytest.raises(RuntimeError, match="something else") as caught:
        run_scenario(scenario, {"duration_ms": 50.0})
    status, line = describe(caught.value)
    assert status == 1
    assert line.startswith("RuntimeError: something else (")


def test_a_simulation_that_cannot_go_on_is_one_line(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_trouble(monkeypatch, SimulationError("a cycle of zero delay never ends"))
    with pytest.raises(SimulationError) as caught:
        run_scenario(scenario, {"duration_ms": 50.0})
    status, line = describe(caught.value)
    assert status == 1
    assert line.startswith("a cycle of zero delay never ends; the raster until then is ")


def test_a_failed_run_leaves_an_earlier_one_alone(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run_scenario(scenario, {"duration_ms": 50.0})
    before = [path.read_bytes() for path in outcome.files]
    make_trouble(monkeypatch, SimulationError("no"))
    with pytest.raises(SimulationError):
        run_scenario(scenario, {"duration_ms": 40.0})
    assert [path.read_bytes() for path in outcome.files] == before


def test_memory_is_that_of_this_process() -> None:
    """In a process of its own: this one's peak may be far above what it holds now."""
    code = (
        "import numpy as np; from eventsim.scenario.memory import peak_rss_mb; before = peak_rss_mb(); "
        "block = np.ones(20_000_000); print(before, peak_rss_mb())"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    before, after = map(float, printed.split())
    assert 100 < after - before < 250
