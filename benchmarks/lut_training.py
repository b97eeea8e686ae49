"""Training steps a second of look-up-table transformers, beside the released C program on the same text.

Runs take turns.  With one thread the clock is that of the CPU, so that what else the machine does counts little; two
cores are compared with one by the time of day.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import released
from benchmarks.peers import MissingPeer
from benchmarks.processes import ROOT

OURS, TWO_CORES, PEER = "eventsim, 1 core", "eventsim, 2 cores", "released C program, 1 core"
CPU, DAY = "cpu", "day"


@dataclass(frozen=True)
class Training:
    """Settings trained for ``warm`` steps and then against the clock for ``steps``, by the peer for fewer."""

    name: str
    warm: int
    steps: int
    peer_warm: int
    peer_steps: int
    threads: tuple[int, ...] = (1,)


_SMALL, _MIDDLE, _RELEASED = released.SETTINGS
TRAININGS = (
    Training(_SMALL, 2000, 10_000, 500, 3000),
    Training(_MIDDLE, 300, 1000, 100, 300),
    Training(_RELEASED, 50, 150, 20, 40, threads=(1, 2)),
)

Speeds = dict[str, dict[str, float]]
"""Steps a second by contender and clock."""


def measure(text: Path, scratch: Path, repeats: int, tiny: bool) -> tuple[dict[str, Speeds], list[str]]:
    """Medians by setting, and a line for what is missing."""
    part = 0.1 if tiny else 1.0
    figures: dict[str, Speeds] = {}
    missing: dict[str, None] = {}
    for number, training in enumerate(TRAININGS[:2] if tiny else TRAININGS):
        runs: dict[str, list[dict[str, float]]] = {}
        for _ in range(repeats):
            for threads in training.threads:
                name = OURS if threads == 1 else TWO_CORES
                runs.setdefault(name, []).append(_ours(number, threads, text, part))
            try:
                warm, steps = (max(int(part * n), 5) for n in (training.peer_warm, training.peer_steps))
                speed = released.steps_a_second(training.name, text, scratch, warm, steps)
                runs.setdefault(PEER, []).append({CPU: speed})
            except MissingPeer as why:
                missing[f"released C program: not measured: {why}"] = None
        figures[training.name] = {
            name: {clock: statistics.median(run[clock] for run in each) for clock in each[0]}
            for name, each in runs.items()
        }
    return figures, list(missing)


def table(figures: Mapping[str, Speeds]) -> list[str]:
    """Markdown lines: steps a second, and how many times the peer's or one core's."""
    lines = [
        "**look-up-table training**: steps a second of CPU time; with two cores of wall time",
        "",
        "| settings | program | steps / s | ms a step | times |",
        "|---|---|---|---|---|",
    ]
    for name, speeds in figures.items():
        for program, of_clock in speeds.items():
            clock, times = (DAY if program == TWO_CORES else CPU), ""
            if program == OURS and PEER in speeds:
                times = f"{of_clock[CPU] / speeds[PEER][CPU]:.1f} x the C program"
            elif program == TWO_CORES:
                times = f"{of_clock[DAY] / speeds[OURS][DAY]:.2f} x one core"
            speed = of_clock[clock]
            lines.append(f"| {name} | {program} | {speed:,.4g} | {1000 / speed:.3g} | {times} |")
    return lines


def _ours(number: int, threads: int, text: Path, part: float) -> dict[str, float]:
    """Steps a second by each clock, in a process of its own."""
    task = json.dumps({"number": number, "threads": threads, "text": str(text), "part": part})
    command = [sys.executable, "-m", "benchmarks.lut_training", task]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    speeds: dict[str, float] = json.loads(done.stdout)
    return speeds


def _main(number: int, threads: int, text: str, part: float) -> None:
    from eventsim.lut.text import Text, read_text
    from eventsim.lut.text_training import TextTrainer
    from eventsim.lut.transformer import Transformer

    if threads > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # the benchmarks are held to one core
    training = TRAININGS[number]
    settings = released.SETTINGS[training.name]
    data = Text(read_text(text), settings.context, seed=1)
    trainer = TextTrainer(Transformer(settings, seed=1), data, threads=threads)
    warm, steps = (max(int(part * n), 5) for n in (training.warm, training.steps))
    trainer.run(warm, chunk=max(1, warm // 10))  # in stretches, that it be known how many threads pay
    day, cpu = time.perf_counter(), time.process_time()
    trainer.run(warm + steps)
    print(json.dumps({DAY: steps / (time.perf_counter() - day), CPU: steps / (time.process_time() - cpu)}))


if __name__ == "__main__":
    _main(**json.loads(sys.argv[1]))
