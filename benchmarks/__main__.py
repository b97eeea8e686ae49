"""Measure eventsim, and beside it the simulators that are installed; write a page, its figures and a picture."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import measure, report
from benchmarks.figure import figure
from benchmarks.peers import Peers
from benchmarks.processes import ROOT
from benchmarks.workloads import (
    WORKLOADS,
    Construction,
    Events,
    Microcircuit,
    Silence,
    Sizes,
    Workload,
)

NETWORKS = tuple(workload.name for workload in WORKLOADS)
PARTS = ("roofline", "sizes", "events", "silence", "construction", "microcircuit")
USUAL = tuple(name for name in (*NETWORKS, *PARTS) if name != "microcircuit")
REFERENCE = ROOT / "results" / "reference"
FILES = ("benchmarks.md", "benchmarks.json", "benchmarks.png")


def main() -> None:
    options = _options()
    figures = _kept(options)
    with tempfile.TemporaryDirectory(prefix="benchmarks_") as scratch:
        peers = Peers(Path(scratch))
        for workload in _chosen(options):
            contenders, missing = measure.network(workload, peers, options.repeats)
            figures["networks"][workload.name] = contenders
            _keep(options, figures, missing, [workload.name])
        for name, part in _parts(peers, options):
            if name in options.only:
                figures[name], missing = part()
                _keep(options, figures, missing, [name])
    print("\n".join(report.short_table(figures)))
    if options.reference:
        for name in FILES:
            shutil.copy(options.out / name, REFERENCE / name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contender (default 5)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=(*NETWORKS, *PARTS),
        default=USUAL,
        help="what to measure, the figures of an earlier run of the rest kept (default: all but microcircuit, "
        "which needs 8 GiB)",
    )
    parser.add_argument("--no-peers", action="store_true", help="eventsim alone")
    parser.add_argument("--scale", type=float, default=1.0, help="of the microcircuit (default 1)")
    parser.add_argument(
        "--tiny", action="store_true", help="a try of the program: a tenth of the time and synapses"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    parser.add_argument(
        "--reference",
        action="store_true",
        help="copy what is written to results/reference, which is committed",
    )
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats: at least 1 is needed, not {options.repeats}")
    return options


def _kept(options: argparse.Namespace) -> dict[str, Any]:
    """The machine, and with --only the figures of an earlier run that are not measured again."""
    figures: dict[str, Any] = {"machine": report.machine(), "networks": {}, "missing": {}}
    path = options.out / "benchmarks.json"
    if options.only is not USUAL and path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        figures |= {name: before[name] for name in (*PARTS, "networks", "missing") if name in before}
    return figures


def _chosen(options: argparse.Namespace) -> Iterator[Workload]:
    for workload in WORKLOADS:
        if workload.name in options.only:
            chosen = _tiny(workload) if options.tiny else workload
            yield replace(chosen, peers=()) if options.no_peers else chosen


def _tiny(workload: Workload) -> Workload:
    """A tenth of the time, a fifth of the neurons where each has its full in-degree; no peer takes long."""
    neurons = min(workload.neurons, 2500) if "balanced" in workload.builder else workload.neurons
    peers = tuple(replace(peer, timed_s=0.1 * peer.timed_s) for peer in workload.peers)
    parameters = workload.parameters | {"neurons": neurons}
    return replace(workload, timed_ms=0.1 * workload.timed_ms, parameters=parameters, peers=peers)


def _parts(
    peers: Peers, options: argparse.Namespace
) -> Iterator[tuple[str, Callable[[], tuple[Any, list[str]]]]]:
    """What is measured beside the networks: the figures, and a line for each that is missing."""
    tiny, repeats = options.tiny, options.repeats
    sizes = Sizes(neurons=(1500, 2500), timed_ms=30.0) if tiny else Sizes()
    events = Events((1000, 10_000), (1e4, 1e5, 1e6)) if tiny else Events()
    silence = Silence(10_000) if tiny else Silence()
    construction = Construction(indegree=125) if tiny else Construction()
    circuit = Microcircuit(scale=0.02 if tiny else options.scale)
    if not options.no_peers:
        yield "roofline", lambda: measure.roofline(peers, repeats)
    yield "sizes", lambda: (measure.sizes(sizes, WORKLOADS, repeats), [])
    yield "events", lambda: (measure.events(events, repeats), [])
    yield "silence", lambda: (measure.silence(silence, repeats), [])
    yield "construction", lambda: (measure.construction(construction, repeats), [])
    yield "microcircuit", lambda: (measure.microcircuit(circuit, repeats), [])


def _keep(
    options: argparse.Namespace, figures: dict[str, Any], missing: list[str], measured: list[str]
) -> None:
    """Write all there is after every part, so that an end in the middle loses little."""
    figures["missing"].update(dict.fromkeys(measured, missing))
    print(f"measured: {', '.join(measured)}", *missing, sep="\n", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    lines = [line for each in figures["missing"].values() for line in each]
    page, data, picture = (options.out / name for name in FILES)
    page.write_text(report.page(figures, lines), encoding="utf-8")
    data.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    figure(figures).savefig(picture)


if __name__ == "__main__":
    main()
