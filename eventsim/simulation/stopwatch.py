"""Wall time with the compiler's part apart: kernels compile when they are first called, wherever that is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from numba.core.event import install_timer


@dataclass
class Stopwatch:
    """Seconds: `total_s`, of which `compile_s` were spent compiling."""

    total_s: float = 0.0
    compile_s: float = 0.0

    @property
    def rest_s(self) -> float:
        """Without compiling."""
        return self.total_s - self.compile_s

    @contextmanager
    def running(self) -> Iterator[Stopwatch]:
        """Add the time until the block is left, also by an exception."""
        started = time.perf_counter()
        try:
            with install_timer("numba:compile", self._compiled):
                yield self
        finally:
            self.total_s += time.perf_counter() - started

    def _compiled(self, seconds: float) -> None:
        self.compile_s += seconds
