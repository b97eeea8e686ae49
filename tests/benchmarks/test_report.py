"""What the benchmark makes of its figures: made-up runs with speeds, rates and goals that are known."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import report
from benchmarks.figure import figure
from benchmarks.medians import comparisons, speeds
from benchmarks.workloads import BRIAN2, NEST_PRECISE, NEURON, WORKLOADS, Workload

EVENTIF = next(workload for workload in WORKLOADS if workload.name == "eventif")
DELTA = next(workload for workload in WORKLOADS if workload.name == "brunel_delta")
MACHINE = {"processor": "a processor", "cores": 2, "load": 0.5, "python": "3"}


def run(speed: float, rate_hz: float, cpu_share: float = 1.0) -> dict[str, Any]:
    """A million synaptic events at `speed` a second of CPU time, which is `cpu_share` of the wall time."""
    return {
        "engine": "window",
        "synapses": 320_000,
        "build_s": 0.5,
        "run_s": 1e6 / speed / cpu_share,
        "run_cpu_s": 1e6 / speed,
        "biological_s": 1.0,
        "mean_rate_hz": rate_hz,
        "synaptic_events": 1_000_000,
        "peak_rss_mb": 100.0,
    }


def contender(name: str | None, runs: list[dict[str, Any]], threads: int = 1) -> dict[str, Any]:
    return {"name": name, "threads": threads, "runs": runs}


def by_name(workload: Workload, contenders: list[dict[str, Any]]) -> dict[tuple[str, int], Any]:
    return {(each.against, each.threads): each for each in comparisons(workload, contenders)}


def test_a_ratio_is_the_median_over_turns_with_its_spread_beside_its_goal() -> None:
    ours = contender(None, [run(speed, 9.95) for speed in (60e6, 100e6, 50e6)])
    theirs = contender(NEURON, [run(1e6, 9.9)] * 3)
    precise = contender(NEST_PRECISE, [run(10e6, 9.9)] * 3)
    found = by_name(EVENTIF, [ours, theirs, precise])
    assert set(found) == {(NEURON, 1), (NEST_PRECISE, 1)}
    neuron = found[NEURON, 1].ratio
    assert (neuron.median, neuron.least, neuron.most) == pytest.approx((60.0, 50.0, 100.0))
    assert str(neuron) == "60 (50 to 100)"
    assert (found[NEURON, 1].goal, found[NEURON, 1].met) == (50.0, True)
    assert (found[NEST_PRECISE, 1].goal, found[NEST_PRECISE, 1].met) == (20.0, False)


def test_no_time_counts_where_the_rate_is_another() -> None:
    good, wrong = [run(50e6, 9.95)] * 2, [run(1e6, 9.0), run(1e6, 9.2)]
    assert comparisons(EVENTIF, [contender(None, good), contender(NEURON, wrong)]) == []
    assert comparisons(EVENTIF, [contender(None, wrong), contender(NEURON, good)]) == []
    text = report.page(
        {"machine": MACHINE, "networks": {"eventif": [contender(None, good), contender(NEURON, wrong)]}}, []
    )
    assert "| 9.10 | 9.95 | wrong rate: no time counts | - |" in text


def test_a_peer_on_a_grid_is_held_to_the_rate_of_its_grid() -> None:
    """37.5 - 5 % = 35.6 for Brian2's grid, 38.2 - 5 % = 36.3 for exact times."""
    found = by_name(DELTA, [contender(None, [run(1e8, 38.2)]), contender(BRIAN2, [run(5e7, 36.0)])])
    assert found[BRIAN2, 1].ratio.median == pytest.approx(2.0)
    assert by_name(DELTA, [contender(None, [run(1e8, 36.0)]), contender(BRIAN2, [run(5e7, 37.5)])]) == {}


def test_one_thread_counts_by_cpu_time_and_two_by_wall_time() -> None:
    half = run(100e6, 38.2, cpu_share=0.5)
    assert speeds(contender(None, [half])) == pytest.approx([100e6])
    assert speeds(contender(None, [half], threads=2)) == pytest.approx([50e6])
    two = run(100e6, 38.2, cpu_share=2.0)
    brian = run(40e6, 37.5) | {"run_cpu_s": None}  # OpenMP programs tell wall time alone
    found = by_name(
        DELTA,
        [contender(None, [run(100e6, 38.2)]), contender(None, [two], 2), contender(BRIAN2, [brian], 2)],
    )
    assert found["one thread", 2].ratio.median == pytest.approx(2.0)
    assert found["one thread", 2].goal == 1.8
    assert found[BRIAN2, 2].ratio.median == pytest.approx(5.0)


def test_the_short_table_has_goals_in_brackets_and_the_roofline() -> None:
    figures = {
        "networks": {
            "brunel_delta": [contender(None, [run(200e6, 38.2)]), contender(BRIAN2, [run(100e6, 37.5)])]
        },
        "roofline": [{"scatter": 500.0, "lazy": 100.0}],
    }
    assert report.short_table(figures)[2] == (
        "| brunel_delta | 1 | 200 | 2 x (2.5) | - | - | - | - | 0.40 (0.5) |"
    )


def everything() -> dict[str, Any]:
    silent = run(1e6, 0.0) | {"synaptic_events": 0}
    built = {"synapses": 10, "build_s": 0.1, "build_cpu_s": 0.1, "bytes_a_synapse": 4.5}
    populations = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
    circuit = run(1e8, 3.0) | {"rates_hz": dict.fromkeys(populations, 3.0)}
    return {
        "machine": MACHINE,
        "networks": {"eventif": [contender(None, [run(5e7, 9.95)]), contender(NEURON, [run(1e6, 9.9)])]},
        "roofline": [{"scatter": 500.0, "lazy": 100.0}],
        "sizes": [
            {"workload": "brunel_delta", "neurons": size, "threads": 1, "runs": [run(1e8, 38.0)]}
            for size in (2500, 12_500)
        ],
        "events": [
            {"neurons": 1000, "wanted": wanted, "runs": [run(1e8, 1.0) | {"synaptic_events": wanted}]}
            for wanted in (1e5, 1e6)
        ],
        "silence": [{"neurons": 1_000_000, "timed_ms": 1e6, "runs": [silent]}],
        "construction": [{"kind": "weight", "runs": [built]}],
        "microcircuit": {"scale": 1.0, "threads": 2, "warm_ms": 200.0, "timed_ms": 1000.0, "runs": [circuit]},
    }


def test_the_page_has_every_part_that_was_measured_and_what_is_missing() -> None:
    figures = everything()
    text = report.page(figures, ["NEST (grid), cuba: not measured: no module nest"])
    assert text.endswith("- NEST (grid), cuba: not measured: no module nest\n")
    assert "| 1,000,000 | 1000 | 1 | 0.50 | 100 |" in text
    assert "| L4E | 3.000 | 4.37 to 4.75 |" in text
    for name in report.TABLES:
        title = f"## {report.TABLES[name][0]}\n"
        assert title in text
        assert title not in report.page({k: v for k, v in figures.items() if k != name}, [])


def test_the_figure_shows_what_was_measured() -> None:
    drawn = figure(everything())
    assert [len(axes.lines) > 0 or len(axes.patches) > 0 for axes in drawn.axes] == [True] * 4
    marks = [line.get_xdata()[0] for line in drawn.axes[1].lines if line.get_marker() == "|"]
    assert marks == [50.0]
    empty = figure({"machine": MACHINE})
    assert [axes.texts[0].get_text() for axes in empty.axes] == ["not measured"] * 4
