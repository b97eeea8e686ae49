"""Leaky integrate-and-fire with exponential synaptic currents, exact, every threshold crossing found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels.handlers import CURRENT, Handlers
from eventsim.kernels.jit import apart, inlined, inner
from eventsim.kernels.sums import (
    ABSENT,
    carried,
    epoch_length,
    growth,
    rounded,
    rounding,
    taken,
)
from eventsim.models.checks import check_reset, finite, membrane, reset_column, set_threshold, time_constants
from eventsim.models.exp_crossing import first_crossing, response
from eventsim.models.exp_epochs import Sums, advanced, fades, into_epoch, lasts, next_epoch, values_at
from eventsim.models.lif import LIF, Value, carried_over, decay, exp, potentials
from eventsim.network.model import Model

_APART = 0.125
"""Relative difference of time constants from which on that of two exponentials keeps its digits."""


@inner
def _sums(s):
    return Sums(s.u, s.x, s.y, s.ref, s.ref_x, s.ref_y)


@inlined
def _refer(p, s, ref, ref_x, ref_y):
    """Let the neuron's epochs begin at these times."""
    if s.ref != ref or s.ref_x != ref_x or s.ref_y != ref_y:
        s.across_ex, s.across_in = carried(ref_x - ref, p.rate), carried(ref_y - ref, p.rate)
    s.ref, s.ref_x, s.ref_y = ref, ref_x, ref_y


@inlined
def _put(p, s, sums, t):
    """Make these the neuron's sums, with the exponentials that belong to ``t``."""
    s.u, s.x, s.y = sums.u, sums.x, sums.y
    _refer(p, s, sums.ref, sums.ref_x, sums.ref_y)
    _find_exponentials(p, s, t)


@inlined
def _find_exponentials(p, s, t):
    """Let those that the neuron keeps be those of ``t``, in the epochs that it is referred to; and their inverses."""
    s.t = t
    s.e = growth((t - s.ref) * p.rate)
    s.left = 1.0 / s.e
    s.e_ex = growth((t - s.ref_x) * p.rate_ex)
    s.left_ex = 1.0 / s.e_ex
    s.taken_ex = taken(p.gap_ex, p.per_gap_ex, s.e, s.e_ex, s.across_ex, t - s.ref_x)
    if p.tau_in == p.tau_ex and s.ref_y == s.ref_x:
        s.e_in, s.left_in, s.taken_in = s.e_ex, s.left_ex, s.taken_ex
    else:
        s.e_in = growth((t - s.ref_y) * p.rate_in)
        s.left_in = 1.0 / s.e_in
        s.taken_in = taken(p.gap_in, p.per_gap_in, s.e, s.e_in, s.across_in, t - s.ref_y)


@inner
def _built_up(s):
    """What the currents have built up since their refs, of V - V_inf, times exp((t - ref)/tau_m)."""
    return s.x * s.left_ex * s.taken_ex + s.y * s.left_in * s.taken_in


@inner
def potential(s):
    """V (mV) now."""
    return s.v if s.held != 0.0 else s.v_inf + (s.u + _built_up(s)) * s.left


@apart
def _released(p, s):
    """The sums of a refractory neuron at the end of that period, when the membrane is let go at ``s.v``."""
    _, x, y, ref, ref_x, ref_y = advanced(p, Sums(0.0, s.x, s.y, s.ref, s.ref_x, s.ref_y), s.t_free)
    driven, _, _ = values_at(p, Sums(0.0, x, y, ref, ref_x, ref_y), s.t_free)
    u = ((s.v - s.v_inf) - driven) * growth((s.t_free - ref) * p.rate)
    return Sums(rounded(u, p.rounding), x, y, ref, ref_x, ref_y)


@apart
def flow(p, s, t):
    """Closed form (Rotter and Diesmann 1999) in sums that only arrivals change; while refractory V is held.

    Within the epochs, nearly always, nothing else changes.
    """
    sums = _sums(s)
    if (s.held == 0.0 or t < s.t_free) and lasts(p, sums, t):
        _find_exponentials(p, s, t)
        return
    if s.held != 0.0 and t >= s.t_free:
        sums = _released(p, s)
        s.held = 0.0
    _put(p, s, advanced(p, sums, t), t)


@inner
def _crossing_after(p, v_inf, sums, t):
    """The first crossing from ``t`` on, epoch by epoch.

    Within an epoch it is a function of the sums alone, however the neuron came to be looked at now.
    """
    since = t
    while True:
        deviation, _, _ = values_at(p, sums, since)
        if v_inf + deviation > p.v_th:
            return since
        begin = sums.ref if fades(sums.u) else 0.0  # what is 0 has been so since whenever
        begin = max(begin, sums.ref_x) if fades(sums.x) else begin
        begin = max(begin, sums.ref_y) if fades(sums.y) else begin
        end = next_epoch(p, sums)
        deviation, ex, inh = values_at(p, sums, begin)
        v = v_inf + deviation
        found = first_crossing(p, v_inf, v, ex, inh, since - begin, end - begin)
        if found < math.inf:
            return begin + found
        if end == math.inf or max(v, v_inf) + ex * p.peak_ex <= p.v_th - p.near:
            return math.inf
        sums, since = into_epoch(p, sums, end), end


