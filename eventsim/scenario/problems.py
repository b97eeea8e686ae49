"""A mistake in a scenario, said in one line: the file, the dotted key, the value and the nearest right key."""

from __future__ import annotations

import contextlib
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
    document: Mapping[str, Any],
    where: str,
    known: Mapping[str, Sequence[str]],
    overridden: Iterable[str] = (),
) -> ScenarioError:
    """The first mistake that pydantic found in ``document``, and how many more there are.

    ``known`` lists the right keys of each table by its dotted name (the outermost is ``""``), ``overridden`` the
    dotted keys that come from ``--set`` rather than from the file ``where``.
    """
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for problem in error.errors(include_url=False, include_context=False):
        found.setdefault(_place(problem, document), []).append(problem)
    # Of a value that may be of several types there is a problem for each.
    (place, problems), *others = found.items()
    key = ".".join(place)
    table = ".".join(part for part in place[:-1] if not part.isdigit())
    named = f"--set {key}" if _is_set(key, overridden) else f"{where}: {key}" if key else where
    text = _reason(problems, place, table, known)
    more = f" (and {len(others)} more)" if others else ""
    return ScenarioError(f"{named}{text}{more}")


def _place(problem: Mapping[str, Any], document: Any) -> tuple[str, ...]:
    """The keys down to a mistake, without the names that pydantic gives to the alternatives of a type."""
    *above, last = problem["loc"] or (None,)
    place = []
    for part in above:
        with contextlib.suppress(LookupError, TypeError):
            document = document[part]
            place.append(str(part))
    lacking = problem["type"] == "missing"
    if lacking or (isinstance(document, Mapping) and last in document) or _is_index(last, document):
        place.append(str(last))
    return tuple(place)


def _is_index(part: object, document: object) -> bool:
    return isinstance(part, int) and isinstance(document, Sequence) and not isinstance(document, str)


def _is_set(key: str, overridden: Iterable[str]) -> bool:
    """Whether ``key`` is one of ``overridden``, below or above one."""
    return any(f"{key}.".startswith(f"{name}.") or name.startswith(f"{key}.") for name in overridden)


def _reason(
    problems: Sequence[Mapping[str, Any]],
    place: Sequence[str],
    table: str,
    known: Mapping[str, Sequence[str]],
) -> str:
    if problems[0]["type"] == "extra_forbidden":
        return f": unknown key, {_nearest_key(place[-1], table, known)}"
    if problems[0]["type"] == "missing":
        return ": missing"
    whys = dict.fromkeys(
        each["msg"].removeprefix("Input ").removeprefix("Value error, ") for each in problems
    )
    why = ", or ".join(whys).replace("a valid dictionary", "a table").replace("an object", "a table")
    wrong = problems[0]["input"]
    value = "" if isinstance(wrong, dict) else f" = {shown(wrong)}"
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
