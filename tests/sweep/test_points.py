"""Points in this process: the same as runs, networks shared, errors in rows, folders guarded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from eventsim.models import LIF
from eventsim.network import FixedIndegree, Network, PoissonSpikes, Uniform
from eventsim.recording.raster_reader import open_raster
from eventsim.recording.simulate import simulate
from eventsim.scenario.problems import ScenarioError
from eventsim.scenario.run import Interrupted, run_scenario
from eventsim.sweep.once import once
from eventsim.sweep.read import open_sweep
from eventsim.sweep.run import SweepOutcome, SweepReporter, run_sweep
from tests.sweep.scenarios import builder_calls, write_scenario


def sweep(folder: Path, *vary: str, out: str = "out", **options: Any) -> SweepOutcome:
    return run_sweep(folder / "scenarios" / "noise.toml", vary, folder=folder / out, workers=0, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_scenario(tmp_path)
    return tmp_path


def test_a_point_is_what_run_would_have_made_of_it(folder: Path) -> None:
    table = sweep(folder, "parameters.rate_hz=50.0,200.0", "seed=3,4", overrides=["sweep.rasters=true"]).table
    for k, (rate, seed) in enumerate([(50.0, 3), (50.0, 4), (200.0, 3), (200.0, 4)]):
        overrides = {"parameters.rate_hz": rate, "seed": seed, "plot.figures": []}
        run = run_scenario(folder / "scenarios" / "noise.toml", overrides, folder / "run")
        for name in ("spikes", "source_spikes", "duration_ms", "seed", "neurons", "synaptic_events"):
            assert table[f"summary/{name}"][k] == run.summary[name]
        assert table["metrics/rate_hz"][k] == run.summary["metrics"]["rate_hz"]
        assert table["of_each"][k].tolist() == run.summary["metrics"]["of_each"].tolist()
        raster = folder / "out" / "rasters" / str(table["raster"][k])
        assert raster.read_bytes() == run.files[0].read_bytes()
        assert open_raster(raster).spike_count() == table["source_spikes"][k]
    assert table["seed"].tolist() == [3, 4, 3, 4]


def test_without_rasters_the_metrics_are_the_same(folder: Path) -> None:
    kept = sweep(folder, "seed=0:3", overrides=["sweep.rasters=true"], out="kept").table
    not_kept = sweep(folder, "seed=0:3", out="not").table
    for name in kept.columns:
        if name != "raster":
            np.testing.assert_array_equal(kept[name], not_kept[name])


def test_the_network_is_built_once_where_points_share_it(folder: Path) -> None:
    shared = sweep(folder, "duration_ms=50.0,100.0,20.0", "engine=queue,simpy", "seed=1,2").table
    assert len(builder_calls(folder)) == 2
    spikes = shared["source_spikes"].reshape(3, 2, 2)
    assert (spikes[:, 0] == spikes[:, 1]).all()
    fresh = run_scenario(
        folder / "scenarios" / "noise.toml", {"duration_ms": 50.0, "seed": 2}, folder / "run"
    )
    assert spikes[0, 0, 1] == fresh.summary["source_spikes"]


def test_neurons_start_anew_in_a_network_that_is_shared() -> None:
    """As a point does: built once, restored to its state at time 0, run again for another time."""
    from eventsim.recording.memory import MemorySink
    from eventsim.recording.simulate import population_table
    from eventsim.simulation import Simulation

    def network() -> Network:
        made = Network(7)
        cells = made.population("cells", 50, LIF())
        noise = made.source("noise", PoissonSpikes(200.0), size=50)
        made.connect(noise, cells, FixedIndegree(10), 3.0, Uniform(0.5, 9.0))
        made.connect(cells, cells, FixedIndegree(5), -0.5, Uniform(0.5, 9.0))
        made.drive(cells, 500.0, 2.0)
        made.current(cells, [5.0, 20.0], [100.0, 0.0])
        return made

    simulation = Simulation(network())
    start = simulation.state()
    for duration_ms in (40.0, 15.0, 60.0):
        sink = MemorySink(population_table(simulation.network))
        simulation.restore(start)
        simulation.sink = sink
        simulation.run(duration_ms)
        alone = simulate(network(), duration_ms)
        shared = sink.results(duration_ms, simulation.counts)
        assert len(alone.spikes("cells")) > 100
        np.testing.assert_array_equal(shared.spikes("cells").times, alone.spikes("cells").times)
        np.testing.assert_array_equal(shared.spikes("cells").ids, alone.spikes("cells").ids)
        assert shared.counts == alone.counts


def test_a_point_that_fails_is_a_row(folder: Path) -> None:
    table = sweep(folder, "parameters.trouble=none,error", "parameters.size=5,-1", "seed=0:2").table
    errors = table["error"].reshape(2, 2, 2)
    assert (errors[0, 0] == "").all()
    assert (errors[1] == "ZeroDivisionError: a builder's own mistake").all()
    assert all(text.startswith("InputError: size of 'noise' = -1: ") for text in errors[0, 1])
    assert np.isfinite(table["rate_hz"]).tolist() == [True, True] + [False] * 6


def test_a_key_that_is_wrong_everywhere_is_a_mistake_and_starts_nothing(folder: Path) -> None:
    with pytest.raises(
        ScenarioError, match=r"--vary parameters.siez: unknown key, did you mean parameters.size\?"
    ):
        sweep(folder, "parameters.siez=1,2")
    with pytest.raises(ScenarioError, match=r"--vary duratoin_ms: unknown key"):
        sweep(folder, "duratoin_ms=1.0,2.0")
    assert not builder_calls(folder)
    assert not (folder / "out" / "sweep.h5").exists()


def test_the_table_in_the_scenario_says_the_same(tmp_path: Path) -> None:
    write_scenario(
        tmp_path,
        """
