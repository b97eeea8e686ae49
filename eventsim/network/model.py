"""The base class of neuron models: a frozen dataclass of parameters that also names its jitted handlers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.network import checks
from eventsim.network.description import Description, FloatArray, frozen_array, plain
from eventsim.network.distributions import Distribution

_OPTION_TYPES = (str, int, bool, "str", "int", "bool")


@dataclass(frozen=True)
class Model(Description):
    """A neuron model: subclass it with ``@dataclass(frozen=True)``, one field a parameter.

    A parameter is a number, an array with one element a neuron, or a `Distribution`; units belong in its name
    or docstring.  A field annotated ``str``, ``bool`` or ``int``, or whose value is none of these, is an
    option: it is left as it is and never becomes an array.  Override `validate` to check the parameters (NaN
    is refused before).

    test: when the threshold is tested: once for all arrivals of an instant (``"instant"``, the default: the
        result does not depend on the order of simultaneous arrivals beyond rounding), or after each
        (``"arrival"``).
    """

    handlers: ClassVar[Any] = None
    parameter_dtype: ClassVar[np.dtype[Any]]
    state_dtype: ClassVar[np.dtype[Any]]
    state_units: ClassVar[Mapping[str, str]] = {}
    """Units of state variables by name, such as ``{"v": "mV"}``, for files and figures; not all need one."""
    takes_current: ClassVar[bool] = False
    sums: ClassVar[Literal["jumps", "currents"] | None] = None
    threshold: ClassVar[str | None] = None
    """The parameter that is the threshold, where noise may move it: a field of `parameter_dtype` too."""
    weights_are_numbers: ClassVar[bool] = True
    """Whether an arrival's weight is a quantity, on which noise can act, and not the number of something."""

    test: Literal["instant", "arrival"] = field(default="instant", kw_only=True)

    def __post_init__(self) -> None:
        checks.one_of("test", self.test, ("instant", "arrival"))
        for each in fields(self):
            value = plain(getattr(self, each.name))
            if isinstance(value, int | float) and not isinstance(value, bool):
                checks.number(each.name, value, infinite=True)
            if isinstance(each.default, float) and not (_is_value(value) or isinstance(value, list)):
                raise InputError(each.name, value, "a number, an array or a distribution is needed")
            if isinstance(value, np.ndarray | list):
                bad = np.isnan(frozen_array(value, each.name).astype(np.float64)).ravel()
                if bad.any():
                    raise InputError(each.name, math.nan, "not a number", int(np.argmax(bad)))
        super().__post_init__()

    def neuron_parameters(self) -> tuple[str, ...]:
        """The fields that have a value for each neuron: those that `realise` turns into arrays.

        Override where an array field is something else, such as a table.
        """
        return tuple(
            f.name for f in fields(self) if f.type not in _OPTION_TYPES and _is_value(getattr(self, f.name))
        )

    def unit_of(self, variable: str) -> str:
        """The unit of a state variable, empty where `state_units` has none.  Raises `InputError` if it is no text."""
        unit = self.state_units.get(variable, "")
        if not isinstance(unit, str):
            raise InputError(f"{type(self).__name__}.state_units[{variable!r}]", unit, "a text is needed")
        return unit

    def check_size(self, size: int) -> None:
        """Raise `InputError` if an array of parameters does not have one element for each of `size`
        neurons."""
        for name in self.neuron_parameters():
            value = getattr(self, name)
            if isinstance(value, np.ndarray) and value.shape != (size,):
                raise InputError(
                    name, value.shape, f"the array needs the shape ({size},), one element a neuron"
                )

    def parameters(self, values: Mapping[str, FloatArray]) -> NDArray[Any]:
        """The structured array of `parameter_dtype`, (1,) if all neurons share it, else (n,).

        values: what `eventsim.build.draw.realise` gives, arrays of length 1 or n.  The default copies field
        by field; override it to add derived constants.
        """
        names = self.parameter_dtype.names or ()
        result = np.zeros(max((values[name].size for name in names), default=1), self.parameter_dtype)
        for name in names:
            result[name] = values[name]
        return result

    def initial_state(self, values: Mapping[str, FloatArray], n: int) -> NDArray[Any]:
        """The (n,) structured array of `state_dtype` at time 0; the default is all zeros."""
        return np.zeros(n, self.state_dtype)


def _is_value(value: object) -> bool:
    return isinstance(value, int | float | np.ndarray | Distribution) and not isinstance(value, bool)
