"""The four functions of a neuron model, as something a kernel can take for an argument.

A kernel is compiled once for the *types* of its arguments and kept on disk.  A jitted function passed directly
would be another type in every process, and nothing would ever be found on disk again; so each model's functions are
bundled in :class:`Handlers`, whose Numba type is its name alone.  The name holds a digest of the sources of the
handlers and of the kernels, so an edit to any of them is another type and never meets stale machine code.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import types
from numba.core.dispatcher import Dispatcher
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox

from eventsim.kernels.jit import inner, inner_overload
from eventsim.kernels.memory import record_at

CURRENT = -1
"""Receptor of an arrival that sets the external current to its weight."""

_REGISTRY: dict[str, Handlers] = {}


class Handlers:
    """What happens to one neuron: functions of its parameters ``p`` and its state ``s`` (records of arrays).

    ``flow(p, s, t)``
        brings ``s`` from time ``s.t`` to ``t`` when nothing arrives in between, and sets ``s.t``.
    ``crossing(p, s)``
        the exact time of the next spike if nothing arrives; ``inf`` if there is none.
    ``jump(p, s, weight, receptor)``
        an arrival at time ``s.t``.  ``receptor`` is the projection's; ``CURRENT`` sets the external current.
    ``reset(p, s)``
        a spike at time ``s.t``.
    ``bound(p, s)``, optional
        a cheap time that is never later than ``crossing`` and ``step``, and not later than ``s.t`` when the
        neuron fires now.  By default ``crossing`` (and ``step``) itself.
    ``step(p, s)``, optional
        the time by which the neuron must be touched even if nothing arrives: the end of a numerical
        integrator's step.  ``crossing`` need not look beyond it.  By default never.
    ``row(p, s)``, optional
        the row of synapses that the spike goes along, asked before ``reset``.  By default -1, the neuron's own.
    ``set_threshold(p, value)``, optional
        lets the threshold be another, for noise on thresholds; the parameters are then one neuron's own.
    ``show(p, s)``, optional
        fills in fields of the state that are there for whoever looks at it, and not for the other functions.
    ``take(p, s, u, x, y, ref, ref_x, ref_y)`` and ``give(p, s)``, optional, together
        exchange the sums of a neuron whose arrivals only add up (``sums``) with an engine that keeps them elsewhere;
        ``give`` returns u, x, y, V_th - V_inf and the end of the refractory period.
    ``adopt(before, p, s)``, optional
        the state at ``s.t`` carried over from the parameters ``before`` to ``p``.  Without it they cannot change.
    ``safe(p, s, until, weights)``, optional
        whether the neuron certainly does not fire up to ``until``, whatever arrives until then if its positive weights
        add up to ``weights``: a cheap test.  By default never certain.

    Functions not yet jitted are jitted here.
    """

    def __init__(
        self,
        *,
        flow: Callable[..., Any],
        crossing: Callable[..., Any],
        jump: Callable[..., Any],
        reset: Callable[..., Any],
        bound: Callable[..., Any] | None = None,
        step: Callable[..., Any] | None = None,
        row: Callable[..., Any] | None = None,
        set_threshold: Callable[..., Any] | None = None,
        show: Callable[..., Any] | None = None,
        take: Callable[..., Any] | None = None,
        give: Callable[..., Any] | None = None,
        safe: Callable[..., Any] | None = None,
        adopt: Callable[..., Any] | None = None,
    ) -> None:
        given = {"flow": flow, "crossing": crossing, "jump": jump, "reset": reset}
        optional = {
            "bound": bound,
            "step": step,
            "row": row,
            "set_threshold": set_threshold,
            "show": show,
            "take": take,
            "give": give,
            "safe": safe,
            "adopt": adopt,
        }
        given |= {role: function for role, function in optional.items() if function is not None}
        self.functions = {role: _jitted(function) for role, function in given.items()}
        self.name = _name(self.functions)
        self.parameter_dtype: np.dtype[Any] | None = None
        self.state_dtype: np.dtype[Any] | None = None

    def on(self, parameter_dtype: np.dtype[Any], state_dtype: np.dtype[Any]) -> Handlers:
        """These handlers with the types of the records they work on: what a kernel takes."""
        bound = copy.copy(self)
        bound.parameter_dtype, bound.state_dtype = parameter_dtype, state_dtype
        bound.name = f"{self.name} {parameter_dtype.descr} {state_dtype.descr}"
        _REGISTRY[bound.name] = bound
        return bound


def _jitted(function: Callable[..., Any]) -> Callable[..., Any]:
    return function if isinstance(function, Dispatcher) else inner(function)


def _name(functions: dict[str, Callable[..., Any]]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    sources: set[Path] = set(Path(__file__).parent.glob("*.py"))
    for role, function in sorted(functions.items()):
        python = inspect.unwrap(getattr(function, "py_func", function))
        digest.update(f"{role} {python.__module__}.{python.__qualname__}".encode())
        digest.update(python.__code__.co_code + repr(python.__code__.co_consts).encode())
        sources |= _files(function, set())
    for source in sorted(sources):
        digest.update(source.read_bytes())
    flow = inspect.unwrap(getattr(functions["flow"], "py_func", functions["flow"]))
    return f"{flow.__module__}.{flow.__qualname__}#{digest.hexdigest()}"


def _files(function: Any, seen: set[Any]) -> set[Path]:
    """The files in which a function is, and the jitted functions that it calls, and so on."""
    python = inspect.unwrap(getattr(function, "py_func", function))
    seen.add(python)
    source = Path(python.__code__.co_filename)
    found = {source} if source.is_file() else set()
    for name in python.__code__.co_names:
        called = python.__globals__.get(name)
        if isinstance(called, Dispatcher) and called.py_func not in seen:
            found |= _files(called, seen)
    return found


class HandlersType(types.Type):  # type: ignore[misc]
    """The Numba type of a :class:`Handlers`: known by its name, which a file on disk can hold."""

    def __init__(self, handlers_name: str) -> None:
        super().__init__(name=f"Handlers({handlers_name})")
        self.handlers_name = handlers_name

    @property
    def handlers(self) -> Handlers:
        return _REGISTRY[self.handlers_name]

    def function(self, role: str) -> Callable[..., Any] | None:
        return self.handlers.functions.get(role)


@typeof_impl.register(Handlers)
def _typeof(value: Handlers, _context: Any) -> HandlersType:
    return HandlersType(value.name)


register_model(HandlersType)(models.OpaqueModel)


@unbox(HandlersType)
def _unbox(_typ: Any, _value: Any, context: Any) -> Any:
    return NativeValue(context.context.get_dummy_value())


def _compiled_only(*_args: Any) -> Any:
    raise NotImplementedError("only compiled code calls a model's handlers through its type")


def flow(model, p, s, t):
    """``Handlers.flow`` of ``model``."""
    return _compiled_only()


def crossing(model, p, s):
    """``Handlers.crossing`` of ``model``."""
    return _compiled_only()


def jump(model, p, s, weight, receptor):
    """``Handlers.jump`` of ``model``."""
    return _compiled_only()


def reset(model, p, s):
    """``Handlers.reset`` of ``model``."""
    return _compiled_only()


def step(model, p, s):
    """``Handlers.step`` of ``model``; never where it has none."""
    return _compiled_only()


def bound(model, p, s):
    """``Handlers.bound`` of ``model``; the earlier of crossing and step where it has none."""
    return _compiled_only()


def row(model, p, s):
    """``Handlers.row`` of ``model``; -1 where it has none."""
    return _compiled_only()


def set_threshold(model, p, value):
    """``Handlers.set_threshold`` of ``model``; nothing where it has none."""
    return _compiled_only()


def show(model, p, s):
    """``Handlers.show`` of ``model``; nothing where it has none."""
    return _compiled_only()


def take(model, p, s, u, x, y, ref, ref_x, ref_y):
    """``Handlers.take`` of ``model``; nothing where it has none."""
    return _compiled_only()


def give(model, p, s):
    """``Handlers.give`` of ``model``; zeros where it has none."""
    return _compiled_only()


def safe(model, p, s, until, weights):
    """``Handlers.safe`` of ``model``; not where it has none."""
    return _compiled_only()


def adopt(model, before, p, s):
    """``Handlers.adopt`` of ``model``; nothing where it has none."""
    return _compiled_only()


def parameters_at(model, where, index):
    """Record ``index`` of the parameters of ``model`` that lie at the address ``where``."""
    return _compiled_only()


def state_at(model, where, index):
    """Record ``index`` of the states of ``model`` that lie at the address ``where``."""
    return _compiled_only()


@inner_overload(parameters_at)
def _parameters_at(model, where, index):
    dtype = model.handlers.parameter_dtype
    return lambda model, where, index: record_at(where, index, dtype)


@inner_overload(state_at)
def _state_at(model, where, index):
    dtype = model.handlers.state_dtype
    return lambda model, where, index: record_at(where, index, dtype)


@inner_overload(flow)
def _flow(model, p, s, t):
    function = model.function("flow")
    return lambda model, p, s, t: function(p, s, t)


@inner_overload(crossing)
def _crossing(model, p, s):
    function = model.function("crossing")
    return lambda model, p, s: function(p, s)


@inner_overload(jump)
def _jump(model, p, s, weight, receptor):
    function = model.function("jump")
    return lambda model, p, s, weight, receptor: function(p, s, weight, receptor)


@inner_overload(reset)
def _reset(model, p, s):
    function = model.function("reset")
    return lambda model, p, s: function(p, s)


@inner_overload(step)
def _step(model, p, s):
    function = model.function("step")
    if function is None:
        return lambda model, p, s: float("inf")
    return lambda model, p, s: function(p, s)


@inner_overload(bound)
def _bound(model, p, s):
    function = model.function("bound")
    if function is None:
        return lambda model, p, s: min(crossing(model, p, s), step(model, p, s))
    return lambda model, p, s: function(p, s)


@inner_overload(row)
def _row(model, p, s):
    function = model.function("row")
    if function is None:
        return lambda model, p, s: -1
    return lambda model, p, s: function(p, s)


@inner_overload(set_threshold)
def _set_threshold(model, p, value):
    function = model.function("set_threshold")
    if function is None:
        return lambda model, p, value: None
    return lambda model, p, value: function(p, value)


@inner_overload(show)
def _show(model, p, s):
    function = model.function("show")
    if function is None:
        return lambda model, p, s: None
    return lambda model, p, s: function(p, s)


@inner_overload(take)
def _take(model, p, s, u, x, y, ref, ref_x, ref_y):
    function = model.function("take")
    if function is None:
        return lambda model, p, s, u, x, y, ref, ref_x, ref_y: None
    return lambda model, p, s, u, x, y, ref, ref_x, ref_y: function(p, s, u, x, y, ref, ref_x, ref_y)


@inner_overload(give)
def _give(model, p, s):
    function = model.function("give")
    if function is None:
        return lambda model, p, s: (0.0, 0.0, 0.0, 0.0, 0.0)
    return lambda model, p, s: function(p, s)


@inner_overload(adopt)
def _adopt(model, before, p, s):
    function = model.function("adopt")
    if function is None:
        return lambda model, before, p, s: None
    return lambda model, before, p, s: function(before, p, s)


@inner_overload(safe)
def _safe(model, p, s, until, weights):
    function = model.function("safe")
    if function is None:
        return lambda model, p, s, until, weights: False
    return lambda model, p, s, until, weights: function(p, s, until, weights)


def on_group(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel function of one group, made callable as ``f(groups, g, *args)`` for groups of different models.

    Compiled to a chain of comparisons of ``g``, one branch a model, so that every model's handlers are inlined.  Three
    models a link: every function of the chain is compiled with all that it calls, again and again.
    """

    def dispatch(groups, g, *args):
        return _compiled_only()

    def two(groups, g, *args):
        if g == 0:
            return function(groups[0], *args)
        return function(groups[1], *args)

    def three(groups, g, *args):
        if g == 0:
            return function(groups[0], *args)
        if g == 1:
            return function(groups[1], *args)
        return function(groups[2], *args)

    def more(groups, g, *args):
        if g < 3:
            return dispatch(groups[:3], g, *args)
        return dispatch(groups[3:], g - 3, *args)

    @inner_overload(dispatch)
    def _dispatch(groups, g, *args):
        if len(groups) == 0:  # sources alone
            return lambda groups, g, *args: None
        if len(groups) == 1:
            return lambda groups, g, *args: function(groups[0], *args)
        return {2: two, 3: three}.get(len(groups), more)

    return dispatch
