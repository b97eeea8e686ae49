"""What is measured: the networks, for how long, who else simulates them, and the rate that all must have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BRIAN2, NEST, NEST_PRECISE, NEURON = "Brian2 C++ (grid)", "NEST (grid)", "NEST (precise)", "NEURON (exact)"


@dataclass(frozen=True)
class Peer:
    """A script of another simulator that prints its figures as a line of JSON.

    module: what its Python must have.  timed_s, warm_s: biological seconds.  goal: how many times as fast eventsim, on
    as many threads, is meant to be.  reference_hz: its mean rate, where its grid makes it another than that of exact
    times.
    """

    name: str
    script: str
    arguments: tuple[str, ...] = ()
    goal: float | None = None
    timed_s: float = 1.0
    warm_s: float = 0.1
    threads: int = 1
    reference_hz: float | None = None

    @property
    def module(self) -> str:
        return {"brian": "brian2"}.get(self._kind, self._kind)

    @property
    def compiled(self) -> bool:
        """Whether the script makes a program, which can be kept and run again."""
        return self._kind == "brian"

    @property
    def _kind(self) -> str:
        return self.script.partition("_")[0]


@dataclass(frozen=True)
class Workload:
    """A network of the folder networks, simulated for `warm_ms` and then against the clock for `timed_ms`.

    reference_hz: the mean rate that exact simulators have; a time counts if the mean rate of its repeats, each with a
    seed of its own, is within `tolerance` (relative) of it.  thread_goal: how many times as fast two threads are meant
    to be as one, measured where it is given.  roofline_goal: the fraction of the C roofline's scatter rate that is
    meant to be reached.
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
    thread_goal: float | None = None
    roofline_goal: float | None = None

    @property
    def neurons(self) -> int:
        neurons: int = self.parameters["neurons"]
        return neurons

    @property
    def threads(self) -> tuple[int, ...]:
        return (1,) if self.thread_goal is None else (1, 2)

    def expected_hz(self, peer: Peer | None = None) -> float:
        """The mean rate that eventsim, or a peer, must have."""
        return self.reference_hz if peer is None or peer.reference_hz is None else peer.reference_hz


