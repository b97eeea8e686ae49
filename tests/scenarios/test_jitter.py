"""The scenarios that ask how much jitter is borne: coincidences in closed form, a chaotic network, digits on wires."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eventsim.errors import InputError
from eventsim.network.noise import SpikeJitter
from eventsim.recording import simulate
from eventsim.scenario.experiment import Experiment
from eventsim.scenario.load import load_scenario
from networks import coincidence, digits, jitter_balanced

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def measured(
    experiment: Experiment, duration_ms: float | None = None, **noise: SpikeJitter
) -> dict[str, Any]:
    network = experiment.network.copy()
    for name, each in noise.items():
        network.set_noise(name, each)
    assert experiment.measure is not None
    until = duration_ms or experiment.duration_ms
    assert until is not None
    return dict(experiment.measure(simulate(network, until)))


@pytest.mark.parametrize("shape", ["normal", "uniform", "exponential"])
def test_coincidences_are_as_many_as_the_closed_form_says(shape: Any) -> None:
    """Twelve numbers of some 500 volleys: one in 15,000 is four standard errors off, of a right form."""
    metrics = measured(
        coincidence.build(
            seed=2,
            shape=shape,
            jitter_ms=(0.0, 1.5),
            mismatch_ms=(0.0, 0.7, 1.9, 2.1, 3.5, 5.0),
            detectors=25,
            volleys=20,
            rates_hz=(30.0,),
        )
    )
    assert metrics["missed"][0] == metrics["false"][0] == 0.0
    assert metrics["largest_deviation"] < 4.0
    expected = metrics["chance_expected_hz"][0]
    assert abs(metrics["chance_hz"][0] - expected) < 4.0 * np.sqrt(expected / (25 * 2.0))


def test_a_detector_fires_within_its_window_alone() -> None:
    metrics = measured(
        coincidence.build(
            seed=1, window_ms=3.0, jitter_ms=(0.0,), mismatch_ms=(0.0, 2.999, 3.001), rates_hz=()
        )
    )
    assert metrics["missed"] == metrics["false"] == [0.0]
    with pytest.raises(InputError, match=r"jitter_ms\[1\] = -1.0: must not be negative"):
        coincidence.build(seed=1, jitter_ms=(0.0, -1.0))


def test_networks_part_the_sooner_the_more_jitter() -> None:
    small = {"neurons": 300, "exc_indegree": 100, "inh_indegree": 25, "jump_mv": 1.0, "transient_ms": 20.0}
    experiment = jitter_balanced.build(seed=1, **small)
    both = [
        measured(experiment, 120.0, excitation=jitter, inhibition=jitter)
        for jitter in (SpikeJitter(0.0), SpikeJitter(1e-13, "uniform"), SpikeJitter(0.1, "uniform"))
    ]
    assert both[0]["same"] == both[1]["same"] == 1.0
    assert both[0]["parted_after_ms"] == 120.0
    assert both[2]["same"] < 0.3
    assert both[2]["parted_after_ms"] < 60.0
    assert both[2]["mean_rate_hz"] == pytest.approx(both[0]["mean_rate_hz"], rel=0.4)


def test_wires_with_a_delay_change_no_answer_and_jitter_on_them_does() -> None:
    settings: dict[str, Any] = {
        "n_tables": 64, "epochs": 4, "jitter_ms": (), "test_images": 60, "hidden": (24,), "wire_ms": 20.0
    }  # fmt: skip
    experiment = digits.build(seed=0, **settings)
    metrics = measured(experiment)
    assert metrics["latencies_identical"]
    wires = {"pixels->hidden 1 tables": SpikeJitter(0.5), "hidden 1->digits tables": SpikeJitter(0.05)}
    noisy = measured(experiment, **wires)
    assert 0.0 < noisy["answers_changed"] < 0.6
    assert noisy["output_spikes"] == 600


@pytest.mark.parametrize("name", ["coincidence", "jitter-balanced", "jitter-digits"])
def test_the_files_are_sound(name: str) -> None:
    scenario = load_scenario(SCENARIOS / f"{name}.toml")
    assert scenario.sweep.vary
    assert scenario.sweep.draw
