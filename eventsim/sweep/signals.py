"""Ctrl-C and SIGTERM while other processes work: these are stopped in order, and nothing but one line is said."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM, as KeyboardInterrupt is SIGINT."""


@contextmanager
def terminable() -> Iterator[None]:
    """Within, SIGTERM raises `Terminated`, once; in the main thread, and unless the program handles or ignores it.

    What it does otherwise, ending the process on the spot, leaves workers and semaphores to complain on the terminal.
    """
    if not _handled_by(signal.SIG_DFL):
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def held_back() -> Iterator[None]:
    """Within, Ctrl-C and, where it is `terminable`, SIGTERM wait for the end: processes half started cannot be stopped.

    Threads started within, and the processes that they start, never see Ctrl-C: a terminal sends it to all processes,
    which would each print what they were at.
    """
    resource_tracker.ensure_running()  # which would otherwise, when it is started, let interrupts in again
    arrived: list[int] = []
    terminable_here = _handled_by(_terminate)
    if terminable_here:
        signal.signal(signal.SIGTERM, lambda number, frame: arrived.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if terminable_here:
            signal.signal(signal.SIGTERM, _terminate)
    if arrived:
        _terminate(arrived[0], None)


def _handled_by(handler: object) -> bool:
    in_main = threading.current_thread() is threading.main_thread()
    return in_main and signal.getsignal(signal.SIGTERM) is handler


def _terminate(number: int, frame: FrameType | None) -> None:
    signal.signal(number, _once_is_enough)
    raise Terminated


def _once_is_enough(number: int, frame: FrameType | None) -> None:
    """Who ends a group of processes often tells its leader twice, which would cut the orderly end short.

    A handler and not SIG_IGN, which processes started from now on would inherit.
    """
