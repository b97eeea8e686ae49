"""The scenarios of a folder with a line each, read without checking them whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from eventsim.scenario.load import read_document
from eventsim.scenario.problems import ScenarioError


class Listed(NamedTuple):
    """A scenario file's name, as ``eventsim run`` takes it, and its description."""

    name: str
    description: str


def scenarios(folder: Path) -> Iterator[Listed]:
    """The scenarios in ``folder`` by name.  Raises ``ScenarioError`` where there is no such folder or none in it."""
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    if not files:
        raise ScenarioError(f"{folder}: no scenarios here")
    for path in files:
        yield Listed(path.stem, _description(path))


def _description(path: Path) -> str:
    try:
        text = str(read_document(path).get("description", ""))
    except (ScenarioError, OSError) as error:
        return f"({error})"
    return " ".join(text.split())
