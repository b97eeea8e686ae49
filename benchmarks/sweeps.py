"""What a sweep costs beside its points: ``python -m benchmarks.sweeps``, on a machine that does nothing else.

The same points in a bare loop of one process, and as a sweep with one and with two workers.  The points take from the
first one's beginning to the last one's end; what starting before it and ending after it take stands beside.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from eventsim.scenario.run import Interrupted
from eventsim.sweep.run import run_sweep
from eventsim.sweep.signals import stoppable

SCENARIO = """
builder = "bench_sweep.py:build"
duration_ms = 100.0
[plot]
figures = []
"""

BUILDER = """
from eventsim.models import LIF
from eventsim.network import FixedIndegree, Network, PoissonSpikes, Uniform
from eventsim.scenario.experiment import Experiment


def build(*, seed: int, rate_hz: float = 100.0) -> Experiment:
    network = Network(seed)
    noise = network.source("noise", PoissonSpikes(rate_hz=rate_hz), size=200)
    cells = network.population("cells", 200, LIF())
    network.connect(noise, cells, FixedIndegree(20), weight=1.0, delay=Uniform(1.0, 2.0))
    network.connect(cells, cells, FixedIndegree(20), weight=-0.2, delay=Uniform(1.0, 20.0))
    return Experiment(network, measure=lambda results: {"rate_hz": results.rate_hz("cells")})
"""


class Took(NamedTuple):
    """Seconds of a sweep before its first point begins, while points run, and after the last has ended."""

    starting: float
    points: float
    ending: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--duration-ms", type=float, default=100.0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    try:
        with stoppable(), tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "bench_sweep.py").write_text(BUILDER)
            scenario = folder / "bench.toml"
            scenario.write_text(SCENARIO)
            _bare(scenario, 2, options.duration_ms)  # compiles
            for _ in range(options.repeats):
                _compare(scenario, options.points, options.duration_ms)
    except (KeyboardInterrupt, Interrupted):
        raise SystemExit("stopped") from None


def _compare(scenario: Path, points: int, duration_ms: float) -> None:
    bare_s = _bare(scenario, points, duration_ms)
    print(f"bare loop: {1e3 * bare_s / points:.2f} ms a point", flush=True)
    both_s = _two_at_once(scenario, points // 2, duration_ms)
    print(f"two such processes at once, half of the points each, over one: {bare_s / both_s:.2f}", flush=True)
    took = {workers: _sweep(scenario, points, duration_ms, workers) for workers in (1, 2)}
    for workers, each in took.items():
        machinery_ms = 1e3 * (each.points - bare_s / workers) / points
        print(
            f"{workers} worker(s): {each.points:.2f} s, machinery {machinery_ms:.2f} ms a point; {each.starting:.2f} s "
            f"to start and {each.ending:.2f} s to end",
            flush=True,
        )
    print(
        f"two workers over one: {took[1].points / took[2].points:.2f}; with starting and ending "
        f"{sum(took[1]) / sum(took[2]):.2f}",
        flush=True,
    )


def _bare(scenario: Path, points: int, duration_ms: float) -> float:
    """Seconds for the points in a plain loop: build, simulate, measure."""
    from eventsim.recording.simulate import simulate
    from eventsim.scenario.builder import find_builder

    build = find_builder("bench_sweep.py:build", scenario)
    started = time.perf_counter()
    for seed in range(points):
        experiment = build(seed=seed)
        experiment.measure(simulate(experiment.network, duration_ms))
    return time.perf_counter() - started


def _two_at_once(scenario: Path, points: int, duration_ms: float) -> float:
    """Seconds that each of two processes takes that have nothing to do with each other: what the machine allows."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(_bare, [(scenario, 2, duration_ms)] * 2, chunksize=1)
        return max(pool.starmap(_bare, [(scenario, points, duration_ms)] * 2, chunksize=1))


def _sweep(scenario: Path, points: int, duration_ms: float, workers: int) -> Took:
    with tempfile.TemporaryDirectory() as out:
        started = time.time()
        run_sweep(scenario, [f"seed=0:{points}"], {"duration_ms": duration_ms}, out, workers=workers)
        ended = time.time()
        logs = [json.loads(line)["log"] for line in (Path(out) / "points.jsonl").read_text().splitlines()]
        first = min(log["started"] for log in logs)
        last = max(log["started"] + log["seconds"] for log in logs)
        return Took(first - started, last - first, ended - last)


if __name__ == "__main__":
    main()
