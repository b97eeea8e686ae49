"""Measure on one core and write results/reference/benchmarks.md and .json."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import lut_against_matrices, lut_training, report
from benchmarks.peers import ROOT, MissingPeer, Peers
from benchmarks.workloads import CONSTRUCTIONS, WORKLOADS, Workload

NAMES = (*(workload.name for workload in WORKLOADS), "construction", "training", "matrices")
BUILT_NEURONS, BUILT_INDEGREE = 12_500, 1250


def main() -> None:
    options = _options()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the processes started from here inherit it
    figures = _kept(options)
    missing: dict[str, None] = {}
    with tempfile.TemporaryDirectory() as scratch:
        peers = Peers(Path(scratch))
        for workload in _chosen(options):
            figures[workload.name], lines = _measure_network(workload, peers, options.repeats)
            missing |= dict.fromkeys(lines)
            print("\n".join([*report.network_table(workload, figures[workload.name]), ""]), flush=True)
    if "construction" in options.only:
        figures["construction"] = _measure_construction(options)
        print("\n".join([*report.construction_table(figures["construction"]), ""]), flush=True)
    if "training" in options.only:
        with tempfile.TemporaryDirectory() as scratch:
            figures["training"], lines = lut_training.measure(Path(scratch), options.repeats, options.tiny)
        missing |= dict.fromkeys(lines)
        print("\n".join([*lut_training.table(figures["training"]), ""]), flush=True)
    if "matrices" in options.only:
        figures["matrices"], lines = lut_against_matrices.measure(options.tiny)
        missing |= dict.fromkeys(lines)
        print("\n".join([*lut_against_matrices.table(figures["matrices"]), ""]), flush=True)
    for line in missing:
        print(line)
    _write(
        options.out, report.page(_tables(figures), list(missing), figures["machine"], "make bench"), figures
    )


def _kept(options: argparse.Namespace) -> dict[str, Any]:
    """The machine, and with --only the figures of an earlier run that are not measured again."""
    path = options.out / "benchmarks.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() and options.only != NAMES else {}
    return {"machine": report.machine()} | {
        name: each for name, each in kept.items() if name in NAMES and name not in options.only
    }


def _tables(figures: dict[str, Any]) -> list[list[str]]:
    """Markdown lines of all that has been measured, in the order of the workloads."""
    tables = [report.network_table(each, figures[each.name]) for each in WORKLOADS if each.name in figures]
    if "construction" in figures:
        tables.append(report.construction_table(figures["construction"]))
    if "training" in figures:
        tables.append(lut_training.table(figures["training"]))
    if "matrices" in figures:
        tables.append(lut_against_matrices.table(figures["matrices"]))
    return tables


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="runs of each contender (default 5)")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="what to measure")
    parser.add_argument(
        "--tiny", action="store_true", help="a try of the program: a tenth of the time and synapses"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "reference")
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> Iterator[Workload]:
    for workload in WORKLOADS:
        if workload.name in options.only:
            yield _tiny(workload) if options.tiny else workload


def _tiny(workload: Workload) -> Workload:
    """A tenth of the time, a fifth of the neurons where each has its full in-degree; no peer takes long."""
    neurons = min(workload.neurons, 2500) if "balanced" in workload.builder else workload.neurons
    peers = tuple(replace(peer, timed_s=0.1 * peer.timed_s) for peer in workload.peers)
    parameters = workload.parameters | {"neurons": neurons}
    return replace(
        workload, timed_ms=0.1 * workload.timed_ms, parameters=parameters, peers=peers, tolerance=0.3
    )


def _measure_network(
    workload: Workload, peers: Peers, repeats: int
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """The medians by simulator, and a line for each that is missing; the simulators take turns."""
    runs: dict[str, report.Runs] = {report.OURS: []}
    missing: list[str] = []
    for seed in range(1, repeats + 1):
        runs[report.OURS].append(_simulate(workload, seed))
        for peer in workload.peers:
            try:
                told = peers.run(peer, workload.neurons, peer.timed_s, seed, timeout_s=1800.0)
            except MissingPeer as why:
                missing.append(f"{peer.name}, {workload.name}: not measured: {why}")
            else:
                runs.setdefault(peer.name, []).append(told)
    return {name: report.medians(each) for name, each in runs.items()}, missing


def _simulate(workload: Workload, seed: int) -> dict[str, Any]:
    return _work(
        measure="simulate",
        builder=workload.builder,
        parameters=workload.parameters,
        seed=seed,
        warm_ms=workload.warm_ms,
        timed_ms=workload.timed_ms,
    )


def _measure_construction(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    scale = 10 if options.tiny else 1
    size = {"neurons": BUILT_NEURONS, "indegree": BUILT_INDEGREE // scale}
    runs: dict[str, report.Runs] = {kind: [] for kind in CONSTRUCTIONS}
    for seed in range(1, options.repeats + 1):
        for kind, each in runs.items():
            each.append(_work(measure="construct", kind=kind, seed=seed, **size))
    return {kind: report.medians(each) for kind, each in runs.items()}


def _work(**task: Any) -> dict[str, Any]:
    """One measurement of ours in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.worker", json.dumps(task)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _write(folder: Path, text: str, figures: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.md").write_text(text, encoding="utf-8")
    (folder / "benchmarks.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
