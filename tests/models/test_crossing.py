"""Integrate-and-fire models: every crossing against a search in 30 digits, bounds, flows, refractory periods."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.models.integrate_and_fire import IF
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from tests.models.precise_lif import Cell
from tests.models.records import compiled, plain, records

MODES = pytest.mark.parametrize("handlers", [compiled, plain])


def model_of(cell: Cell, v_th: float) -> tuple[LIFExp, dict[str, float]]:
    """A model with c_m = 1, so that currents are in mV/ms, and the state."""
    model = LIFExp(
        tau_m=cell.tau_m,
        c_m=1.0,
        tau_syn_ex=cell.tau_ex,
        tau_syn_in=cell.tau_in,
        v_th=v_th,
        v_reset=min(v_th, cell.v) - 1.0,
    )
    return model, {"v": cell.v, "ex": cell.ex, "inh": cell.inh, "v_inf": cell.v_inf}


def found(cell: Cell, v_th: float, handlers: Any = compiled) -> float:
    model, state = model_of(cell, v_th)
    p, s = records(model, **state)
    functions = handlers(model)
    when = float(functions["crossing"](p, s))
    assert functions["bound"](p, s) <= when
    return when


def check(cell: Cell, v_th: float, handlers: Any = compiled) -> bool:
    """Whether there is a crossing, once the model's answer is seen to agree with the search."""
    expected = cell.first_crossing(v_th)
    when = found(cell, v_th, handlers)
    if math.isinf(when) or expected == math.inf:
        assert math.isinf(when), (cell, v_th, when, expected)
        assert expected == math.inf, (cell, v_th, when, expected)
        return False
    scale = abs(v_th) + abs(cell.v_inf) + abs(cell.v) + (cell.ex - cell.inh) * cell.tau_m
    assert abs(cell.voltage(when) - v_th) <= 1e-14 * scale, (cell, v_th, when, expected)
    assert abs(when - expected) <= 1e-6 * (when + cell.tau_m), (cell, v_th, when, expected)
    return True


def random_cell(rng: np.random.Generator) -> tuple[Cell, float]:
    """Time constants smaller, larger, equal and all but equal; V_inf below, at and above a threshold of 15 mV."""
    tau_m = rng.choice([5.0, 20.0, rng.uniform(1.0, 50.0)])

    def tau_syn() -> float:
        return float(rng.choice([tau_m, tau_m * (1 + 1e-12), tau_m * (1 - 1e-9), 0.3, 2.0, 3 * tau_m]))

    v_th = 15.0
    v_inf = rng.choice([v_th, v_th - 1e-9, v_th + 1e-9, v_th + rng.uniform(0, 10), rng.uniform(-20, v_th)])
    tau_ex = tau_syn()
    tau_in = tau_ex if rng.random() < 0.3 else tau_syn()
    ex = rng.choice([0.0, rng.exponential(3.0), rng.exponential(30.0)])
    inh = -rng.choice([0.0, rng.exponential(3.0), rng.exponential(30.0)])
    v = rng.choice([v_th, rng.uniform(-10.0, v_th), rng.uniform(13.0, v_th)])
    return Cell(*map(float, (tau_m, tau_ex, tau_in, v_inf, v, ex, inh))), v_th


@pytest.mark.parametrize(("handlers", "cases"), [(compiled, 80), (plain, 20)])
def test_lif_exp_against_search(handlers, cases):
    rng = np.random.default_rng(7)
    crossed = [check(*random_cell(rng), handlers=handlers) for _ in range(cases)]
    assert 0.25 * cases < sum(crossed) < 0.95 * cases


@pytest.mark.parametrize("inh", [0.0, -1e-120, -1e-40])
@pytest.mark.parametrize("tau_in", [7.0, 30.0, 100.0])
def test_vanished_inhibition_that_outlasts_everything(inh, tau_in):
    """V_inf at the threshold itself: the sign of V - V_th long after decides, and must not be rounded to 0."""
    cell = Cell(tau_m=6.0, tau_ex=6.0, tau_in=tau_in, v_inf=15.0, v=13.0, ex=20.0, inh=inh)
    assert check(cell, 15.0)
    assert check(replace(cell, tau_ex=5.0, ex=0.07), 15.0)
    assert not check(replace(cell, tau_ex=5.0, ex=0.06), 15.0)


