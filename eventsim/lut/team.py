"""Threads that run one kernel together, the caller's being the first of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from eventsim.kernels.lut_transformer import Team


def work_together(work: Callable[[Team], None], threads: int) -> None:
    """Call ``work`` once a thread.  An interrupt is raised when all are back, since none can finish without the
    others."""
    if threads == 1:
        work(Team(0, 1))
        return
    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(work, Team(thread, threads)) for thread in range(1, threads)]
        work(Team(0, threads))
    for other in others:
        other.result()
