"""The ``sweep`` command: a bar while it runs, a few lines and the files at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from eventsim.errors import SimulationError
from eventsim.scenario.problems import ScenarioError
from eventsim.sweep.run import SweepOutcome, SweepReporter, run_sweep

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from eventsim.sweep.figures import Critical

_REFRESH_S = 0.1
_LINE_S = 30.0


def run_and_report(
    scenario: str, vary: Sequence[str], changes: Sequence[str], out: Path | None, json: bool, **options: Any
) -> None:
    """Run the sweep, draw it, and print what came of it.  Raises ``SimulationError`` if every point failed."""
    from eventsim.command_line.report import table
    from eventsim.scenario.files import to_json
    from eventsim.scenario.load import find_scenario

    path = find_scenario(scenario)
    with TerminalSweepReporter() if sys.stderr.isatty() else LineReporter() as reporter:
        outcome = run_sweep(path, vary, changes, out, reporter=reporter, **options)
    facts = sweep_facts(outcome, *_drawn(outcome))
    print(to_json(facts) if json else "\n".join(table(_rows(facts))))
    if outcome.table.failed.all():
        raise SimulationError(f"every point failed, the first with {outcome.table['error'][0]}")


def plot_sweep(
    path: Path, out: Path | None, metrics: Sequence[str] | None, levels: Sequence[str], at: Sequence[str]
) -> None:
    """Draw a sweep and say where its metrics cross the levels."""
    from eventsim.scenario.load import parse_override
    from eventsim.sweep.figures import draw_sweep

    folder = out or (path if path.is_dir() else path.parent)
    held = dict(parse_override(text, "--at") for text in at)
    pictures, found = draw_sweep(path, folder, metrics, dict(map(_level, levels)), held)
    for line in (*pictures, *found):
        print(line)


def _level(text: str) -> tuple[str, float]:
    metric, _, value = text.rpartition("=")
    try:
        return metric, float(value)
    except ValueError:
        raise ScenarioError(f"--level {text}: should be METRIC=NUMBER") from None


def _drawn(outcome: SweepOutcome) -> tuple[list[Path], list[Critical]]:
    """The figure that can be drawn without a choice of the user's; none where more than two settings vary."""
    from eventsim.sweep.figures import draw_sweep

    try:
        return draw_sweep(outcome.folder, outcome.folder)
    except ScenarioError as error:
        print(f"no figure: {error}", file=sys.stderr)
        return [], []


def sweep_facts(
    outcome: SweepOutcome, pictures: Sequence[Path], critical: Sequence[Critical]
) -> dict[str, Any]:
    """The outcome as values JSON can hold."""
    errors = [str(error) for error in outcome.table["error"] if error]
    return {
        "points": len(outcome.table),
        "failed": len(errors),
        "first_error": errors[0] if errors else None,
        "metrics": [
            name.removeprefix("metrics/") for name in outcome.table.columns if name.startswith("metrics/")
        ],
        "critical": [str(each) for each in critical],
        "written": [str(file) for file in (*outcome.files, *pictures)],
    }


def _rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    failed = f", {facts['failed']:,} failed, the first with {facts['first_error']}" if facts["failed"] else ""
    return [
        ("points", f"{facts['points']:,}{failed}"),
        ("metrics", ", ".join(facts["metrics"]) or "none"),
        *(("critical", each) for each in facts["critical"]),
        *(("written", name) for name in facts["written"]),
    ]


class LineReporter(SweepReporter):
    """Where there is no terminal: a line on standard error every half minute."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def points(self, done: int, failed: int, total: int, left_s: float | None) -> None:
        now = time.monotonic()
        if now - self._said >= _LINE_S:
            self._said = now
            left = "" if left_s is None else f", about {duration(left_s)} left"
            print(f"{done:,} of {total:,} points, {failed:,} failed{left}", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class TerminalSweepReporter(SweepReporter):
    """A bar on standard error, gone at the end."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)
        self._bar: Bar | None = None
        self._refreshed = 0.0

    def stage(self, text: str) -> None:
        self._console.print(f"{text} ...", style="dim", highlight=False)

    def points(self, done: int, failed: int, total: int, left_s: float | None) -> None:
        now = time.monotonic()
        if now - self._refreshed < _REFRESH_S and done < total:
            return
        self._refreshed = now
        if self._bar is None:
            self._bar = self._new_bar(total)
        left = "" if left_s is None else f"{duration(left_s)} left"
        self._bar.update(
            self._bar.task_ids[0],
            completed=done,
            left=left,
            failed=f", {failed:,} failed" if failed else "",
            refresh=True,
        )

    def _new_bar(self, total: int) -> Bar:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        columns = BarColumn(), TextColumn("{task.completed:,} of {task.total:,} points{task.fields[failed]}")
        bar = Bar(
            *columns,
            TextColumn("{task.fields[left]}"),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        bar.add_task("sweep", total=total, left="", failed="")
        bar.start()
        return bar

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def duration(seconds: float) -> str:
    """A time in the two largest units: ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
