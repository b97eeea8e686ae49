"""Ctrl-C, never lost: Python drops an exception raised within a finaliser or a weak reference's callback."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interruption:
    """While it is entered, the first interrupt is raised at the next `check` or on leaving, a second one at once.

    Only Python's own way of handling SIGINT is replaced, and only in the main thread: a program that has its own, or
    ignores the signal, keeps that.
    """

    def __init__(self) -> None:
        self._noticed = False
        self._replaced = False

    def __enter__(self) -> Interruption:
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._notice)
            self._replaced = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._replaced:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raise KeyboardInterrupt if one has come."""
        if self._noticed:
            raise KeyboardInterrupt

    def _notice(self, number: int, frame: FrameType | None) -> None:
        if self._noticed:
            raise KeyboardInterrupt
        self._noticed = True