WORKLOADS = (
    Workload(
        "brunel_delta",
        "Brunel (2000), voltage jumps: 12,500 neurons, 1,250 synapses each",
        "networks.balanced:build",
        {"neurons": 12_500, "synapse": "delta"},
        timed_ms=1000.0,
        reference_hz=38.2,
        tolerance=0.05,  # the network's rate over 100 ms has a standard deviation of 4 % (measured)
        peers=(
            Peer(BRIAN2, "brian_brunel_delta.py", ("--mode", "cpp"), 2.5, 1.0, reference_hz=37.5),
            Peer(BRIAN2, "brian_brunel_delta.py", ("--mode", "cpp"), 2.5, 1.0, threads=2, reference_hz=37.5),
            Peer(NEST, "nest_brunel_delta.py", (), 15.0, 0.3, reference_hz=37.5),
            Peer(NEST_PRECISE, "nest_brunel_delta.py", ("--model", "iaf_psc_delta_ps"), 60.0, 0.1),
        ),
        thread_goal=1.8,
        roofline_goal=0.5,
    ),
    Workload(
        "brunel_exp",
        "Brunel (2000), exponential currents: 12,500 neurons, 1,250 synapses each",
        "networks.balanced:build",
        {"neurons": 12_500, "synapse": "exp"},
        timed_ms=1000.0,
        reference_hz=34.1,  # NEST's precise neurons over 300 ms, see results/reference/balanced.md
        tolerance=0.05,
        peers=(
            Peer(BRIAN2, "brian_brunel_exp.py", ("--mode", "cpp"), 2.0, 1.0, reference_hz=33.9),
            Peer(BRIAN2, "brian_brunel_exp.py", ("--mode", "cpp"), 2.5, 1.0, threads=2, reference_hz=33.9),
            Peer(NEST, "nest_brunel_exp.py", (), 20.0, 0.3, reference_hz=33.9),
            Peer(NEST_PRECISE, "nest_brunel_exp.py", ("--model", "iaf_psc_exp_ps_lossless"), 60.0, 0.1),
        ),
        thread_goal=1.8,
    ),
    Workload(
        "delays",
        "2,500 neurons, 1,250 synapses each, all delays different, 1 to 20 ms",
        "networks.balanced:build",
        {"neurons": 2500, "delay_distribution": "uniform", "delay_ms": 10.5, "delay_spread_ms": 9.5},
        timed_ms=1000.0,
        reference_hz=37.2,
        tolerance=0.05,
        peers=(
            Peer(BRIAN2, "brian_delays.py", ("--mode", "cpp"), 3.0, 1.0),
            Peer(NEST, "nest_delays.py", ("--model", "iaf_psc_delta"), 8.0, 0.5),
            Peer(NEST_PRECISE, "nest_delays.py", (), 30.0, 0.4),
        ),
    ),
    Workload(
        "cuba",
        "Brette et al. (2007) benchmark 2: 4,000 neurons, 80 synapses each, exponential currents",
        "networks.cuba:build",
        {"neurons": 4000},
        timed_ms=10_000.0,
        reference_hz=5.5,
        tolerance=0.06,
        peers=(
            Peer(BRIAN2, "brian_cuba.py", ("--mode", "cpp"), 1.5, 10.0),
            Peer(NEST, "nest_cuba.py", (), None, 2.0),
            Peer(NEST_PRECISE, "nest_cuba.py", ("--model", "iaf_psc_exp_ps"), 20.0, 2.0),
        ),
    ),
    Workload(
        "eventif",
        "Brette et al. (2007) benchmark 4: 4,000 neurons, 80 synapses each, voltage jumps",
        "networks.event_if:build",
        {"neurons": 4000},
        timed_ms=10_000.0,
        reference_hz=9.95,
        tolerance=0.03,
        peers=(
            Peer(BRIAN2, "brian_eventif.py", ("--mode", "cpp"), 1.5, 10.0),
            Peer(NEST, "nest_eventif.py", ("--model", "iaf_psc_delta"), None, 2.0),
            Peer(NEST_PRECISE, "nest_eventif.py", (), 20.0, 2.0),
            Peer(NEURON, "neuron_eventif.py", (), 50.0, 1.0),
        ),
    ),
)


@dataclass(frozen=True)
class Sizes:
    """Networks of a workload with other numbers of neurons, each for `timed_ms`."""

    workloads: tuple[str, ...] = ("brunel_delta", "brunel_exp")
    neurons: tuple[int, ...] = (2500, 12_500, 50_000)
    threads: tuple[int, ...] = (1, 2)
    timed_ms: float = 300.0


@dataclass(frozen=True)
class Events:
    """`networks.sparse` of each size, driven to each number of synaptic events in `timed_ms`."""

    neurons: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    events: tuple[float, ...] = (1e5, 1e6, 1e7, 1e8)
    outdegree: int = 100
    timed_ms: float = 1000.0


@dataclass(frozen=True)
class Silence:
    """`networks.sparse` without its drive, for each number of milliseconds."""

    neurons: int = 1_000_000
    outdegree: int = 10
    timed_ms: tuple[float, ...] = (1e3, 1e6)


@dataclass(frozen=True)
class Construction:
    """One projection by fixed in-degree; kinds: what is measured, by the name the worker knows it by."""

    neurons: int = 12_500
    indegree: int = 1250
    kinds: dict[str, str] = field(
        default_factory=lambda: {
            "common": "fixed in-degree, weight and delay common",
            "weight": "fixed in-degree, each synapse with its own weight",
            "own": "fixed in-degree, each synapse with its own weight and delay",
        }
    )


@dataclass(frozen=True)
class Microcircuit:
    """`networks.microcircuit`: built, and simulated for `timed_ms` after `warm_ms`."""

    scale: float = 1.0
    threads: int = 2
    warm_ms: float = 200.0
    timed_ms: float = 1000.0
