"""The raster file: what is in it, who can read it, and that it depends on the run alone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, ClassVar

import h5py
import libsonata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.errors import FileAccessError, FileFormatError, InputError
from eventsim.models import IF, LIF, Izhikevich, IzhikevichGrid, LIFExp
from eventsim.models.lut import LUTOutputs, LUTTables
from eventsim.models.lut_attention import LUTAttention
from eventsim.network import Model, Network
from eventsim.recording.raster_layout import BLOCK
from eventsim.recording.raster_reader import info, open_raster
from eventsim.recording.raster_writer import RasterWriter
from eventsim.recording.simulate import population_table, recorder_table
from tests.recording.runs import COUNTS, METADATA, POPULATIONS, Run, made_up_run, play

#: More than two blocks, and chunks that are not full.
RUN = made_up_run(2 * BLOCK + 12_345)
DURATION = 50_000.0


def write(path: Path, run: Run = RUN, **cuts: Any) -> Path:
    with RasterWriter(path, POPULATIONS, METADATA, run.recorders) as writer:
        play(run, writer, **cuts)
        writer.close(COUNTS, DURATION)
    return path


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("raster") / "raster.h5")


def test_libsonata_reads_it(raster: Path) -> None:
    reader = libsonata.SpikeReader(str(raster))
    assert reader.get_population_names() == ["excitatory", "inhibitory", "silent"]
    for population in (POPULATIONS[0], POPULATIONS[2]):
        times, ids = RUN.expected(population)
        spikes = reader[population.name]
        assert spikes.sorting == "by_time"
        assert spikes.get() == list(zip(ids, times, strict=True))
        inside = (times >= 100.0) & (times <= 200.0)
        assert spikes.get(tstart=100.0, tstop=200.0) == list(zip(ids[inside], times[inside], strict=True))
    assert reader["silent"].get() == []


def test_layout_is_sonata(raster: Path) -> None:
    with h5py.File(raster) as file:
        assert file.attrs["magic"] == 0x0A7A
        assert file.attrs["magic"].dtype == np.uint32
        assert file.attrs["version"].tolist() == [0, 1]
        assert set(file["spikes"]) == {"excitatory", "inhibitory", "silent"}
        group = file["spikes/excitatory"]
        enum = h5py.check_enum_dtype(h5py.h5a.open(group.id, b"sorting").dtype)
        assert enum == {"none": 0, "by_id": 1, "by_time": 2}
        assert group["timestamps"].attrs["units"] in ("ms", b"ms")
        assert (group["timestamps"].dtype, group["node_ids"].dtype) == (np.float64, np.uint64)
        assert group["timestamps"].compression is None
        table = pd.DataFrame({"t": group["timestamps"][...], "id": group["node_ids"][...]})
    times, ids = RUN.expected(POPULATIONS[0])
    assert table.equals(pd.DataFrame({"t": times, "id": ids.astype(np.uint64)}))


def test_everything_comes_back(raster: Path) -> None:
    results = open_raster(raster)
    assert results.complete
    assert results.duration_ms == DURATION
    for name, population in results.populations.items():
        times, ids = RUN.expected(population)
        for start, stop in ((-np.inf, np.inf), (0.0, 0.0), (10.0, 1_000.125), (1_000.125, np.inf)):
            part = results.spikes(name, start, stop)
            inside = (times >= start) & (times < stop)
            np.testing.assert_array_equal(part.times, times[inside])
            np.testing.assert_array_equal(part.ids, ids[inside])
    trace = results.states(0)
    np.testing.assert_array_equal(trace.values, RUN.samples)
    np.testing.assert_array_equal(trace.times, RUN.recorders[0].times_ms)
    assert results.counts["synaptic_events"] == 12
    np.testing.assert_array_equal(results.counts["spike_counts"], np.arange(105))


class OfNoUnit(Model):
    """A user's model that declares no units."""

    state_dtype = np.dtype([("t", "f8"), ("v", "f8")])


class OfAnyUnit(OfNoUnit):
    state_units: ClassVar[Any] = {"v": "apples", "t": 3}


def test_units_of_state_variables_reach_the_file_and_neo(tmp_path: Path) -> None:
    expected = {"v": "mV", "ex": "pA", "u": "mV/ms", "apples": "apples", "none": None}
    network = Network()
    for name, model in zip(expected, (LIF(), LIFExp(), Izhikevich(), OfAnyUnit(), OfNoUnit()), strict=True):
        network.population(name, 2, model)
        network.record_state(name, name if name in model.state_dtype.fields else "v", [1.0])
    path = tmp_path / "raster.h5"
    with RasterWriter(path, population_table(network), None, recorder_table(network)) as writer:
        for number in range(len(expected)):
            writer.states(number, np.ones(1), np.ones((1, 2)))
    with h5py.File(path) as file:
        values = [file[f"eventsim/states/{number}/values"] for number in range(len(expected))]
        assert [each.attrs.get("units") for each in values] == [
            unit and unit.encode() for unit in expected.values()
        ]
    assert [each["unit"] for each in info(path)["recorders"]] == list(expected.values())
    results = open_raster(path)
    assert [results.states(k).unit or None for k in range(len(expected))] == list(expected.values())
    signals = [segment.irregularlysampledsignals[0] for segment in results.to_neo().segments]
    assert [str(each.dimensionality) for each in signals] == [
        *("mV", "pA", "mV/ms", "dimensionless", "dimensionless")
    ]


