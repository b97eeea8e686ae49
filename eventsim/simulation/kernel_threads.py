"""Threads that run one kernel together, the caller's being the first of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from eventsim.kernels.memory import address
from eventsim.kernels.windows.layout import new


class KernelThreads:
    """They wait for one another within the kernel (`eventsim.kernels.barrier`), so all must come or none."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._arrivals = new(np.dtype(np.int64))
        self._pool = ThreadPoolExecutor(max(1, threads - 1))  # starts a thread when it is needed

    @property
    def meeting(self) -> int:
        """Where the threads meet: an address."""
        return address(self._arrivals)

    def run(self, kernel: Callable[[int, int], object], give_up: Callable[[], None]) -> None:
        """Call the kernel on every thread, with the thread's number and `meeting`.

        An exception from outside, a signal's, leaves no thread waiting: if not all have begun, those that have are
        told to ``give_up`` and the others sent after them.
        """
        met = int(self._arrivals[0])
        others = []
        try:
            for thread in range(1, self.threads):
                others.append(self._pool.submit(kernel, thread, self.meeting))
            kernel(0, self.meeting)
        except BaseException:
            if self.threads > 1 and int(self._arrivals[0]) == met:  # before it has met the others
                give_up()
                for thread in range(1 + len(others), self.threads):
                    others.append(self._pool.submit(kernel, thread, self.meeting))
                kernel(0, self.meeting)
            raise
        for other in others:
            other.result()
