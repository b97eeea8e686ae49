"""``eventsim sweep`` and ``plot`` as a user types them, killed in every way."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import psutil
import pytest

from eventsim.command_line.main import main
from eventsim.sweep.read import open_sweep
from eventsim.sweep.run import run_sweep
from tests.command_line.commands import EVENTSIM, eventsim, heed_signals
from tests.sweep.scenarios import builder_calls, hold, write_scenario

Command = Callable[..., tuple[int, str, str]]


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
def started(folder: Path, out: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a session of its own, which is killed in the end."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [str(EVENTSIM), "sweep", "noise", "--out", str(out), *arguments]
    with subprocess.Popen(
        command, cwd=folder, start_new_session=True, preexec_fn=heed_signals, **pipes
    ) as sweep:  # type: ignore[call-overload]
        try:
            yield sweep
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(sweep.pid, signal.SIGKILL)


def wait_a_little(sweep: subprocess.Popen[str]) -> None:
    """Between two looks at what a sweep has done; it must still be at work."""
    assert sweep.poll() is None, sweep.stderr.read() if sweep.stderr else ""
    time.sleep(0.02)


def children(parent: int) -> list[int]:
    """The processes that a process has started and that are alive."""
    return [child.pid for child in psutil.Process(parent).children()]


def test_killed_again_and_again_it_ends_in_the_same_bytes(folder: Path) -> None:
    vary = "--vary", "seed=0:9", "--workers", "0"
    out = folder / "out"
    for seed in (2, 7):
        hold(folder, seed)
        with started(folder, out, *vary) as sweep:
            while len(rows(out)) < seed:
                wait_a_little(sweep)
            sweep.kill()
            sweep.wait()
            assert not (out / "sweep.h5").exists()
    hold(folder)
    kept = [row["key"] for row in rows(out)]
    assert len(set(kept)) == len(kept) == 7
    assert len(open_sweep(out)) == len(kept)
    done = eventsim(folder, "sweep", "noise", "--out", str(out), *vary)
    assert done.returncode == 0, done.stderr
    assert [row["key"] for row in rows(out)][: len(kept)] == kept
    whole = run_sweep(folder / "scenarios" / "noise.toml", ["seed=0:9"], (), folder / "whole", workers=0)
    assert (out / "sweep.h5").read_bytes() == whole.files[0].read_bytes()


def test_on_dask_neither_signals_nor_a_dead_worker_lose_a_point(folder: Path) -> None:
    """A point that kills its process each time is a row with its error."""
    troubles = ",".join("death" if seed == 9 else "none" for seed in range(16))
    vary = (
        *("--vary", "seed=0:16", "--vary", f"parameters.trouble={troubles}"),
        *("--zip", "seed,parameters.trouble", "--workers", "2"),
    )
    out = folder / "out"

    with started(folder, out, *vary) as sweep:  # SIGTERM while it starts, to its leader alone
        while len(children(sweep.pid)) < 2:
            wait_a_little(sweep)
        sweep.send_signal(signal.SIGTERM)
        check_stopped(sweep, 143, f"terminated: 0 of 16 points are done and kept in {out}")

    hold(folder, *range(4, 16))
    with started(folder, out, *vary) as sweep:  # Ctrl-C as a terminal sends it, to all
        while len(rows(out)) < 4:
            wait_a_little(sweep)
        os.killpg(sweep.pid, signal.SIGINT)
        hold(folder)  # so that it need not wait for points that are to be forgotten
        check_stopped(sweep, 130, f"interrupted: [34] of 16 points are done and kept in {out}")

    kept = [row["key"] for row in rows(out)]
    assert len(kept) == 4
    calls = len(builder_calls(folder))
    hold(folder, 12)
    with started(folder, out, *vary, "--json") as sweep:
        while not (at_work := callers(folder, calls, 12)):
            wait_a_little(sweep)
        os.kill(at_work[0], signal.SIGKILL)
        hold(folder)
        printed, said = sweep.communicate(timeout=400)
        assert sweep.returncode == 0, said
    assert len(set(callers(folder, calls, 12))) == 2
    facts = json.loads(printed)
    assert (facts["points"], facts["failed"]) == (16, 1)
    assert [row["key"] for row in rows(out)][: len(kept)] == kept
    assert len(rows(out)) == 16
    with h5py.File(out / "sweep.h5") as file:
        errors = file["error"].asstr()[...].tolist()
        assert [k for k, error in enumerate(errors) if error] == [9]
        assert errors[9] == "its process died 2 times"
    # Undisturbed, and without Dask, the others are the same to the bit.
    fine = run_sweep(
        folder / "scenarios" / "noise.toml", ["seed=0:16"], folder=folder / "fine", workers=0
    ).table
    table = open_sweep(out)
    for name in ("metrics/rate_hz", "metrics/first_ms", "summary/source_spikes", "seed"):
        assert [value for k, value in enumerate(fine[name]) if k != 9] == [
            value for k, value in enumerate(table[name]) if k != 9
        ]


def check_stopped(sweep: subprocess.Popen[str], status: int, line: str) -> None:
    """A sweep that got a signal says this alone, and its processes and what Python keeps of them nothing."""
    _, said = sweep.communicate(timeout=200)
    assert sweep.returncode == status, said
    assert re.fullmatch(f"eventsim: {line}; the same command goes on\n", said)


def callers(folder: Path, since: int, seed: int) -> list[int]:
    """The processes that began a point of this seed, of the calls from number ``since`` on."""
    calls = [call.split() for call in builder_calls(folder)[since:]]
    return [int(call[0]) for call in calls if call[1:2] == [str(seed)]]


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
    status, _, said = here("plot", "moved.h5", "--level", "rate=50")
    assert (status, said.startswith("eventsim: column = 'rate': no such column, did you mean")) == (2, True)


def test_a_grid_beside_drawn_settings_asks_for_a_choice(here: Command) -> None:
    vary = "--vary", "parameters.size=3,5", "--vary", "parameters.rate_hz=uniform(20, 40)", "--samples", "2"
    status, _, said = here("sweep", "noise", *vary, "--workers", "0")
    assert (status, said.startswith("no figure: parameters.size vary beside parameters.rate_hz")) == (0, True)
    assert here("plot", "results/noise-sweep", "--at", "parameters.size=3")[0] == 0


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
