"""Medians of the runs, and the tables that are printed and kept."""

from __future__ import annotations

import math
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.workloads import CONSTRUCTIONS, Workload

OURS = "eventsim (queue)"

Runs = list[dict[str, Any]]


def medians(runs: Runs) -> dict[str, float]:
    """The median of each figure over the runs, but the mean of the rates: all runs' spikes together."""
    result = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    if "mean_rate_hz" in result:
        result["mean_rate_hz"] = statistics.fmean(run["mean_rate_hz"] for run in runs)
        for seconds, speed in (("run_s", "events_per_s"), ("run_cpu_s", "events_per_cpu_s")):
            result[speed] = statistics.median(run["synaptic_events"] / run[seconds] for run in runs)
    return result | {"runs": len(runs)}


def agrees(workload: Workload, rate_hz: float) -> bool:
    """Whether a rate is that of the exact simulators, so that its time counts."""
    return math.isclose(rate_hz, workload.reference_hz, rel_tol=workload.tolerance)


def network_table(workload: Workload, by_simulator: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Markdown lines for one network."""
    expected = f"{workload.reference_hz:g} Hz +- {100 * workload.tolerance:g} %"
    lines = [
        f"**{workload.name}**: {workload.title}; expected rate {expected}",
        "",
        "| simulator | rate (Hz) | million synaptic events / s | same, CPU time | run s / biological s | eventsim is |",
        "|---|---|---|---|---|---|",
    ]
    ours = by_simulator.get(OURS)
    for name, figures in by_simulator.items():
        counts = agrees(workload, figures["mean_rate_hz"])
        speeds = [
            f"{figures[key] / 1e6:.2f}" if counts else "-" for key in ("events_per_s", "events_per_cpu_s")
        ]
        slowness = f"{figures['run_s'] / figures['biological_s']:.2f}" if counts else "-"
        times = ""
        if ours and name != OURS and counts and agrees(workload, ours["mean_rate_hz"]):
            times = f"{ours['events_per_cpu_s'] / figures['events_per_cpu_s']:.1f} times faster"
        rate = f"{figures['mean_rate_hz']:.2f}" + ("" if counts else " (wrong: no time counts)")
        lines.append(f"| {name} | {rate} | {speeds[0]} | {speeds[1]} | {slowness} | {times} |")
    return lines


def construction_table(by_kind: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Markdown lines for building."""
    lines = ["| built | synapses | s | CPU s | bytes / synapse at peak |", "|---|---|---|---|---|"]
    for kind, figures in by_kind.items():
        seconds = f"{figures['build_s']:.2f} | {figures['build_cpu_s']:.2f}"
        size = f"{figures['bytes_a_synapse']:.1f}"
        lines.append(f"| {CONSTRUCTIONS[kind]} | {int(figures['synapses']):,} | {seconds} | {size} |")
    return lines


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    packages = {name: version(name) for name in ("eventsim", "numba", "numpy")}
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **packages,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def page(
    tables: Sequence[Sequence[str]], missing: Sequence[str], facts: Mapping[str, Any], command: str
) -> str:
    """The whole page in Markdown."""
    about = ", ".join(
        f"{name} {value}" for name, value in facts.items() if name not in ("processor", "cores", "load")
    )
    lines = [
        "# Benchmarks",
        "",
        f"`{command}`: one core of {facts['cores']} ({facts['processor']}), load {facts['load']:.1f}, {about}.",
        "Medians of alternating runs, each with its own seed; building and a warm-up are outside the time.",
    ]
    for table in tables:
        lines += ["", *table]
    if missing:
        lines += ["", *(f"- {line}" for line in missing)]
    return "\n".join(lines) + "\n"
