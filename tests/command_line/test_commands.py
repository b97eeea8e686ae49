"""The commands from end to end: what they write, print and leave behind."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.command_line.commands import EVENTSIM, eventsim, heed_signals, write_scenarios

REQUIRED = {
    *(
        "scenario",
        "seed",
        "engine",
        "threads",
        "duration_ms",
        "neurons",
        "synapses",
        "spikes",
        "mean_rate_hz",
    ),
    *("synaptic_events", "external_events", "build_s", "run_s", "compile_s", "peak_rss_mb", "metrics"),
}
LONG = ("--set", "duration_ms=1e9", "--set", "parameters.rate_hz=1e4", "--set", "parameters.size=100")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_scenarios(tmp_path)
    return tmp_path


def test_run_writes_raster_summary_and_figure(folder: Path) -> None:
    done = eventsim(folder, "run", "noise", "--seed", "7", "--set", "parameters.rate_hz=100.0")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    written = folder / "results" / "noise"
    assert sorted(path.name for path in written.iterdir()) == ["raster.h5", "summary.json", "summary.png"]
    summary = json.loads((written / "summary.json").read_text())
    assert summary.keys() >= REQUIRED
    assert (summary["scenario"], summary["seed"], summary["duration_ms"]) == ("noise", 7, 100.0)
    for said in ("noise, seed 7", "results/noise/raster.h5", "results/noise/summary.png"):
        assert said in done.stdout


def test_json_is_all_that_is_printed(folder: Path) -> None:
    done = eventsim(
        folder, "run", "scenarios/noise.toml", "--json", "--out", "here", "--set", "plot.figures=[]"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((folder / "here" / "summary.json").read_text())
    facts = json.loads(eventsim(folder, "info", "here/raster.h5", "--json").stdout)
    assert facts["complete"] is True
    assert facts["scenario"] == "noise"


def test_the_same_seed_gives_the_same_bytes(folder: Path) -> None:
    rasters = []
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        eventsim(folder, "run", "noise", "--out", out, "--seed", seed, "--set", "plot.figures=[]")
        rasters.append((folder / out / "raster.h5").read_bytes())
    assert rasters[0] == rasters[1] != rasters[2]


def test_info_and_plot(folder: Path) -> None:
    eventsim(folder, "run", "noise", "--set", "plot.figures=[]", "--set", "parameters.rate_hz=100.0")
    told = eventsim(folder, "info", "results/noise/raster.h5")
    assert told.returncode == 0, told.stderr
    assert "name noise, size 5, spikes " in told.stdout
    drawn = eventsim(folder, "plot", "results/noise/raster.h5", "--out", "pictures")
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout.split() == ["pictures/raster.png", "pictures/rates.png", "pictures/isi.png"]
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in drawn.stdout.split())


@pytest.mark.parametrize(("stop", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_run_cut_short_leaves_what_it_had(folder: Path, stop: signal.Signals, status: int) -> None:
    partial = folder / "results" / "noise" / "raster.h5.partial"
    command = [str(EVENTSIM), "run", "noise", *LONG]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, preexec_fn=heed_signals, **pipes) as run:
        try:
            while not (partial.exists() and partial.stat().st_size > 4_000_000):
                assert run.poll() is None, run.stderr.read() if run.stderr else ""
                time.sleep(0.05)
            run.send_signal(stop)
            said = run.communicate(timeout=60)[1]
        finally:
            run.kill()  # lest a run that does not heed the signal fills the disk
    assert run.returncode == status
    if stop is signal.SIGINT:
        assert said.startswith("eventsim: interrupted at ")
        assert said.endswith("results/noise/raster.h5.partial\n")
        assert len(said.splitlines()) == 1
    facts = json.loads(eventsim(folder, "info", str(partial), "--json").stdout)
    assert facts["complete"] is False
    assert facts["spikes"] > 100_000
    assert facts["duration_ms"] > 0


def test_profile_says_where_events_and_seconds_went_and_keeps_nothing(folder: Path) -> None:
    (folder / "scenarios" / "relayed.py").write_text(
        "from eventsim.network import AllToAll, Network, SpikeTrains\n"
        "from eventsim.models.integrate_and_fire import IF\n\n\n"
        "def build(*, seed: int) -> Network:\n"
        "    network = Network(seed)\n"
        '    cells = network.population("cells", 3, IF())\n'
        '    clock = network.source("clock", SpikeTrains([[1.0, 2.0, 9.5]]))\n'
        '    network.connect(clock, cells, AllToAll(), weight=2.0, delay=1.0, name="ticks")\n'
        "    return network\n"
    )
    (folder / "scenarios" / "relayed.toml").write_text('builder = "relayed.py:build"\nduration_ms = 10.0\n')
    done = eventsim(folder, "profile", "relayed")
    assert done.returncode == 0, done.stderr
    for name in ("building", "compiling", "simulating", "kernel", "inputs", "recording", "windows"):
        assert name in done.stdout
    summary = json.loads(eventsim(folder, "profile", "relayed", "--json").stdout)
    assert summary["profile"]["projections"] == [{"name": "ticks", "arrivals_sent": 9}]
    (cells,) = summary["profile"]["populations"]
    assert (cells["name"], cells["synaptic_events"], cells["gone_through"]) == ("cells", 6, 6)
    assert 0.0 < sum(summary["profile"]["seconds"].values()) <= summary["run_s"]
    assert not (folder / "results").exists()
