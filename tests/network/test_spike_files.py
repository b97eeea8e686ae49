"""Spike trains from the three kinds of files."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from eventsim.errors import FileFormatError, InputError, MissingDataError
from eventsim.network import SpikeTrains

EXPECTED = SpikeTrains([[0.25, 3.0], [1.5], [], [1.5]])
TIMES, IDS = [3.0, 1.5, 0.25, 1.5], [0, 1, 0, 3]


@pytest.mark.parametrize("unit", ["ms", "s", None])
def test_sonata(tmp_path: Path, unit: str | None) -> None:
    with h5py.File(tmp_path / "spikes.h5", "w") as file:
        for name in ("a", "b"):
            group = file.create_group(f"spikes/{name}")
            group["timestamps"] = np.array(TIMES) / (1000.0 if unit == "s" else 1.0)
            group["node_ids"] = np.array(IDS if name == "a" else [9, 9, 9, 9], np.uint64)
            if unit:
                group["timestamps"].attrs["units"] = unit
    assert SpikeTrains.from_file(tmp_path / "spikes.h5", "a") == EXPECTED
    with pytest.raises(InputError, match="a, b: name one"):
        SpikeTrains.from_file(tmp_path / "spikes.h5")
    with pytest.raises(InputError, match="'c'"):
        SpikeTrains.from_file(tmp_path / "spikes.h5", "c")


def test_npz_and_size(tmp_path: Path) -> None:
    np.savez(tmp_path / "spikes.npz", times=TIMES, ids=IDS)
    assert SpikeTrains.from_file(tmp_path / "spikes.npz") == EXPECTED
    assert SpikeTrains.from_file(tmp_path / "spikes.npz", size=9).own_size == 9


@pytest.mark.parametrize(
    "text", ["3 0\n1.5 1 # x\n\n0.25\t0\n1.5 3\n", "time_ms,id\n3,0\n1.5,1\n0.25,0\n1.5,3"]
)
def test_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "spikes.csv").write_text(text)
    assert SpikeTrains.from_file(tmp_path / "spikes.csv") == EXPECTED


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError):
        SpikeTrains.from_file(tmp_path / "none.h5")
    contents = {
        "x.h5": b"no",
        "x.npz": b"no",
        "x.csv": b"1 2\n3\n",
        "y.csv": b"1 0.5\n",
        "z.csv": b"\xff\xfe\x00",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileFormatError):
            SpikeTrains.from_file(tmp_path / name)
    np.savez(tmp_path / "w.npz", times=[1.0])
    with pytest.raises(FileFormatError):
        SpikeTrains.from_file(tmp_path / "w.npz")
    (tmp_path / "n.csv").write_text("-1 0\n")
    with pytest.raises(InputError, match=r"times of '.*n\.csv'\[0\] = -1.0"):
        SpikeTrains.from_file(tmp_path / "n.csv")


@pytest.mark.parametrize(
    ("times", "ids", "said"),
    [
        ([b"a"], [0], "could not|not numbers"),
        ([1j], [0], "not numbers"),
        ([1.0], [-1], r"ids go from 0 to 2\*\*32 - 1, and one is -1"),
        ([1.0], [1e20], "and one is 1e"),
        (1.0, 1, "no SONATA file of spikes"),
    ],
)
def test_spikes_that_are_none_are_refused_by_the_file(
    tmp_path: Path, times: object, ids: object, said: str
) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["spikes/p/timestamps"], file["spikes/p/node_ids"] = np.array(times), np.array(ids)
    with pytest.raises(FileFormatError, match=f"^{path}: .*({said})"):
        SpikeTrains.from_file(path)


def test_files_that_look_like_spikes_and_hold_none(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["spikes"] = [1, 2]
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_group("spikes")
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["spikes"] = h5py.SoftLink("/spikes")
    np.save(tmp_path / "d.npy", np.ones(3))
    (tmp_path / "d.npy").rename(tmp_path / "d.npz")
    (tmp_path / "e.npz").touch()
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(FileFormatError, match=f"^{path}: "):
            SpikeTrains.from_file(path)
