"""The released C program of the Spiking Manifesto, where it is: its steps counted and its losses read.

``EVENTSIM_SNN`` names it (github.com/izhikevich/SNN, compiled with -O3 -march=native): as its settings are constants,
one program for each of `SETTINGS`, in this order, with colons between them.  It reads a text of a fixed name from the
folder where it runs, tells each step on its output, and writes its held-out loss every 10,000 steps.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.peers import MissingPeer
from eventsim.lut.transformer import RELEASED, TransformerSettings

VARIABLE = "EVENTSIM_SNN"
SETTINGS = {
    "context 16, n 16, 2 layers, 1 head": TransformerSettings(),
    "context 32, n 32, 2 layers, 1 head": replace(RELEASED, layers=2, heads=1),
    "as released: 805.8 million entries": RELEASED,
}
_TEXT, _LOSSES = "train_v2_drcat_02.csv", "loss.csv"
_STEP = re.compile(rb"\rt=(\d+)(?=\r)")


def program(name: str) -> Path:
    """The one compiled with these settings.  Raises `MissingPeer`."""
    paths = os.environ.get(VARIABLE, "").split(os.pathsep)
    number = list(SETTINGS).index(name)
    if number >= len(paths) or not os.access(paths[number], os.X_OK) or not Path(paths[number]).is_file():
        raise MissingPeer(f"no program for {name!r} in {VARIABLE}")
    return Path(paths[number]).resolve()


def steps_a_second(name: str, text: Path, scratch: Path, warm: int, steps: int) -> float:
    """Steps for each second of CPU time, after ``warm`` of them.  Raises `MissingPeer`."""
    with _running(name, text, scratch) as process:
        before = _when(process, warm)
        return steps / (_when(process, warm + steps) - before)


def held_out_losses(name: str, text: Path, scratch: Path, steps: Sequence[int]) -> list[float]:
    """Nats a byte after each of ``steps``, multiples of 10,000.  Raises `MissingPeer`."""
    with _running(name, text, scratch) as process:
        _when(process, steps[-1] + 1)
        lines = (scratch / _LOSSES).read_text(encoding="ascii").splitlines()
    losses = {int(step): float(loss) for step, loss in (line.split(",") for line in lines)}
    return [losses[step] for step in steps]


@contextmanager
def _running(name: str, text: Path, scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The program on a text; it never ends by itself."""
    target = scratch / _TEXT
    if not target.exists():
        target.symlink_to(text)
    with subprocess.Popen([program(name)], cwd=scratch, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def _when(process: subprocess.Popen[bytes], step: int) -> float:
    """Wait until it has come to ``step``; its CPU seconds."""
    rest = b""
    while read := os.read(process.stdout.fileno(), 1 << 16):  # type: ignore[union-attr]
        found = _STEP.findall(rest + read)
        if found and int(found[-1]) >= step:
            return _cpu_s(process.pid)
        rest = (rest + read)[-20:]
    raise MissingPeer(f"it ended with status {process.wait()}")


def _cpu_s(pid: int) -> float:
    """User and system seconds of a process so far; where Linux does not say, the time of day."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return time.perf_counter()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
