"""What the integrate-and-fire models do at spikes, arrivals and changes of current, and bounds of the plain one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.models.integrate_and_fire import IF
from eventsim.models.lif import LIF
from eventsim.models.lif_exp import LIFExp
from tests.models.records import compiled, plain, records

MODES = pytest.mark.parametrize("handlers", [compiled, plain])

volts = st.floats(-100.0, 100.0).map(lambda v: round(v, 9))
times = st.floats(0.0, 50.0)


def voltage(functions, p, s):
    seen = s.copy()
    if "show" in functions:
        functions["show"](p, seen)
    return seen.v


@MODES
@pytest.mark.parametrize("kind", [LIF, LIFExp, IF])
def test_period_of_a_constant_current(kind, handlers):
    """Fires at the times of the closed form: T + n (T + t_ref).

    The leaky ones to the quantum of V, 2^-46 of 32 mV, over its slope of 0.3 mV/ms at the threshold: twice, as V is
    rounded at its release and at the end of an epoch.
    """
    model = kind(v_th=20.0, i_e=325.0, t_ref=2.0)
    functions, (p, s) = handlers(model), records(model)
    period = 20.0 / (325.0 / 250.0) if kind is IF else 20.0 * math.log(26.0 / 6.0)
    allowed = 1e-13 if kind is IF else 2 * 2.0**-46 * 32.0 / 0.3
    for n in range(5):
        when = functions["crossing"](p, s)
        assert when == pytest.approx(period + n * (period + 2.0), abs=(n + 1) * allowed)
        functions["flow"](p, s, when)
        assert voltage(functions, p, s) == pytest.approx(20.0, rel=1e-13)
        functions["reset"](p, s)
        if kind is not LIFExp:
            functions["jump"](p, s, 5.0, 0)
        assert voltage(functions, p, s) == 0.0, "an arrival while refractory is lost"


@MODES
@pytest.mark.parametrize("kind", [LIF, LIFExp, IF])
def test_reset_and_current(kind, handlers):
    """23 mV are 3 above the threshold; less by threshold - reset value leaves 4."""
    model = kind(v_th=20.0, reset="subtract", v_reset=1.0, v_init=23.0)
    functions, (p, s) = handlers(model), records(model)
    assert functions["bound"](p, s) == functions["crossing"](p, s) == 0.0
    functions["reset"](p, s)
    assert voltage(functions, p, s) == 4.0
    assert functions["crossing"](p, s) == math.inf
    functions["jump"](p, s, 500.0, -1)
    assert 0.0 < functions["bound"](p, s) <= functions["crossing"](p, s) < math.inf


@MODES
def test_synaptic_currents_are_shown_in_pa(handlers):
    """30 and -50 pA, both decayed for one time constant; the capacitance does not matter."""
    model = LIFExp(c_m=100.0, tau_syn_ex=2.0, tau_syn_in=2.0)
    functions, (p, s) = handlers(model), records(model)
    for weight in (30.0, -50.0):
        functions["jump"](p, s, weight, 0)
    functions["flow"](p, s, 2.0)
    functions["show"](p, s)
    assert (s.ex, s.inh) == pytest.approx((30.0 / math.e, -50.0 / math.e), rel=1e-12)


@MODES
def test_current_switched_while_refractory(handlers):
    """V_inf = 40 from 1 on, but V is held at 0 until 5: then the threshold is half of V_inf."""
    for kind in (LIF, LIFExp):
        model = kind(v_th=20.0, t_ref=5.0, v_init=21.0)
        functions, (p, s) = handlers(model), records(model)
        functions["reset"](p, s)
        functions["flow"](p, s, 1.0)
        functions["jump"](p, s, 500.0, -1)
        assert functions["crossing"](p, s) == pytest.approx(5.0 + 20.0 * math.log(2.0), abs=1e-12)
        functions["flow"](p, s, 6.0)
        assert voltage(functions, p, s) == pytest.approx(40.0 * -math.expm1(-0.05), abs=1e-12)


@settings(max_examples=300, deadline=None)
@given(v=volts, slope=volts, t=times, t_free=times)
def test_bound_is_not_later(v, slope, t, t_free):
    p, s = records(IF(v_th=20.0), v=v, t=t, t_free=t_free, slope=slope)
    functions = compiled(IF())
    bound, crossing = functions["bound"](p, s), functions["crossing"](p, s)
    assert max(t, t_free) <= bound <= crossing
    assert (bound == max(t, t_free)) >= (v > 20.0)


def test_a_safe_neuron_does_not_fire():
    """Whatever arrives until then, at the worst moments too, if its positive weights are not more than was said."""
    functions, rng, answers = compiled(LIFExp()), np.random.default_rng(11), []
    for _ in range(400):
        model = LIFExp(v_th=20.0, t_ref=0.3, v_init=rng.uniform(15.0, 19.9), tau_syn_in=rng.uniform(1.0, 9.0))
        p, s = records(model)
        if rng.random() < 0.3:
            p.v_reset = rng.uniform(15.0, 19.9)
            functions["reset"](p, s)
        functions["jump"](p, s, rng.exponential(2000.0), 0)
        functions["jump"](p, s, -rng.exponential(2000.0), 0)
        until = rng.uniform(0.1, 0.5)
        arrivals = [(rng.choice([0.0, rng.uniform(0.0, until)]), rng.normal(0.0, 1000.0)) for _ in range(4)]
        answers.append(functions["safe"](p, s, until, sum(max(0.0, weight) for _, weight in arrivals)))
        for t, weight in [*sorted(arrivals), (until, 0.0)]:
            assert not answers[-1] or functions["crossing"](p, s) > t
            functions["flow"](p, s, t)
            functions["jump"](p, s, weight, 0)
            fires = functions["crossing"](p, s) <= t
            assert not (answers[-1] and fires)
    assert 0.2 * len(answers) < sum(answers) < 0.8 * len(answers)
