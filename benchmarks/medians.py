"""Medians of runs, speeds, and ratios with their spread, from the figures as they were measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.workloads import Peer, Workload

Figures = dict[str, Any]
Contender = dict[str, Any]


@dataclass(frozen=True)
class Spread:
    """Median, least and most of some runs."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.least)} to {_short(self.most)})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def median(runs: Sequence[Figures], name: str) -> float:
    return float(statistics.median(run[name] for run in runs))


def rate_hz(contender: Contender) -> float:
    """The mean over the runs: all their spikes together."""
    return statistics.fmean(run["mean_rate_hz"] for run in contender["runs"])


def speeds(contender: Contender) -> list[float]:
    """Synaptic events a second of each run: of CPU time with one thread, of wall time with more.

    CPU time is what a shared machine leaves comparable; with several threads peers tell wall time alone.
    """
    clock = "run_cpu_s" if contender["threads"] == 1 else "run_s"
    return [run["synaptic_events"] / run[clock] for run in contender["runs"]]


def ratio(ours: Contender, theirs: Contender) -> Spread:
    """How many times as fast ours is, turn by turn."""
    return spread([a / b for a, b in zip(speeds(ours), speeds(theirs), strict=False)])


def thread_ratio(one: Contender, two: Contender) -> Spread:
    """How many times as fast two threads are as one, by wall time."""
    return spread([a["run_s"] / b["run_s"] for a, b in zip(one["runs"], two["runs"], strict=False)])


def peer_of(workload: Workload, contender: Contender) -> Peer | None:
    """The peer that a contender is; None for eventsim."""
    found = (p for p in workload.peers if (p.name, p.threads) == (contender["name"], contender["threads"]))
    return None if contender["name"] is None else next(found)


def agrees(workload: Workload, contender: Contender) -> bool:
    """Whether its rate is the one expected, so that its time counts."""
    expected = workload.expected_hz(peer_of(workload, contender))
    return math.isclose(rate_hz(contender), expected, rel_tol=workload.tolerance)


def eventsim(contenders: Sequence[Contender], threads: int) -> Contender | None:
    """Ours on that many threads."""
    return next((c for c in contenders if c["name"] is None and c["threads"] == threads), None)


@dataclass(frozen=True)
class Comparison:
    """Against whom, what was meant to be reached, and what was."""

    workload: str
    against: str
    threads: int
    goal: float | None
    ratio: Spread

    @property
    def met(self) -> bool | None:
        return None if self.goal is None else self.ratio.median >= self.goal


def comparisons(
    workload: Workload, contenders: Sequence[Contender], roofline: Sequence[dict[str, float]] = ()
) -> list[Comparison]:
    """With every peer whose rate and ours agree, with our own one thread, and with the roofline."""
    ours = {c["threads"]: c for c in contenders if c["name"] is None and agrees(workload, c)}
    found = []
    for contender in contenders:
        peer, threads = peer_of(workload, contender), contender["threads"]
        if peer and threads in ours and agrees(workload, contender):
            found.append(
                Comparison(workload.name, peer.name, threads, peer.goal, ratio(ours[threads], contender))
            )
    if 1 in ours and 2 in ours:
        found.append(
            Comparison(workload.name, "one thread", 2, workload.thread_goal, thread_ratio(ours[1], ours[2]))
        )
    if 1 in ours and roofline and workload.roofline_goal is not None:
        scatter = 1e6 * statistics.median(each["scatter"] for each in roofline)
        share = spread([speed / scatter for speed in speeds(ours[1])])
        found.append(Comparison(workload.name, "C roofline", 1, workload.roofline_goal, share))
    return found


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 100.0 else f"{value:.0f}"
