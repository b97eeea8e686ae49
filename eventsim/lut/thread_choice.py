"""One thread or all of them: whichever lately took less time a step, where both give the same bits."""

from __future__ import annotations

TRIED_EVERY = 16
TRIAL_PART = 4


class ThreadChoice:
    """Threads pay where a step is long and the cores are free, and neither is known before; so it is tried.

    The first stretch of steps is for all threads and not timed, as it also compiles; then one thread and all of them
    take turns; then the faster goes on, and the other gets a part of every sixteenth stretch.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._seconds = {threads: 0.0, 1: 0.0}
        self._stretch = 0

    def next(self, steps: int) -> tuple[int, int]:
        """With how many threads to go on, and for how many of at most ``steps`` steps."""
        if self.threads == 1:
            return 1, steps
        fastest = min(self._seconds, key=lambda threads: self._seconds[threads])
        if self._stretch < 3:
            trial = 1 if self._stretch == 1 else self.threads
        elif self._stretch % TRIED_EVERY == 0:
            trial = self.threads if fastest == 1 else 1
        else:
            return fastest, steps
        return trial, max(1, steps // TRIAL_PART)

    def took(self, threads: int, seconds: float) -> None:
        """Learn how long a step of the last stretch took."""
        self._seconds[threads] = seconds
        self._stretch += 1
