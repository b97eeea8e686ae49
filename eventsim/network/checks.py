"""Checks of what a user hands in: each returns the value in its canonical form or raises `InputError`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from eventsim.errors import InputError
from eventsim.network.description import FloatArray, frozen_array


def number(
    field: str,
    value: object,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    above: bool = False,
    infinite: bool = False,
) -> float:
    """A float: never NaN, finite unless `infinite`, >= `low` (> `low` if `above`) and <= `high`."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(field, value, "a number is needed")
    try:
        result = float(value)
    except OverflowError:
        raise InputError(field, value, "must be finite") from None
    why = _why_not(result, low, high, above, infinite)
    if why:
        raise InputError(field, value, why)
    return result


def _why_not(value: float, low: float, high: float, above: bool, infinite: bool) -> str:
    """What is wrong with a number, empty if nothing."""
    if math.isnan(value):
        return "not a number"
    if not infinite and math.isinf(value):
        return "must be finite"
    if above and value <= low:
        return f"must be greater than {low:g}"
    if value < low:
        return f"must be at least {low:g}"
    if value > high:
        return f"must be at most {high:g}"
    return ""


def one_of(field: str, value: object, known: Sequence[str]) -> str:
    """One of the known texts."""
    if not isinstance(value, str) or value not in known:
        raise InputError(field, value, f"one of {', '.join(known)} is needed")
    return value


def instance(field: str, value: object, kind: type) -> None:
    """Refuse what is no object of this class."""
    if not isinstance(value, kind):
        raise InputError(field, value, f"a {kind.__name__} is needed")


def whole(field: str, value: object, low: int = 0) -> int:
    """An int >= `low`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InputError(field, value, "a whole number is needed")
    if value < low:
        raise InputError(field, value, f"must be at least {low}")
    return int(value)


def flag(field: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise InputError(field, value, "True or False is needed")
    return bool(value)


def text(field: str, value: object) -> str:
    """A name: a non-empty string that can also name a group in an HDF5 file (no slash, no control
    character)."""
    if not isinstance(value, str) or not value.strip():
        raise InputError(field, value, "a name is needed")
    if "/" in value or value == "." or not value.isprintable():
        raise InputError(field, value, "a name may not contain '/' or control characters, nor be '.'")
    return value


def real_array(
    field: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    above: bool = False,
    infinite: bool = False,
    dimensions: tuple[int, ...] = (1,),
) -> FloatArray:
    """A read-only float64 copy, every element checked as by `number`; errors give the (flat) index."""
    array = frozen_array(value, field)
    if array.dtype.kind == "b":
        raise InputError(field, value, "an array of numbers is needed")
    if array.ndim not in dimensions:
        raise InputError(
            field, value, f"an array of {' or '.join(map(str, dimensions))} dimension(s) is needed"
        )
    result: FloatArray = array.astype(np.float64)
    wrong = np.isnan(result) | (result <= low if above else result < low) | (result > high)
    if not infinite:
        wrong |= np.isinf(result)
    if wrong.any():
        index = int(np.argmax(wrong.ravel()))
        bad = float(result.flat[index])
        raise InputError(field, bad, _why_not(bad, low, high, above, infinite), index)
    result.setflags(write=False)
    return result


def times(field: str, value: Any, *, strictly: bool = False) -> FloatArray:
    """Instants in ms, (k,): finite, not negative, in non-decreasing (`strictly`: increasing) order."""
    result = real_array(field, value, 0.0)
    steps = np.diff(result)
    wrong = steps <= 0 if strictly else steps < 0
    if wrong.any():
        index = int(np.argmax(wrong)) + 1
        order = "increasing" if strictly else "non-decreasing"
        raise InputError(field, float(result[index]), f"times must be in {order} order", index)
    return result


def number_or_array(
    field: str, value: Any, low: float = -math.inf, high: float = math.inf, *, above: bool = False
) -> float | FloatArray:
    """A float or a read-only (k,) array of finite numbers."""
    if isinstance(value, np.ndarray | list | tuple):
        return real_array(field, value, low, high, above=above)
    return number(field, value, low, high, above=above)
