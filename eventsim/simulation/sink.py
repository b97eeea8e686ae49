"""What an engine hands its results to; the engine does not know what becomes of them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Sink(Protocol):
    """Receives a run's results in the order of time; the arrays are its own to keep."""

    def spikes(self, times: NDArray[np.float64], ids: NDArray[np.uint32]) -> None:
        """A chunk of recorded spikes: times (n,) in ms, global ids (n,), in order of emission."""

    def states(self, recorder_number: int, times: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        """Samples of one recorder: times (k,) in ms, values (k, n)."""


class NoSink:
    """Keeps nothing."""

    def spikes(self, times: NDArray[np.float64], ids: NDArray[np.uint32]) -> None:
        """Drop a chunk of spikes."""

    def states(self, recorder_number: int, times: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        """Drop samples."""
