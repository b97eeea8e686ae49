"""Processes that are measured: on one core if they have one thread, and what they print as JSON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def cores(threads: int) -> Iterator[None]:
    """What is started within stays on one core if it has one thread, else it has all."""
    if threads > 1 or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def finished(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """The command after its end, its output as text."""
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
    )


def json_lines(text: str) -> list[dict[str, Any]]:
    """The lines that are JSON objects."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def last_line(text: str, otherwise: str = "no output") -> str:
    """The last line, which is where programs say what went wrong."""
    return (text.strip().splitlines() or [otherwise])[-1]
