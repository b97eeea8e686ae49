"""Checks that the integrate-and-fire models share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.network.checks import one_of

Values = Mapping[str, NDArray[np.float64]]


def refuse(values: Values, name: str, wrong: NDArray[np.bool_], why: str) -> None:
    """Raise `InputError` for the first value of a parameter that is `wrong`, (1,) or (n,)."""
    if wrong.any():
        column = values[name]
        k = int(np.argmax(wrong))
        single = column.size == 1
        raise InputError(name, float(column[0 if single else k]), why, None if single else k)


def finite(values: Values, *, but: tuple[str, ...] = ()) -> None:
    """Raise `InputError` unless every value of every parameter, those named in `but` apart, is finite."""
    for name, column in values.items():
        if name not in but:
            refuse(values, name, ~np.isfinite(column), "must be finite")


def positive(values: Values, *names: str) -> None:
    """Raise `InputError` unless every value of these parameters is finite and greater than zero."""
    for name in names:
        column = values[name]
        refuse(values, name, ~((column > 0) & np.isfinite(column)), "must be greater than 0")


def time_constants(values: Values, *names: str) -> None:
    """Raise `InputError` unless these lie between 1e-6 and 1e9 ms: then times can be told apart by them."""
    positive(values, *names)
    for name in names:
        column = values[name]
        refuse(values, name, (column < 1e-6) | (column > 1e9), "must lie between 1e-6 and 1e9 ms")


def membrane(values: Values) -> None:
    """Raise `InputError` unless tau_m, c_m and i_e are a membrane's whose V_inf is a number."""
    time_constants(values, "tau_m")
    positive(values, "c_m")
    refuse(values, "c_m", values["c_m"] < 1e-100, "must be at least 1e-100 pF")
    with np.errstate(over="ignore"):
        driven = values["tau_m"] / values["c_m"] * values["i_e"] + values["e_l"]
    refuse(values, "i_e", ~np.isfinite(driven), "drives V beyond all numbers")


def not_negative(values: Values, *names: str) -> None:
    """Raise `InputError` unless every value of these parameters is finite and at least zero."""
    for name in names:
        column = values[name]
        refuse(values, name, ~((column >= 0) & np.isfinite(column)), "must be at least 0")


def check_reset(values: Values) -> None:
    """A neuron reset to its threshold or above would fire for ever; a refractory period cannot be negative."""
    not_negative(values, "t_ref")
    refuse(
        values,
        "v_reset",
        np.atleast_1d(values["v_reset"] >= values["v_th"]),
        "must lie below the threshold v_th",
    )


def set_threshold(p, v_th):
    """Let the threshold of a neuron, whose parameters are its own, be ``v_th``: what noise on thresholds does."""
    p.v_th = v_th


def reset_column(reset: str) -> NDArray[np.float64]:
    """The option ``reset`` as the number that kernels take: 0 to a value, 1 by subtraction."""
    one_of("reset", reset, ("value", "subtract"))
    return np.array([float(reset == "subtract")])
