"""Paths at which nothing can be written or read: one error of the package, an `OSError` too, that names the path."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import eventsim as es
from eventsim.errors import EventsimError, FileAccessError, MissingDataError
from eventsim.files import failures_naming, readable, write_whole
from eventsim.recording.checkpoint import load_state, save_state


class Standing:
    """A simulation as far as saving it goes."""

    network = es.Network(seed=1)
    engine = "queue"

    def state(self) -> dict[str, Any]:
        return {}


WRITERS: list[Callable[[Path], object]] = [es.Network().save, lambda path: save_state(Standing(), path)]  # type: ignore[arg-type]
READERS: list[Callable[[Path], object]] = [es.Network.load, load_state, es.SpikeTrains.from_file]


@pytest.mark.parametrize("write", WRITERS)
def test_what_cannot_be_written_is_named_and_leaves_nothing(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    (tmp_path / "file").write_text("kept")
    for path, why in (
        (tmp_path, "Is a directory"),
        (tmp_path / "none" / "x", "No such file or directory"),
        (tmp_path / "file" / "x", "Not a directory"),
    ):
        with pytest.raises(FileAccessError) as caught:
            write(path)
        assert str(caught.value) == f"{path}: {why}"
        assert isinstance(caught.value, OSError)
        assert isinstance(caught.value, EventsimError)
    write(tmp_path / "x")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "x"]


@pytest.mark.parametrize("read", READERS)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object]
) -> None:
    with pytest.raises(MissingDataError, match=f"^{tmp_path}/none: there is no such file$"):
        read(tmp_path / "none")
    with pytest.raises(FileAccessError, match=f"^{tmp_path}: Is a directory$"):
        read(tmp_path)
    (tmp_path / "secret").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the tests may run as root
    with pytest.raises(FileAccessError, match=f"^{tmp_path}/secret: Permission denied$"):
        read(tmp_path / "secret")


def test_a_failure_with_another_file_is_not_blamed_on_this_one(tmp_path: Path) -> None:
    with (
        pytest.raises(FileAccessError, match=r"^elsewhere/x\.csv: No such file"),
        failures_naming(tmp_path / "r.h5"),
    ):
        Path("elsewhere/x.csv").read_text()


def test_an_interrupted_writer_leaves_the_file_of_before(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    path.write_text("before")

    def write(temporary: Path) -> None:
        temporary.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, write)
    assert [each.name for each in tmp_path.iterdir()] == ["x.h5"]
    assert readable(path).read_text() == "before"
