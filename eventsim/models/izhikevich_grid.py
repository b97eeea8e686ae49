"""Izhikevich's neuron by the scheme of the paper: steps of 1 ms, for those who need its spikes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels.handlers import CURRENT, Handlers
from eventsim.models.izhikevich import Izhikevich


def flow(p, s, t):
    """One update of the paper for every whole millisecond up to and including t."""
    due = math.floor(s.t) + 1.0
    while due <= t:
        current = s.current + s.arrived
        s.arrived = 0.0
        s.v = s.v + 0.5 * (0.04 * (s.v * s.v) + 5.0 * s.v + 140.0 - s.u + current)
        s.v = s.v + 0.5 * (0.04 * (s.v * s.v) + 5.0 * s.v + 140.0 - s.u + current)
        s.u = s.u + p.a * (p.b * s.v - s.u)
        due += 1.0
    s.t = t


def crossing(p, s):
    """v changes at updates alone, and 30 mV itself is enough, as in the paper."""
    return s.t if s.v >= p.v_th else math.inf


def bound(p, s):
    """Now, or not before the next update."""
    return s.t if s.v >= p.v_th else math.floor(s.t) + 1.0


def step(p, s):
    """The next whole millisecond."""
    return math.floor(s.t) + 1.0


def jump(p, s, weight, receptor):
    """The weight is part of I in the next update; or a new external current."""
    if receptor == CURRENT:
        s.current = weight
    else:
        s.arrived += weight


def reset(p, s):
    """v = c, u += d."""
    s.v = p.c
    s.u += p.d


def adopt(before, p, s):
    """All stays as it is until the next update."""


@dataclass(frozen=True)
class IzhikevichGrid(Izhikevich):
    """`Izhikevich` by the program of the 2003 paper: not exact, and meant for comparison with work that used it.

    At every whole millisecond t: a neuron with v >= v_th spikes, v = c and u += d; then, with I the external current
    plus the weights of all arrivals from t on, those at t included, to before t + 1,

        v += 0.5 (0.04 v^2 + 5 v + 140 - u + I), twice, and u += a (b v - u).

    The result of the update at t is looked at when t + 1 comes.  So a projection with delay 0 is the paper's I, which
    holds the spikes of the same step, and whole delays are those of its successor with delays.  Its t counts from 1,
    time here from 0 ms.  Parameters as in `Izhikevich`; weights are currents (mV/ms), not jumps.
    """

    handlers: ClassVar[Any] = Handlers(
        flow=flow, crossing=crossing, bound=bound, step=step, jump=jump, reset=reset, adopt=adopt
    )
    state_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [(name, "f8") for name in ("t", "v", "u", "current", "arrived")], align=True
    )
    state_units: ClassVar[Mapping[str, str]] = {**Izhikevich.state_units, "arrived": "mV/ms"}

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        """v_init and u_init, and the external current switched on."""
        state = np.zeros(n, self.state_dtype)
        state["v"] = values["v_init"]
        state["u"] = values["u_init"] if "u_init" in values else values["b"] * values["v_init"]
        state["current"] = values["i_e"]
        return state
