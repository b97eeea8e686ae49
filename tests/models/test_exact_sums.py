"""Leaky neurons keep exact sums: equal to closed forms, in any order of arrivals, however often they are looked at."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf
from numba import njit

from eventsim.kernels.sums import growth, growth_alone, growth_near, near
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from tests.models.precise_lif import Cell
from tests.models.records import compiled, plain, records

KINDS = pytest.mark.parametrize("kind", [LIF, LIFExp])
TAUS = [0.3, 2.0, 10.0, 10.0 * (1 + 1e-12), 33.0, 100.0]

taus = st.sampled_from(TAUS)
weights = st.floats(-3.0, 3.0).map(lambda w: round(w, 6))
arrivals = st.lists(st.tuples(st.floats(0.0, 80.0), weights), max_size=12).map(sorted)
any_tau = st.floats(-6.0, 9.0).map(lambda x: min(max(10.0**x, 1e-6), 1e9)) | st.sampled_from(
    [1e-6, 1.0, 2.0**-7, 1e9]
)


def model_of(kind: Any, tau_m: float, tau_ex: float, tau_in: float, **others: Any) -> Any:
    """With c_m = tau_m: i_e is V_inf - E_L (mV)."""
    synapses = {} if kind is LIF else {"tau_syn_ex": tau_ex, "tau_syn_in": tau_in}
    return kind(tau_m=tau_m, c_m=tau_m, **synapses, **({"v_th": 20.0} | others))


def gain(model: Any) -> float:
    """What one mV of weight is in the model's unit: mV, or a current (pA) that may raise V by as much."""
    if isinstance(model, LIF):
        return 1.0
    return float(model.c_m / min(model.tau_m, model.tau_syn_ex, model.tau_syn_in))


def run(functions: Any, p: Any, s: Any, events: Any, unit: float) -> None:
    for t, weight in events:
        functions["flow"](p, s, t)
        functions["jump"](p, s, weight * unit, 0)


def fields(s: Any) -> bytes:
    """All that is known of a neuron, to the bit."""
    return s.tobytes()


def sums(kind: Any, s: Any) -> tuple[float, ...]:
    names = ("u", "ref") if kind is LIF else ("u", "x", "y", "ref", "ref_x", "ref_y")
    return tuple(float(s[name]) for name in names)


class Precise:
    """A neuron in 30 digits, the formulas those of `Cell`."""

    def __init__(self, model: Any) -> None:
        self.delta = isinstance(model, LIF)
        tau_ex, tau_in = (model.tau_m, model.tau_m) if self.delta else (model.tau_syn_ex, model.tau_syn_in)
        v_inf = mpf(model.e_l) + mpf(model.tau_m) / mpf(model.c_m) * mpf(model.i_e)
        self.model, self.t, self.free = model, mpf(0), mpf(0)
        self.cell: Any = Cell(model.tau_m, tau_ex, tau_in, v_inf, mpf(model.v_init), mpf(0), mpf(0))

    def flow(self, t: float) -> None:
        held = min(max(self.free - self.t, mpf(0)), mpf(t) - self.t)
        self.cell = replace(self.cell.after(held), v=self.cell.v).after(mpf(t) - self.t - held)
        self.t = mpf(t)

    def jump(self, weight: float) -> None:
        if self.delta:
            if self.t >= self.free:
                self.cell = replace(self.cell, v=self.cell.v + mpf(weight))
        elif weight > 0:
            self.cell = replace(self.cell, ex=self.cell.ex + mpf(weight) / self.model.c_m)
        else:
            self.cell = replace(self.cell, inh=self.cell.inh + mpf(weight) / self.model.c_m)

    def fire(self) -> None:
        self.cell, self.free = replace(self.cell, v=mpf(self.model.v_reset)), self.t + mpf(self.model.t_ref)


def tolerance(p: Any, s: Any, rounded: int) -> float:
    """How far V (mV) may be from the truth after so many arrivals and epochs.

    Each rounds three terms at most, each to half a quantum: u twice, and a current to what moves V by less than a
    quantum.  Besides, V is made of doubles: some 2^-50 of the largest that u has been, and of V_inf and V.
    """
    quantum = float(p.rounding) / (1.5 * 2.0**52)
    return 2.5 * quantum * (rounded + 1) + 2.0**-50 * (64.0 + 8.0 * abs(float(s.v_inf)) + 64.0 * rounded)


