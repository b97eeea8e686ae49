"""Leaky integrate-and-fire with exponential synaptic currents, exact, every threshold crossing found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from eventsim.kernels.handlers import CURRENT, Handlers
from eventsim.models.checks import check_reset, finite, positive, reset_column
from eventsim.models.lif import Value, reset
from eventsim.network.model import Model


@njit(error_model="numpy", nogil=True)
def _response(x, tau_m, tau_syn):
    """(exp(-x/a) - exp(-x/b)) / (1/b - 1/a), a the longer time constant; x exp(-x/a) where they are equal.

    The membrane's answer to a unit current step C_m dI/dt that decays with tau_syn; symmetric in the two.
    Written so that no digits cancel however close they are, and nothing overflows however long x is.
    """
    slow = max(tau_m, tau_syn)
    gap = abs(1.0 / tau_syn - 1.0 / tau_m)
    if gap == 0.0:
        return x * math.exp(-x / slow)
    return -math.expm1(-gap * x) / gap * math.exp(-x / slow)


@njit(error_model="numpy", nogil=True)
def _deviation(p, v_inf, v, ex, inh, x):
    """V - V_inf a time x after V was v, with currents ex and inh (mV/ms) then."""
    r_ex = _response(x, p.tau_m, p.tau_ex)
    r_in = r_ex if p.tau_in == p.tau_ex else _response(x, p.tau_m, p.tau_in)
    return (v - v_inf) * math.exp(-x / p.tau_m) + ex * r_ex + inh * r_in


@njit(error_model="numpy", nogil=True)
def _excess(p, v_inf, v, ex, inh, x):
    """V - V_th; the constant part apart, so that a threshold equal to V_inf loses no digits."""
    return (v_inf - p.v_th) + _deviation(p, v_inf, v, ex, inh, x)


@njit(error_model="numpy", nogil=True)
def _push(p, v_inf, ex, inh, x):
    """Slope that V would have at the threshold: where it is negative V cannot cross upwards."""
    return (v_inf - p.v_th) / p.tau_m + ex * math.exp(-x / p.tau_ex) + inh * math.exp(-x / p.tau_in)


def flow(p, s, t):
    """Closed form (Rotter and Diesmann 1999); while refractory V is held and the currents go on."""
    start = min(max(s.t, s.t_free), t)
    if start > s.t:
        s.ex *= math.exp(-(start - s.t) / p.tau_ex)
        s.inh *= math.exp(-(start - s.t) / p.tau_in)
    if t > start:
        x = t - start
        s.v = s.v_inf + _deviation(p, s.v_inf, s.v, s.ex, s.inh, x)
        decay = math.exp(-x / p.tau_ex)
        s.ex *= decay
        s.inh *= decay if p.tau_in == p.tau_ex else math.exp(-x / p.tau_in)
    s.t = t


@njit(error_model="numpy", nogil=True)
def _push_zero(p, v_inf, ex, inh, low, high):
    """Where the push changes its sign between low and high, by bisection to the last bit."""
    rising = _push(p, v_inf, ex, inh, high) > 0.0
    while True:
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            return high
        if (_push(p, v_inf, ex, inh, middle) > 0.0) == rising:
            high = middle
        else:
            low = middle


@njit(error_model="numpy", nogil=True)
def _crossing_in(p, v_inf, v, ex, inh, low, high):
    """The crossing between low (below) and high (above), where there is one only: Newton kept inside the bracket."""
    x = low + 0.5 * (high - low)
    while True:
        over = _excess(p, v_inf, v, ex, inh, x)
        if over > 0.0:
            high = x
        else:
            low = x
        slope = _push(p, v_inf, ex, inh, x) - over / p.tau_m
        guess = x - over / slope if slope > 0.0 else low
        if not low < guess < high:
            guess = 0.5 * (low + high)
        if guess <= low or guess >= high or abs(guess - x) <= 1e-16 * x:
            return high
        x = guess


@njit(error_model="numpy", nogil=True)
def _turn(p, ex, inh):
    """Where the push has its one extremum; 0 where it has none."""
    if ex <= 0.0 or inh >= 0.0 or p.tau_ex == p.tau_in:
        return 0.0
    return max(0.0, math.log(-ex * p.tau_in / (inh * p.tau_ex)) / (1.0 / p.tau_ex - 1.0 / p.tau_in))


@njit(error_model="numpy", nogil=True)
def _far(p, ex, inh):
    """Where no sum changes any more, and V - V_inf, which may decide alone, is not rounded to 0 yet.

    A current that has all but vanished does not count: its time constant may be so long that the rest is 0 by then.
    """
    slowest = p.tau_m
    if ex > 1e-100:
        slowest = max(slowest, p.tau_ex)
    if inh < -1e-100:
        slowest = max(slowest, p.tau_in)
    return 300.0 * slowest


@njit(error_model="numpy", nogil=True)
def _first_crossing(p, v_inf, v, ex, inh):
    """Time from v (below) to the first crossing; see LIFExp for why none is missed."""
    far = _far(p, ex, inh)
    turn = min(_turn(p, ex, inh), far)
    low = 0.0
    for piece in range(2):
        end = turn if piece == 0 else far
        if end <= low:
            continue
        starts_up = _push(p, v_inf, ex, inh, low) > 0.0
        ends_up = _push(p, v_inf, ex, inh, end) > 0.0
        middle = end if starts_up == ends_up else _push_zero(p, v_inf, ex, inh, low, end)
        if starts_up and _excess(p, v_inf, v, ex, inh, middle) > 0.0:
            return _crossing_in(p, v_inf, v, ex, inh, low, middle)
        if ends_up and _excess(p, v_inf, v, ex, inh, end) > 0.0:
            return _crossing_in(p, v_inf, v, ex, inh, middle, end)
        low = end
    return math.inf


def crossing(p, s):
    """The first crossing if nothing arrives."""
    start = max(s.t, s.t_free)
    if s.v > p.v_th:
        return start
    wait = start - s.t
    ex = s.ex * math.exp(-wait / p.tau_ex)
    inh = s.inh * math.exp(-wait / p.tau_in)
    return start + _first_crossing(p, s.v_inf, s.v, ex, inh)


def bound(p, s):
    """V cannot rise faster than without inhibition and with the excitation of now; half that time.

    While V is at v or above, V' <= (V_inf - v) / tau_m + ex: the excitation only decays, inhibition only pulls down.
    """
    start = max(s.t, s.t_free)
    if s.v > p.v_th:
        return start
    slope = (s.v_inf - s.v) / p.tau_m + s.ex
    if slope <= 0.0:
        return math.inf
    return start + 0.5 * (p.v_th - s.v) / slope


def jump(p, s, weight, receptor):
    """A positive weight goes to the excitatory current, a negative one to the inhibitory; or a new external current."""
    if receptor == CURRENT:
        s.v_inf = p.e_l + p.tau_m / p.c_m * weight
    elif weight > 0.0:
        s.ex += weight / p.c_m
    else:
        s.inh += weight / p.c_m


@dataclass(frozen=True)
class LIFExp(Model):
    """tau_m V' = E_L - V + (tau_m / C_m)(I + I_ex + I_in), tau_ex I_ex' = -I_ex, tau_in I_in' = -I_in.

    An arrival adds its weight (pA) to I_ex if positive, to I_in if negative.  A spike when V > V_th.  The time
    constants may have any ratio and may be equal.

    **No crossing is missed**, also not one between two arrivals that comes down again before the second.  With
    h(x) = exp(x/tau_m) (V(x) - V_th), which has the sign of V - V_th, h'(x) = exp(x/tau_m) g(x) and

        g(x) = (V_inf - V_th)/tau_m + (I_ex/C_m) exp(-x/tau_ex) + (I_in/C_m) exp(-x/tau_in).

    g has one extremum at most (known in closed form, as I_ex >= 0 >= I_in), so it has two zeros at most, one on each
    side.  On each of the up to four pieces between 0, the zeros and the extremum, h is monotone: it is positive
    somewhere on a piece only if it is positive at one of its ends.  The pieces are gone through in order, and the
    first on which h rises above 0 holds the first crossing, which is solved for to the last bits.

    tau_m, tau_syn_ex, tau_syn_in, t_ref: time constants of membrane and currents, refractory period (ms).  While
        refractory V is held; the currents go on and take arrivals.
    c_m (pF), i_e (pA), e_l, v_th, v_reset, v_init (mV), reset: as in `LIF`.
    """

    handlers: ClassVar[Any] = Handlers(flow=flow, crossing=crossing, bound=bound, jump=jump, reset=reset)
    takes_current: ClassVar[bool] = True
    parameter_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [
            (name, "f8")
            for name in ("tau_m", "tau_ex", "tau_in", "c_m", "e_l", "v_th", "v_reset", "t_ref", "subtract")
        ],
        align=True,
    )
    state_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [(name, "f8") for name in ("t", "v", "ex", "inh", "v_inf", "t_free")], align=True
    )

    tau_m: Value = 20.0
    c_m: Value = 250.0
    e_l: Value = 0.0
    v_th: Value = 20.0
    v_reset: Value = 0.0
    t_ref: Value = 0.0
    tau_syn_ex: Value = 2.0
    tau_syn_in: Value = 2.0
    i_e: Value = 0.0
    v_init: Value = 0.0
    reset: Literal["value", "subtract"] = "value"

    def parameters(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[Any]:
        """The table of parameters."""
        finite(values, but=("v_th",))  # with an infinite threshold a neuron never fires
        positive(values, "tau_m", "c_m", "tau_syn_ex", "tau_syn_in")
        check_reset(values)
        names = {"tau_ex": values["tau_syn_ex"], "tau_in": values["tau_syn_in"]}
        return super().parameters(dict(values) | names | {"subtract": reset_column(self.reset)})

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        """V = v_init, no synaptic current, not refractory, the external current switched on."""
        state = np.zeros(n, self.state_dtype)
        state["v"] = values["v_init"]
        state["v_inf"] = values["e_l"] + values["tau_m"] / values["c_m"] * values["i_e"]
        return state