[sweep]
zip = [["parameters.size", "parameters.rate_hz"]]
[sweep.vary]
seed = "0:2"
parameters.size = [3, 4]
"parameters.rate_hz" = [10.0, 20.0]
""",
    )
    table = sweep(tmp_path).table
    assert table["parameters.size"].tolist() == [3, 4, 3, 4]
    assert table["parameters.rate_hz"].tolist() == [10.0, 20.0, 10.0, 20.0]
    write_scenario(tmp_path)
    told = sweep(
        tmp_path,
        *("seed=0:2", "parameters.size=3,4", "parameters.rate_hz=10.0,20.0"),
        out="told",
        overrides={"sweep.zip": [["parameters.size", "parameters.rate_hz"]]},
    )
    assert told.files[0].read_bytes() == (tmp_path / "out" / "sweep.h5").read_bytes()


class Stopping(SweepReporter):
    """Stops the sweep after some points, as Ctrl-C does."""

    def __init__(self, after: int) -> None:
        self.after, self.told = after, list[tuple[int, int, int]]()

    def points(self, done: int, failed: int, total: int, left_s: float | None) -> None:
        self.told.append((done, failed, total))
        if done == self.after:
            raise KeyboardInterrupt


def test_stopped_and_started_again_it_ends_in_the_same_bytes(folder: Path) -> None:
    vary = "seed=0:6", "parameters.trouble=none,error"
    whole = sweep(folder, *vary, out="whole").files[0].read_bytes()
    calls = len(builder_calls(folder))
    for after in (5, 6, 11):
        with pytest.raises(Interrupted, match=f"interrupted: {after} of 12 points are done"):
            sweep(folder, *vary, reporter=Stopping(after))
        assert len(open_sweep(folder / "out")) == after
    seen = Stopping(-1)
    assert sweep(folder, *vary, reporter=seen).files[0].read_bytes() == whole
    assert seen.told == [(11, seen.told[0][1], 12), (12, 6, 12)]
    assert len(builder_calls(folder)) == 2 * calls, "no point ran twice"
    assert sweep(folder, *vary, reporter=Stopping(12)).files[0].read_bytes() == whole


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda path: path.write_text(path.read_text().replace("size = 5", "size = 6")),
            "parameters.size: 5 there, 6 here",
        ),
        (lambda path: path.with_name("sources.py").open("a").write("# edited\n"), "sources.py: changed"),
    ],
)
def test_a_changed_scenario_is_refused(tmp_path: Path, change: Any, said: str) -> None:
    path = write_scenario(tmp_path)
    sweep(tmp_path, "seed=0:3")
    before = (tmp_path / "out" / "sweep.h5").read_bytes()
    change(path)
    for name in ("sources", "eventsim_scenario_sources"):  # as a new process would
        sys.modules.pop(name, None)
    with pytest.raises(ScenarioError, match=said):
        sweep(tmp_path, "seed=0:3")
    assert (tmp_path / "out" / "sweep.h5").read_bytes() == before
    sweep(tmp_path, "seed=0:3", force=True)
    assert len(builder_calls(tmp_path)) == 6, "all points ran again"


def test_force_keeps_the_points_that_both_have(folder: Path) -> None:
    sweep(folder, "seed=0:4")
    with pytest.raises(ScenarioError, match=r"varied: seed \(4\) there, seed \(6\) here"):
        sweep(folder, "seed=2:8")
    longer = sweep(folder, "seed=2:8", force=True)
    assert len(builder_calls(folder)) == 4 + 4
    fresh = sweep(folder, "seed=2:8", out="fresh")
    assert longer.files[0].read_bytes() == fresh.files[0].read_bytes()
    assert len((folder / "out" / "points.jsonl").read_text().splitlines()) == 6


def test_the_same_point_twice_runs_once(folder: Path) -> None:
    table = sweep(folder, "seed=1,1,2").table
    assert len(builder_calls(folder)) == 2
    assert table["source_spikes"][0] == table["source_spikes"][1]


def test_the_manifest_holds_the_scenario_and_the_table_too(folder: Path) -> None:
    outcome = sweep(folder, "seed=0:2", parquet=True)
    manifest = json.loads((outcome.folder / "sweep.json").read_text())
    assert manifest["scenario"]["parameters"] == {"size": 5}
    assert outcome.table.header["scenario"] == manifest["scenario"]
    assert [path.name for path in outcome.files] == ["sweep.h5", "sweep.parquet"]


COMPILE = """
import sys, time
from eventsim.sweep.once import once
with once("a test's kernels", sys.argv[1]) as first:
    if first:
        time.sleep(0.5)
    with open(sys.argv[2], "a") as log:
        log.write("first\\n" if first else "later\\n")
