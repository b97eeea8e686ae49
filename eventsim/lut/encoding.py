"""Intensities as latencies on the lattice, noise on them, and the generators behind every draw of these networks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsim.errors import InputError
from eventsim.kernels.random.streamkeys import stream_key
from eventsim.lut.lattice import snap


def generator(seed: int, kind: str, name: str) -> np.random.Generator:
    """Philox keyed by the seed and the purpose of the draws, so that no use of it shifts another."""
    if not 0 <= seed < 2**64:
        raise InputError("seed", seed, "must be from 0 to 2**64 - 1")
    key = np.array([seed, stream_key(kind, name)], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def intensity_to_latency(intensity: ArrayLike, span_ms: float) -> NDArray[np.float64]:
    """Latencies ``(1 - intensity) * span_ms`` on the lattice: the brighter spikes earlier; intensities from 0 to 1."""
    values = np.asarray(intensity, dtype=np.float64)
    outside = ~((values >= 0.0) & (values <= 1.0))
    if outside.any():
        first = int(np.argmax(outside))
        raise InputError("intensity", float(values.flat[first]), "must be from 0 to 1", first)
    if not 0.0 < span_ms < np.inf:
        raise InputError("span_ms", span_ms, "must be positive")
    return snap((1.0 - values) * span_ms)


def jittered(latencies_ms: NDArray[np.float64], sigma_ms: float, seed: int) -> NDArray[np.float64]:
    """Latencies with Gaussian noise of standard deviation ``sigma_ms``, on the lattice; early ones may be negative."""
    if not 0.0 <= sigma_ms < np.inf:
        raise InputError("sigma_ms", sigma_ms, "must not be negative")
    noise = generator(seed, "jitter", "latencies").standard_normal(latencies_ms.shape)
    return snap(latencies_ms + sigma_ms * noise)