def test_units_are_of_variables_that_there_are_and_texts() -> None:
    for model in (LIF, LIFExp, IF, Izhikevich, IzhikevichGrid, LUTTables, LUTOutputs, LUTAttention):
        assert set(model.state_units) <= set(model.state_dtype.names)
    network = Network()
    network.record_state(network.population("cells", 1, OfAnyUnit()), "t", [1.0])
    with pytest.raises(InputError, match=r"OfAnyUnit.state_units\['t'\] = 3: a text is needed"):
        recorder_table(network)


def test_info_is_json(raster: Path) -> None:
    found = json.loads(json.dumps(info(raster)))
    assert (found["scenario"], found["seed"]) == (METADATA["scenario"], METADATA["seed"])
    assert found["settings"] == METADATA["settings"]
    assert found["counts"] == {"mean": 0.5, "synaptic_events": 12}
    assert set(found["versions"]) == {"eventsim", "h5py", "numba", "numpy", "python"}
    assert [p["name"] for p in found["populations"]] == ["excitatory", "inhibitory", "silent"]
    assert found["spikes"] == sum(p["spikes"] for p in found["populations"])


def test_the_clock_is_not_in_the_file(raster: Path, tmp_path: Path) -> None:
    time.sleep(1.1)
    assert write(tmp_path / "again.h5").read_bytes() == raster.read_bytes()


@settings(max_examples=15, deadline=None)
@given(
    spike_cuts=st.lists(st.integers(0, len(RUN.times)), max_size=30),
    sample_cuts=st.lists(st.integers(0, 50), max_size=10),
)
def test_chunks_do_not_show(
    raster: Path, tmp_path_factory: pytest.TempPathFactory, spike_cuts: list[int], sample_cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("cut") / "cut.h5"
    assert write(path, spike_cuts=spike_cuts, sample_cuts=sample_cuts).read_bytes() == raster.read_bytes()
    path.unlink()


def test_an_exception_leaves_a_readable_partial(tmp_path: Path) -> None:
    path = tmp_path / "raster.h5"
    with pytest.raises(KeyboardInterrupt), RasterWriter(path, POPULATIONS, METADATA) as writer:
        writer.spikes(RUN.times[:1_000], RUN.ids[:1_000])
        raise KeyboardInterrupt
    assert not path.exists()
    results = open_raster(tmp_path / "raster.h5.partial")
    assert not results.complete
    assert results.duration_ms == RUN.times[999]
    assert results.spike_count() == np.count_nonzero((RUN.ids[:1_000] < 70) | (RUN.ids[:1_000] >= 90))
    with pytest.raises(FileFormatError, match=r"unfinished run is there: .*raster.h5.partial"):
        open_raster(path)


def test_a_quiet_run_is_flushed_by_its_planned_duration(tmp_path: Path) -> None:
    with RasterWriter(tmp_path / "quiet.h5", [("a", 0, 3)], {"duration_ms": 100.0}) as writer:
        times = np.array([0.5, 1.0, 50.0, 50.5, 51.0])
        writer.spikes(times, np.zeros(5, dtype=np.uint32))
        killed = tmp_path / "killed.h5"
        killed.write_bytes((tmp_path / "quiet.h5.partial").read_bytes())
        assert open_raster(killed).spikes("a").times.tolist() == [0.5, 1.0]
        assert open_raster(killed).duration_ms == 50.0
    assert open_raster(tmp_path / "quiet.h5").spikes("a").times.tolist() == times.tolist()


def test_a_run_without_spikes(tmp_path: Path) -> None:
    with RasterWriter(tmp_path / "empty.h5", [("a", 0, 3)], {"duration_ms": 7.0}):
        pass
    found = info(tmp_path / "empty.h5")
    assert (found["spikes"], found["duration_ms"], found["seed"]) == (0, 7.0, None)
    assert libsonata.SpikeReader(str(tmp_path / "empty.h5"))["a"].get() == []


def test_wrong_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"populations\[1\] = 'a/b'"):
        RasterWriter(tmp_path / "r.h5", [("a", 0, 1), ("a/b", 1, 1)])
    writer = RasterWriter(tmp_path / "r.h5", [("a", 0, 1)])
    writer.spikes(np.array([1.0, 0.5]), np.array([0, 0], dtype=np.uint32))
    with pytest.raises(InputError, match="order of time"):
        writer.close()
    writer.spikes(np.array([2.0]), np.array([7], dtype=np.uint32))
    with pytest.raises(InputError, match=r"ids\[0\] = 7: belongs to no population"):
        writer.close()
    with pytest.raises(FileAccessError, match=r"r\.h5\.partial: File exists$"):
        RasterWriter(tmp_path / "r.h5.partial" / "x.h5", [("a", 0, 1)])
    with pytest.raises(FileAccessError, match=f"^{tmp_path}: Is a directory$"):
        RasterWriter(tmp_path, [("a", 0, 1)])


def test_samples_must_fit_the_plan(tmp_path: Path) -> None:
    with RasterWriter(tmp_path / "r.h5", POPULATIONS, None, RUN.recorders) as writer:
        with pytest.raises(InputError, match="does not fit samples of shape"):
            writer.states(0, np.zeros(2), np.zeros((2, 3)))
        with pytest.raises(InputError, match="does not fit samples of shape"):
            writer.states(0, np.zeros(51), np.zeros((51, 4)))
