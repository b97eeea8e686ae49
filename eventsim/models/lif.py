"""Leaky integrate-and-fire with voltage-jump synapses, solved in closed form from event to event."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels.handlers import CURRENT, Handlers
from eventsim.models.checks import check_reset, finite, positive, reset_column
from eventsim.network.distributions import Distribution
from eventsim.network.model import Model

Value = float | NDArray[np.float64] | Distribution


def flow(p, s, t):
    """V(t) = V_inf + (V - V_inf) exp(-(t - start) / tau_m); while refractory V stays where the reset put it."""
    start = max(s.t, s.t_free)
    if t > start:
        s.v = s.v_inf + (s.v - s.v_inf) * math.exp(-(t - start) / p.tau_m)
    s.t = t


def crossing(p, s):
    """V moves monotonically towards V_inf, so it crosses once at most, and only if V_inf lies above the threshold."""
    start = max(s.t, s.t_free)
    if s.v > p.v_th:
        return start
    if s.v_inf <= p.v_th:
        return math.inf
    return start + p.tau_m * math.log1p((p.v_th - s.v) / (s.v_inf - p.v_th))


def bound(p, s):
    """Half the time that log(1 + x) >= x / (1 + x) gives: one division, and later arrivals seldom need a new one."""
    start = max(s.t, s.t_free)
    if s.v > p.v_th:
        return start
    if s.v_inf <= p.v_th:
        return math.inf
    return start + 0.5 * p.tau_m * (p.v_th - s.v) / (s.v_inf - s.v)


def jump(p, s, weight, receptor):
    """V += weight, lost while refractory; or a new external current."""
    if receptor == CURRENT:
        s.v_inf = p.e_l + p.r_m * weight
    elif s.t >= s.t_free:
        s.v += weight


def reset(p, s):
    """V to its reset value, or less by threshold minus reset value; then refractory, the end of it not included."""
    s.v = p.v_reset if p.subtract == 0.0 else s.v - (p.v_th - p.v_reset)
    s.t_free = s.t + p.t_ref


@dataclass(frozen=True)
class LIF(Model):
    """tau_m V' = E_L - V + (tau_m / C_m) I, and V += weight (mV) at an arrival; a spike when V > V_th.

    Every crossing is found: between arrivals V is monotone, so it can only cross where V_inf = E_L + (tau_m / C_m) I
    lies above the threshold, at one time known in closed form; an arrival's own jump is tested at the arrival.
    A current above threshold makes the neuron fire without input, at the exact time.

    tau_m, t_ref: membrane time constant and refractory period (ms).  During [spike, spike + t_ref) V is held and
        arrivals are lost; an arrival at the very end counts.
    c_m, i_e: capacitance (pF) and external current (pA).
    e_l, v_th, v_reset, v_init: rest, threshold, reset value, value at time 0 (mV).
    reset: ``"value"`` sets V = V_reset, ``"subtract"`` V -= V_th - V_reset.
    """

    handlers: ClassVar[Any] = Handlers(flow=flow, crossing=crossing, bound=bound, jump=jump, reset=reset)
    takes_current: ClassVar[bool] = True
    parameter_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [(name, "f8") for name in ("tau_m", "e_l", "r_m", "v_th", "v_reset", "t_ref", "subtract")], align=True
    )
    state_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [(name, "f8") for name in ("t", "v", "v_inf", "t_free")], align=True
    )

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
        positive(values, "tau_m", "c_m")
        check_reset(values)
        derived = dict(values) | {
            "r_m": values["tau_m"] / values["c_m"],
            "subtract": reset_column(self.reset),
        }
        return super().parameters(derived)

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        """V = v_init, not refractory, the external current switched on."""
        state = np.zeros(n, self.state_dtype)
        state["v"] = values["v_init"]
        state["v_inf"] = values["e_l"] + values["tau_m"] / values["c_m"] * values["i_e"]
        return state
