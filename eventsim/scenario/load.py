"""From a scenario file and the changes on the command line to a checked scenario."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventsim.errors import shown
from eventsim.scenario.problems import ScenarioError, explain, nearest

if TYPE_CHECKING:
    from eventsim.scenario.schema import Scenario

SCENARIO_FOLDER = "scenarios"


def find_scenario(name: str) -> Path:
    """The file called ``name``, or the scenario of that name in ``./scenarios``.

    Raises ``ScenarioError`` naming the nearest scenario where there is neither.
    """
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        if path.is_file():
            return path
        stem, folder = path.stem, path.parent
    else:
        inside = Path(SCENARIO_FOLDER) / f"{name}.toml"
        if inside.is_file():
            return inside
        stem, folder = name, Path(SCENARIO_FOLDER)
    others = [other.stem for other in folder.glob("*.toml")] if folder.is_dir() else []
    hint = nearest(stem, others, "scenarios") if others else f"no scenarios in {folder}"
    raise ScenarioError(f"{name}: no such scenario, {hint}")


def read_document(path: Path) -> dict[str, Any]:
    """The TOML document at ``path``.  Raises ``ScenarioError`` with the line and column of what cannot be read."""
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: not a TOML file: {error}") from None


def split_assignment(text: str, option: str, form: str) -> tuple[str, str]:
    """``dotted.key=value`` of a command-line option as (dotted key, value); the key's names may be quoted, as in TOML.

    Raises ``ScenarioError`` that asks for ``form``.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    names = [name.strip(" \"'") for name in key.split(".")]
    if not equals or not all(names):
        raise ScenarioError(f"{option} {text}: should be {form}")
    return ".".join(names), value


def parse_override(text: str, option: str = "--set") -> tuple[str, Any]:
    """``dotted.key=value`` as (dotted key, value).  The value is TOML; what is not TOML is a bare string."""
    key, value = split_assignment(text, option, "dotted.key=value")
    try:
        document = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError as error:
        if value[:1] in ("", '"', "'", "[", "{"):
            raise ScenarioError(f"{option} {text}: the value is no TOML: {error}") from None
        return key, value
    if len(document) > 1:
        raise ScenarioError(f"{option} {text!r}: one value, on one line")
    return key, document["value"]


def override(document: dict[str, Any], key: str, value: object) -> None:
    """Set the dotted ``key`` of ``document`` in place, making the tables on the way."""
    *tables, last = key.split(".")
    table = document
    for depth, name in enumerate(tables, start=1):
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ScenarioError(f"--set {key}: {'.'.join(tables[:depth])} = {shown(inner)} is not a table")
        table = inner
    table[last] = value


def parse_overrides(overrides: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted key, of ``"key=value"`` texts or of what is such a mapping already; the last one holds."""
    return dict(overrides) if isinstance(overrides, Mapping) else dict(map(parse_override, overrides))


def load_scenario(path: Path, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """The scenario in the file ``path``, with ``overrides`` (values by dotted key) applied.

    Raises ``ScenarioError`` for an unknown key or a value of the wrong type or range.  The scenario's name is the
    file's where it gives none.
    """
    changes = overrides or {}
    document = read_document(path)
    document.setdefault("name", path.stem)
    for key, value in changes.items():
        override(document, key, value)
    return check_document(document, path, changes)


def check_document(document: Mapping[str, Any], path: Path, changes: Iterable[str] = ()) -> Scenario:
    """The scenario of a document from the file ``path``, some of whose dotted keys are ``changes`` made to it.

    Raises ``ScenarioError`` for an unknown key or a value of the wrong type or range.
    """
    from pydantic import ValidationError

    from eventsim.scenario.schema import Scenario, known_keys

    try:
        # As JSON, so that strict checking takes an array for a tuple but no text for a number.
        return Scenario.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise explain(error, document, str(path), known_keys(), changes) from None
