"""Leaky integrate-and-fire with voltage-jump synapses, solved in closed form from event to event."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels.handlers import CURRENT, Handlers
from eventsim.kernels.jit import apart, inner
from eventsim.kernels.sums import ABSENT, epoch_length, growth, quantum, rounded, rounding
from eventsim.models.checks import check_reset, finite, membrane, reset_column, set_threshold
from eventsim.network.distributions import Distribution
from eventsim.network.model import Model

Value = float | NDArray[np.float64] | Distribution

_HELD = math.inf
"""``ref`` of a refractory neuron: V stands still in ``v``, and ``u`` has no meaning."""


_ANY_SCALE = 64.0
"""What potentials are taken to lie apart (mV) without a threshold."""


@apart
def _released(p, v, v_inf, t_free):
    """u and ref of a neuron whose refractory period ends at t_free with V = v."""
    ref = math.floor(t_free / p.epoch) * p.epoch
    return rounded((v - v_inf) * growth((t_free - ref) * p.rate), p.rounding), ref


@apart
def _advanced(p, u, ref, t):
    """u and ref in the epoch of t."""
    while t - ref >= p.epoch:
        faded = rounded(u * p.fade, p.rounding)
        if abs(faded) < abs(u):
            u = faded
            ref += p.epoch
        else:  # at rest (or overflown): any epoch will do
            ref = math.floor(t / p.epoch) * p.epoch
    return u, ref


def flow(p, s, t):
    """u = (V - V_inf) exp((t - ref) / tau_m) stays as it is within an epoch; while refractory V is held."""
    if s.ref == _HELD:
        if t < s.t_free:
            s.t = t
            return
        s.u, s.ref = _released(p, s.v, s.v_inf, s.t_free)
    if t - s.ref >= p.epoch:
        s.u, s.ref = _advanced(p, s.u, s.ref, t)
    s.e = growth((t - s.ref) * p.rate)
    s.t = t


@inner
def _drift(p, u, ref, below, start):
    """When V reaches the threshold, which lies ``-below`` under V_inf; epoch by epoch, as `flow` goes."""
    while -math.inf < u <= below * p.growth:
        u = rounded(u * p.fade, p.rounding)
        ref += p.epoch
    if u > below:
        return max(start, ref)
    return max(start, ref + p.tau_m * math.log(u / below))


@apart
def crossing(p, s):
    """V moves monotonically towards V_inf, so it crosses once at most, and only if V_inf lies above the threshold."""
    below = p.v_th - s.v_inf
    u, ref, e, start = s.u, s.ref, s.e, s.t
    if ref == _HELD:
        if s.v > p.v_th:
            return s.t_free
        start = s.t_free
        u, ref = _released(p, s.v, s.v_inf, start)
        e = growth((start - ref) * p.rate)
    if u > below * e:
        return start
    return _drift(p, u, ref, below, start) if below < 0.0 else math.inf


def bound(p, s):
    """Half the time that log(1 + x) >= x / (1 + x) gives: one division, and later arrivals seldom need a new one.

    Half also covers what rounding at the ends of epochs does to V, save where V is as `near` the threshold as that.
    """
    below = p.v_th - s.v_inf
    if s.ref == _HELD:
        if s.v > p.v_th - p.near:
            return s.t_free
    elif s.u > below * s.e:
        return s.t
    if below >= 0.0:
        return math.inf
    if s.ref == _HELD:
        return s.t_free + 0.5 * p.tau_m * max(0.0, 1.0 - 1e-14 - (below - p.near) / (s.v - s.v_inf))
    return s.t + 0.5 * p.tau_m * max(0.0, 1.0 - 1e-14 - (below * s.e - p.near) / s.u)


@inner
def potential(s):
    """V (mV) now."""
    return s.v if s.ref == _HELD else s.v_inf + s.u / s.e


def jump(p, s, weight, receptor):
    """V += weight, lost while refractory; or a new external current."""
    if receptor == CURRENT:
        v = potential(s)
        s.v_inf = p.e_l + p.r_m * weight
        if s.ref != _HELD:
            s.u = rounded((v - s.v_inf) * s.e, p.rounding)
    elif s.ref != _HELD:
        s.u += rounded(weight * s.e, p.rounding)


@apart
def reset(p, s):
    """V to its reset value, or less by threshold minus reset value; then refractory, the end of it not included."""
    s.v = p.v_reset if p.subtract == 0.0 else potential(s) - (p.v_th - p.v_reset)
    s.t_free = s.t + p.t_ref
    s.ref = _HELD


def take(p, s, u, x, y, ref, ref_x, ref_y):
    """The neuron's sum as the window engine has kept it."""
    if s.ref != _HELD:
        s.u, s.ref = u, ref


def give(p, s):
    """The neuron's sum for the window engine to keep."""
    return ABSENT if s.ref == _HELD else s.u, 0.0, 0.0, p.v_th - s.v_inf, s.t_free


@inner
def carried_over(before, p, v_inf):
    """V_inf = E_L + R I under other parameters, the external current I being the same."""
    if p.e_l == before.e_l and p.r_m == before.r_m:
        return v_inf
    return p.e_l + p.r_m * ((v_inf - before.e_l) / before.r_m)


