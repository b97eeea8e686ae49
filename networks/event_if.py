"""Integrate-and-fire neurons that fire by themselves and talk by voltage jumps.

Benchmark 4 of R. Brette et al., Simulation of networks of spiking neurons, Journal of Computational Neuroscience 23,
349-398 (2007), made for event-driven simulators; the rest lies 1 mV above the threshold.
"""

from __future__ import annotations

from functools import partial

from eventsim.models import LIF
from eventsim.network import Network, PairwiseBernoulli, Uniform
from eventsim.recording.results import Results
from eventsim.scenario.experiment import Experiment

V_TH_MV, V_RESET_MV, E_L_MV = -50.0, -60.0, -49.0
EXC_MV, INH_MV = 0.25, -2.25


def build(
    *,
    seed: int,
    neurons: int = 4000,
    p: float = 0.02,
    delay_ms: float = 0.125,
    transient_ms: float = 100.0,
) -> Experiment:
    """`neurons`, the first four fifths excitatory, every ordered pair connected with probability `p`, no input."""
    network = Network(seed)
    model = LIF(
        tau_m=20.0,
        e_l=E_L_MV,
        v_th=V_TH_MV,
        v_reset=V_RESET_MV,
        t_ref=5.0,
        v_init=Uniform(V_RESET_MV, V_TH_MV),
    )
    cells = network.population("neurons", neurons, model)
    n_exc = neurons * 4 // 5
    rule = PairwiseBernoulli(p, autapses=False)
    network.connect(cells[:n_exc], cells, rule, EXC_MV, delay_ms, name="excitation")
    network.connect(cells[n_exc:], cells, rule, INH_MV, delay_ms, name="inhibition")
    return Experiment(network, measure=partial(mean_rate, transient_ms=transient_ms))


def mean_rate(results: Results, transient_ms: float) -> dict[str, float | None]:
    """The mean rate (Hz) after the transient; None where there is no time after it."""
    window_ms = results.duration_ms - transient_ms
    raster = results.spikes("neurons", transient_ms)
    return {"mean_rate_hz": 1e3 * len(raster) / (raster.size * window_ms) if window_ms > 0.0 else None}
