"""Saving and loading: exact round trips, the same bytes, and every kind of wrong file refused."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import make_everything
from hypothesis import given
from hypothesis import strategies as st

from eventsim.build.synapses import build_synapses
from eventsim.errors import FileFormatError, InputError, MissingDataError
from eventsim.network import AllToAll, Model, Network


def test_round_trip_is_exact(everything: Network, tmp_path: Path) -> None:
    path = tmp_path / "network.es"
    everything.save(path)
    loaded = Network.load(path)
    assert loaded == everything and repr(loaded) == repr(everything)
    assert [p.number for p in loaded.projections.values()] == list(range(9))
    for projection, again in zip(everything.projections.values(), loaded.projections.values(), strict=True):
        for a, b in zip(build_synapses(everything, projection), build_synapses(loaded, again), strict=True):
            assert np.array_equal(a, b)
    loaded.save(tmp_path / "again.es")
    assert (tmp_path / "again.es").read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.es", "network.es"]


def test_loading_in_another_process(everything: Network, tmp_path: Path) -> None:
    everything.save(tmp_path / "network.es")
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from conftest import make_everything\nfrom eventsim.network import Network\n"
        f"assert Network.load({str(tmp_path / 'network.es')!r}) == make_everything()\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@given(st.data())
def test_damaged_files_are_refused(data) -> None:
    """Cut anywhere, a file is refused; with a bit flipped too, or (where it means nothing) read the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "n"
        make_everything().save(path)
        content = bytearray(path.read_bytes())
        if data.draw(st.booleans()):
            path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
            with pytest.raises(FileFormatError):
                Network.load(path)
        else:
            bit = data.draw(st.integers(0, 8 * len(content) - 1))
            content[bit // 8] ^= 1 << bit % 8
            path.write_bytes(content)
            try:
                assert Network.load(path) == make_everything()
            except FileFormatError:
                pass


def rewrite(path: Path, **changes: object) -> None:
    """Change entries of network.json."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["network.json"] = json.dumps({**json.loads(members["network.json"]), **changes}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "something else"},
        {"version": 2},
        {"seed": -1},
        {"projections": [{"name": "x"}]},
        {
            "populations": [
                {"name": "x", "size": 1, "source": False, "model": {"class": "os:system", "fields": {}}}
            ]
        },
        {"populations": [{"name": "x", "size": 1, "source": False, "model": {"array": "arrays/none.npy"}}]},
        {"populations": 3},
    ],
    ids=str,
)
def test_foreign_contents_are_refused(everything: Network, tmp_path: Path, changes: dict) -> None:
    path = tmp_path / "n"
    everything.save(path)
    rewrite(path, **changes)
    with pytest.raises(FileFormatError):
        Network.load(path)


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "n"
    with pytest.raises(MissingDataError):
        Network.load(path)
    path.write_bytes(b"")
    with pytest.raises(FileFormatError):
        Network.load(path)
    np.savez(path.with_suffix(".npz"), a=np.zeros(3))
    with pytest.raises(FileFormatError):
        Network.load(path.with_suffix(".npz"))


def test_arrays_of_objects_are_never_unpickled(everything: Network, tmp_path: Path) -> None:
    path = tmp_path / "n"
    everything.save(path)
    pickled = tmp_path / "object.npy"
    np.save(pickled, np.array([{}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["arrays/0.npy"] = pickled.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(FileFormatError):
        Network.load(path)


def test_unknown_classes_are_named(everything: Network, tmp_path: Path) -> None:
    path = tmp_path / "n"
    everything.save(path)
    model = {"class": "no_such_module:Cell", "fields": {}}
    rewrite(path, populations=[{"name": "x", "size": 1, "source": False, "model": model}])
    with pytest.raises(MissingDataError, match="no_such_module:Cell"):
        Network.load(path)


def test_classes_that_cannot_be_found_again_are_refused_when_saving(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Local(Model):
        pass

    network = Network()
    network.population("x", 1, Local())
    with pytest.raises(InputError, match="top level of a module"):
        network.save(tmp_path / "n")


def test_names_and_numbers_survive_exactly(tmp_path: Path) -> None:
    network = Network(2**63 + 1)
    a = network.population("a", 1, __import__("cells").Cell(tau_ms=0.1 + 0.2, threshold=float("inf")))
    network.connect(a, a, AllToAll(), weight=5e-324, delay=1 / 3)
    network.save(tmp_path / "n")
    loaded = Network.load(tmp_path / "n")
    assert loaded == network
    assert loaded["a"].model.tau_ms == 0.1 + 0.2
