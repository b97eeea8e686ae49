"""Non-leaky integrate-and-fire with voltage-jump synapses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels.handlers import CURRENT, Handlers
from eventsim.models.checks import check_reset, finite, positive, reset_column, set_threshold
from eventsim.models.lif import Value
from eventsim.network.model import Model


def flow(p, s, t):
    """V(t) = V + slope (t - start); held while refractory."""
    start = max(s.t, s.t_free)
    if t > start:
        s.v += s.slope * (t - start)
    s.t = t


def crossing(p, s):
    """A straight line crosses once at most, and only upwards."""
    start = max(s.t, s.t_free)
    if s.v > p.v_th:
        return start
    if s.slope <= 0.0:
        return math.inf
    return start + (p.v_th - s.v) / s.slope


def bound(p, s):
    """Half the time to the crossing, so that later arrivals seldom need a new one."""
    start = max(s.t, s.t_free)
    if s.v > p.v_th:
        return start
    if s.slope <= 0.0:
        return math.inf
    return start + 0.5 * (p.v_th - s.v) / s.slope


def jump(p, s, weight, receptor):
    """V += weight, lost while refractory; or a new external current."""
    if receptor == CURRENT:
        s.slope = weight / p.c_m
    elif s.t >= s.t_free:
        s.v += weight


def reset(p, s):
    """V to its reset value, or less by threshold minus reset value; then refractory, the end of it not included."""
    s.v = p.v_reset if p.subtract == 0.0 else s.v - (p.v_th - p.v_reset)
    s.t_free = s.t + p.t_ref


def adopt(before, p, s):
    """V, the external current and the end of the refractory period stay as they are."""
    if p.c_m != before.c_m:
        s.slope *= before.c_m / p.c_m


@dataclass(frozen=True)
class IF(Model):
    """C_m V' = I, and V += weight (mV) at an arrival; a spike when V > V_th.

    Every crossing is found: between arrivals V is a straight line, whose crossing is known in closed form.

    t_ref (ms), c_m (pF), i_e (pA), v_th, v_reset, v_init (mV), reset: as in `LIF`.
    """

    handlers: ClassVar[Any] = Handlers(
        flow=flow,
        crossing=crossing,
        bound=bound,
        jump=jump,
        reset=reset,
        set_threshold=set_threshold,
        adopt=adopt,
    )
    takes_current: ClassVar[bool] = True
    threshold: ClassVar[str | None] = "v_th"
    parameter_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [(name, "f8") for name in ("c_m", "v_th", "v_reset", "t_ref", "subtract")], align=True
    )
    state_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [(name, "f8") for name in ("t", "v", "slope", "t_free")], align=True
    )
    state_units: ClassVar[Mapping[str, str]] = {"t": "ms", "t_free": "ms", "v": "mV", "slope": "mV/ms"}

    c_m: Value = 250.0
    v_th: Value = 1.0
    v_reset: Value = 0.0
    t_ref: Value = 0.0
    i_e: Value = 0.0
    v_init: Value = 0.0
    reset: Literal["value", "subtract"] = "value"

    def parameters(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[Any]:
        """The table of parameters."""
        finite(values, but=("v_th",))  # with an infinite threshold a neuron never fires
        positive(values, "c_m")
        check_reset(values)
        return super().parameters(dict(values) | {"subtract": reset_column(self.reset)})

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        """V = v_init, not refractory, the external current switched on."""
        state = np.zeros(n, self.state_dtype)
        state["v"] = values["v_init"]
        state["slope"] = values["i_e"] / values["c_m"]
        return state