@KINDS
@settings(max_examples=40, deadline=None)
@given(st.data(), taus, taus, taus)
def test_potential_and_currents_are_the_closed_form(kind, data, tau_m, tau_ex, tau_in):
    """Below a threshold that nothing reaches."""
    i_e, v_init, events = (
        data.draw(st.floats(-20.0, 20.0)),
        data.draw(st.floats(-20.0, 20.0)),
        data.draw(arrivals),
    )
    model = model_of(kind, tau_m, tau_ex, tau_in, i_e=i_e, v_init=v_init, v_th=1e3, v_reset=0.0)
    functions, (p, s), precise = compiled(model), records(model), Precise(model)
    for t, weight in [*events, (81.5, 0.0)]:
        functions["flow"](p, s, t)
        functions["jump"](p, s, weight * gain(model), 0)
        precise.flow(t)
        precise.jump(weight * gain(model))
        seen = s.copy()
        functions["show"](p, seen)
        epochs = 3 * math.ceil(t / min(model.tau_m, precise.cell.tau_ex, precise.cell.tau_in))
        allowed = tolerance(p, s, len(events) + epochs)
        assert abs(seen.v - precise.cell.v) <= allowed
        if kind is LIFExp:
            shortest = min(model.tau_m, model.tau_syn_ex, model.tau_syn_in)
            assert abs(seen.ex * p.per_c_m - precise.cell.ex) <= 4 * allowed / shortest
            assert abs(seen.inh * p.per_c_m - precise.cell.inh) <= 4 * allowed / shortest


@KINDS
@pytest.mark.parametrize("handlers", [compiled, plain])
@pytest.mark.parametrize("seed", range(3))
def test_spikes_of_a_driven_neuron(kind, handlers, seed):
    """V_inf above the threshold: five spikes, arrivals between them, some of them while refractory."""
    rng = np.random.default_rng(seed)
    model = model_of(kind, 10.0, TAUS[seed + 1], TAUS[seed + 2], i_e=26.0 + seed, v_th=20.0, t_ref=2.0)
    functions, (p, s), precise = handlers(model), records(model), Precise(model)
    for _ in range(5):
        for wait in (0.5, 1.0, rng.uniform(0.0, 1.5), rng.uniform(0.0, 2.0)):
            t, weight = float(s.t) + wait, float(rng.uniform(-3.0, 0.5)) * gain(model)
            assert functions["crossing"](p, s) > t
            functions["flow"](p, s, t)
            functions["jump"](p, s, weight, 0)
            precise.flow(t)
            precise.jump(weight)
        when = float(functions["crossing"](p, s))
        assert functions["bound"](p, s) <= when
        precise.flow(max(precise.t, precise.free))
        expected = precise.t + precise.cell.first_crossing(20.0)
        precise.flow(when)
        slope = float(precise.cell.after(mpf("1e-6")).v - precise.cell.v) * 1e6
        assert abs(precise.cell.v - 20.0) <= tolerance(p, s, 100) + slope * 4 * np.spacing(when)
        assert abs(when - expected) <= (tolerance(p, s, 100) + 1e-13) / min(slope, 1.0)
        functions["flow"](p, s, when)
        functions["reset"](p, s)
        precise.fire()


@KINDS
@settings(max_examples=60, deadline=None)
@given(st.data(), taus, taus, taus, st.integers(0, 1000))
def test_arrivals_within_an_epoch_in_any_order(kind, data, tau_m, tau_ex, tau_in, epoch):
    """Not in the order of time even: `flow` goes to any time of the epochs that a neuron is in."""
    model = model_of(kind, tau_m, tau_ex, tau_in, v_th=1e3, v_reset=0.0, i_e=15.0)
    functions, (p, before) = compiled(model), records(model)
    length = float(p.epoch if kind is LIF else min(p.epoch, p.epoch_ex, p.epoch_in))
    inside = st.tuples(st.floats(0.0, 0.999).map(lambda x: (epoch + x) * length), weights)
    history, events = data.draw(arrivals), data.draw(st.lists(inside, min_size=2, max_size=20))
    run(functions, p, before, [(t, w) for t, w in history if t < epoch * length], gain(model))
    functions["flow"](p, before, epoch * length)
    results = set()
    for order in (events, sorted(events), data.draw(st.permutations(events))):
        s = before.copy()
        run(functions, p, s, order, 10.0 * gain(model))
        functions["flow"](p, s, (epoch + 0.9995) * length)
        results.add(fields(s))
    assert len(results) == 1


