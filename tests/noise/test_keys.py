"""Noise as a scenario writes it."""

from __future__ import annotations

import json
import tomllib

import pytest
from pydantic import ValidationError

from eventsim.models import LIF
from eventsim.network import AllToAll, Network, noise
from eventsim.scenario.noise import NoiseTable, with_noise
from eventsim.scenario.problems import ScenarioError

TABLE = """
jitter_ms = 0.5
lost = 0.01
dead = 0.1
[projections.recurrent]
jitter_ms = 0.0
jitter_shape = "uniform"
weight_mismatch = 0.2
weight_bits = 4
tick_ms = 0.1
tick_rounding = "floor"
delay_drift_per_s = 1e-3
stuck = 0.02
[populations.cells]
spurious_hz = 1
threshold_std = 0.3
threshold_per_spike = false
"""


def read(text: str) -> NoiseTable:
    return NoiseTable.model_validate_json(json.dumps(tomllib.loads(text)))


def descriptions(asked: list[tuple[str, noise.Noise]]) -> tuple[noise.Noise, ...]:
    return tuple(each for _, each in asked)


def test_keys_become_descriptions() -> None:
    table = read(TABLE)
    assert descriptions(table.of_projection("other")) == (noise.LostSpikes(0.01), noise.SpikeJitter(0.5))
    assert descriptions(table.of_projection("recurrent")) == (
        noise.WeightMismatch(0.2),
        noise.WeightQuantisation(4, 1.0),
        noise.StuckSynapses(0.02),
        noise.DelayMismatch(0.0, 1e-3),
        noise.LostSpikes(0.01),
        noise.SpikeJitter(0.0, "uniform"),
        noise.ClockTick(0.1, "floor"),
    )
    assert descriptions(table.of_population("other")) == (noise.DeadNeurons(0.1),)
    assert descriptions(table.of_population("cells")) == (
        noise.DeadNeurons(0.1),
        noise.ThresholdNoise(0.3, per_spike=False),
        noise.SpuriousSpikes(1.0),
    )
    assert read("").of_projection("any") == read("").of_population("any") == []


@pytest.mark.parametrize(
    "text",
    [
        *("jitter_ms = -1", "jitter_ms = inf", "lost = 1.1", "weight_bits = 1", "tick_ms = 0", "jitter = 1"),
        *('jitter_shape = "gaussian"', "[projections.a]\ndead = 0.1", "[populations.a]\njitter_ms = 0.1"),
    ],
)
def test_mistakes(text: str) -> None:
    with pytest.raises(ValidationError):
        read(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('jitter_shape = "uniform"', "noise.jitter_shape"),
        ("weight_largest = 2.0\n[projections.a]\nlost = 0.1", "noise.weight_largest"),
        (
            '[projections.a]\njitter_ms = 1.0\n[projections.b]\njitter_per = "synapse"',
            "noise.projections.b.jitter_per",
        ),
        ("[populations.c]\nthreshold_per_spike = false", "noise.populations.c.threshold_per_spike"),
    ],
)
def test_how_noise_acts_needs_noise_that_acts(text: str, key: str) -> None:
    with pytest.raises(ScenarioError, match=f"x.toml: {key}: does nothing without"):
        with_noise(network(), read(text), "x.toml")


@pytest.mark.parametrize(
    "text",
    [
        'jitter_shape = "uniform"\n[projections.a]\njitter_ms = 1.0',
        'jitter_ms = 1.0\n[projections.a]\njitter_shape = "uniform"',
    ],
)
def test_how_noise_acts_may_stand_for_all_or_for_one(text: str) -> None:
    noisy = with_noise(network(), read(text), "x.toml")
    assert noisy.noise_on(noisy.projections["a"])[noise.SpikeJitter] == noise.SpikeJitter(1.0, "uniform")


def network() -> Network:
    made = Network()
    cells = made.population("c", 2, LIF())
    for name in "ab":
        made.connect(cells, cells, AllToAll(), name=name)
    return made