def adopt(before, p, s):
    """V, the external current and the end of the refractory period stay as they are."""
    v_inf = s.v_inf
    s.v_inf = carried_over(before, p, v_inf)
    same = s.v_inf == v_inf and p.rate == before.rate and p.rounding == before.rounding
    if s.ref != _HELD and not same:
        s.u, s.ref = _released(p, s.v, s.v_inf, s.t)
        s.e = growth((s.t - s.ref) * p.rate)


def show(p, s):
    """V, for who looks at the state."""
    s.v = potential(s)


@dataclass(frozen=True)
class LIF(Model):
    """tau_m V' = E_L - V + (tau_m / C_m) I, and V += weight (mV) at an arrival; a spike when V > V_th.

    Every crossing is found: between arrivals V is monotone, so it can only cross where V_inf = E_L + (tau_m / C_m) I
    lies above the threshold, at one time known in closed form; an arrival's own jump is tested at the arrival.
    A current above threshold makes the neuron fire without input, at the exact time.

    Arrivals are added up exactly, whatever their order (`eventsim.kernels.sums`): each is rounded to 2^-46 of the
    largest of the potentials E_L, V_th, V_reset, V_inf apart, and exact as long as V stays within 8 times that.

    tau_m, t_ref: membrane time constant and refractory period (ms).  During [spike, spike + t_ref) V is held and
        arrivals are lost; an arrival at the very end counts.
    c_m, i_e: capacitance (pF) and external current (pA).
    e_l, v_th, v_reset, v_init: rest, threshold, reset value, value at time 0 (mV).
    reset: ``"value"`` sets V = V_reset, ``"subtract"`` V -= V_th - V_reset.
    """

    handlers: ClassVar[Any] = Handlers(
        flow=flow,
        crossing=crossing,
        bound=bound,
        jump=jump,
        reset=reset,
        set_threshold=set_threshold,
        show=show,
        take=take,
        give=give,
        adopt=adopt,
    )
    takes_current: ClassVar[bool] = True
    threshold: ClassVar[str | None] = "v_th"
    sums: ClassVar[Literal["jumps", "currents"] | None] = "jumps"
    parameter_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [
            (name, "f8")
            for name in (
                *("tau_m", "e_l", "r_m", "v_th", "v_reset", "t_ref", "subtract"),
                *("rate", "epoch", "fade", "growth", "rounding", "near"),
            )
        ],
        align=True,
    )
    state_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [(name, "f8") for name in ("t", "u", "ref", "e", "v", "v_inf", "t_free")], align=True
    )
    state_units: ClassVar[Mapping[str, str]] = {"t": "ms", "t_free": "ms", "v": "mV", "v_inf": "mV"}

    tau_m: Value = 20.0
    c_m: Value = 250.0
    e_l: Value = 0.0
    v_th: Value = 20.0
    v_reset: Value = 0.0
    t_ref: Value = 0.0
    i_e: Value = 0.0
    v_init: Value = 0.0
    reset: Literal["value", "subtract"] = "value"

    def parameters(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[Any]:
        """The table of parameters, with the membrane's resistance r_m = tau_m / c_m (mV / pA)."""
        finite(values, but=("v_th",))  # with an infinite threshold a neuron never fires
        membrane(values)
        check_reset(values)
        own = {"r_m": values["tau_m"] / values["c_m"], "subtract": reset_column(self.reset)}
        return super().parameters(dict(values) | own | decay(values))

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        """V = v_init, not refractory, the external current switched on."""
        state = np.zeros(n, self.state_dtype)
        state["v"] = values["v_init"]
        state["v_inf"] = values["e_l"] + values["tau_m"] / values["c_m"] * values["i_e"]
        added = rounding(potentials(values))
        state["u"] = ((state["v"] - state["v_inf"]) + added) - added
        state["e"] = 1.0
        return state


exp = np.vectorize(math.exp, otypes=[np.float64])
"""Of the C library, as in the handlers: NumPy's own depends on the machine in its last bit."""


def potentials(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """How far apart (mV) a neuron's potentials lie; (1,), or (n,) where thresholds and the like are its own."""
    to_threshold = np.abs(values["v_th"] - values["e_l"])
    to_threshold = np.where(np.isfinite(to_threshold), to_threshold, _ANY_SCALE)
    driven = np.abs(values["i_e"] * values["tau_m"] / values["c_m"]).max()
    apart = np.maximum(to_threshold, np.abs(values["v_reset"] - values["e_l"]))
    scale: NDArray[np.float64] = np.maximum(apart, driven)
    return scale


def decay(values: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """The parameters of a membrane's decay in epochs.

    near: potentials (mV) closer to the threshold than this may come to lie above it by rounding alone.
    """
    epoch = epoch_length(values["tau_m"])
    scale = potentials(values)
    largest = np.where(np.isfinite(values["v_th"]), np.abs(values["v_th"]), 0.0) + np.abs(values["e_l"])
    return {
        "rate": 1.0 / values["tau_m"],
        "epoch": epoch,
        "fade": exp(-epoch / values["tau_m"]),
        "growth": exp(epoch / values["tau_m"]),
        "rounding": rounding(scale),
        "near": 16.0 * quantum(scale) + 8.0 * np.spacing(largest),
    }
