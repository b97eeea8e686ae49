"""Neurons that fire once for every arrival of their drive: as many synaptic events as are asked for.

What a simulation costs can be told apart with it: by events, by neurons, and by simulated time.
"""

from __future__ import annotations

from eventsim.models import LIF
from eventsim.network import FixedOutdegree, Network

V_TH_MV = 15.0
DRIVE_MV, SYNAPSE_MV = (
    20.0,
    0.01,
)  # one arrival of the drive is a spike; what the synapses bring is far from one


def build(*, seed: int, neurons: int = 100_000, rate_hz: float = 1.0, outdegree: int = 100) -> Network:
    """`neurons`, each driven to `rate_hz` and with `outdegree` synapses of 1 ms; 0 Hz is silence.

    At 100 synapses and 100 Hz the synapses hold the membrane at 2 mV, a seventh of the threshold.
    """
    network = Network(seed)
    cells = network.population("cells", neurons, LIF(tau_m=20.0, v_th=V_TH_MV, v_reset=0.0))
    network.connect(cells, cells, FixedOutdegree(outdegree), SYNAPSE_MV, 1.0)
    if rate_hz:
        network.drive(cells, rate_hz, DRIVE_MV)
    return network