@apart
def crossing(p, s):
    """The first crossing if nothing arrives."""
    if s.held == 0.0:
        return _crossing_after(p, s.v_inf, _sums(s), s.t)
    return _crossing_after(p, s.v_inf, _released(p, s), s.t_free)


def bound(p, s):
    """V cannot rise faster than without inhibition and with the excitation of now; half that time.

    While V is at v or above, V' <= (V_inf - v) / tau_m + ex: the excitation only decays, inhibition only pulls down.
    Half also covers what rounding at the ends of epochs does to V, save where V is as `near` the threshold as that.
    """
    start = s.t_free if s.held != 0.0 else s.t
    v = potential(s)
    below = p.v_th - v
    if below <= p.near + 1e-15 * abs(s.v_inf):
        return start
    slope = (s.v_inf - v) * p.rate + s.x * s.left_ex
    if slope <= 0.0:
        return math.inf
    return start + 0.5 * below / slope


def safe(p, s, until, weights):
    """V rises no faster than with the excitation of now, all that arrives and the inhibition left at ``until``.

    No epoch ends between.
    """
    if until - s.t > 0.5 * p.tau_in:
        return False
    v = potential(s)
    left = 1.0 - (until - s.t) * p.rate_in  # not more than what is left
    slope = (s.v_inf - v) * p.rate + s.x * s.left_ex + weights * p.per_c_m + s.y * s.left_in * left
    rise = max(0.0, until - (s.t_free if s.held != 0.0 else s.t)) * max(0.0, slope)
    return v + rise < p.v_th - p.near - 1e-12 * (abs(v) + abs(s.v_inf))


def jump(p, s, weight, receptor):
    """A positive weight goes to the excitatory current, a negative one to the inhibitory; or a new external current."""
    if receptor == CURRENT:
        v = potential(s)
        s.v_inf = p.e_l + p.r_m * weight
        if s.held == 0.0:
            s.u = rounded((v - s.v_inf) * s.e - _built_up(s), p.rounding)
        return
    current = weight * p.per_c_m
    if weight > 0.0:
        s.x += rounded(current * s.e_ex, p.rounding_ex)
        s.u -= rounded(current * s.taken_ex, p.rounding)
    else:
        s.y += rounded(current * s.e_in, p.rounding_in)
        s.u -= rounded(current * s.taken_in, p.rounding)


@apart
def reset(p, s):
    """V to its reset value, or less by threshold minus reset value; then refractory, the end of it not included."""
    s.v = p.v_reset if p.subtract == 0.0 else potential(s) - (p.v_th - p.v_reset)
    s.t_free = s.t + p.t_ref
    s.held = 1.0


def take(p, s, u, x, y, ref, ref_x, ref_y):
    """The neuron's sums as the window engine has kept them."""
    s.u, s.x, s.y = u, x, y
    _refer(p, s, ref, ref_x, ref_y)


def give(p, s):
    """The neuron's sums for the window engine to keep."""
    return ABSENT if s.held != 0.0 else s.u, s.x, s.y, p.v_th - s.v_inf, s.t_free


def adopt(before, p, s):
    """V, all currents (pA) and the end of the refractory period stay as they are."""
    v_inf = s.v_inf
    s.v_inf = carried_over(before, p, v_inf)
    same = s.v_inf == v_inf and p.per_c_m == before.per_c_m and p.rounding == before.rounding
    same = same and p.rate == before.rate and p.rate_ex == before.rate_ex and p.rate_in == before.rate_in
    if same and p.rounding_ex == before.rounding_ex and p.rounding_in == before.rounding_in:
        return
    per_c_m = p.per_c_m / before.per_c_m
    ex, inh = s.x * s.left_ex * per_c_m, s.y * s.left_in * per_c_m
    ref_x, ref_y = math.floor(s.t / p.epoch_ex) * p.epoch_ex, math.floor(s.t / p.epoch_in) * p.epoch_in
    x = rounded(ex * growth((s.t - ref_x) * p.rate_ex), p.rounding_ex)
    y = rounded(inh * growth((s.t - ref_y) * p.rate_in), p.rounding_in)
    s.ref = math.nan  # what lies across from epoch to epoch is worked out anew, with the new rates
    _put(p, s, Sums(0.0, x, y, math.floor(s.t / p.epoch) * p.epoch, ref_x, ref_y), s.t)
    if s.held == 0.0:
        s.u = rounded((s.v - s.v_inf) * s.e - _built_up(s), p.rounding)


def show(p, s):
    """V and the currents (pA), for who looks at the state."""
    s.v = potential(s)
    s.ex, s.inh = s.x * s.left_ex / p.per_c_m, s.y * s.left_in / p.per_c_m


