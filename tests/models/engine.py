"""A run of the queue engine, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventsim.network import Network
from eventsim.simulation.queue_engine import QueueEngine


def run(network: Network, duration: float) -> tuple[NDArray[np.float64], NDArray[np.uint32], QueueEngine]:
    """Times and global ids of the spikes up to and including `duration`, and the engine."""
    engine = QueueEngine(network)
    got: list[tuple[NDArray[np.float64], NDArray[np.uint32]]] = []
    engine.run_until(duration, lambda times, ids: got.append((times, ids)), lambda _time: None)
    times = np.concatenate([np.zeros(0), *(chunk[0] for chunk in got)])
    ids = np.concatenate([np.zeros(0, np.uint32), *(chunk[1] for chunk in got)])
    return times, ids, engine
