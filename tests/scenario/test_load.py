"""Scenario files and the changes to them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.scenario.load import find_scenario, load_scenario, override, parse_override
from eventsim.scenario.problems import ScenarioError

MINIMAL = 'builder = "networks.balanced:build"\n'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", 1),
        ("a = 1.5", 1.5),
        ("a=1e3", 1000.0),
        ("a=true", True),
        ('a="1"', "1"),
        ("a=delta", "delta"),
        ("a=some words", "some words"),
        ("a=x=y", "x=y"),
        ("a=[1, 2]", [1, 2]),
        ("a={b = 2}", {"b": 2}),
        ("a=inf", float("inf")),
        ("a=''", ""),
        ("'a'=1", 1),
    ],
)
def test_a_change_is_toml_or_a_bare_string(text: str, value: object) -> None:
    assert parse_override(text) == ("a", value)


@pytest.mark.parametrize("text", ["a", "=1", "a.=1", ".a=1", "a=", "a=[1", 'a="b', "a=1\nb=2"])
def test_a_change_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match="--set"):
        parse_override(text)


def test_a_mistake_names_the_option() -> None:
    with pytest.raises(ScenarioError, match="--at a: should be"):
        parse_override("a", "--at")


def test_names_in_a_key_may_be_quoted_as_in_the_file() -> None:
    assert parse_override('noise.projections."exc->inh".lost=0.5') == ("noise.projections.exc->inh.lost", 0.5)


@given(st.dictionaries(st.text("abc", min_size=1), st.integers()), st.integers())
def test_an_override_changes_one_key(tables: dict[str, int], value: int) -> None:
    document: dict[str, Any] = {"parameters": dict(tables)}
    override(document, "parameters.a", value)
    assert document == {"parameters": {**tables, "a": value}}


def test_an_override_makes_the_tables_it_needs() -> None:
    document: dict[str, Any] = {}
    override(document, "a.b.c", 1)
    assert document == {"a": {"b": {"c": 1}}}


def test_what_a_file_leaves_out_has_a_default(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(MINIMAL)
    scenario = load_scenario(path)
    assert (scenario.name, scenario.seed, scenario.engine, scenario.threads) == ("small", 0, "auto", 1)
    assert scenario.duration_ms is None
    assert scenario.record.populations is None


def test_overrides_go_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(MINIMAL + "seed = 1\n[parameters]\nsize = 2\n")
    trace = {"population": "E", "variable": "v", "interval_ms": 1}
    changes = {"seed": 2**64 - 1, "parameters.size": 3, "record.states": [trace]}
    scenario = load_scenario(path, changes)
    assert scenario.seed == 2**64 - 1
    assert scenario.parameters == {"size": 3}
    assert scenario.record.states[0].interval_ms == 1.0


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"interval_ms": 1.0, "times_ms": [1.0]}, "either times_ms or interval_ms"),
        ({}, "either times_ms or interval_ms"),
        ({"interval_ms": 0.0}, "record.states.0.interval_ms = 0.0: should be greater than 0"),
        ({"interval_ms": 1.0, "neurons": [-1]}, "record.states.0.neurons.0 = -1"),
        ({"interval_ms": 1.0, "neuron": [1]}, "did you mean record.states.neurons?"),
    ],
)
def test_a_state_trace_is_checked(tmp_path: Path, state: dict[str, Any], said: str) -> None:
    path = tmp_path / "small.toml"
    path.write_text(MINIMAL)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, {"record.states": [{"population": "E", "variable": "v", **state}]})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "../up"}, "name = '../up': should be letters, digits"),
        ({"hardware": {"chips": "2x"}}, "hardware.chips = '2x': should be auto or COLUMNSxROWS"),
    ],
)
def test_texts_of_another_form_are_told_the_right_one(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = tmp_path / "small.toml"
    path.write_text(MINIMAL)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, change)
    assert said in str(caught.value)


def test_any_wrong_value_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    for value in (None, [], {}, "x\ny" * 100, float("nan"), -1, [1] * 1000):
        path.write_text(MINIMAL)
        with pytest.raises(ScenarioError) as caught:
            load_scenario(path, {"threads": json.loads(json.dumps(value))})
        assert len(str(caught.value)) < 200 + len(str(path))
        assert "\n" not in str(caught.value)


def test_scenarios_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scenarios").mkdir()
    Path("scenarios/small.toml").write_text(MINIMAL)
    assert find_scenario("small") == find_scenario("scenarios/small.toml") == Path("scenarios/small.toml")
    with pytest.raises(ScenarioError, match=r"did you mean small\?"):
        find_scenario("smal")
