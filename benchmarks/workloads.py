"""What is measured: the networks, for how long, who else simulates them, and the rate that all must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Peer:
    """A script of another simulator that prints its figures as a line of JSON.

    module: what its Python must have.  timed_s, warm_s: biological seconds.
    """

    name: str
    module: str
    script: str
    arguments: tuple[str, ...] = ()
    timed_s: float = 1.0
    warm_s: float = 0.1


@dataclass(frozen=True)
class Workload:
    """A network of the folder networks, simulated for `warm_ms` and then against the clock for `timed_ms`.

    reference_hz: the mean rate that exact simulators have; a time counts if the mean rate of its repeats, each with a
    seed of its own, is within `tolerance` (relative) of it.
    """

    name: str
    title: str
    builder: str
    parameters: dict[str, Any]
    timed_ms: float
    reference_hz: float
    tolerance: float
    warm_ms: float = 100.0
    peers: tuple[Peer, ...] = ()

    @property
    def neurons(self) -> int:
        neurons: int = self.parameters["neurons"]
        return neurons


WORKLOADS = (
    Workload(
        "eventif",
        "Brette et al. (2007) benchmark 4: 4,000 neurons, 80 synapses each",
        "networks.event_if:build",
        {"neurons": 4000},
        timed_ms=1000.0,
        reference_hz=9.95,
        tolerance=0.03,
        peers=(
            Peer("NEURON (exact)", "neuron", "neuron_eventif.py"),
            Peer("NEST (precise)", "nest", "nest_eventif.py"),
        ),
    ),
    Workload(
        "delays",
        "2,500 neurons, 1,250 synapses each, all delays different, 1 to 20 ms",
        "networks.balanced:build",
        {"neurons": 2500, "delay_distribution": "uniform", "delay_ms": 10.5, "delay_spread_ms": 9.5},
        timed_ms=500.0,
        reference_hz=37.2,
        tolerance=0.05,  # two standard deviations of a 500 ms mean on either side of the comparison
    ),
    Workload(
        "balanced_delta",
        "Brunel (2000), voltage jumps: 12,500 neurons, 1,250 synapses each",
        "networks.balanced:build",
        {"neurons": 12_500, "synapse": "delta"},
        timed_ms=300.0,
        reference_hz=38.2,
        tolerance=0.04,  # the network's rate over 100 ms has a standard deviation of 4 % (measured)
        peers=(Peer("NEST (precise)", "nest", "nest_brunel_delta.py", ("--model", "iaf_psc_delta_ps"), 0.1),),
    ),
    Workload(
        "balanced_exp",
        "Brunel (2000), exponential currents: 12,500 neurons, 1,250 synapses each",
        "networks.balanced:build",
        {"neurons": 12_500, "synapse": "exp"},
        timed_ms=300.0,
        reference_hz=34.1,  # NEST's precise neurons over 300 ms, see results/reference/balanced.md
        tolerance=0.04,
        peers=(
            Peer("NEST (precise)", "nest", "nest_brunel_exp.py", ("--model", "iaf_psc_exp_ps_lossless"), 0.1),
        ),
    ),
)

CONSTRUCTIONS = {
    "common": "fixed in-degree, weight and delay common",
    "own": "fixed in-degree, each synapse with its own weight and delay",
}
"""What building is measured on, by the name the worker knows it by."""
