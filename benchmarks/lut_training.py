"""Training steps a second of look-up-table transformers, beside the released C program on the same text.

``EVENTSIM_SNN`` is the C source of the author's released program (github.com/izhikevich/SNN, main.c).  Its settings are
rewritten, its own `main` is renamed, and a driver of ours calls its functions and reads the clock around its steps.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.peers import MissingPeer
from benchmarks.processes import ROOT
from eventsim.lut.transformer import RELEASED, TransformerSettings

VARIABLE = "EVENTSIM_SNN"
OURS, TWO_CORES, PEER = "eventsim, 1 core", "eventsim, 2 cores", "released C program, 1 core"

_DRIVER = """
#define main released_main
#include "released.c"
#undef main
int main(int argc, char *argv[]) {
    int warm = atoi(argv[2]), steps = atoi(argv[3]);
    static TrainingData training;
    static Model m;
    struct timespec first, last;
    load_training_data(&training, argv[1]);
    build_Model(&m);
    for (int t = 0; t < warm + steps; t++) {
        if (t == warm) clock_gettime(CLOCK_MONOTONIC, &first);
        load_snippet(&m, &training, get_random_training_index(&training));
        learning_rate = LEARNING_RATE;
        model_training_step(&m);
    }
    clock_gettime(CLOCK_MONOTONIC, &last);
    printf("\\n%.9f\\n", (last.tv_sec - first.tv_sec + 1e-9 * (last.tv_nsec - first.tv_nsec)) / steps);
    return 0;
}
"""


@dataclass(frozen=True)
class Training:
    """Settings trained for ``warm`` steps and then against the clock for ``steps``, by the peer for fewer."""

    name: str
    settings: TransformerSettings
    warm: int
    steps: int
    peer_warm: int
    peer_steps: int
    threads: tuple[int, ...] = (1,)


TRAININGS = (
    Training("context 16, n 16, 2 layers, 1 head", TransformerSettings(), 2000, 10_000, 500, 3000),
    Training("context 32, n 32, 2 layers, 1 head", replace(RELEASED, layers=2, heads=1), 300, 1000, 100, 300),
    Training("as released: 805.8 million entries", RELEASED, 50, 150, 20, 40, threads=(1, 2)),
)


def measure(scratch: Path, repeats: int, tiny: bool) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Median steps a second by setting and contender, who take turns; and a line for what is missing."""
    from eventsim.lut.text import python_english

    text = scratch / "english.txt"
    text.write_bytes(python_english().tobytes())
    figures: dict[str, dict[str, float]] = {}
    missing: dict[str, None] = {}
    for number, training in enumerate(TRAININGS[:2] if tiny else TRAININGS):
        runs: dict[str, list[float]] = {}
        for _ in range(repeats):
            for threads in training.threads:
                name = OURS if threads == 1 else TWO_CORES
                runs.setdefault(name, []).append(_ours(number, threads, text, 0.1 if tiny else 1.0))
            try:
                runs.setdefault(PEER, []).append(_peer(training, text, scratch, 0.1 if tiny else 1.0))
            except MissingPeer as why:
                missing[f"released C program: not measured: {why}"] = None
                runs.pop(PEER)
        figures[training.name] = {name: statistics.median(each) for name, each in runs.items()}
    return figures, list(missing)


def table(figures: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Markdown lines: steps a second, and how many times the peer's or one core's."""
    lines = [
        "**look-up-table training**: steps a second",
        "",
        "| settings | program | steps / s | times |",
        "|---|---|---|---|",
    ]
    for name, speeds in figures.items():
        peer, one = speeds.get(PEER), speeds[OURS]
        for program, speed in speeds.items():
            times = ""
            if program == OURS and peer:
                times = f"{speed / peer:.1f} x the C program"
            elif program == TWO_CORES:
                times = f"{speed / one:.2f} x one core"
            lines.append(f"| {name} | {program} | {speed:,.4g} | {times} |")
    return lines


def _ours(number: int, threads: int, text: Path, part: float) -> float:
    """Steps a second, in a process of its own."""
    task = json.dumps({"number": number, "threads": threads, "text": str(text), "part": part})
    command = [sys.executable, "-m", "benchmarks.lut_training", task]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def _peer(training: Training, text: Path, scratch: Path, part: float) -> float:
    """The same of the C program.  Raises `MissingPeer`."""
    program = scratch / f"released {training.name}"
    if not program.exists():
        _compile(training.settings, scratch, program)
    steps = [str(max(int(part * n), 5)) for n in (training.peer_warm, training.peer_steps)]
    done = subprocess.run([program, text, *steps], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingPeer(f"it ended with status {done.returncode}")
    return 1.0 / float(done.stdout.split()[-1])


def _compile(s: TransformerSettings, scratch: Path, program: Path) -> None:
    source = os.environ.get(VARIABLE)
    if not source or not Path(source).is_file():
        raise MissingPeer(f"set {VARIABLE} to main.c of github.com/izhikevich/SNN")
    code = Path(source).read_text(encoding="utf-8")
    sizes = {
        "CONTEXT_SIZE": s.context, "EMBEDDING_DIM": s.latencies, "POSITIONAL_DIM": s.place_bits,
        "NUM_LAYERS": s.layers, "NUM_HEADS": s.heads, "N_T": s.tables, "N_C": s.comparisons,
    }  # fmt: skip
    for name, size in sizes.items():
        code = re.sub(rf"^#define {name}\s+\d+", f"#define {name} {size}", code, count=1, flags=re.MULTILINE)
    # Where the C library has no strlcpy; only its text generation, which is not timed, calls it.
    code = code.replace("strlcpy(", "eventsim_copy(")
    copy = '#include <stdio.h>\n#define eventsim_copy(to, from, size) snprintf(to, size, "%s", from)\n'
    (scratch / "released.c").write_text(copy + code, encoding="utf-8")
    (scratch / "driver.c").write_text(_DRIVER, encoding="utf-8")
    command = ["gcc", "-O3", "-march=native", "driver.c", "-o", str(program), "-lm"]
    try:
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    except OSError:
        raise MissingPeer("there is no gcc") from None
    if done.returncode:
        raise MissingPeer(f"gcc failed: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")


def _main(number: int, threads: int, text: str, part: float) -> None:
    from eventsim.lut.text import Text, read_text
    from eventsim.lut.text_training import TextTrainer
    from eventsim.lut.transformer import Transformer

    if threads > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # the benchmarks are held to one core
    training = TRAININGS[number]
    data = Text(read_text(text), training.settings.context, seed=1)
    trainer = TextTrainer(Transformer(training.settings, seed=1), data, threads=threads)
    warm, steps = (max(int(part * n), 5) for n in (training.warm, training.steps))
    trainer.run(warm)
    started = time.perf_counter()
    trainer.run(warm + steps)
    print(steps / (time.perf_counter() - started))


if __name__ == "__main__":
    _main(**json.loads(sys.argv[1]))
