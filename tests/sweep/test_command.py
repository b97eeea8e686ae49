"""``eventsim sweep`` and ``plot`` as a user types them, killed in every way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import pytest

from eventsim.command_line.main import main
from eventsim.sweep.read import open_sweep
from eventsim.sweep.run import run_sweep
from tests.command_line.commands import EVENTSIM, eventsim
from tests.sweep.scenarios import write_scenario

Command = Callable[..., tuple[int, str, str]]

#: Long enough that a test held up for a second still finds the sweep at work.
WAIT = "parameters.wait_s=0.3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_scenario(tmp_path)
    return tmp_path


def rows(folder: Path) -> list[dict[str, dict[str, int]]]:
    """The whole lines of the journal."""
    journal = folder / "points.jsonl"
    lines = journal.read_text().splitlines(keepends=True) if journal.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


@contextlib.contextmanager
def started(folder: Path, out: Path, at_rows: int, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, once its journal has so many rows; in a session of its own, killed in the end."""
    heeds = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [str(EVENTSIM), "sweep", "noise", "--out", str(out), *arguments]
    with subprocess.Popen(command, cwd=folder, start_new_session=True, **heeds, **pipes) as process:  # type: ignore[call-overload]
        try:
            deadline = time.monotonic() + 200
            while len(rows(out)) < at_rows:
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def kill_one_of(done: Callable[[], list[dict[str, dict[str, int]]]], sweep: subprocess.Popen[str]) -> None:
    """Kill a worker that is still alive: that of the last row may have met the point that ends its process."""
    while sweep.poll() is None:
        for row in reversed(done()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(row["log"]["pid"], signal.SIGKILL)
                return
        time.sleep(0.02)
    raise AssertionError("the sweep was over before one of its workers could be killed")


def test_killed_again_and_again_it_ends_in_the_same_bytes(folder: Path) -> None:
    vary = "--vary", "seed=0:12", "--set", WAIT, "--workers", "0"
    out = folder / "out"
    for at_rows in (2, 8):
        with started(folder, out, at_rows, *vary) as process:
            process.kill()
            process.wait()
            assert not (out / "sweep.h5").exists()
    kept = [row["key"] for row in rows(out)]
    assert len(kept) >= 8
    assert len(set(kept)) == len(kept)
    assert len(open_sweep(out)) == len(kept)
    done = eventsim(folder, "sweep", "noise", "--out", str(out), *vary)
    assert done.returncode == 0, done.stderr
    assert [row["key"] for row in rows(out)][: len(kept)] == kept
    whole = run_sweep(folder / "scenarios" / "noise.toml", ["seed=0:12"], [WAIT], folder / "whole", workers=0)
    assert (out / "sweep.h5").read_bytes() == whole.files[0].read_bytes()


def test_on_dask_neither_ctrl_c_nor_a_dead_worker_loses_a_point(folder: Path) -> None:
    """A point that kills its process each time is a row with its error."""
    troubles = ",".join("death" if seed == 9 else "none" for seed in range(16))
    vary = (
        *("--vary", "seed=0:16", "--vary", f"parameters.trouble={troubles}"),
        *("--zip", "seed,parameters.trouble", "--set", WAIT, "--workers", "2"),
    )
    out = folder / "out"
    with started(folder, out, 3, *vary) as process:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of its processes
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert said.startswith("eventsim: interrupted: ")
        assert said.endswith("of 16 points are done and kept in " + str(out) + "; the same command goes on\n")
        assert len(said.splitlines()) == 1
    kept = [row["key"] for row in rows(out)]
    with started(folder, out, len(kept) + 2, *vary, "--json") as process:
        kill_one_of(lambda: rows(out)[len(kept) :], process)
        printed, said = process.communicate(timeout=200)
        assert process.returncode == 0, said
    facts = json.loads(printed)
    assert (facts["points"], facts["failed"]) == (16, 1)
    assert [row["key"] for row in rows(out)][: len(kept)] == kept
    assert len(rows(out)) == 16
    with h5py.File(out / "sweep.h5") as file:
        errors = file["error"].asstr()[...].tolist()
        assert [k for k, error in enumerate(errors) if error] == [9]
        assert errors[9] == "its process died 2 times"
        assert len({row["log"].get("pid") for row in rows(out)}) > 2
    # Undisturbed, and without Dask, the others are the same to the bit.
    fine = run_sweep(
        folder / "scenarios" / "noise.toml", ["seed=0:16"], folder=folder / "fine", workers=0
    ).table
    table = open_sweep(out)
    for name in ("metrics/rate_hz", "metrics/first_ms", "summary/source_spikes", "seed"):
        assert [value for k, value in enumerate(fine[name]) if k != 9] == [
            value for k, value in enumerate(table[name]) if k != 9
        ]


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in this process, which has compiled all it needs: arguments to exit status, output and errors."""
    monkeypatch.chdir(folder)

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["eventsim", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return command


def test_a_sweep_is_drawn_and_its_crossing_named(here: Command, folder: Path) -> None:
    vary = "--vary", "parameters.rate_hz=20.0:100.0:5", "--vary", "seed=0:6", "--workers", "0"
    status, printed, said = here("sweep", "noise", *vary, "--set", "sweep.levels.rate_hz=50")
    assert (status, said) == (0, "")
    assert "results/noise-sweep/sweep.h5" in printed
    assert "rate_hz crosses 50 at parameters.rate_hz = " in printed
    assert (folder / "results" / "noise-sweep" / "sweep.png").read_bytes().startswith(b"\x89PNG")
    held = "--metric", "first_ms", "--level", "first_ms=5", "--at", "seed=3"
    status, drawn, said = here("plot", "results/noise-sweep", "--out", "pictures", *held)
    assert (status, said) == (0, "")
    assert drawn.splitlines()[0] == "pictures/sweep.png"
    assert "first_ms " in drawn.splitlines()[-1]
    (folder / "results" / "noise-sweep" / "sweep.h5").rename(folder / "moved.h5")
    status, drawn, said = here("plot", "moved.h5", "--level", "rate_hz=50")
    assert drawn.splitlines()[1] in printed


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("sweep", "noise"), 2, "nothing is varied"),
        (("sweep", "noise", "--vary", "seed"), 2, "should be KEY=VALUES"),
        (("sweep", "noise", "--vary", "seed=0:3", "--samples", "3"), 2, "no axis is drawn"),
        (("sweep", "noise", "--vary", "parameters.size=-1,-2", "--workers", "0"), 1, "every point failed"),
        (
            ("sweep", "noise", "--vary", "seed=0:2", "--cluster", "tcp://127.0.0.1:x"),
            2,
            "no Dask scheduler answers",
        ),
        (("plot", "scenarios"), 2, "is a directory"),
        (("plot", "scenarios/noise.toml", "--level", "a=1"), 2, "is no sweep"),
    ],
)
def test_mistakes(here: Command, arguments: tuple[str, ...], status: int, said: str) -> None:
    ended, _, told = here(*arguments)
    assert (ended, told.startswith("eventsim: ")) == (status, True), told
    assert said in told
    assert len(told.splitlines()) == 1
