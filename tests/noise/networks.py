"""Small networks under noise, and what comes out of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import eventsim as es
from eventsim.models.lif import LIF
from eventsim.network import FixedIndegree, Network, Normal, OneToOne, PoissonSpikes, SpikeTrains
from eventsim.network.noise import Noise


def recurrent(
    delay: Any, *noise: Noise, on_cells: tuple[Noise, ...] = (), test: Any = "instant", seed: int = 3
) -> Network:
    """Poisson sources onto leaky neurons that excite and inhibit each other; noise on both projections.

    The threshold lies off the grid of all weights.
    """
    network = Network(seed)
    sources = network.source("sources", PoissonSpikes(300.0), 10)
    cells = network.population("cells", 30, LIF(v_th=1.0371, t_ref=0.5, test=test))
    forward = network.connect(sources, cells, FixedIndegree(3), weight=0.6, delay=delay)
    back = network.connect(cells, cells, FixedIndegree(4), weight=Normal(0.2, 0.3), delay=delay)
    for projection in (forward, back):
        network.set_noise(projection, *noise)
    network.set_noise(cells, *on_cells)
    return network


def relayed(
    trains: list[NDArray[np.float64]], *noise: Noise, delay: float = 50.0, seed: int = 5, name: str = "wire"
) -> list[NDArray[np.float64]]:
    """When the spikes of each source arrive, in order, told by neurons that fire at every arrival."""
    network = Network(seed)
    sources = network.source("sources", SpikeTrains(trains))
    ends = network.population("ends", len(trains), LIF(v_th=0.5))
    wire = network.connect(sources, ends, OneToOne(), weight=1.0, delay=delay, name=name)
    network.set_noise(wire, *noise)
    raster = es.simulate(network, max(train[-1] for train in trains) + 100.0, "queue").spikes("ends")
    return [raster.of(i) for i in range(len(trains))]
