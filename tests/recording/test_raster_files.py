"""Files that are not finished, not whole, not rasters or not ours."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from eventsim.errors import FileFormatError
from eventsim.recording.raster_reader import info, open_raster
from eventsim.recording.raster_writer import RasterWriter
from tests.recording.runs import POPULATIONS, made_up_run, play

ENDLESS_WRITER = """
import sys
import numpy as np
from eventsim.recording.raster_writer import RasterWriter
populations = [(f"p{k}", 100 * k, 100) for k in range(int(sys.argv[2]))]
writer = RasterWriter(sys.argv[1], populations)
print("ready", flush=True)
at = 0
while True:
    serial = np.arange(at, at + 50_000)
    writer.spikes(serial * 0.001, (serial * 2654435761 % (100 * len(populations))).astype(np.uint32))
    at += 50_000
"""


@pytest.mark.parametrize("populations", [1, 3, 20])
def test_a_killed_writer_leaves_a_prefix(tmp_path: Path, populations: int) -> None:
    path = tmp_path / "raster.h5"
    waits = random.Random(populations)
    for _ in range(3):
        command = [sys.executable, "-c", ENDLESS_WRITER, str(path), str(populations)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(waits.uniform(0.0, 0.3))
            writer.kill()
        results = open_raster(f"{path}.partial")
        rasters = [results.spikes(name) for name in results.populations]
        times = np.concatenate([raster.times for raster in rasters])
        ids = np.concatenate([raster.ids + 100 * k for k, raster in enumerate(rasters)])
        order = np.argsort(times)
        serial = np.arange(len(times))
        np.testing.assert_array_equal(times[order], serial * 0.001)
        np.testing.assert_array_equal(ids[order], serial * 2654435761 % (100 * populations))
        found = info(f"{path}.partial")
        assert not found["complete"]
        assert found["spikes"] == len(times)
        assert found["duration_ms"] == max(len(times) - 1, 0) * 0.001


def test_what_a_killed_run_left_makes_way(tmp_path: Path) -> None:
    path = tmp_path / "raster.h5"
    (tmp_path / "raster.h5.partial").write_bytes(b"cut short")
    RasterWriter(path, POPULATIONS).close()
    assert open_raster(path).spike_count() == 0
    assert [each.name for each in tmp_path.iterdir()] == ["raster.h5"]


def test_memory_does_not_grow_with_spikes(tmp_path: Path) -> None:
    program = """
import resource, sys
import numpy as np
from eventsim.recording.raster_writer import RasterWriter
times = np.sort(np.random.default_rng(0).uniform(0.0, 10.0, 100_000))
ids = np.arange(100_000, dtype=np.uint32)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with RasterWriter(sys.argv[1], [("a", 0, 60_000), ("b", 60_000, 40_000)]) as writer:
    for k in range(200):
        writer.spikes(times + 10.0 * k, ids)
        if k == 9:
            early = peak()
print(peak() - early)
"""
    path = tmp_path / "large.h5"
    output = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    grown_kib = int(output.stdout)
    assert path.stat().st_size > 16 * 20_000_000
    assert grown_kib < 20_000
    assert open_raster(path).spike_count() == 20_000_000
    assert len(open_raster(path).spikes("b", 500.0, 510.0)) == 40_000
    path.unlink()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "raster.h5"
    run = made_up_run(5_000)
    with RasterWriter(path, POPULATIONS, {"scenario": "x"}, run.recorders) as writer:
        play(run, writer)
    return path.read_bytes()


def test_a_file_that_another_run_is_writing_is_left_to_it(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "raster.h5"
    run = made_up_run(5_000)
    with RasterWriter(path, POPULATIONS, {"scenario": "x"}, run.recorders) as writer:
        with pytest.raises(FileFormatError, match="another run is writing it"):
            RasterWriter(path, POPULATIONS)
        play(run, writer)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, whole: bytes, share: float) -> None:
    path = tmp_path / "cut.h5"
    path.write_bytes(whole[: int(share * len(whole))])
    _refused(path)


def test_foreign_things_are_refused(tmp_path: Path) -> None:
    noise = tmp_path / "noise.h5"
    noise.write_bytes(np.random.default_rng(0).bytes(10_000))
    _refused(noise, "is not an HDF5 file")
    _refused(tmp_path, "is a directory")
    _refused(tmp_path / "absent.h5", "there is no such file")
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["data"] = np.arange(3)
    _refused(other, "no group /spikes")
    with h5py.File(other, "w") as file:
        file["spikes/a/timestamps"] = np.arange(3.0)
    _refused(other, "/spikes/a has no timestamps and node_ids")
    with h5py.File(other, "w") as file:
        file["spikes/a/timestamps"] = np.arange(3.0)
        file["spikes/a/node_ids"] = np.arange(2)
    _refused(other, "differ in length")
    with h5py.File(other, "w") as file:
        file.create_group("spikes")
        file.create_group("eventsim").attrs["format"] = "eventsim raster"
    _refused(other, "is damaged or not a raster")


def test_a_damaged_file_never_shows_a_traceback_of_ours(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "damaged.h5"
    draws = random.Random(1)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(20):
            damaged[draws.randrange(6_000)] = draws.randrange(256)
        path.write_bytes(damaged)
        try:
            results = open_raster(path)
            for name in results.populations:
                results.spikes(name)
        except FileFormatError as error:
            assert "\n" not in str(error)


def test_rasters_of_other_tools(tmp_path: Path) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["spikes/cortex/timestamps"] = np.array([3.0, 1.0, 2.0, 1.0], dtype=np.float32)
        file["spikes/cortex/node_ids"] = np.array([0, 7, 2, 4], dtype=np.uint32)
    results = open_raster(path)
    raster = results.spikes("cortex")
    assert (raster.size, results.duration_ms) == (8, 3.0)
    assert raster.times.tolist() == [1.0, 1.0, 2.0, 3.0]
    assert raster.ids.tolist() == [4, 7, 2, 0]
    assert results.spikes("cortex", 1.5, 3.0).times.tolist() == [2.0]
    assert info(path)["format"] == "SONATA spikes"


def test_the_early_layout_without_populations(tmp_path: Path) -> None:
    path = tmp_path / "early.h5"
    with h5py.File(path, "w") as file:
        file["spikes/timestamps"] = np.array([1.0, 2.0])
        file["spikes/gids"] = np.array([5, 0])
    assert open_raster(path).spikes("spikes").ids.tolist() == [5, 0]


def _refused(path: Path, why: str | None = None) -> None:
    for read in (open_raster, info):
        with pytest.raises(FileFormatError, match=why) as caught:
            read(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("dataset", "value", "said"),
    [
        ("spikes/inhibitory/node_ids", 77, "inhibitory has a spike of neuron 77; ids go from 0 to 9"),
        ("spikes/inhibitory/timestamps", np.nan, "inhibitory has spikes out of the order of time"),
        ("spikes/inhibitory/timestamps", 1e9, "inhibitory has spikes out of the order of time"),
    ],
)
def test_damage_in_the_spikes_themselves_is_found(
    tmp_path: Path, whole: bytes, dataset: str, value: float, said: str
) -> None:
    """HDF5 has no checksums here, and kernels that price a run index by what they are given."""
    path = tmp_path / "raster.h5"
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        file[dataset][3] = value
    with pytest.raises(FileFormatError, match=f"^{path}: {said}$"):
        open_raster(path).spikes("inhibitory")
