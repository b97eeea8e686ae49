"""Points on Dask: a cluster of this machine's cores, or the user's own by address."""

from __future__ import annotations

import asyncio
import logging
import queue
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from eventsim.recording.results import missing_extra
from eventsim.scenario.problems import ScenarioError
from eventsim.sweep.chunks import chunks
from eventsim.sweep.journal import line_of, row_of
from eventsim.sweep.point import Job, Point, run_points
from eventsim.sweep.signals import held_back

if TYPE_CHECKING:
    from distributed import Client, Future

#: How often a process that runs this point alone may die before the point is given up.
_LIVES = 2
_ANSWER_S = 20.0
_CONFIGURATION = {
    "distributed.scheduler.allowed-failures": 0,  # what a dead worker leaves undone is handed out here, point by point
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.comm.timeouts.connect": "30s",
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.pause": False,
    "distributed.admin.tick.limit": "1h",
    "distributed.worker.profile.enabled": False,
    # Dask looks at itself and its workers' memory 10 to 50 times a second, for 8 % of a core with two workers.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.memory.monitor-interval": "1s",
}


@contextmanager
def dask_client(workers: int, address: str | None) -> Iterator[Client]:
    """A client of the cluster at ``address``, or of ``workers`` processes started here and stopped in the end.

    Raises ``MissingDataError`` without Dask, ``ScenarioError`` if nothing answers at the address.
    """
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise missing_extra("distributed", "sweep") from None
    for name in ("distributed", "tornado"):  # what goes wrong is said in the table, or in one line
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(_CONFIGURATION))
        if address is not None:
            _refuse_silence(address)
            client = stack.enter_context(Client(address, timeout="20s", set_as_default=False))
        else:
            with held_back():
                cluster = stack.enter_context(_local_cluster(workers))
                client = stack.enter_context(Client(cluster, set_as_default=False))
        yield client


def _refuse_silence(address: str) -> None:
    """Raise ``ScenarioError`` if nothing answers at the address; a client would go on trying while the program ends."""
    from distributed.comm.core import connect

    async def knock() -> None:
        comm = await connect(address, timeout=_ANSWER_S)
        await comm.close()

    try:
        asyncio.run(knock())
    except (OSError, ValueError) as error:
        raise ScenarioError(f"--cluster {address}: no Dask scheduler answers ({error})") from None


def _local_cluster(workers: int) -> Any:
    from distributed import LocalCluster

    options = {"dashboard_address": None, "silence_logs": logging.CRITICAL, "host": "127.0.0.1"}
    for attempt in range(1, _LIVES + 1):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Port .* is already in use")  # another one is taken
            try:
                return LocalCluster(n_workers=workers, threads_per_worker=1, **options)
            except RuntimeError:  # a worker died while it started
                if attempt == _LIVES:
                    raise
    raise AssertionError(attempt)


def run_on(
    client: Client, job: Job, points: Sequence[Point], network_of: Callable[[Point], str], workers: int
) -> Iterator[str]:
    """The journal's lines of all points, as they are finished anywhere."""
    return _Run(client, job, workers).lines(points, network_of)


class _Run:
    """Tasks under way.  A worker sends each point's line at once, as an event: its death loses no finished point."""

    def __init__(self, client: Client, job: Job, workers: int) -> None:
        self._client, self._job, self._workers = client, job, workers
        self._inbox: queue.SimpleQueue[str | Future[Any]] = queue.SimpleQueue()
        self._under_way: dict[Future[Any], list[Point]] = {}
        self._missing: set[str] = set()
        self._deaths: dict[str, int] = {}

    def lines(self, points: Sequence[Point], network_of: Callable[[Point], str]) -> Iterator[str]:
        self._missing = {point.key for point in points}
        self._client.subscribe_topic(self._job.token, lambda event: self._inbox.put(event[1]))
        try:
            for portion in chunks(points, network_of, self._workers):
                self._submit(portion)
            while self._missing:
                arrived = self._inbox.get()
                yield from [arrived] if isinstance(arrived, str) and self._is_new(arrived) else ()
                if not isinstance(arrived, str):
                    yield from filter(self._is_new, self._ended(arrived))
        finally:
            self._client.cancel(list(self._under_way), force=True)
            self._client.unsubscribe_topic(self._job.token)

    def _submit(self, portion: list[Point]) -> None:
        future = self._client.submit(_task, self._job, portion, pure=False)
        self._under_way[future] = portion
        future.add_done_callback(self._inbox.put)

    def _ended(self, future: Future[Any]) -> Iterator[str]:
        """What a task returned, and new tasks for what it did not."""
        portion = self._under_way.pop(future)
        missing = [point for point in portion if point.key in self._missing]
        if not missing:
            return  # not even fetched: Dask would run a task again whose result died with its worker
        if future.status == "finished":
            yield from future.result()
            return
        error = future.exception()
        for point in missing:
            if len(portion) == 1:
                self._deaths[point.key] = self._deaths.get(point.key, 0) + 1
            if self._deaths.get(point.key, 0) < _LIVES:
                self._submit([point])
            else:
                yield line_of(point.key, {"error": _given_up(error)}, {})

    def _is_new(self, line: str) -> bool:
        key = row_of(line)[0]
        if key not in self._missing:
            return False
        self._missing.remove(key)
        return True


def _task(job: Job, portion: list[Point]) -> list[str]:
    from distributed import get_worker

    worker = get_worker()
    lines = []
    for line in run_points(job, portion):
        worker.log_event(job.token, line)
        lines.append(line)
    return lines


def _given_up(error: BaseException | None) -> str:
    if type(error).__name__ == "KilledWorker":
        return f"its process died {_LIVES} times"
    return f"{type(error).__name__}: {error}"
