"""What is varied, as a user writes it: grids, ranges, lists and distributions of one dotted key."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventsim.errors import shown
from eventsim.scenario.load import split_assignment
from eventsim.scenario.problems import ScenarioError, nearest

_CALL = re.compile(r"^([a-z]+)\((.*)\)$", re.DOTALL)
_MOST = 1_000_000


@dataclass(frozen=True)
class Fixed:
    """An axis with given values: a grid, a range or a list."""

    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Drawn:
    """An axis whose values are drawn: ``value(u)`` is the distribution's quantile at ``u``, 0 <= u < 1."""

    key: str
    distribution: str
    arguments: tuple[Any, ...]

    def value(self, u: float) -> Any:
        a, b = self.arguments[0], self.arguments[-1]
        match self.distribution:
            case "uniform":
                return a + (b - a) * u
            case "loguniform":
                return math.exp(math.log(a) + (math.log(b) - math.log(a)) * u)
            case "normal":
                from scipy.special import ndtri

                return float(a + b * ndtri(max(u, 2.0**-54)))
            case "integers":
                return int(a + math.floor(u * (b - a)))
            case _:
                return self.arguments[math.floor(u * len(self.arguments))]


Axis = Fixed | Drawn


def axis_from_text(text: str) -> Axis:
    """The axis of ``KEY=WHAT`` on the command line."""
    key, what = split_assignment(text, "--vary", "KEY=VALUES, such as seed=0:10")
    return axis(key, what, f"--vary {key}")


def axes_from_table(table: Mapping[str, Any], where: str, prefix: str = "") -> dict[str, Axis]:
    """The axes of a ``[sweep.vary]`` table by dotted key; inner tables are parts of the keys."""
    found: dict[str, Axis] = {}
    for name, what in table.items():
        key = f"{prefix}{name}"
        if isinstance(what, Mapping):
            found.update(axes_from_table(what, where, f"{key}."))
        else:
            found[key] = axis(key, what, f"{where}: sweep.vary.{key}")
    return found


def axis(key: str, what: object, where: str) -> Axis:
    """An axis from a list of values or from a text.

    ``a:b:n``, n values from a to b, both included; ``a:b:n:log``, by equal factors; ``a:b``, the whole numbers from a
    to b - 1; ``uniform(a, b)``, ``loguniform(a, b)``, ``normal(mean, std)``, ``integers(a, b)`` and ``choice(...)``,
    drawn; else values with commas between them.  Raises ``ScenarioError`` that begins with ``where``.
    """
    if isinstance(what, str):
        call = _CALL.match(what.strip())
        if call:
            return _drawn(key, call[1], _values(call[2], where), f"{where} = {what}")
        if ":" in what and what.strip()[:1] not in ("[", '"', "'"):
            return Fixed(key, _grid(what, f"{where} = {what}"))
        values: Any = _values(what, where)
    else:
        values = what if isinstance(what, list) else [what]
    if not values:
        raise ScenarioError(f"{where}: at least one value is needed")
    return Fixed(key, tuple(values))


def _grid(text: str, where: str) -> tuple[Any, ...]:
    parts = [part.strip() for part in text.split(":")]
    log = len(parts) == 4 and parts[3] == "log"
    numbers = [_number(part, where) for part in (parts[:3] if log else parts)]
    whole = all(isinstance(number, int) for number in numbers)
    if len(numbers) == 2 and whole and not log:
        first, stop = numbers
        if not first < stop:
            raise ScenarioError(f"{where}: the first number must be below the second")
        if stop > first + _MOST:
            raise ScenarioError(f"{where}: at most {_MOST:,} values")
        return tuple(range(int(first), int(stop)))
    if len(numbers) != 3 or not isinstance(numbers[2], int):
        raise ScenarioError(
            f"{where}: should be FROM:TO:NUMBER, FROM:TO:NUMBER:log or, whole numbers, FROM:BELOW"
        )
    a, b, n = numbers[0], numbers[1], int(numbers[2])
    if not (2 <= n <= _MOST or (n == 1 and a == b)):
        raise ScenarioError(f"{where}: at least 2 values, and at most {_MOST:,}, lie from {a} to {b}")
    if log and not (a > 0 and b > 0):
        raise ScenarioError(f"{where}: equal factors need numbers above 0")
    last = max(n - 1, 1)
    if log:
        inner = [math.exp((math.log(a) * (last - k) + math.log(b) * k) / last) for k in range(1, n - 1)]
        # As they would be written: 1e-8 and not 1.0000000000000018e-08.
        return (float(a), *(float(f"{value:.14g}") for value in inner), float(b))
    # One rounding a value: 0:2:21 holds 0.3 and not 0.30000000000000004.
    values = [(a * (last - k) + b * k) / last for k in range(n)]
    return tuple(map(int, values)) if whole and all(value.is_integer() for value in values) else tuple(values)


def _drawn(key: str, name: str, arguments: list[Any], where: str) -> Drawn:
    known = ("uniform", "loguniform", "normal", "integers", "choice")
    if name not in known:
        raise ScenarioError(f"{where}: no such distribution, {nearest(name, known)}")
    if name == "choice":
        if not arguments:
            raise ScenarioError(f"{where}: at least one value is needed")
        return Drawn(key, name, tuple(arguments))
    kinds = int if name == "integers" else int | float
    if len(arguments) != 2 or not all(isinstance(v, kinds) and not isinstance(v, bool) for v in arguments):
        raise ScenarioError(f"{where}: two {'whole ' if name == 'integers' else ''}numbers are needed")
    a, b = arguments
    if name == "normal" and not b > 0:
        raise ScenarioError(f"{where}: the standard deviation must be above 0")
    if name != "normal" and not a < b:
        raise ScenarioError(f"{where}: the first number must be below the second")
    if name == "loguniform" and not a > 0:
        raise ScenarioError(f"{where}: the numbers must be above 0")
    return Drawn(key, name, (a, b))


def _number(text: str, where: str) -> int | float:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ScenarioError(f"{where}: {shown(text)} is not a number")
    return value


def _values(text: str, where: str) -> list[Any]:
    """Values with commas between them, as TOML; words need no quotes."""
    listed = text.startswith("[")
    for candidate in (text, f"[{text}]") if listed else (f"[{text}]", f"[{_quoted(text)}]"):
        try:
            values = tomllib.loads(f"values = {candidate}")
        except tomllib.TOMLDecodeError:
            continue
        if len(values) == 1 and isinstance(values["values"], list):
            return values["values"]
    raise ScenarioError(f"{where}: {shown(text)} is no list of values")


def _quoted(text: str) -> str:
    """The words of ``a, b, 1`` in quotes, what TOML knows as it is."""
    parts = []
    for part in map(str.strip, text.split(",")):
        try:
            tomllib.loads(f"value = {part}")
            parts.append(part)
        except tomllib.TOMLDecodeError:
            parts.append('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"')
    return ", ".join(parts)
