"""The cortical microcircuit: its table of synapses as published, and tiny versions of it that run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats

from eventsim.build.synapses import build_synapses
from eventsim.errors import InputError
from eventsim.network import FixedTotalNumber
from eventsim.recording import simulate
from networks import microcircuit

ROOT = Path(__file__).parents[2]
EVENTSIM = Path(sys.executable).with_name("eventsim")


def test_sizes_and_numbers_of_synapses_are_those_of_the_paper() -> None:
    """77,169 neurons, about 0.3e9 synapses (Potjans and Diesmann 2014, abstract), 0 where the probability is."""
    numbers = microcircuit.synapse_numbers()
    assert sum(microcircuit.SIZES) == 77_169
    assert 298e6 < numbers.sum() < 300e6
    assert np.array_equal(numbers == 0, microcircuit.PROBABILITIES == 0.0)
    pairs = np.multiply.outer(microcircuit.SIZES, microcircuit.SIZES)
    joined = -np.expm1(numbers * np.log1p(-1.0 / pairs))  # the probability that a pair has a synapse
    np.testing.assert_allclose(joined, microcircuit.PROBABILITIES, atol=1e-6)


def test_full_scale_is_described_as_published() -> None:
    """Nothing is built: a projection a pair of populations, weights and delays by source, no current."""
    network = microcircuit.build(seed=1, reference_step_ms=0.0).network
    assert [each.size for each in network.populations.values()] == list(microcircuit.SIZES)
    assert len(network.projections) == int((microcircuit.PROBABILITIES > 0).sum())
    means = {name: each.weight.mean for name, each in network.projections.items()}
    assert means["L4E->L23E"] == 175.6
    assert means["L4I->L23E"] == means["L6I->L6E"] == pytest.approx(-351.2)
    assert means["L23E->L23E"] == means["L4E->L4E"] == 87.8
    delays = {name: each.delay for name, each in network.projections.items()}
    assert (delays["L5E->L5I"].mean, delays["L5E->L5I"].std, delays["L5E->L5I"].low) == (1.5, 0.75, 0.1)
    assert (delays["L5I->L5E"].mean, delays["L5I->L5E"].std) == (0.75, 0.375)
    assert all(each.model.i_e == 0.0 for each in network.populations.values())
    assert [drive.rate_hz for drive in network.drives] == [8.0 * k for k in microcircuit.EXTERNAL_INDEGREES]
    assert {drive.weight for drive in network.drives} == {87.8}


def test_the_published_grid_is_half_a_step_of_each_delay() -> None:
    described, published = (
        microcircuit.build(seed=1, **step).network for step in ({"reference_step_ms": 0.0}, {})
    )
    for name, each in described.projections.items():
        late = published.projections[name].delay
        assert (late.mean, late.low) == pytest.approx((each.delay.mean + 0.05, 0.1))
        assert late.std == each.delay.std


def test_the_scaled_network_keeps_in_degrees_mean_and_variance() -> None:
    """At the published rates the mean current, with what a neuron gets from outside, is that of full scale; so is the
    sum of rate times squared weight."""
    full, small = (microcircuit.build(seed=1, scale=scale).network for scale in (1.0, 0.04))
    rates = dict(zip(microcircuit.POPULATIONS, np.mean(microcircuit.RATES_HZ, axis=1), strict=True))

    def moments(network: Any, name: str) -> tuple[float, float]:
        drive = next(each for each in network.drives if each.target.population.name == name)
        arrivals = [(drive.rate_hz, drive.weight)]
        for each in network.projections.values():
            if each.target.population.name == name:
                assert isinstance(each.rule, FixedTotalNumber)
                source = each.source.population.name
                arrivals.append((rates[source] * each.rule.n / each.target.size, each.weight.mean))
        current = 1e-3 * microcircuit.TAU_SYN_MS * sum(rate * weight for rate, weight in arrivals)
        return current + network[name].model.i_e, sum(rate * weight**2 for rate, weight in arrivals)

    for name in microcircuit.POPULATIONS:
        assert moments(small, name) == pytest.approx(moments(full, name), rel=0.02)


def test_tables_have_the_described_weights_and_delays() -> None:
    """Inhibition keeps its sign; Kolmogorov-Smirnov of both, error rate 1e-3 each."""
    network = microcircuit.build(seed=2, scale=0.02, reference_step_ms=0.0).network
    projection = network.projections["L4I->L4E"]
    table = build_synapses(network, projection)
    assert table.targets.size == round(0.02**2 * microcircuit.synapse_numbers()[2, 3]) > 5000
    assert (table.weights < 0.0).all() and (table.delays >= 0.1).all()
    mean = -4.0 * 87.8 / np.sqrt(0.02)
    assert scipy.stats.kstest(table.weights, scipy.stats.norm(mean, -0.1 * mean).cdf).pvalue > 1e-3
    cut = scipy.stats.truncnorm((0.1 - 0.75) / 0.375, np.inf, 0.75, 0.375)
    assert scipy.stats.kstest(table.delays, cut.cdf).pvalue > 1e-3


def test_a_tiny_one_is_the_same_from_both_engines() -> None:
    network = microcircuit.build(seed=1, scale=0.002).network
    queue, oracle = (simulate(network, 8.0, engine=engine) for engine in ("queue", "simpy"))
    assert queue.spike_count() > 30
    for name in microcircuit.POPULATIONS:
        assert np.array_equal(queue.spikes(name).ids, oracle.spikes(name).ids)
        np.testing.assert_allclose(
            queue.spikes(name).times, oracle.spikes(name).times, rtol=1e-12, atol=1e-11
        )


def test_the_scenario_runs_and_measures_from_the_command_line(tmp_path: Path) -> None:
    command = [str(EVENTSIM), "run", "scenarios/microcircuit.toml"]
    changes = [
        "parameters.scale=0.02",
        "parameters.transient_ms=50.0",
        "duration_ms=100.0",
        "plot.figures=[]",
    ]
    command += [part for change in changes for part in ("--set", change)] + ["--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "summary.json").read_text())["metrics"]
    assert len(metrics) == 24
    for name, (lowest, highest) in zip(microcircuit.POPULATIONS, microcircuit.RATES_HZ, strict=True):
        rate = metrics[f"rate_{name}_hz"]
        assert 0.0 <= rate < 20.0
        assert metrics[f"in_range_{name}"] == (lowest <= rate <= highest)
    assert metrics["rate_L4E_hz"] > 0.5


def test_nothing_is_measured_within_the_transient() -> None:
    experiment = microcircuit.build(seed=1, scale=0.002, transient_ms=5.0)
    assert experiment.measure is not None
    assert set(experiment.measure(simulate(experiment.network, 5.0)).values()) == {None}


@pytest.mark.parametrize("scale", [0.0, -1.0, 1.5, float("nan")])
def test_a_scale_that_cannot_be_is_named(scale: float) -> None:
    with pytest.raises(InputError, match="scale"):
        microcircuit.build(seed=1, scale=scale)


@pytest.mark.parametrize("step_ms", [-0.1, float("inf"), float("nan")])
def test_a_step_that_cannot_be_is_named(step_ms: float) -> None:
    with pytest.raises(InputError, match="reference_step_ms"):
        microcircuit.build(seed=1, reference_step_ms=step_ms)
