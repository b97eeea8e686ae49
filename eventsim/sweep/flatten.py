"""Summaries and metrics of any shape as named columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eventsim.errors import InputError

Scalar = bool | int | float | str | None


def flatten(values: Mapping[str, Any]) -> dict[str, Scalar | list[Scalar]]:
    """Numbers, texts and lists of them by dotted name.

    Inner mappings become names with a dot; a list of mappings becomes a list for each of their keys; arrays become
    lists, of lists where they have several dimensions.  Raises ``InputError`` for two values of one name and for what
    is none of these.
    """
    found: dict[str, Scalar | list[Scalar]] = {}
    for name, value in _pairs(values, ""):
        if name in found:
            raise InputError("metrics", name, "two values have this name")
        found[name] = value
    return found


def _pairs(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = prefix + str(key).replace("/", ".")
        if hasattr(value, "tolist"):
            value = value.tolist()
        if isinstance(value, Mapping):
            yield from _pairs(value, f"{name}.")
        elif _is_list(value) and value and all(isinstance(each, Mapping) for each in value):
            rows = [flatten(each) for each in value]
            columns = dict.fromkeys(column for row in rows for column in row)
            yield from ((f"{name}.{column}", [row.get(column) for row in rows]) for column in columns)
        else:
            yield name, _plain(name, value)


def _plain(name: str, value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if _is_list(value):
        return [_plain(name, each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise InputError("metrics", value, f"{name} is neither a number, a text, nor a list or mapping of such")


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
