"""The description of the microcircuit that NEST gets."""

import json
import math

import pytest

from benchmarks.published import described, table
from networks.microcircuit import POPULATIONS, SIZES, build, synapse_numbers


def test_nest_gets_the_numbers_of_the_model():
    told = json.loads(json.dumps(described(build(seed=1).network)))
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
