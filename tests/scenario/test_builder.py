"""Builders: where they are found and how their parameters are checked."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from eventsim.scenario.builder import check_parameters, find_builder
from eventsim.scenario.problems import ScenarioError
from eventsim.scenario.schema import Scenario

if TYPE_CHECKING:
    from eventsim.network import Network


def typed(
    *, seed: int, size: int, shape: tuple[float, float] = (1.0, 2.0), kind: Literal["a", "b"] = "a"
) -> Network:
    raise NotImplementedError


def open_ended(*, seed: int, **more: Any) -> Network:
    raise NotImplementedError


def untyped(size, seed=0):
    raise NotImplementedError


def check(builder: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    scenario = Scenario(name="small", builder="x:y", parameters=parameters)
    return check_parameters(builder, scenario, "small.toml", ())


def test_only_what_the_scenario_gives_is_handed_on() -> None:
    assert check(typed, {"size": 3}) == {"size": 3}
    assert check(typed, {"size": 3, "shape": [1, 2.5]}) == {"size": 3, "shape": (1.0, 2.5)}


def test_an_object_that_can_be_called_is_a_builder_too() -> None:
    assert check(functools.partial(typed, kind="b"), {"size": 3}) == {"size": 3}


def test_without_types_everything_is_taken() -> None:
    assert check(untyped, {"size": "three"}) == {"size": "three"}
    assert check(open_ended, {"any": [1, "a"]}) == {"any": [1, "a"]}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "small.toml: parameters.size: missing"),
        (
            {"size": 1, "shpe": [1]},
            "small.toml: parameters.shpe: unknown key, did you mean parameters.shape?",
        ),
        ({"size": 1, "seed": 2}, "small.toml: parameters.seed: unknown key"),
        ({"size": 1.5}, "small.toml: parameters.size = 1.5: should be a valid integer"),
        ({"size": 1, "kind": "c"}, "small.toml: parameters.kind = 'c': should be 'a' or 'b'"),
        ({"size": 1, "shape": [1.0]}, "small.toml: parameters.shape.1: missing"),
    ],
)
def test_parameters_are_those_of_the_signature(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        check(typed, parameters)
    assert said in str(caught.value)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a package of builders and a scenario two folders down; its imports are undone."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    (tmp_path / "own_networks").mkdir()
    (tmp_path / "own_networks" / "ring.py").write_text("def build(*, seed): ...\n")
    (tmp_path / "scenarios" / "deep").mkdir(parents=True)
    return tmp_path


def test_a_module_is_found_from_the_root_above_the_scenario(repository: Path) -> None:
    builder = find_builder("own_networks.ring:build", repository / "scenarios" / "deep" / "x.toml")
    assert builder.__module__ == "own_networks.ring"


def test_an_installed_module_is_found(repository: Path) -> None:
    assert find_builder("json:dumps", repository / "x.toml").__module__ == "json"


def test_a_file_is_found_beside_the_scenario_or_above(repository: Path) -> None:
    scenario = repository / "scenarios" / "deep" / "x.toml"
    builder = find_builder("own_networks/ring.py:build", scenario)
    assert builder.__code__.co_filename == str(repository / "own_networks" / "ring.py")
    assert find_builder("own_networks/ring.py:build", scenario) is builder


def test_a_file_named_like_an_installed_module_does_not_replace_it(repository: Path) -> None:
    (repository / "json.py").write_text("def build(*, seed): ...\n")
    assert find_builder("json.py:build", repository / "x.toml").__module__ == "eventsim_scenario_json"
    assert hasattr(sys.modules["json"], "dumps")
    (repository / "ring.v2.py").write_text("def build(*, seed): ...\n")
    assert find_builder("ring.v2.py:build", repository / "x.toml").__module__ == "eventsim_scenario_ring_v2"


def test_a_missing_module_names_the_nearest(repository: Path) -> None:
    with pytest.raises(
        ScenarioError, match=r"no module own_networks.rings, did you mean own_networks\.ring\?"
    ):
        find_builder("own_networks.rings:build", repository / "scenarios" / "x.toml")


def test_the_same_package_of_another_repository_is_not_taken_for_this_one(
    repository: Path, tmp_path: Path
) -> None:
    find_builder("own_networks.ring:build", repository / "x.toml")
    other = tmp_path / "other"
    (other / "own_networks").mkdir(parents=True)
    (other / "own_networks" / "ring.py").write_text("def build(*, seed): ...\n")
    with pytest.raises(ScenarioError, match="already imported from elsewhere"):
        find_builder("own_networks.ring:build", other / "x.toml")
