"""Ctrl-C and SIGTERM while other processes work: these are stopped in order, and nothing but one line is said."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM, as KeyboardInterrupt is SIGINT."""


class _Stops:
    """The signals that have arrived, and whether they wait for the end of `held_back`."""

    def __init__(self) -> None:
        self.arrived: list[int] = []
        self.held = False

    def notice(self, number: int, frame: FrameType | None) -> None:
        # Who ends a group of processes often tells its leader twice, which would cut the orderly end short.
        again = number == signal.SIGTERM and number in self.arrived
        self.arrived.append(number)
        if not (self.held or again):
            self.check()

    def check(self) -> None:
        if self.arrived:
            raise Terminated if self.arrived[0] == signal.SIGTERM else KeyboardInterrupt


_STOPS = _Stops()


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Within, Ctrl-C raises KeyboardInterrupt and SIGTERM, once, `Terminated`; yields a function that does so again.

    It is to be called now and then: Python drops an exception that is raised within a finaliser.  In the main thread
    alone, and only for the signals that the program neither handles nor ignores.  SIGTERM's own way, ending the process
    on the spot, leaves workers and semaphores to complain on the terminal.
    """
    _STOPS.arrived.clear()
    ways = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    in_main = threading.current_thread() is threading.main_thread()
    replaced = {number: way for number, way in ways.items() if in_main and signal.getsignal(number) is way}
    for number in replaced:
        signal.signal(number, _STOPS.notice)
    try:
        yield _STOPS.check
    finally:
        for number, way in replaced.items():
            signal.signal(number, way)


@contextmanager
def held_back() -> Iterator[None]:
    """Within, Ctrl-C and what is `stoppable` wait for the end: processes half started cannot be stopped.

    Threads started within, and the processes that they start, never see Ctrl-C: a terminal sends it to all processes,
    which would each print what they were at.
    """
    resource_tracker.ensure_running()  # which would otherwise, when it is started, let interrupts in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _STOPS.held = True
    try:
        yield
    finally:
        _STOPS.held = False
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    _STOPS.check()
