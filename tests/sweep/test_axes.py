"""What is varied: every way of writing it, and every way of writing it wrong."""

from __future__ import annotations

import math
from typing import Any

import pytest

from eventsim.scenario.problems import ScenarioError
from eventsim.sweep.axes import Drawn, Fixed, axes_from_table, axis_from_text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("seed=0:4", (0, 1, 2, 3)),
        ("a.b=0:2:5", (0.0, 0.5, 1.0, 1.5, 2.0)),
        ("a=10:50:5", (10, 20, 30, 40, 50)),
        ("a=2:-2:3", (2, 0, -2)),
        ("a=1:100:3:log", (1.0, 10.0, 100.0)),
        ("a=1,2.5,-3", (1, 2.5, -3)),
        ("a=delta, exp", ("delta", "exp")),
        ("a=[1, 2]", (1, 2)),
        ("a=[[1, 2], [3]]", ([1, 2], [3])),
        ("a=true,false", (True, False)),
        ("a='0:2:5'", ("0:2:5",)),
        ("a=5", (5,)),
    ],
)
def test_values(text: str, values: tuple[Any, ...]) -> None:
    axis = axis_from_text(text)
    assert isinstance(axis, Fixed)
    assert axis.key == text.partition("=")[0]
    assert axis.values == pytest.approx(values) if "log" in text else axis.values == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]


def test_a_grid_is_rounded_once() -> None:
    axis = axis_from_text("a=0:2:21")
    assert isinstance(axis, Fixed)
    assert axis.values == tuple(k / 10 for k in range(21))
    assert [type(value) for value in axis.values] == [float] * 21


@pytest.mark.parametrize(
    ("text", "at", "value"),
    [
        ("a=uniform(2, 4)", 0.25, 2.5),
        ("a=loguniform(1, 100)", 0.5, 10.0),
        ("a=normal(5, 2)", 0.5, 5.0),
        ("a=normal(5, 2)", 0.8413447460685429, 7.0),
        ("a=integers(3, 6)", 0.99, 5),
        ("a=integers(3, 6)", 0.0, 3),
        ("a=choice(one, two)", 0.49, "one"),
        ("a=choice(one, two)", 0.51, "two"),
    ],
)
def test_quantiles(text: str, at: float, value: Any) -> None:
    axis = axis_from_text(text)
    assert isinstance(axis, Drawn)
    assert axis.value(at) == (pytest.approx(value) if isinstance(value, float) else value)
    assert all(math.isfinite(v) for v in (axis.value(0.0), axis.value(1 - 2**-53)) if isinstance(v, float))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed", "should be KEY=VALUES"),
        ("=1", "should be KEY=VALUES"),
        ("a..b=1", "should be KEY=VALUES"),
        ("a=", "at least one value"),
        ("a=4:4", "must be below"),
        ("a=0:2000000", "at most 1,000,000 values"),
        ("a=0.5:1", "FROM:TO:NUMBER"),
        ("a=0:1:0", "at least 2 values"),
        ("a=0:1:2.5", "FROM:TO:NUMBER"),
        ("a=0:x:3", "'x' is not a number"),
        ("a=0:inf:3", "'inf' is not a number"),
        ("a=0:1:5:log", "above 0"),
        ("a=uniform(1)", "two numbers"),
        ("a=uniform(2, 1)", "must be below"),
        ("a=uniform(true, 3)", "two numbers"),
        ("a=loguniform(0, 1)", "above 0"),
        ("a=normal(0, 0)", "standard deviation"),
        ("a=integers(0.5, 2)", "two whole numbers"),
        ("a=unifrom(1, 2)", "did you mean uniform?"),
        ("a=choice()", "at least one value"),
        ("a=[1, 2", "is no list of values"),
    ],
)
def test_mistakes(text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=r"^--vary") as caught:
        axis_from_text(text)
    assert said in str(caught.value)


def test_a_table_says_the_same() -> None:
    table = {"seed": "0:3", "parameters": {"rate_hz": [1.0, 2.0]}, "noise.jitter_ms": "0:2:3"}
    axes = axes_from_table(table, "file.toml")
    same = [
        axis_from_text(text) for text in ("seed=0:3", "parameters.rate_hz=1.0,2.0", "noise.jitter_ms=0:2:3")
    ]
    assert list(axes.values()) == same
    with pytest.raises(ScenarioError, match=r"file.toml: sweep.vary.a = 1:1: "):
        axes_from_table({"a": "1:1"}, "file.toml")
