"""The command as a user types it, and a folder with a scenario of Poisson sources to use it on."""

import signal
import subprocess
import sys
from pathlib import Path

EVENTSIM = Path(sys.executable).with_name("eventsim")

SCENARIO = """
description = "Poisson sources"
builder = "sources.py:build"
duration_ms = 100.0

[parameters]
size = 5
"""

BUILDER = """
from eventsim.network import Network, PoissonSpikes


def build(*, seed: int, size: int, rate_hz: float = 10.0, kind: str = "plain") -> Network:
    if kind == "broken":
        raise ZeroDivisionError("a builder's own mistake")
    if kind == "unreadable":
        import json

        json.loads("{")
    if kind == "stopped":
        raise KeyboardInterrupt
    network = Network(seed)
    network.source("noise", PoissonSpikes(rate_hz=rate_hz), size=size)
    network.record_spikes("noise")
    return network


def build_nothing(*, seed: int) -> None:
    pass


def build_without_seed(size: int) -> None:
    pass
"""


def write_scenarios(folder: Path) -> None:
    """``scenarios/noise.toml`` with its builder beside it, and ``scenarios/damaged.toml``."""
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "noise.toml").write_text(SCENARIO)
    (folder / "scenarios" / "sources.py").write_text(BUILDER)
    (folder / "scenarios" / "damaged.toml").write_text("builder = \n")


def eventsim(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The finished ``eventsim ARGUMENTS...`` in ``folder``, with its output as text."""
    command = [str(EVENTSIM), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)


def heed_signals() -> None:
    """To be called in a command's process before it begins: those in a shell's background ignore Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
