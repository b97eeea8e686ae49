"""Networks for the tests of streams."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.network.model import Model
from eventsim.network.network import Network


class Neuron(Model):
    """Something that takes input."""

    takes_current = True


def neurons(size: int, seed: int = 1) -> Network:
    """A network of one population "n"."""
    network = Network(seed=seed)
    network.population("n", size, Neuron())
    return network


def read(stream: Any, cuts: list[float], begin: float = -math.inf) -> list[NDArray[Any]]:
    """All columns of the slices that begin at `begin` and end at the cuts, joined."""
    parts = []
    for t0, t1 in pairwise([begin, *cuts]):
        parts.append([np.array(column) for column in stream.slice(t0, t1)])
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]