"""


def test_one_process_compiles_while_the_others_wait(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", COMPILE, str(tmp_path), str(log)]
    alone = os.environ | {"TMPDIR": str(tmp_path)}  # where no other suite on this machine compiles the same
    for process in [subprocess.Popen(command, env=alone) for _ in range(3)]:
        assert process.wait(timeout=300) == 0
    assert log.read_text().split() == ["first", "later", "later"]


def test_what_failed_is_tried_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ZeroDivisionError), once("a failing test's kernels", str(tmp_path)) as first:
        assert first
        raise ZeroDivisionError
    with once("a failing test's kernels", str(tmp_path)) as first:
        assert first
    with once("a failing test's kernels", str(tmp_path)) as first:
        assert not first


def test_a_cluster_by_its_address_gives_the_same_bytes(folder: Path) -> None:
    """Also one whose workers have several threads, at points that share a network."""
    from distributed import LocalCluster

    path = folder / "scenarios" / "noise.toml"
    vary = "parameters.trouble=none,error", "duration_ms=1000.0:3000.0:9"
    many = {
        "parameters.size": 200,
        "parameters.rate_hz": 1000.0,
    }  # so that they meet in one simulation, if they may
    here = sweep(folder, *vary, out="here", overrides=many)
    local = {"host": "127.0.0.1", "protocol": "tcp", "dashboard_address": ":0"}
    with LocalCluster(n_workers=2, threads_per_worker=2, processes=False, **local) as cluster:
        there = run_sweep(path, vary, many, folder / "there", cluster=cluster.scheduler_address)
    assert there.files[0].read_bytes() == here.files[0].read_bytes()


def test_progress_says_what_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from eventsim.command_line import sweeping

    clock = iter([0.0, 1.0, 31.0, 40.0, 62.0])
    monkeypatch.setattr(
        sweeping, "time", SimpleNamespace(monotonic=lambda: next(clock))
    )  # not other threads'
    with sweeping.LineReporter() as reporter:
        for done, left_s in ((1, None), (40, 45.4), (60, 30.0), (90, 7500.0)):
            reporter.points(done, 2, 100, left_s)
    assert capsys.readouterr().err.splitlines() == [
        "40 of 100 points, 2 failed, about 45 s left",
        "90 of 100 points, 2 failed, about 2 h 05 min left",
    ]
    assert [sweeping.duration(s) for s in (59.4, 60.0, 3599.0)] == ["59 s", "1 min 00 s", "59 min 59 s"]
