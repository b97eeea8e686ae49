"""A folder with a scenario of Poisson sources to sweep: quick, and compiled already by other tests."""

from __future__ import annotations

from pathlib import Path

SCENARIO = """
description = "Poisson sources"
builder = "sources.py:build"
duration_ms = 100.0
engine = "queue"

[parameters]
size = 5
"""

BUILDER = """
import os
import time
from pathlib import Path

from eventsim.network import Network, PoissonSpikes
from eventsim.scenario.experiment import Experiment

CALLS = Path(__file__).with_name("calls.txt")
HELD = Path(__file__).with_name("held.txt")


def build(*, seed: int, size: int = 5, rate_hz: float = 50.0, trouble: str = "none") -> Experiment:
    with open(CALLS, "a") as calls:
        calls.write(f"{os.getpid()} {seed} {size} {rate_hz}\\n")
    if trouble == "error":
        raise ZeroDivisionError("a builder's own mistake")
    if trouble == "death":
        os._exit(7)
    network = Network(seed)
    network.source("noise", PoissonSpikes(rate_hz=rate_hz), size=size)
    network.record_spikes("noise")

    def measure(results):
        while HELD.exists() and str(seed) in HELD.read_text().split():
            time.sleep(0.01)
        raster = results.spikes("noise")
        return {
            "rate_hz": results.rate_hz("noise"),
            "first_ms": raster.times[0] if len(raster) else None,
            "of_each": raster.counts(),
        }

    return Experiment(network, measure=measure)
"""


def write_scenario(folder: Path, extra: str = "") -> Path:
    """``scenarios/noise.toml`` with ``extra`` at its end, and its builder beside it."""
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "scenarios" / "sources.py").write_text(BUILDER)
    path = folder / "scenarios" / "noise.toml"
    path.write_text(SCENARIO + extra)
    return path


def hold(folder: Path, *seeds: int) -> None:
    """From now on points of these seeds do not end, and all others do: whatever a test does meets them at work."""
    held = folder / "scenarios" / "held.txt"
    new = held.with_suffix(".new")
    new.write_text(" ".join(map(str, seeds)))
    new.replace(held)


def builder_calls(folder: Path) -> list[str]:
    """What the builder was called with, a line each: process, seed, size, rate."""
    calls = folder / "scenarios" / "calls.txt"
    return calls.read_text().splitlines() if calls.exists() else []
