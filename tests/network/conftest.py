"""A network that uses every part of the description."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from eventsim import network as es

sys.path.insert(0, str(Path(__file__).parent))

from cells import Cell


def make_everything(seed: int = 2**64 - 1) -> es.Network:
    network = es.Network(seed)
    exc = network.population("exc", 20, Cell(tau_ms=np.linspace(1, 2, 20), table={"a": 1.0, "b": (1, 2)}))
    inh = network.population("inh é", 10, Cell(threshold=es.TruncatedNormal(1.0, 0.1), test="arrival"))
    trains = network.source("trains", es.SpikeTrains([[0.1, 0.2], [], [0.15]]))
    network.source("regular", es.RegularSpikes(rate_hz=[10.0, 20.0], stop_ms=100.0))
    noise = network.source("noise", es.PoissonSpikes(es.PiecewiseRate([0, 10], [5.0, 0.0])), size=20)
    network.connect(exc, inh, es.FixedIndegree(3, autapses=False), weight=es.Normal(0.1, 0.01))
    network.connect(exc, inh, es.FixedIndegree(3), delay=es.Uniform(0.1, 1 / 3), receptor=1)
    network.connect(exc[::-1], exc[[3, 1, 2]], es.AllToAll(), weight=np.random.default_rng(0).random((20, 3)))
    network.connect(
        trains, inh[2:8:2], es.FromMatrix(scipy.sparse.csc_matrix(np.eye(3))), delay=[1.0, 2.0, 0.1]
    )
    network.connect(noise, exc, es.OneToOne(), name="feed")
    network.connect(inh, exc, es.Explicit([0, 1], [5, 6], multapses=False), weight=[-1.0, -2.0])
    network.connect(inh, exc, es.FixedTotalNumber(7, multapses=False))
    network.connect(inh, exc, es.PairwiseBernoulli(0.5))
    network.connect(inh, exc, es.FixedOutdegree(2), weight=es.Lognormal(0, 1), delay=es.Exponential(1.0, 0.5))
    network.drive(exc, es.PiecewiseRate([1.0], [1e3]), 0.1, receptor=2)
    network.current(exc[:2], [0.0, 5.0], [[1.0, 2.0], [3.0, 4.0]])
    network.drive(inh[5:], np.linspace(0.0, 2e3, inh[5:].size), 0.2)
    network.record_spikes("trains")
    network.record_spikes(inh, record=False)
    network.record_state(exc[[1]], "v", np.arange(5.0))
    return network


@pytest.fixture
def everything() -> es.Network:
    return make_everything()
