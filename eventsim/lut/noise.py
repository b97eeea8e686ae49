"""Noise on volleys as they are emitted: jitter, lost spikes and a hardware tick, drawn by counter.

Each spike's draws are a function of (seed, stage, place in the array of volleys): of no other spike, and of no order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from eventsim.errors import InputError
from eventsim.lut.encoding import generator
from eventsim.lut.lattice import snap


@dataclass(frozen=True)
class VolleyNoise:
    """What happens to every spike between two stages.

    jitter_ms: standard deviation of Gaussian noise on its time.  lost: probability that it never arrives.  tick_ms:
    times are rounded up to multiples of it (0: they are not).
    """

    jitter_ms: float = 0.0
    lost: float = 0.0
    tick_ms: float = 0.0

    def __post_init__(self) -> None:
        for name in ("jitter_ms", "tick_ms"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise InputError(name, getattr(self, name), "must not be negative")
        if not 0.0 <= self.lost <= 1.0:
            raise InputError("lost", self.lost, "must be from 0 to 1")

    def on(self, latencies: NDArray[np.float64], seed: int, stage: int) -> NDArray[np.float64]:
        """The volleys that arrive where ``latencies`` were emitted; inf where a spike is missing.  On the lattice."""
        noisy = latencies
        if self.jitter_ms > 0.0:
            noisy = noisy + self.jitter_ms * ndtri(_uniform(latencies.shape, seed, "jitter", stage))
        if self.tick_ms > 0.0:
            noisy = np.ceil(noisy / self.tick_ms) * self.tick_ms
        if self.lost > 0.0:
            noisy = np.where(_uniform(latencies.shape, seed, "loss", stage) < self.lost, np.inf, noisy)
        return snap(noisy)


def _uniform(shape: tuple[int, ...], seed: int, kind: str, stage: int) -> NDArray[np.float64]:
    """Uniform in (0, 1), one word of the generator each."""
    words = generator(seed, kind, f"stage {stage}").bit_generator.random_raw(int(np.prod(shape)))
    uniform: NDArray[np.float64] = ((words >> np.uint64(12)).astype(np.float64) + 0.5).reshape(
        shape
    ) * 2.0**-52
    return uniform
