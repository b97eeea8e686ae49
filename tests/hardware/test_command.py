"""`eventsim cost` as users run it, from the HDF5 file alone; files read back; windows and the energy of one run."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import eventsim as es
from eventsim.errors import MissingDataError
from eventsim.hardware.costing import cost
from eventsim.hardware.document import comparison
from eventsim.hardware.run import read_run, run_of
from eventsim.hardware.windows import count_windows
from eventsim.network import SpikeTrains


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty sources that fire at random onto forty cells; delays of 1 to 9 ms, so that some arrive after the end."""
    draw = np.random.default_rng(5)
    trains = [np.sort(draw.uniform(0.0, 100.0, 20)) for _ in range(60)]
    net = es.Network(seed=1)
    inputs = net.source("inputs", SpikeTrains(trains))
    cells = net.population("cells", 40, es.IF(v_th=1.0))
    net.connect(inputs, cells, es.FixedIndegree(12), weight=0.1, delay=es.Uniform(1.0, 9.0))
    net.connect(cells, cells, es.PairwiseBernoulli(0.1), weight=0.05, delay=2.0)
    net.record_spikes("inputs", "cells")
    path = tmp_path_factory.mktemp("cost") / "raster.h5"
    es.simulate(net, 100.0, path=path)
    return path


def _eventsim(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "eventsim.command_line.main", *map(str, arguments)]
    code = "from eventsim.command_line.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *command[3:]], capture_output=True, text=True, check=False
    )


def test_a_chip_without_latencies_has_no_bound(raster: Path) -> None:
    run = es.read_run(raster)
    assert comparison(es.cost(run, "spinnaker2"))["bound_seconds"] is None
    assert comparison(es.cost(run, "loihi"))["bound_seconds"] > 0.0


def test_the_command_writes_report_tables_and_figures(raster: Path, tmp_path: Path) -> None:
    mappings = ("--mapping", "contiguous", "--mapping", "hilbert")
    options = ("--chip", "loihi", "--set", "spread=even", "--packets", "--out", tmp_path)
    done = _eventsim("cost", raster, *options, *mappings, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == json.loads((tmp_path / "cost.json").read_text())
    engine = es.open_raster(raster).counts["synaptic_events"]
    assert told["totals"]["synaptic_events"] == engine
    assert told["totals"]["pending_at_the_end"] > 0
    assert told["capacity"]["fits"]
    assert [each["mapping"] for each in told["mappings"]] == ["contiguous, even", "Hilbert curve, even"]
    assert told["packets"]["packets"] == told["totals"]["deliveries"]
    with (tmp_path / "tiles.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["synaptic_events"]) for row in rows) == engine
    with (tmp_path / "links.csv").open() as file:
        links = list(csv.DictReader(file))
    assert sum(int(row["unicast"]) for row in links) == told["totals"]["hops_unicast"]
    for name in ("mesh", "energy", "balance", "mappings"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    report = (tmp_path / "report.txt").read_text()
    order = [
        "capacity",
        "totals",
        "tiles",
        "busiest links",
        "latency bound",
        "energy",
        "unpriced",
        "NeuroBench",
    ]
    places = [report.index(f"\n{title}") for title in order]
    assert places == sorted(places)


def test_mistakes_are_one_line(raster: Path, tmp_path: Path) -> None:
    for arguments, text in (
        ((raster, "--chip", "loiho"), "one of generic45, loihi"),
        ((raster, "--mapping", "nearest"), "one of contiguous, hilbert, hypergraph"),
        ((raster, "--set", "price=3"), "did you mean prices?"),
        ((raster, "--set", "chips=2"), "chips"),
        ((raster, "--chip", "odin", "--set", "prices=all-in", "--set", "spread=odd"), "spread"),
        ((tmp_path / "none.h5",), "there is no such file"),
    ):
        done = _eventsim("cost", *arguments)
        assert done.returncode == 2
        assert text in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_file_says_what_the_network_does(raster: Path) -> None:
    """Counts from the file alone equal those from network and results; a file without wiring says so."""
    run = read_run(raster)
    again = run_of(run.network, es.open_raster(raster))
    a, b = (cost(each, "loihi", spread="even").counts for each in (run, again))
    assert a.totals == b.totals
    import h5py

    with h5py.File(raster, "r+") as file:
        kept = file["eventsim/wiring"][...]
        del file["eventsim/wiring"]
    with pytest.raises(MissingDataError, match="has no wiring"):
        read_run(raster)
    with h5py.File(raster, "r+") as file:
        file["eventsim/wiring"] = kept


def test_windows_add_up_and_peaks_show(raster: Path) -> None:
    run = read_run(raster)
    counts = cost(run, "loihi", spread="even").counts
    windows = count_windows(run, counts.placed, 10)
    assert windows.spikes.sum() == counts.totals["spikes"]
    assert windows.deliveries.sum() == counts.totals["deliveries"]
    assert windows.links.sum() == counts.hops_unicast
    assert windows.synaptic_events.sum() == counts.totals["synaptic_events"] + counts.pending
    first = run.results.spikes("inputs", 0.0, 10.0)  # type: ignore[union-attr]
    sources = run.results.spikes("cells", 0.0, 10.0)  # type: ignore[union-attr]
    assert windows.spikes[0].sum() == len(first) + len(sources)
    assert windows.links.max(axis=1).min() < windows.links.max()


def test_active_updates_against_every_arrival(raster: Path) -> None:
    """Pairs of a cell and a time step of 1 ms, one arrival after the other."""
    from eventsim.build.synapses import build_synapses

    run = read_run(raster)
    reached = set()
    for projection in run.network.projections.values():
        table = build_synapses(run.network, projection)
        spikes = run.results.spikes(projection.source.population.name)  # type: ignore[union-attr]
        for time, i in zip(spikes.times, spikes.ids, strict=True):
            for e in range(table.row_start[i], table.row_start[i + 1]):
                delay = table.delays[e] if table.delays.size > 1 else table.delays[0]
                if time + delay < 100.0:
                    reached.add((int(time + delay), int(table.targets[e])))
    totals = cost(run, "loihi", spread="even").counts.totals
    assert totals["neuron_updates_active"] == len(reached)
    assert totals["neuron_updates_active"] + totals["neuron_updates_inactive"] == 40 * 100
