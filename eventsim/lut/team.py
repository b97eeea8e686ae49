"""Threads that run one kernel together, the caller's being the first of them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from eventsim.kernels.lut.transformer import Team, team_of


def work_together(work: Callable[[Team], None], threads: int) -> None:
    """Call ``work`` once a thread.  An interrupt is raised when all are back, since none can finish without the
    others."""
    if threads == 1:
        work(team_of(0, 1))
        return
    cores = _cores()

    def apart(thread: int) -> None:
        if cores:
            _move(cores, thread)
        work(team_of(thread, threads))

    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(apart, thread) for thread in range(1, threads)]
        work(team_of(0, threads))
    for other in others:
        other.result()


def _cores() -> list[int]:
    """The cores that this thread may use, the one that it is on first; empty where the system does not say."""
    if not hasattr(os, "sched_setaffinity"):
        return []
    allowed = sorted(os.sched_getaffinity(0))
    here = ctypes.CDLL(None).sched_getcpu()
    first = allowed.index(here) if here in allowed else 0
    return allowed[first:] + allowed[:first]


def _move(cores: list[int], thread: int) -> None:
    """Put this thread on a core of its own, from where the system may move it.

    Where all cores are at work, a system may start a thread on its creator's: the two then take turns on one core.
    """
    os.sched_setaffinity(0, {cores[thread % len(cores)]})
    os.sched_setaffinity(0, cores)
