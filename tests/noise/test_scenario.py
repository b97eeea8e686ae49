"""The ``[noise]`` table of a scenario: on any network, checked, told in the summary and swept."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eventsim.models.izhikevich import Izhikevich
from eventsim.network import AllToAll, Network, PoissonSpikes
from eventsim.network.noise import DelayMismatch, LostSpikes, SpikeJitter, SpuriousSpikes, ThresholdNoise
from eventsim.scenario.noise import NoiseTable, described, with_noise
from eventsim.scenario.problems import ScenarioError
from eventsim.scenario.run import run_scenario
from eventsim.sweep.run import run_sweep
from tests.noise.networks import recurrent
from tests.sweep.scenarios import builder_calls, write_scenario

TO_CELLS, BACK = "sources->cells", "cells->cells"


def read(text: str) -> NoiseTable:
    return NoiseTable.model_validate_json(json.dumps(tomllib.loads(text)))


def noisy(text: str, network: Network | None = None) -> Network:
    return with_noise(recurrent(1.5) if network is None else network, read(text), "file")


def on(network: Network, name: str) -> set[Any]:
    members: Any = network.populations if name in network.populations else network.projections
    return set(network.noise_on(members[name]).values())


def test_keys_for_all_and_for_one() -> None:
    network = noisy(
        """
        jitter_ms = 0.1
        threshold_std = 0.2
        [projections."sources->cells"]
        jitter_ms = 0.0
        lost = 0.5
        [populations.sources]
        spurious_hz = 3.0
        """
    )
    assert on(network, TO_CELLS) == {LostSpikes(0.5)}
    assert on(network, BACK) == {SpikeJitter(0.1)}
    assert on(network, "cells") == {ThresholdNoise(0.2)}
    assert on(network, "sources") == {SpuriousSpikes(3.0)}
    assert described(network)[TO_CELLS] == ["LostSpikes(probability=0.5, per='spike')"]
    unchanged = recurrent(1.5)
    assert with_noise(unchanged, NoiseTable(), "file") is unchanged


def test_the_table_holds_over_the_builder() -> None:
    own = recurrent(1.5, SpikeJitter(0.3), DelayMismatch(0.1))
    network = noisy("jitter_ms = 0.2\nseed = 5", own)
    assert on(network, BACK) == {SpikeJitter(0.2), DelayMismatch(0.1)}
    assert (network.noise_seed, own.noise_seed) == (5, 3)
    assert on(own, BACK) == {SpikeJitter(0.3), DelayMismatch(0.1)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[projections.'cells->cell']\nlost = 0.1",
            "noise.projections.cells->cell: no such one, did you mean",
        ),
        ("[populations.cell]\ndead = 0.1", "noise.populations.cell: no such one, did you mean cells?"),
        (
            "[populations.sources]\nthreshold_std = 0.1",
            "noise.threshold_std: noise on 'sources' = 'ThresholdNoise': sources",
        ),
    ],
)
def test_names_that_are_none(text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match="file: ") as caught:
        noisy(text)
    assert said in str(caught.value)


def test_what_acts_on_nothing_is_a_mistake() -> None:
    network = Network(1)
    sources = network.source("sources", PoissonSpikes(1.0), 2)
    with pytest.raises(
        ScenarioError, match=r"threshold_std: acts on nothing here; .* sources have no threshold"
    ):
        noisy("threshold_std = 0.1", network)
    with pytest.raises(ScenarioError, match="jitter_ms: acts on nothing here; there are no projections"):
        noisy("jitter_ms = 0.1", network)
    cells = network.population("cells", 2, Izhikevich())
    network.connect(sources, cells, AllToAll())
    with pytest.raises(ScenarioError, match="the model Izhikevich has no threshold that could move"):
        noisy("threshold_std = 0.1", network)
    assert (
        on(noisy("threshold_std = 0.1\n[populations.cells]\nthreshold_std = 0.0", network), "cells") == set()
    )


def test_run_and_sweep_under_noise(tmp_path: Path) -> None:
    """A sweep over noise calls the builder once a seed; the same settings give the same row in any order."""
    path = write_scenario(tmp_path)
    clean = run_scenario(path, {}, tmp_path / "clean").summary
    outcome = run_scenario(path, {"noise.populations.noise.spurious_hz": 50.0}, tmp_path / "run")
    assert "noise" not in clean
    assert outcome.summary["noise"] == {"noise": ["SpuriousSpikes(rate_hz=50.0)"]}
    assert outcome.summary["source_spikes"] > clean["source_spikes"]
    settings = (tmp_path / "run" / "summary.json").read_text()
    assert "SpuriousSpikes" in settings
    calls = len(builder_calls(tmp_path))
    axes = ["noise.spurious_hz=0:100:3", "seed=0:2"]
    table = run_sweep(path, axes, {}, tmp_path / "sweep", workers=0).table
    assert not table.failed.any()
    assert len(builder_calls(tmp_path)) == calls + 2
    rates = table["rate_hz"].reshape(3, 2)
    assert (np.diff(rates, axis=0) > 0.0).all()
    one = run_sweep(path, ["noise.spurious_hz=100,"], {"seed": 1}, tmp_path / "one", workers=0).table
    assert one["rate_hz"][0] == rates[2, 1]
