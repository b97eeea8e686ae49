"""The page: a table in short, and every part's own table, from the figures as they are kept."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.medians import (
    Comparison,
    Contender,
    agrees,
    comparisons,
    eventsim,
    median,
    peer_of,
    rate_hz,
    speeds,
    spread,
)
from benchmarks.workloads import BRIAN2, NEST, NEST_PRECISE, NEURON, WORKLOADS, Construction, Workload

PEERS = (BRIAN2, NEST, NEST_PRECISE, NEURON)


def page(figures: Mapping[str, Any], missing: Sequence[str]) -> str:
    """The whole page in Markdown, of whatever has been measured."""
    facts = figures["machine"]
    about = ", ".join(f"{k} {v}" for k, v in facts.items() if k not in ("processor", "cores", "load"))
    parts = [
        ["# Benchmarks"],
        [
            f"`make bench`: {facts['cores']} cores ({facts['processor']}), load {facts['load']:.1f}, {about}.",
            "Medians of runs that take turns, each with its own seed; compiling, building and a warm-up are not timed.",
            "Ratios are those of a turn, with the least and the most in brackets: of CPU time with one thread, of wall",
            "time with two. A time counts if the rate is the expected one.",
        ],
    ]
    if figures.get("networks"):
        parts += [["## In short"], short_table(figures), ["## Networks"], networks_table(figures["networks"])]
    if figures.get("roofline"):
        parts.append(roofline_lines(figures["roofline"]))
    for name, (title, table) in TABLES.items():
        if figures.get(name):
            parts += [[f"## {title}"], table(figures[name])]
    if missing:
        parts += [["## Not measured"], [f"- {line}" for line in missing]]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def all_comparisons(figures: Mapping[str, Any]) -> list[Comparison]:
    """Of every network that has been measured, in the order of the workloads."""
    return [
        each
        for workload in WORKLOADS
        if workload.name in figures.get("networks", {})
        for each in comparisons(workload, figures["networks"][workload.name], figures.get("roofline", ()))
    ]


def short_table(figures: Mapping[str, Any]) -> list[str]:
    """A row a network and number of threads: eventsim's speed, and how many times as fast it is (goal in brackets)."""
    lines = _head("network", "threads", "eventsim, M events/s", *PEERS, "own one thread", "C roofline")
    found = all_comparisons(figures)
    for workload in WORKLOADS:
        contenders = figures.get("networks", {}).get(workload.name, ())
        for threads in workload.threads:
            ours = eventsim(contenders, threads)
            if ours is None:
                continue
            here = {
                each.against: each
                for each in found
                if (each.workload, each.threads) == (workload.name, threads)
            }
            cells = [_against(here.get(name)) for name in (*PEERS, "one thread", "C roofline")]
            speed = _millions(spread(speeds(ours)).median) if agrees(workload, ours) else "(wrong rate)"
            lines.append(_row(workload.name, threads, speed, *cells))
    return [*lines, "", "In brackets the goal; **bold** where it is met."]


def _against(found: Comparison | None) -> str:
    if found is None:
        return "-"
    times = f"{found.ratio.median:.3g} x" if found.against != "C roofline" else f"{found.ratio.median:.2f}"
    if found.goal is None:
        return times
    return f"**{times}** ({found.goal:g})" if found.met else f"{times} ({found.goal:g})"


def networks_table(networks: Mapping[str, Sequence[Contender]]) -> list[str]:
    lines = _head(
        "network", "simulator", "threads", "rate (Hz)", "expected", "M synaptic events/s", "run s / biological s",
        "eventsim is", "memory (MB)", "build (s)",
    )  # fmt: skip
    titles = []
    for workload in WORKLOADS:
        if workload.name in networks:
            lines += _network_rows(workload, networks[workload.name])
            titles.append(f"- {workload.name}: {workload.title}; rates within {100 * workload.tolerance:g} %")
    return [*lines, "", *titles, "- build: of Brian2 with the compilation of its program"]


def _network_rows(workload: Workload, contenders: Sequence[Contender]) -> list[str]:
    times = {(each.against, each.threads): each for each in comparisons(workload, contenders)}
    lines = []
    for contender in contenders:
        runs, threads = contender["runs"], contender["threads"]
        counts = agrees(workload, contender)
        found = times.get((contender["name"] or "one thread", threads))
        speed = _millions(spread(speeds(contender)).median) if counts else "wrong rate: no time counts"
        slowness = median(runs, "run_s") / median(runs, "biological_s")
        by_goal = (
            "" if found is None else f"{found.ratio} x" + (f", goal {found.goal:g}" if found.goal else "")
        )
        lines.append(
            _row(
                workload.name,
                contender["name"] or f"**eventsim** ({runs[0]['engine']})",
                threads,
                f"{rate_hz(contender):.2f}",
                f"{workload.expected_hz(peer_of(workload, contender)):g}",
                speed,
                f"{slowness:.3g}" if counts else "-",
                by_goal if contender["name"] else by_goal.replace(" x", " x its one thread"),
                f"{median(runs, 'peak_rss_mb'):.0f}",
                f"{median(runs, 'build_s'):.2f}",
            )
        )
    return lines


