"""Tables for people."""

from pathlib import Path

import numpy as np

from eventsim.command_line.report import fact_rows, summary_lines, table


def test_facts_become_rows() -> None:
    facts = {
        "accuracy": 0.96666667,
        "spikes": np.int64(1234567),
        "jitter": {"0.1 ms": np.float64(0.5)},
        "order": np.arange(20),
        "good": True,
        "nothing": None,
        "empty": [],
        "populations": [{"name": "E", "size": 1000}, {"name": "I", "size": 2}],
    }
    assert table(fact_rows(facts)) == [
        "accuracy       0.966667",
        "spikes         1,234,567",
        "jitter.0.1 ms  0.5",
        "order          0, 1, 2, 3, 4, 5, ... (20 values)",
        "good           True",
        "populations    name E, size 1,000",
        "               name I, size 2",
    ]


def test_a_summary_of_nothing_is_readable() -> None:
    summary = {
        "scenario": "empty",
        "seed": 0,
        "engine": "queue",
        "engine_why": "asked for",
        "threads": 1,
        "neurons": 0,
        "synapses": 0,
        "duration_ms": 1.0,
        "spikes": 0,
        "source_spikes": 0,
        "mean_rate_hz": None,
        "synaptic_events": 0,
        "external_events": 0,
        "peak_rss_mb": 99.6,
        "build_s": 0.0,
        "train_s": 0.0,
        "compile_s": 0.0,
        "run_s": 0.0,
        "metrics": {},
    }
    lines = summary_lines(summary, [Path("results/empty/raster.h5")])
    assert lines[0] == "scenario         empty, seed 0"
    assert lines[1] == "engine           queue (asked for), threads 1"
    assert lines[-1] == "written          results/empty/raster.h5"
    some = {"spikes": 3, "mean_rate_hz": 57.67733, "synaptic_events": 27_035_745, "run_s": 0.16}
    lines = summary_lines(summary | some, [])
    assert "spikes           3 (57.68 Hz a neuron)" in lines
    assert "synaptic events  27,035,745 (168,973,406 a second)" in lines