@dataclass(frozen=True)
class LIFExp(Model):
    """tau_m V' = E_L - V + (tau_m / C_m)(I + I_ex + I_in), tau_ex I_ex' = -I_ex, tau_in I_in' = -I_in.

    An arrival adds its weight (pA) to I_ex if positive, to I_in if negative.  A spike when V > V_th.  The time
    constants may have any ratio and may be equal.  No crossing is missed, also not one between two arrivals that comes
    down again before the second; `eventsim.models.exp_crossing` says why.

    Arrivals are added up exactly, whatever their order (`eventsim.kernels.sums`): each is rounded to 2^-46 of the
    largest of the potentials E_L, V_th, V_reset, V_inf apart, and exact as long as V, and what excitation or inhibition
    alone would make of it, stay within 4 times that.

    tau_m, tau_syn_ex, tau_syn_in, t_ref: time constants of membrane and currents, refractory period (ms).  While
        refractory V is held; the currents go on and take arrivals.
    c_m (pF), i_e (pA), e_l, v_th, v_reset, v_init (mV), reset: as in `LIF`.
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
        safe=safe,
        adopt=adopt,
    )
    takes_current: ClassVar[bool] = True
    threshold: ClassVar[str | None] = "v_th"
    sums: ClassVar[Literal["jumps", "currents"] | None] = "currents"
    parameter_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [
            (name, "f8")
            for name in (
                *(
                    "tau_m",
                    "tau_ex",
                    "tau_in",
                    "e_l",
                    "r_m",
                    "per_c_m",
                    "v_th",
                    "v_reset",
                    "t_ref",
                    "subtract",
                ),
                *("rate", "epoch", "fade", "growth", "rounding", "near"),
                *(
                    "rate_ex",
                    "epoch_ex",
                    "fade_ex",
                    "gap_ex",
                    "per_gap_ex",
                    "carry_ex",
                    "peak_ex",
                    "rounding_ex",
                ),
                *(
                    "rate_in",
                    "epoch_in",
                    "fade_in",
                    "gap_in",
                    "per_gap_in",
                    "carry_in",
                    "peak_in",
                    "rounding_in",
                ),
            )
        ],
        align=True,
    )
    state_dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [
            (name, "f8")
            for name in (
                *("t", "u", "x", "y", "ref", "ref_x", "ref_y", "e", "left", "across_ex", "e_ex", "left_ex"),
                *("taken_ex", "across_in", "e_in", "left_in", "taken_in"),
                *("v", "ex", "inh", "v_inf", "t_free", "held"),
            )
        ],
        align=True,
    )
    state_units: ClassVar[Mapping[str, str]] = {**LIF.state_units, "ex": "pA", "inh": "pA"}

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
        """The table of parameters, with all constants of an epoch."""
        finite(values, but=("v_th",))  # with an infinite threshold a neuron never fires
        membrane(values)
        time_constants(values, "tau_syn_ex", "tau_syn_in")
        check_reset(values)
        own = {
            "r_m": values["tau_m"] / values["c_m"],
            "per_c_m": 1.0 / values["c_m"],
            "subtract": reset_column(self.reset),
        }
        currents = _current(values, "ex") | _current(values, "in")
        return super().parameters(dict(values) | own | decay(values) | currents)

    def initial_state(self, values: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[Any]:
        """V = v_init, no synaptic current, not refractory, the external current switched on."""
        state = np.zeros(n, self.state_dtype)
        state["v"] = values["v_init"]
        state["v_inf"] = values["e_l"] + values["tau_m"] / values["c_m"] * values["i_e"]
        added = rounding(potentials(values))
        state["u"] = ((state["v"] - state["v_inf"]) + added) - added
        for name in ("e", "left", "e_ex", "left_ex", "e_in", "left_in", "across_ex", "across_in"):
            state[name] = 1.0
        return state


def _current(values: Mapping[str, NDArray[np.float64]], name: str) -> dict[str, NDArray[np.float64]]:
    """The parameters of the epochs of one current.

    carry: what a current of 1 at the beginning of an epoch has added to V at its end; peak: the most that it ever adds.
    """
    tau_m, tau = np.broadcast_arrays(values["tau_m"], values[f"tau_syn_{name}"])
    epoch = epoch_length(tau)
    gap = 1.0 / tau - 1.0 / tau_m

    def after(x: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a current of 1 has added to V."""
        rows = zip(x, exp(-x / tau_m), gap, tau, strict=True)
        return np.array([response.py_func(*row) for row in rows])

    with np.errstate(divide="ignore", invalid="ignore"):
        per_gap = 1.0 / gap
        at_peak = np.where(np.abs(gap) * tau > 1e-6, np.log(tau_m / tau) / gap, tau)
    own = {
        "tau": tau,
        "rate": 1.0 / tau,
        "epoch": epoch,
        "fade": exp(-epoch / tau),
        "gap": gap,
        "per_gap": np.where(np.abs(gap) * np.minimum(tau, tau_m) >= _APART, per_gap, 0.0),
        "carry": after(epoch),
        "peak": 1.000001 * after(at_peak),
        "rounding": rounding(potentials(values) / np.minimum(epoch, epoch_length(tau_m))),
    }
    return {f"{field}_{name}": value for field, value in own.items()}
