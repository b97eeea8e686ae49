"""Seconds until a scenario simulates: the first run after installation, which compiles, and the next.

``python -m benchmarks.first_run [SCENARIO]...`` runs the ``eventsim`` command of this Python's environment, each
scenario twice, with a folder of its own for machine code that is empty at first.  What counts is all of the process but
training, simulating and measuring.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT

COMMAND = Path(sys.executable).with_name("eventsim")


def main() -> None:
    """Print a line for the help, and one for each scenario."""
    names = sys.argv[1:] or ["digits", "balanced"]
    with tempfile.TemporaryDirectory(prefix="first_run_") as scratch:
        folder = Path(scratch)
        _timed(["--help"], folder)  # Python compiles its own files when they are first imported
        print(f"{'--help':12} {_timed(['--help'], folder)[0]:6.2f} s", flush=True)
        for name in names:
            first, later = (until_simulating(name, folder / name) for _ in range(2))
            print(f"{name:12} first {first:6.2f} s, later {later:6.2f} s", flush=True)


def until_simulating(scenario: str, folder: Path) -> float:
    """Seconds of a run that go into neither training nor simulating nor measuring; machine code stays in the folder."""
    seconds, printed = _timed(["run", scenario, "--json", "--out", str(folder / "results")], folder / "cache")
    summary: dict[str, Any] = json.loads(printed)
    return seconds - sum(float(summary[part]) for part in ("train_s", "run_s", "measure_s"))


def _timed(arguments: list[str], cache: Path) -> tuple[float, str]:
    """Seconds that the command takes, and what it prints.  Raises ``CalledProcessError`` where it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return time.perf_counter() - started, done.stdout


if __name__ == "__main__":
    main()
