"""What a sweep costs beside its points: ``python -m benchmarks.sweeps``, on a machine that does nothing else.

The same points in a bare loop of one process, and as a sweep with one and with two workers.  Times are taken from the
first point's beginning to the last one's end; what starting the processes takes stands beside.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

from eventsim.sweep.run import SweepReporter, run_sweep

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


class Clock(SweepReporter):
    """When the first point begins to be waited for."""

    def __init__(self) -> None:
        self.first = 0.0

    def points(self, done: int, failed: int, total: int, left_s: float | None) -> None:
        if not self.first:
            self.first = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--duration-ms", type=float, default=100.0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench_sweep.py").write_text(BUILDER)
        scenario = folder / "bench.toml"
        scenario.write_text(SCENARIO)
        _bare(scenario, 2, options.duration_ms)  # compiles
        for _ in range(options.repeats):
            bare_s = _bare(scenario, options.points, options.duration_ms)
            print(f"bare loop: {1e3 * bare_s / options.points:.2f} ms a point", flush=True)
            both_s = _two_at_once(scenario, options.points // 2, options.duration_ms)
            print(
                f"two such processes at once, half of the points each, over one: {bare_s / both_s:.2f}",
                flush=True,
            )
            took = {w: _sweep(scenario, options.points, options.duration_ms, w) for w in (1, 2)}
            for workers, (starting_s, running_s, points_s) in took.items():
                machinery_ms = 1e3 * (running_s - bare_s / workers) / options.points
                print(
                    f"{workers} worker(s): {running_s:.2f} s, of the points {points_s:.2f} s; machinery "
                    f"{machinery_ms:.2f} ms a point; {starting_s:.2f} s to start",
                    flush=True,
                )
            print(f"two workers over one: {took[1][1] / took[2][1]:.2f}", flush=True)


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


def _sweep(scenario: Path, points: int, duration_ms: float, workers: int) -> tuple[float, float, float]:
    """Seconds to start, to run, and what the points say they took themselves."""
    with tempfile.TemporaryDirectory() as out:
        clock, started = Clock(), time.perf_counter()
        changes = {"duration_ms": duration_ms}
        run_sweep(scenario, [f"seed=0:{points}"], changes, out, workers=workers, reporter=clock)
        ended = time.perf_counter()
        lines = (Path(out) / "points.jsonl").read_text().splitlines()
        seconds = sum(json.loads(line)["log"]["seconds"] for line in lines)
        return clock.first - started, ended - clock.first, seconds


if __name__ == "__main__":
    main()