def test_slow_currents_leave_room_for_order():
    """A current of 100 ms on a membrane of 1 ms that holds V at three times the threshold, and inhibition as much."""
    model = model_of(LIFExp, 1.0, 100.0, 100.0, v_th=20.0)
    functions, (p, first) = compiled(model), records(model)
    rng = np.random.default_rng(3)
    events = [(float(t), w) for t, w in zip(rng.uniform(0, 0.999, 120), [0.5, -0.5] * 60, strict=True)]
    second = first.copy()
    run(functions, p, first, events, 100.0 * gain(model) / 100.0 * 0.5)
    run(functions, p, second, events[::-1], 100.0 * gain(model) / 100.0 * 0.5)
    for s in (first, second):
        functions["flow"](p, s, 0.9999)
    assert fields(first) == fields(second)


@KINDS
@settings(max_examples=40, deadline=None)
@given(st.data(), taus, taus, taus, st.floats(0.0, 30.0))
def test_looking_changes_nothing_and_flow_in_parts_is_flow_at_once(kind, data, tau_m, tau_ex, tau_in, t_ref):
    """The second neuron is flown to many times between its arrivals, looked at, and has copies flown on."""
    model = model_of(kind, tau_m, tau_ex, tau_in, t_ref=t_ref, i_e=data.draw(st.floats(-10.0, 60.0)))
    functions, (p, once) = compiled(model), records(model)
    looked = once.copy()
    events = data.draw(arrivals)
    spike_after = data.draw(st.integers(0, 12))
    for k, (t, weight) in enumerate([*events, (500.0, 0.0)]):
        cuts = sorted(data.draw(st.lists(st.floats(0.0, 1.0), max_size=3)))
        begin = float(looked.t)
        for cut in cuts:
            functions["crossing"](p, looked)
            functions["bound"](p, looked)
            away = looked.copy()
            functions["flow"](p, away, begin + 3 * (t - begin))
            functions["show"](p, away)
            functions["flow"](p, looked, begin + cut * (t - begin))
        for s in (once, looked):
            functions["flow"](p, s, t)
            functions["jump"](p, s, weight * gain(model), 0)
            if k == spike_after:
                functions["reset"](p, s)
        assert fields(once) == fields(looked)
    assert sums(kind, once) == sums(kind, looked)


@KINDS
@settings(max_examples=150, deadline=None)
@given(
    st.data(),
    taus,
    taus,
    taus,
    st.sampled_from([0.0, 19.9, 20.0, 20.0 + 1e-12, 20.001, 35.0]),
    st.floats(0.0, 0.999),
)
def test_crossing_does_not_depend_on_when_it_is_asked_for(kind, data, tau_m, tau_ex, tau_in, drive, part):
    """The bound is not later, and where neuron and epochs have gone on by then the crossing is the same to the bit."""
    v_init = data.draw(st.sampled_from([0.0, 19.0, 20.0 - 1e-13, 20.0]))
    model = model_of(
        kind, tau_m, tau_ex, tau_in, i_e=drive, v_init=v_init, t_ref=data.draw(st.sampled_from([0.0, 3.0]))
    )
    functions, (p, s) = compiled(model), records(model)
    run(functions, p, s, data.draw(arrivals), 3.0 * gain(model))
    if data.draw(st.booleans()):
        functions["reset"](p, s)
    when = functions["crossing"](p, s)
    assert functions["bound"](p, s) <= when
    start = float(s.t)
    later = start + part * (min(when, start + 300.0) - start)
    functions["flow"](p, s, later)
    assert functions["crossing"](p, s) == when
    assert functions["bound"](p, s) <= when


