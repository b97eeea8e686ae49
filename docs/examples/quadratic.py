"""The quadratic integrate-and-fire neuron, as a model of one's own: tau v' = v^2 + I."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from eventsim import CURRENT, Handlers, Model


def flow(p, s, t):
    """v at t, with k = sqrt(|I|): a tangent for I > 0, a hyperbola for I = 0, a hyperbolic tangent for I < 0."""
    x = (t - s.t) / p.tau
    if s.current > 0.0:
        k = math.sqrt(s.current)
        s.v = k * math.tan(math.atan(s.v / k) + k * x)
    elif s.current == 0.0:
        s.v = s.v / (1.0 - s.v * x)
    else:
        k = math.sqrt(-s.current)
        th = math.tanh(k * x)
        s.v = k * (s.v - k * th) / (k - s.v * th)
    s.t = t


def crossing(p, s):
    """When v reaches its peak; v is monotone, so it does once, or never."""
    if s.v > p.v_peak:
        return s.t
    if s.v * s.v + s.current <= 0.0 or (s.current <= 0.0 and s.v < 0.0):
        return math.inf  # at rest, falling, or rising to the rest below
    if s.current > 0.0:
        k = math.sqrt(s.current)
        x = (math.atan(p.v_peak / k) - math.atan(s.v / k)) / k
    elif s.current == 0.0:
        x = 1.0 / s.v - 1.0 / p.v_peak
    else:
        k = math.sqrt(-s.current)
        x = math.atanh(k * (p.v_peak - s.v) / (p.v_peak * s.v - k * k)) / k
    return s.t + p.tau * x


def jump(p, s, weight, receptor):
    """v += weight, or a new external current."""
    if receptor == CURRENT:
        s.current = weight
    else:
        s.v += weight


def reset(p, s):
    """v = v_reset."""
    s.v = p.v_reset


@dataclass(frozen=True)
class Quadratic(Model):
    """tau (ms), i_e: the current I; v, v_peak, v_reset, v_init have no unit.  A spike when v > v_peak (> 0)."""

    handlers: ClassVar[Any] = Handlers(flow=flow, crossing=crossing, jump=jump, reset=reset)
    takes_current: ClassVar[bool] = True
    parameter_dtype: ClassVar[Any] = np.dtype(
        [("tau", "f8"), ("v_peak", "f8"), ("v_reset", "f8")], align=True
    )
    state_dtype: ClassVar[Any] = np.dtype([("t", "f8"), ("v", "f8"), ("current", "f8")], align=True)

    tau: float | NDArray[np.float64] = 10.0
    v_peak: float | NDArray[np.float64] = 10.0
    v_reset: float | NDArray[np.float64] = -10.0
    i_e: float | NDArray[np.float64] = 0.0
    v_init: float | NDArray[np.float64] = 0.0

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        state = np.zeros(n, self.state_dtype)
        state["v"], state["current"] = values["v_init"], values["i_e"]
        return state
