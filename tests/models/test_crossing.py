"""The search for the crossings of `LIFExp` against a search in 30 digits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eventsim.models.exp_crossing import first_crossing
from eventsim.models.lif_exp import LIFExp
from tests.models.precise_lif import Cell
from tests.models.records import as_kernel, as_plain, records

COMPILED = as_kernel(first_crossing)
SEARCHES = pytest.mark.parametrize("search", [COMPILED, as_plain(first_crossing)])


def found(cell: Cell, v_th: float, search: Any = COMPILED) -> float:
    """By the search of the model, from the state that the cell is in; c_m = 1, so that currents are in mV/ms."""
    taus = {"tau_m": cell.tau_m, "tau_syn_ex": cell.tau_ex, "tau_syn_in": cell.tau_in}
    p, _ = records(LIFExp(**taus, c_m=1.0, v_th=v_th, v_reset=min(v_th, cell.v) - 1.0))
    return float(search(p, cell.v_inf, cell.v, cell.ex, cell.inh, 0.0, math.inf))


def check(cell: Cell, v_th: float, search: Any = COMPILED) -> bool:
    """Whether there is a crossing, once the model's answer is seen to agree with the search."""
    expected = cell.first_crossing(v_th)
    when = found(cell, v_th, search)
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


@pytest.mark.parametrize(("search", "cases"), [(COMPILED, 80), (as_plain(first_crossing), 20)])
def test_lif_exp_against_search(search, cases):
    rng = np.random.default_rng(7)
    crossed = [check(*random_cell(rng), search=search) for _ in range(cases)]
    assert 0.25 * cases < sum(crossed) < 0.95 * cases


@pytest.mark.parametrize("inh", [0.0, -1e-120, -1e-40])
@pytest.mark.parametrize("tau_in", [7.0, 30.0, 100.0])
def test_vanished_inhibition_that_outlasts_everything(inh, tau_in):
    """V_inf at the threshold itself: the sign of V - V_th long after decides, and must not be rounded to 0."""
    cell = Cell(tau_m=6.0, tau_ex=6.0, tau_in=tau_in, v_inf=15.0, v=13.0, ex=20.0, inh=inh)
    assert check(cell, 15.0)
    assert check(replace(cell, tau_ex=5.0, ex=0.07), 15.0)
    assert not check(replace(cell, tau_ex=5.0, ex=0.06), 15.0)


@SEARCHES
def test_peak_that_touches_the_threshold(search):
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
        assert found(cell, outside, search) == math.inf, cell
        assert check(cell, inside, search), cell


def test_up_and_down_between_two_arrivals():
    """Fast excitation that slower, stronger inhibition has undone before anything else arrives."""
    cell = Cell(tau_m=10.0, tau_ex=0.5, tau_in=5.0, v_inf=0.0, v=14.0, ex=10.0, inh=-3.0)
    assert cell.voltage(0) < 15 < cell.voltage(0.43)
    assert cell.voltage(3.0) < 15
    assert check(cell, 15.0)
    down_first = Cell(tau_m=10.0, tau_ex=5.0, tau_in=0.5, v_inf=0.0, v=14.0, ex=5.0, inh=-10.0)
    assert down_first.voltage(0.4) < 14
    assert check(down_first, 15.0)
