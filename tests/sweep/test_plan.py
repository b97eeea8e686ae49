"""Points from axes: order, zipping, sampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from eventsim.scenario.problems import ScenarioError
from eventsim.scenario.schema import Sweep
from eventsim.sweep.axes import axis_from_text
from eventsim.sweep.plan import Plan, make_plan
from eventsim.sweep.read import planned


def plan(*texts: str, **options: object) -> Plan:
    axes = [axis_from_text(text) for text in texts]
    return make_plan({axis.key: axis for axis in axes}, Sweep(**options))  # type: ignore[arg-type]


def test_a_product_changes_its_last_axis_fastest() -> None:
    points = plan("a=1,2", "seed=0:3").points()
    assert points == [{"a": a, "seed": seed} for a in (1, 2) for seed in (0, 1, 2)]


def test_zipped_axes_change_together() -> None:
    points = plan("a=1,2", "seed=0:2", "b=x,y", zip=(("a", "b"),)).points()
    assert points == [{"a": a, "b": b, "seed": seed} for a, b in ((1, "x"), (2, "y")) for seed in (0, 1)]


def test_random_draws_are_those_of_their_key_and_no_other() -> None:
    alone = plan("a=uniform(0, 1)", samples=50).points()
    beside = plan("z=normal(0, 1)", "a=uniform(0, 1)", "seed=0:2", samples=50).points()
    assert [point["a"] for point in beside[::2]] == [point["a"] for point in alone]
    other = plan("a=uniform(0, 1)", samples=50, sampling_seed=1).points()
    assert not {point["a"] for point in other} & {point["a"] for point in alone}
    assert plan("a=uniform(0, 1)", samples=80).points()[:50] == alone


def test_random_draws_have_their_distribution() -> None:
    """One test at 1e-4, with a fixed seed."""
    draws = np.array([point["a"] for point in plan("a=normal(3, 2)", samples=4000).points()])
    assert kstest((draws - 3) / 2, "norm").pvalue > 1e-4


def test_a_latin_hypercube_hits_every_stratum_of_every_axis_once() -> None:
    points = plan("a=uniform(0, 1)", "b=uniform(0, 1)", samples=40, sampling="lhs").points()
    for key in "ab":
        assert sorted(int(40 * point[key]) for point in points) == list(range(40))
    assert plan("a=uniform(0, 1)", "b=uniform(0, 1)", samples=40, sampling="lhs").points() == points


def test_a_plan_is_read_back_from_its_description() -> None:
    made = plan("a=1,2", "b=x,y", "c=uniform(0, 1)", zip=(("a", "b"),), samples=3)
    assert planned({"dimensions": made.described()}) == made


@pytest.mark.parametrize(
    ("texts", "options", "said"),
    [
        ((), {}, "nothing is varied"),
        (("a=1,2", "b=1"), {"zip": (("a", "b"),)}, "a has 2 values, b has 1 values"),
        (("a=1,2",), {"zip": (("a", "c"),)}, "c is not varied"),
        (("a=1,2",), {"zip": (("a",),)}, "two axes or more"),
        (("a=1", "b=2", "c=3"), {"zip": (("a", "b"), ("b", "c"))}, "b is in it twice"),
        (("a=1", "b=uniform(0, 1)"), {"zip": (("a", "b"),), "samples": 1}, "b is drawn"),
        (("a=1",), {"samples": 5}, "no axis is drawn"),
        (("a=uniform(0, 1)",), {}, "how often"),
    ],
)
def test_mistakes(texts: tuple[str, ...], options: dict[str, object], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        plan(*texts, **options)