@MODES
def test_peak_that_touches_the_threshold(handlers):
    rng = np.random.default_rng(8)
    tried = 0
    while tried < 8:
        cell, _ = random_cell(rng)
        x, height = cell.peak()
        if not 0.01 < x < 10 * cell.tau_m or abs(height) < 1.0 or height < cell.v_inf + 0.01:
            continue
        tried += 1
        v_th = float(height)
        inside, outside = v_th - 1e-9 * abs(v_th), v_th + 1e-9 * abs(v_th)
        assert found(cell, outside, handlers) == math.inf, cell
        assert check(cell, inside, handlers), cell


def test_up_and_down_between_two_arrivals():
    """Fast excitation that slower, stronger inhibition has undone before anything else arrives."""
    cell = Cell(tau_m=10.0, tau_ex=0.5, tau_in=5.0, v_inf=0.0, v=14.0, ex=10.0, inh=-3.0)
    assert cell.voltage(0) < 15 < cell.voltage(0.43)
    assert cell.voltage(3.0) < 15
    assert check(cell, 15.0)
    down_first = Cell(tau_m=10.0, tau_ex=5.0, tau_in=0.5, v_inf=0.0, v=14.0, ex=5.0, inh=-10.0)
    assert down_first.voltage(0.4) < 14
    assert check(down_first, 15.0)


@MODES
def test_lif_exp_refractory(handlers):
    """V is held while the currents decay; then it goes on from there."""
    cell = Cell(tau_m=10.0, tau_ex=3.0, tau_in=4.0, v_inf=5.0, v=10.0, ex=6.0, inh=-1.0)
    model, state = model_of(cell, 15.0)
    p, s = records(model, **state, t=2.0, t_free=4.0)
    functions = handlers(model)
    later = replace(cell, ex=6.0 * math.exp(-2 / 3), inh=-math.exp(-2 / 4))
    when = 4.0 + later.first_crossing(15.0)
    assert float(functions["crossing"](p, s)) == pytest.approx(float(when), abs=1e-13)
    assert functions["bound"](p, s) <= float(when)
    functions["flow"](p, s, 3.0)
    assert s.v == 10.0
    assert float(functions["crossing"](p, s)) == pytest.approx(float(when), abs=1e-13)
    functions["flow"](p, s, 4.5)
    assert s.v == pytest.approx(float(later.voltage(0.5)), abs=1e-14)
    assert float(functions["crossing"](p, s)) == pytest.approx(float(when), abs=1e-13)


@MODES
@pytest.mark.parametrize("model", [LIF(e_l=2.0, i_e=300.0, t_ref=2.0), IF(v_th=20.0, i_e=300.0, t_ref=2.0)])
def test_period_of_a_constant_current(model, handlers):
    """Fires at the times of the closed form: T + n (T + t_ref)."""
    functions = handlers(model)
    p, s = records(model)
    period = 20 * math.log((26.0 - 0.0) / (26.0 - 20.0)) if isinstance(model, LIF) else 20.0 / (300.0 / 250.0)
    for n in range(5):
        when = functions["crossing"](p, s)
        assert when == pytest.approx(period + n * (period + 2.0), rel=1e-14)
        functions["flow"](p, s, when)
        assert s.v == pytest.approx(20.0, rel=1e-14)
        functions["reset"](p, s)
        functions["jump"](p, s, 5.0, 0)
        assert s.v == 0.0, "an arrival while refractory is lost"


