"""What is run for each part of the benchmark; every part returns figures that are kept as JSON as they are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from benchmarks.peers import MissingPeer, Peers
from benchmarks.processes import ROOT, cores
from benchmarks.workloads import Construction, Events, Microcircuit, Silence, Sizes, Workload

Figures = dict[str, Any]


def network(workload: Workload, peers: Peers, repeats: int) -> tuple[list[Figures], list[str]]:
    """The runs of eventsim and its peers, which take turns, and a line for each that is missing.

    A contender is ``{"name", "threads", "runs": [figures of the worker]}``; eventsim comes first, its name None.
    """
    ours: dict[int, list[Figures]] = {threads: [] for threads in workload.threads}
    theirs: dict[int, list[Figures]] = {number: [] for number in range(len(workload.peers))}
    missing: dict[str, None] = {}
    for seed in range(1, repeats + 1):
        for threads, runs in ours.items():
            runs.append(_simulated(workload, seed, threads))
        for number, peer in enumerate(workload.peers):
            try:
                theirs[number].append(peers.run(peer, workload.neurons, seed))
            except MissingPeer as why:
                missing[f"{peer.name}, {workload.name}: not measured: {why}"] = None
    contenders: list[Figures] = [
        {"name": None, "threads": threads, "runs": runs} for threads, runs in ours.items()
    ]
    contenders += [
        {"name": peer.name, "threads": peer.threads, "runs": theirs[number]}
        for number, peer in enumerate(workload.peers)
        if theirs[number]
    ]
    return contenders, list(missing)


def roofline(peers: Peers, repeats: int) -> tuple[list[dict[str, float]], list[str]]:
    """Million synapses a second of the C program, and a line if it is missing."""
    try:
        return [peers.roofline() for _ in range(repeats)], []
    except MissingPeer as why:
        return [], [f"C roofline: not measured: {why}"]


def sizes(plan: Sizes, workloads: Iterable[Workload], repeats: int) -> list[Figures]:
    """Rows ``{"workload", "neurons", "threads", "runs"}``; one run after the other over all rows, then again."""
    rows: list[tuple[Workload, Figures]] = [
        (workload, {"workload": workload.name, "neurons": neurons, "threads": threads, "runs": []})
        for workload in workloads
        if workload.name in plan.workloads
        for neurons in plan.neurons
        for threads in plan.threads
    ]
    for seed in range(1, repeats + 1):
        for workload, row in rows:
            row["runs"].append(_simulated(workload, seed, row["threads"], row["neurons"], plan.timed_ms))
    return [row for _, row in rows]


def events(plan: Events, repeats: int) -> list[Figures]:
    """Rows ``{"neurons", "wanted", "runs"}``: the same numbers of synaptic events from few neurons and from many."""
    rows: list[Figures] = [
        {"neurons": neurons, "wanted": wanted, "runs": []}
        for neurons in plan.neurons
        for wanted in plan.events
    ]
    for seed in range(1, repeats + 1):
        for row in rows:
            rate_hz = 1e3 * row["wanted"] / (row["neurons"] * plan.outdegree * plan.timed_ms)
            parameters = {"neurons": row["neurons"], "outdegree": plan.outdegree, "rate_hz": rate_hz}
            row["runs"].append(_sparse(parameters, seed, plan.timed_ms))
    return rows


def silence(plan: Silence, repeats: int) -> list[Figures]:
    """Rows ``{"neurons", "timed_ms", "runs"}``."""
    parameters = {"neurons": plan.neurons, "outdegree": plan.outdegree, "rate_hz": 0.0}
    return [
        {
            "neurons": plan.neurons,
            "timed_ms": timed_ms,
            "runs": [_sparse(parameters, seed, timed_ms) for seed in range(1, repeats + 1)],
        }
        for timed_ms in plan.timed_ms
    ]


def construction(plan: Construction, repeats: int) -> list[Figures]:
    """Rows ``{"kind", "runs"}``."""
    rows: list[Figures] = [{"kind": kind, "runs": []} for kind in plan.kinds]
    for seed in range(1, repeats + 1):
        for row in rows:
            task = {"kind": row["kind"], "neurons": plan.neurons, "indegree": plan.indegree, "seed": seed}
            row["runs"].append(_work(1, measure="construct", **task))
    return rows


def microcircuit(plan: Microcircuit, repeats: int) -> Figures:
    """``{plan's fields, "runs"}``."""
    runs = [
        _work(
            plan.threads,
            measure="simulate",
            builder="networks.microcircuit:build",
            parameters={"scale": plan.scale},
            seed=seed,
            warm_ms=plan.warm_ms,
            timed_ms=plan.timed_ms,
            threads=plan.threads,
        )
        for seed in range(1, repeats + 1)
    ]
    return asdict(plan) | {"runs": runs}


def _simulated(
    workload: Workload, seed: int, threads: int, neurons: int | None = None, timed_ms: float | None = None
) -> Figures:
    return _work(
        threads,
        measure="simulate",
        builder=workload.builder,
        parameters=workload.parameters | ({} if neurons is None else {"neurons": neurons}),
        seed=seed,
        warm_ms=workload.warm_ms,
        timed_ms=timed_ms or workload.timed_ms,
        threads=threads,
    )


def _sparse(parameters: Figures, seed: int, timed_ms: float) -> Figures:
    return _work(
        1,
        measure="simulate",
        builder="networks.sparse:build",
        parameters=parameters,
        seed=seed,
        warm_ms=0.0,
        timed_ms=timed_ms,
    )


def _work(cores_used: int, **task: Any) -> Figures:
    """One measurement of ours in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.worker", json.dumps(task)]
    with cores(cores_used):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    figures: Figures = json.loads(done.stdout)
    return figures
