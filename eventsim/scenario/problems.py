"""A mistake in a scenario, said in one line: the file, the dotted key, the value and the nearest right key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eventsim.errors import EventsimError, shown

if TYPE_CHECKING:
    from pydantic import ValidationError


class ScenarioError(EventsimError):
    """A scenario that cannot be run as it is written: ``file: key = value: why``."""


def nearest(name: str, known: Iterable[str], kind: str = "known", prefix: str = "") -> str:
    """``did you mean X?``, or the known names where none is like ``name``; each with ``prefix`` before it."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {prefix}{close[0]}?"
    if names:
        return f"{kind} here: {', '.join(prefix + each for each in names)}"
    return f"no {kind} here" if kind.endswith("s") else f"nothing is {kind} here"


def explain(
    error: ValidationError,
    where: str,
    known: Mapping[str, Sequence[str]],
    overridden: Iterable[str] = (),
) -> ScenarioError:
    """The first mistake that pydantic found, and how many more there are.

    ``known`` lists the right keys of each table by its dotted name (the outermost is ``""``), ``overridden`` the
    dotted keys that come from ``--set`` rather than from the file ``where``.
    """
    first, *others = error.errors(include_url=False, include_context=False)
    table = ".".join(part for part in map(str, first["loc"][:-1]) if not part.isdigit())
    key = ".".join(map(str, first["loc"]))
    place = f"--set {key}" if _is_set(key, overridden) else f"{where}: {key}" if key else where
    text = _reason(first, table, known)
    more = f" (and {len(others)} more)" if others else ""
    return ScenarioError(f"{place}{text}{more}")


def _is_set(key: str, overridden: Iterable[str]) -> bool:
    """Whether ``key`` is one of ``overridden``, below or above one."""
    return any(f"{key}.".startswith(f"{name}.") or name.startswith(f"{key}.") for name in overridden)


def _reason(problem: Mapping[str, Any], table: str, known: Mapping[str, Sequence[str]]) -> str:
    if problem["type"] == "extra_forbidden":
        return f": unknown key, {_nearest_key(str(problem['loc'][-1]), table, known)}"
    if problem["type"] == "missing":
        return ": missing"
    why = problem["msg"].removeprefix("Input ").removeprefix("Value error, ")
    value = "" if isinstance(problem["input"], dict) else f" = {shown(problem['input'])}"
    return f"{value}: {why}"


def _nearest_key(name: str, table: str, known: Mapping[str, Sequence[str]]) -> str:
    """The right key like ``name`` in its own table, or the one of that very name in another."""
    prefix = f"{table}." if table else ""
    beside = known.get(table, ())
    elsewhere = [
        f"{other}.{key}" if other else key for other, keys in known.items() for key in keys if key == name
    ]
    if elsewhere and not difflib.get_close_matches(name, beside, cutoff=0.8):
        return f"did you mean {elsewhere[0]}?"
    return nearest(name, beside, prefix=prefix)