def roofline_lines(runs: Sequence[Mapping[str, float]]) -> list[str]:
    scatter, lazy = (spread([run[name] for run in runs]) for name in ("scatter", "lazy"))
    return [
        f"C roofline, 12,500 neurons, one core: adding weights up alone {scatter} million synapses a second,",
        f"with decay and threshold at each arrival {lazy}.",
    ]


def sizes_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = _head(
        "network", "neurons", "synapses", "threads", "rate (Hz)", "M synaptic events/s", "run s / biological s",
        "memory (MB)", "build (s)",
    )  # fmt: skip
    for row in rows:
        runs = row["runs"]
        speed = spread([run["synaptic_events"] / run["run_s"] for run in runs])
        lines.append(
            _row(
                row["workload"],
                f"{row['neurons']:,}",
                f"{runs[0]['synapses']:,}",
                row["threads"],
                f"{rate_hz(dict(row)):.1f}",
                _millions(speed.median),
                f"{median(runs, 'run_s') / median(runs, 'biological_s'):.3g}",
                f"{median(runs, 'peak_rss_mb'):.0f}",
                f"{median(runs, 'build_s'):.2f}",
            )
        )
    return lines


def events_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = _head("neurons", "rate (Hz)", "synaptic events", "run (s)", "ns a synaptic event")
    for row in rows:
        runs = row["runs"]
        count, seconds = median(runs, "synaptic_events"), median(runs, "run_s")
        each = f"{1e9 * seconds / count:.1f}" if count else "-"
        lines.append(
            _row(f"{row['neurons']:,}", f"{rate_hz(dict(row)):.3g}", f"{count:,.0f}", f"{seconds:.3g}", each)
        )
    return [
        *lines,
        "",
        "1 s, 100 synapses a neuron; the same events from few neurons firing often and many rarely.",
    ]


def silence_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = _head("silent neurons", "simulated (s)", "run (s)", "build (s)", "memory (MB)")
    for row in rows:
        runs = row["runs"]
        lines.append(
            _row(
                f"{row['neurons']:,}",
                f"{row['timed_ms'] / 1e3:g}",
                f"{median(runs, 'run_s'):.3g}",
                f"{median(runs, 'build_s'):.2f}",
                f"{median(runs, 'peak_rss_mb'):.0f}",
            )
        )
    return lines


def construction_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = _head("built", "synapses", "s", "CPU s", "bytes / synapse at peak")
    for row in rows:
        runs = row["runs"]
        lines.append(
            _row(
                Construction().kinds[row["kind"]],
                f"{runs[0]['synapses']:,}",
                f"{median(runs, 'build_s'):.2f}",
                f"{median(runs, 'build_cpu_s'):.2f}",
                f"{median(runs, 'bytes_a_synapse'):.1f}",
            )
        )
    return lines


def microcircuit_table(figures: Mapping[str, Any]) -> list[str]:
    from networks.microcircuit import POPULATIONS, RATES_HZ

    runs = figures["runs"]
    lines = _head("population", "rate (Hz), each run", "published")
    for name, (least, most) in zip(POPULATIONS, RATES_HZ, strict=True):
        lines.append(
            _row(name, ", ".join(f"{run['rates_hz'][name]:.3f}" for run in runs), f"{least:g} to {most:g}")
        )
    seconds = f"{figures['timed_ms'] / 1e3:g} s after {figures['warm_ms'] / 1e3:g} s"
    return [
        f"Scale {figures['scale']:g}: {runs[0]['synapses']:,} synapses, {figures['threads']} threads; built in "
        f"{median(runs, 'build_s'):.1f} s, {seconds} in {median(runs, 'run_s'):.1f} s,",
        f"{_millions(median(runs, 'synaptic_events') / median(runs, 'run_s'))} million synaptic events a second, "
        f"peak memory {median(runs, 'peak_rss_mb') / 1e3:.2f} GB.",
        "",
        *lines,
    ]


TABLES: Mapping[str, Any] = {
    "sizes": ("Sizes", sizes_table),
    "events": ("Run time against events", events_table),
    "silence": ("Silence", silence_table),
    "construction": ("Building", construction_table),
    "microcircuit": ("Cortical microcircuit", microcircuit_table),
}
"""Titles and tables of the parts beside the networks, by their name."""


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


def _head(*names: str) -> list[str]:
    return [_row(*names), "|" + "---|" * len(names)]


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _millions(events_per_s: float) -> str:
    return f"{events_per_s / 1e6:.3g}"
