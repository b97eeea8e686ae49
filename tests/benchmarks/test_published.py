"""The description of the microcircuit that NEST gets."""

import json
import math

import numpy as np
import pytest

from benchmarks import clocked
from benchmarks.published import described, table
from eventsim.recording import simulate
from networks.microcircuit import POPULATIONS, SIZES, build, synapse_numbers


def test_nest_gets_the_numbers_of_the_model():
    told = json.loads(json.dumps(described(build(seed=1, reference_step_ms=0.0).network)))
    assert [(each["name"], each["size"]) for each in told["populations"]] == list(
        zip(POPULATIONS, SIZES, strict=True)
    )
    numbers = {(each["target"], each["source"]): each["n"] for each in told["projections"]}
    expected = synapse_numbers()
    for t, target in enumerate(POPULATIONS):
        for s, source in enumerate(POPULATIONS):
            assert numbers.get((target, source), 0) == expected[t, s]
    l4e_to_l23e = next(
        each for each in told["projections"] if (each["source"], each["target"]) == ("L4E", "L23E")
    )
    assert l4e_to_l23e["weight"] == pytest.approx([175.6, 17.56, 0.0, math.inf])
    assert l4e_to_l23e["delay"] == [1.5, 0.75, 0.1, math.inf]
    assert told["populations"][0]["drive_hz"] == 12800.0


def test_the_table_has_a_row_for_each_population():
    lines = table({"here": dict.fromkeys(POPULATIONS, 1.0)})
    assert lines[0] == "| population | here | published |"
    assert lines[2:3] == ["| L23E | 1.000 | 0.903 to 0.971 |"]
    assert len(lines) == 2 + len(POPULATIONS)


def test_on_a_grid_the_same_synapses_give_nearly_the_same_rate():
    """Over all neurons, at a small scale: 2,200 spikes each; over draws of the drive the ratio's deviation is 5 %."""
    network = build(seed=1, scale=0.03).network
    results = simulate(network, 500.0)
    sizes = [network.populations[name].size for name in POPULATIONS]
    expected = [np.count_nonzero(results.spikes(name).times > 100.0) / 0.4 for name in POPULATIONS]
    found = clocked.simulate(network, 0.1, 100.0, 400.0)
    assert np.dot([found[name] for name in POPULATIONS], sizes) == pytest.approx(sum(expected), rel=0.15)