@MODES
def test_reset_and_current(handlers):
    for kind in (LIF, IF):
        model = kind(v_th=20.0, reset="subtract", v_reset=1.0)
        functions = handlers(model)
        p, s = records(model, v=19.0)
        functions["jump"](p, s, 4.0, 0)
        assert functions["bound"](p, s) == functions["crossing"](p, s) == 0.0
        functions["reset"](p, s)
        assert s.v == 4.0
        assert functions["crossing"](p, s) == math.inf
        functions["jump"](p, s, 500.0, -1)
        assert 0.0 < functions["bound"](p, s) <= functions["crossing"](p, s) < math.inf


volts = st.floats(-100.0, 100.0).map(lambda v: round(v, 9))
times = st.floats(0.0, 50.0)
currents = st.one_of(st.just(0.0), st.floats(1e-6, 100.0))
taus = st.one_of(st.just(20.0), st.floats(0.1, 100.0))


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from([LIF, IF]), v=volts, drive=volts, t=times, t_free=times)
def test_bound_is_not_later(kind, v, drive, t, t_free):
    field = {"v_inf": drive} if kind is LIF else {"slope": drive}
    p, s = records(kind(v_th=20.0), v=v, t=t, t_free=t_free, **field)
    functions = compiled(kind())
    bound, crossing = functions["bound"](p, s), functions["crossing"](p, s)
    assert max(t, t_free) <= bound <= crossing
    assert (bound == max(t, t_free)) >= (v > 20.0)


@settings(max_examples=300, deadline=None)
@given(v=volts, v_inf=volts, ex=currents, inh=currents, tau_ex=taus, tau_in=taus, t=times, t_free=times)
def test_bound_is_not_later_lif_exp(v, v_inf, ex, inh, tau_ex, tau_in, t, t_free):
    model = LIFExp(v_th=20.0, tau_syn_ex=tau_ex, tau_syn_in=tau_in)
    p, s = records(model, v=v, v_inf=v_inf, ex=ex, inh=-inh, t=t, t_free=t_free)
    functions = compiled(model)
    bound, crossing = functions["bound"](p, s), functions["crossing"](p, s)
    assert max(t, t_free) <= bound <= crossing
    if v > 20.0:
        assert bound == crossing == max(t, t_free)


@settings(max_examples=300, deadline=None)
@given(
    v=volts,
    v_inf=volts,
    ex=currents,
    inh=currents,
    tau_ex=taus,
    t=times,
    cut=st.floats(0.0, 1.0),
    t_free=times,
)
def test_flow_in_two_parts(v, v_inf, ex, inh, tau_ex, t, cut, t_free):
    cells = [
        (LIFExp(tau_syn_ex=tau_ex, tau_syn_in=7.0), {"v_inf": v_inf, "ex": ex, "inh": -inh}),
        (LIF(), {"v_inf": v_inf}),
        (IF(), {"slope": ex}),
    ]
    for model, state in cells:
        flow = compiled(model)["flow"]
        p, whole = records(model, v=v, t_free=t_free, **state)
        _, parts = records(model, v=v, t_free=t_free, **state)
        flow(p, whole, t)
        flow(p, parts, cut * t)
        flow(p, parts, t)
        scale = max(abs(v), abs(v_inf), *(abs(value) * 20.0 for value in state.values()), ex * t)
        assert parts.t == whole.t
        assert abs(parts.v - whole.v) <= 16 * np.spacing(scale), model


@settings(max_examples=200, deadline=None)
@given(v=volts, v_inf=volts, ex=currents, inh=currents, tau_ex=taus, t=times)
def test_compiled_equals_plain(v, v_inf, ex, inh, tau_ex, t):
    model = LIFExp(v_th=20.0, tau_syn_ex=tau_ex, tau_syn_in=7.0)
    results = []
    for handlers in (compiled, plain):
        p, s = records(model, v=v, v_inf=v_inf, ex=ex, inh=-inh)
        functions = handlers(model)
        answers = [float(functions["crossing"](p, s)), float(functions["bound"](p, s))]
        functions["flow"](p, s, t)
        results.append((*answers, s.v, s.ex, s.inh, s.t))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-12, atol=1e-12)
