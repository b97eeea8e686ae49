"""Where data sets are looked for."""

from pathlib import Path

import pytest

from eventsim.errors import MissingDataError
from eventsim.scenario.data import data_path


def test_data_lies_beside_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENTSIM_DATA", raising=False)
    (tmp_path / "shared" / "data" / "digits").mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "networks").mkdir()
    found = tmp_path / "shared" / "data" / "digits"
    monkeypatch.chdir(tmp_path)
    assert (
        data_path("digits", origin="a site", beside=tmp_path / "repository" / "networks" / "digits.py")
        == found
    )
    monkeypatch.chdir(tmp_path / "repository" / "networks")
    assert data_path("digits", origin="a site") == found


def test_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTSIM_DATA", str(tmp_path))
    (tmp_path / "a").mkdir()
    assert data_path("a", origin="a site") == tmp_path / "a"


def test_missing_data_says_in_one_line_what_to_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTSIM_DATA", str(tmp_path))
    with pytest.raises(MissingDataError) as caught:
        data_path("digits", "train.h5", origin="https://example.org/digits")
    assert str(caught.value) == (
        f"digits/train.h5: not found in {tmp_path}; "
        "get it from https://example.org/digits and set EVENTSIM_DATA to its folder"
    )
