"""A sweep from its scenario to its table: started, interrupted, gone on with."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventsim.files import write_whole
from eventsim.scenario.builder import check_parameters, find_builder
from eventsim.scenario.files import prepare_directory
from eventsim.scenario.load import load_scenario, parse_overrides
from eventsim.scenario.problems import ScenarioError
from eventsim.scenario.run import DEFAULT_FOLDER, Interrupted
from eventsim.sweep import manifest as folder_of
from eventsim.sweep.axes import axes_from_table, axis_from_text
from eventsim.sweep.journal import Journal, Row, read_journal, row_of
from eventsim.sweep.manifest import Manifest
from eventsim.sweep.plan import make_plan
from eventsim.sweep.point import Job, Point, build_key, document_of, experiment_key, point_key, run_points
from eventsim.sweep.read import header
from eventsim.sweep.signals import Terminated, stoppable
from eventsim.sweep.table import Table, make_table

if TYPE_CHECKING:
    from eventsim.scenario.schema import Scenario


class SweepReporter:
    """Told how a sweep gets on; this one keeps it to itself."""

    def stage(self, text: str) -> None:
        """Something that may take a while begins."""

    def points(self, done: int, failed: int, total: int, left_s: float | None) -> None:
        """So many points are done, of which ``failed`` are errors; ``left_s`` (s) more will take about as long."""


@dataclass(frozen=True)
class SweepOutcome:
    """What a sweep left: its table, and the files written."""

    table: Table
    folder: Path
    files: tuple[Path, ...]


def run_sweep(
    path: str | os.PathLike[str],
    vary: Sequence[str] = (),
    overrides: Sequence[str] | Mapping[str, Any] = (),
    folder: str | os.PathLike[str] | None = None,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    force: bool = False,
    parquet: bool = False,
    reporter: SweepReporter | None = None,
) -> SweepOutcome:
    """Run the scenario in the file ``path`` at every point and write the table into ``folder``.

    vary: ``"KEY=VALUES"`` texts, besides what the scenario's ``[sweep]`` says.  overrides: as for `run_scenario`, also
    of ``sweep.samples`` and the like.  folder: ``results/NAME-sweep`` by default; a sweep that was interrupted there
    goes on.  workers: processes, by default one a core; 0 runs the points in this one, without Dask.  cluster: the
    address of a Dask scheduler to run them on instead.  force: go on in a folder of another sweep, keeping the
    points that this one has too.  parquet: write the table also in that format.

    Raises ``ScenarioError`` for a mistake in the scenario or what is varied, ``Interrupted`` when the user stops it
    by Ctrl-C or SIGTERM.
    """
    path, reporter = Path(path).absolute(), reporter or SweepReporter()
    if parquet:
        from eventsim.sweep.table_files import need_parquet

        need_parquet()  # before hours of simulation, not after
    changes = parse_overrides(overrides)
    scenario = load_scenario(path, changes)
    plan = make_plan(_axes(scenario, vary, path), scenario.sweep)
    document = scenario.model_dump(mode="json", exclude_unset=True) | {"name": scenario.name}
    builder = find_builder(scenario.builder, path)
    full = {**document, "sweep": scenario.sweep.model_dump(mode="json")}
    manifest = folder_of.make_manifest(full, plan, builder, scenario.sweep.rasters)
    target = Path(DEFAULT_FOLDER / f"{scenario.name}-sweep" if folder is None else folder)
    if not force:
        folder_of.refuse_another(target, manifest)
    prepare_directory(target)
    job = Job(
        {key: value for key, value in document.items() if key != "sweep"},
        str(path),
        str((target / folder_of.RASTERS).absolute()) if scenario.sweep.rasters else None,
        f"eventsim-{uuid.uuid4().hex}",
    )
    settings = plan.points()
    points = _points(job, settings, manifest, scenario.sweep.rasters)
    _refuse_if_all_are_wrong(job, points)

    with Journal(target / folder_of.JOURNAL) as journal:
        folder_of.write_manifest(target, manifest)
        if force:
            journal.keep(point.key for point in points)
        rows = read_journal(journal.path)
        missing = _missing(points, rows)
        if missing:
            (target / folder_of.TABLE).unlink(missing_ok=True)
            with _said_in_one_line(target, rows, points) as check:
                _run(
                    job, missing, rows, journal, _Workers(workers, cluster, scenario.threads), reporter, check
                )
    found = [rows[point.key] for point in points]
    table = make_table(settings, found, scenario.seed, header(manifest))
    return SweepOutcome(table, target, (target / folder_of.TABLE, *_write(table, target, parquet)))


@dataclass(frozen=True)
class _Workers:
    """Where points run."""

    number: int | None
    cluster: str | None
    threads: int

    @contextmanager
    def runner(
        self, job: Job, points: int
    ) -> Iterator[Callable[[list[Point], Callable[[Point], str]], Iterator[str]]]:
        if self.number == 0 and self.cluster is None:
            yield lambda missing, network_of: run_points(job, sorted(missing, key=network_of))
            return
        from eventsim.sweep.cluster import dask_client, run_on

        wanted = min(self.number or max(1, cores() // self.threads), points)
        with dask_client(wanted, self.cluster) as client:
            there = len(client.scheduler_info(n_workers=-1)["workers"]) if self.cluster else wanted
            yield lambda missing, network_of: run_on(client, job, missing, network_of, max(1, there))


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _axes(scenario: Scenario, vary: Sequence[str], path: Path) -> dict[str, Any]:
    axes = axes_from_table(scenario.sweep.vary, str(path))
    given = [axis_from_text(text) for text in vary]
    return axes | {axis.key: axis for axis in given}


def _points(
    job: Job, settings: Sequence[Mapping[str, Any]], manifest: Manifest, rasters: bool
) -> list[Point]:
    sources = folder_of.sources_digest(manifest)
    return [
        Point(point_key(document_of(job.document, each), sources, rasters), dict(each)) for each in settings
    ]


def _missing(points: Sequence[Point], rows: Mapping[str, Row]) -> list[Point]:
    """The points that have no row yet, each of a key once."""
    return list({point.key: point for point in points if point.key not in rows}.values())


def _refuse_if_all_are_wrong(job: Job, points: Sequence[Point]) -> None:
    """Raise the first point's ``ScenarioError`` if no point's settings can be used: a key is wrong, not a value."""
    from eventsim.scenario.load import check_document

    first: ScenarioError | None = None
    for point in points:
        try:
            path = Path(job.path)
            scenario = check_document(document_of(job.document, point.settings), path, point.settings)
            check_parameters(find_builder(scenario.builder, path), scenario, job.path, point.settings)
        except ScenarioError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise ScenarioError(str(first).replace("--set", "--vary"))


def _run(
    job: Job,
    missing: list[Point],
    rows: dict[str, Row],
    journal: Journal,
    workers: _Workers,
    reporter: SweepReporter,
    check: Callable[[], None],
) -> None:
    """Run what is missing, into ``rows`` and the journal."""
    networks = {point.key: build_key(document_of(job.document, point.settings)) for point in missing}
    often = Counter(networks.values())
    first_of = {network: place for place, network in reversed(list(enumerate(networks.values())))}
    missing = sorted(missing, key=lambda point: first_of[networks[point.key]])
    missing = [point._replace(shares=often[networks[point.key]] > 1) for point in missing]
    before, total = len(rows), len(rows) + len(missing)
    failed = sum(bool(row.get("error")) for row in rows.values())
    if job.rasters is not None:
        Path(job.rasters).mkdir(exist_ok=True)
    reporter.stage(f"starting {len(missing):,} points")
    with workers.runner(job, len(missing)) as run:
        first: float | None = None
        reporter.points(before, failed, total, None)
        for line in run(missing, lambda point: experiment_key(networks[point.key])):
            journal.append(line)
            key, row = row_of(line)
            rows[key] = row
            failed += bool(row.get("error"))
            first = first or time.monotonic()  # when compiling and loading are behind
            more = len(rows) - before - 1
            left_s = (time.monotonic() - first) / more * (total - len(rows)) if more else None
            reporter.points(len(rows), failed, total, left_s)
            check()


@contextmanager
def _said_in_one_line(
    folder: Path, rows: Mapping[str, Row], points: Sequence[Point]
) -> Iterator[Callable[[], None]]:
    try:
        with stoppable() as check:
            yield check
    except KeyboardInterrupt as stopped:
        total = len({point.key for point in points})
        done = f"{len(rows):,} of {total:,} points are done"
        terminated = isinstance(stopped, Terminated)
        raise Interrupted(
            f"{'terminated' if terminated else 'interrupted'}: {done} and kept in {folder}; the same command goes on",
            signal.SIGTERM if terminated else signal.SIGINT,
        ) from None


def _write(table: Table, folder: Path, parquet: bool) -> list[Path]:
    from eventsim.sweep.table_files import write_hdf5, write_parquet

    write_whole(folder / folder_of.TABLE, lambda path: write_hdf5(table, path))
    if not parquet:
        return []
    write_whole(folder / folder_of.PARQUET, lambda path: write_parquet(table, path))
    return [folder / folder_of.PARQUET]
