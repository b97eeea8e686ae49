"""Parameters and a state as single records, and handlers as plain Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher

from eventsim.build.draw import realise
from eventsim.network import Model


def records(model: Model, **state: float) -> tuple[Any, Any]:
    """The parameters and the state of one neuron at time 0, with fields of the state set."""
    values = realise(model, 1, 0, "cell")
    p = model.parameters(values).view(np.recarray)[0]
    s = model.initial_state(values, 1).view(np.recarray)[0]
    for name, value in state.items():
        s[name] = value
    return p, s


def compiled(model: Model) -> dict[str, Callable[..., Any]]:
    """The handlers as the engines call them."""
    return {role: as_kernel(function) for role, function in type(model).handlers.functions.items()}


@lru_cache(None)
def as_kernel(function: Any) -> Any:
    """A function that only kernels can call, called by one."""
    return njit(lambda *args: function(*args))


def plain(model: Model) -> dict[str, Callable[..., Any]]:
    """The same bodies as plain Python, and whatever they call."""
    return {role: as_plain(function) for role, function in type(model).handlers.functions.items()}


def as_plain(function: Any) -> Callable[..., Any]:
    body = function.py_func if isinstance(function, Dispatcher) else function
    names = {
        name: as_plain(value) if isinstance(value, Dispatcher) else value
        for name, value in body.__globals__.items()
        if name in body.__code__.co_names
    }
    return FunctionType(
        body.__code__, {**names, "__builtins__": __builtins__}, body.__name__, body.__defaults__
    )
