"""The published SONATA network gives its published spikes, and libsonata reads our raster like the published one."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from eventsim.errors import FileFormatError, MissingDataError
from eventsim.network import Network
from eventsim.recording import simulate
from eventsim.recording.results import Results
from eventsim.scenario.data import data_path
from eventsim.scenario.run import run_scenario
from networks import intfire300

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data() -> Path:
    try:
        return data_path(intfire300.DATA, origin=intfire300.ORIGIN, beside=__file__)
    except MissingDataError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def results(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    experiment = intfire300.build(seed=0)
    assert experiment.duration_ms == 3000.0
    path = tmp_path_factory.mktemp("intfire300") / "raster.h5"
    return simulate(experiment.network, experiment.duration_ms, path=path)


def test_the_scenario_reports_every_published_spike(data: Path, tmp_path: Path) -> None:
    outcome = run_scenario(ROOT / "scenarios" / "intfire300.toml", {"plot.figures": []}, tmp_path)
    metrics = outcome.summary["metrics"]
    assert metrics["spikes"] == metrics["published_spikes"] == metrics["matched"] == 4322
    assert metrics["largest_difference_ms"] < 1e-9
    assert (tmp_path / "comparison.png").stat().st_size > 10_000


def test_libsonata_reads_our_raster_like_the_published_one(data: Path, tmp_path: Path) -> None:
    experiment = intfire300.build(seed=0)
    assert experiment.duration_ms is not None
    simulate(experiment.network, experiment.duration_ms, path=tmp_path / "ours.h5")
    as_of_today(data / "output" / "spikes.h5", tmp_path / "published.h5")
    ours, published = (read_by_libsonata(tmp_path / name) for name in ("ours.h5", "published.h5"))
    assert ours.shape == published.shape == (4322, 2)
    assert np.array_equal(ours[:, 0], published[:, 0])
    assert np.abs(ours[:, 1] - published[:, 1]).max() < 1e-9


def as_of_today(published: Path, copy: Path) -> None:
    """A copy that names its sorting by a number, as the format now wants and libsonata insists on; it was a text."""
    shutil.copyfile(published, copy)
    copy.chmod(0o644)
    sorting = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype=np.uint8)
    with h5py.File(copy, "r+") as file:
        attributes = file["spikes/v1"].attrs
        assert attributes["sorting"] == "by_time"
        del attributes["sorting"]
        attributes.create("sorting", 2, dtype=sorting)


def read_by_libsonata(path: Path) -> NDArray[np.float64]:
    """(n, 2): id and time of each spike, sorted."""
    libsonata = pytest.importorskip("libsonata")
    reader = libsonata.SpikeReader(str(path))
    assert reader.get_population_names() == ["v1"]
    assert reader["v1"].time_units == "ms"
    return np.array(sorted(reader["v1"].get()))


def test_a_missing_spike_costs_one_match_at_most_where_it_is_the_last_of_its_neuron(results: Results) -> None:
    raster = results.spikes("v1")
    order = np.lexsort((raster.times, raster.ids))
    times, ids = raster.times[order], raster.ids[order]
    last = np.flatnonzero(ids == 7)[-1]
    fewer = intfire300.Published(np.delete(times, last), np.delete(ids, last))
    metrics = intfire300.agreement(results, fewer)
    assert metrics["matched"] == metrics["published_spikes"] == metrics["spikes"] - 1
    later = intfire300.Published(times + 2e-9, ids)
    assert intfire300.agreement(results, later)["matched"] == 0


def test_a_shorter_run_is_compared_up_to_its_end(data: Path) -> None:
    experiment = intfire300.build(seed=0)
    assert experiment.measure is not None
    metrics = experiment.measure(simulate(experiment.network, 1000.0))
    assert 0 < metrics["spikes"] == metrics["published_spikes"] == metrics["matched"] < 4322


def test_missing_data_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTSIM_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match="AllenInstitute/sonata") as caught:
        intfire300.build(seed=0)
    assert "EVENTSIM_DATA" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_files_in_its_place_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / intfire300.DATA).mkdir()
    monkeypatch.setenv("EVENTSIM_DATA", str(tmp_path))
    with pytest.raises(FileFormatError, match="not the files of"):
        intfire300.build(seed=0)


def test_weights_have_sign_and_multiplicity(data: Path) -> None:
    network: Network = intfire300.build(seed=0).network
    weights = network.projections["v1->v1"].weight
    assert isinstance(weights, np.ndarray)
    assert weights.size == 61_560
    assert set(np.sign(weights)) == {-1.0, 1.0}
    assert network.projections["lgn->v1"].delay == 2.0