@KINDS
@pytest.mark.parametrize(
    ("tau_m", "tau_syn"), [(1e-3, 1e6), (1e6, 1e-3), (20.0, 2.0), (5.0, 5.0), (1e-3, 1e-3)]
)
def test_silence_ends_at_exact_rest(kind, tau_m, tau_syn):
    """After 10^9 ms V is V_inf and no sum is left, by bounded work: epochs of 1e-3 ms one by one would take hours."""
    model = model_of(kind, tau_m, tau_syn, tau_syn, i_e=7.0)
    functions, (p, s) = plain(model), records(model)
    run(functions, p, s, [(1.0, 5.0), (1.3, -2.0)], gain(model))
    functions["flow"](p, s, 1e9)
    functions["show"](p, s)
    assert s.v == s.v_inf
    names = ("u",) if kind is LIF else ("u", "x", "y")
    assert [float(s[name]) for name in names] == [0.0] * len(names)


@KINDS
@settings(max_examples=60, deadline=None)
@given(
    st.data(),
    any_tau,
    any_tau,
    any_tau,
    st.floats(-2.0, 9.0).map(lambda x: 10.0**x),
    st.sampled_from([20.0, math.inf]),
)
def test_any_time_constants_at_any_time(kind, data, tau_m, tau_ex, tau_in, t, v_th):
    """As plain Python, where an index out of a table is an error; the compiled handlers give the same bits."""
    model = model_of(kind, tau_m, tau_ex, tau_in, v_th=v_th, t_ref=data.draw(st.sampled_from([0.0, 1.0])))
    events = [(t * x, data.draw(weights)) for x in (0.0, 0.3, 0.3 * (1 + 1e-15), 0.9, 1.0)]
    results = []
    for handlers in (compiled, plain):
        functions, (p, s) = handlers(model), records(model)
        answers = []
        for k, event in enumerate(events):
            run(functions, p, s, [event], gain(model))
            if k == 2:
                functions["reset"](p, s)
                functions["jump"](p, s, 5.0 * model.c_m / model.tau_m, -1)
            answers += [float(functions["crossing"](p, s)), float(functions["bound"](p, s))]
            assert answers[-1] <= answers[-2]
            assert math.isfinite(s.u + s.e)
        functions["show"](p, s)
        results.append((answers, fields(s)))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-12)
    assert results[0][1] == results[1][1]


@KINDS
@pytest.mark.parametrize("weight", [1e-320, -1e-320, 1e300, -1e300])
def test_absurd_weights_end_too(kind, weight):
    model = model_of(kind, 20.0, 2.0, 5.0, i_e=25.0)
    functions, (p, s) = compiled(model), records(model)
    run(functions, p, s, [(1.0, weight), (2.0, weight)], 1.0)
    when = functions["crossing"](p, s)
    assert functions["bound"](p, s) <= when < 1e5
    assert (when == 2.0) == (weight > 1.0)
    run(functions, p, s, [(1e5, 0.0)], 1.0)
    functions["show"](p, s)
    assert s.v == 25.0


@njit
def served(since: float, x: float) -> tuple[float, float, float, float, float]:
    """exp(x) by the entry that serves `since` alone, by two and by the table; from where the second serves, and to."""
    entries = near(since)
    alone, both = growth_alone(entries, x), growth_near(entries, x)
    return alone, both, growth(x), entries.switch, entries.end


def test_two_entries_of_the_table_serve_to_the_last_bit() -> None:
    """Around the argument where the second takes over from the first, and up to where the third would from it."""
    for since in np.arange(0, 61) / 32:
        *_, switch, end = served(since, since)
        assert since < switch < end
        for start, steps in ((since, 40), (switch, 40), (end, 0)):
            x = start
            for _ in range(5):
                x = max(since, math.nextafter(x, 0.0))
            for _ in range(5 + steps):
                alone, both, known, _, _ = served(since, x)
                assert both == known
                assert alone == known or x >= switch
                x = math.nextafter(x, 3.0)
        for begins in (switch, end):  # as `growth` rounds: with the first argument of the next entry
            assert int(begins * 32 + 64.5) == int(math.nextafter(begins, 0.0) * 32 + 64.5) + 1
