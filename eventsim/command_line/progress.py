"""The bar of a long run on a terminal: simulated time, events a second, time left."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from eventsim.scenario.run import Progress, Reporter

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

QUIET_S = 1.0
REFRESH_S = 0.1


class TerminalReporter(Reporter):
    """A line for what is being done, on standard error, gone at the end; a bar once a run takes a second."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def stage(self, text: str) -> None:
        self._stop()
        self._console.print(f"{text} ...", style="dim", highlight=False)

    def simulating(self, duration_ms: float) -> Progress:
        started = refreshed = time.monotonic()
        task: TaskID | None = None

        def report(time_ms: float, spikes: int, synaptic_events: int) -> None:
            nonlocal task, refreshed
            now = time.monotonic()
            if task is None and now - started > QUIET_S:
                self._bar = self._new_bar()
                task = self._bar.add_task("simulating", total=duration_ms, rate="")
            if self._bar is None or task is None or now - refreshed < REFRESH_S:
                return
            refreshed = now
            rate = f"{synaptic_events / (now - started):,.3g} events/s"
            self._bar.update(task, completed=time_ms, rate=rate, refresh=True)

        return report

    def _new_bar(self) -> Bar:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            BarColumn(),
            TextColumn("{task.completed:,.1f} of {task.total:,.1f} ms"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        # Drawn from the simulation's own calls: no second thread beside the engine.
        bar = Bar(*columns, console=self._console, auto_refresh=False, transient=True)
        bar.start()
        return bar

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
