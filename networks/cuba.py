"""Excitatory and inhibitory neurons with exponential currents that keep each other going.

Benchmark 2 of R. Brette et al., Simulation of networks of spiking neurons, Journal of Computational Neuroscience 23,
349-398 (2007), after T. P. Vogels and L. F. Abbott, Journal of Neuroscience 25, 10786-10795 (2005), with the rest 1 mV
above the threshold in place of an input.
"""

from __future__ import annotations

from functools import partial

from eventsim.models import LIFExp
from eventsim.network import Network, PairwiseBernoulli, Uniform
from eventsim.scenario.experiment import Experiment
from networks.event_if import mean_rate

V_TH_MV, V_RESET_MV, E_L_MV = -50.0, -60.0, -49.0
TAU_M_MS, TAU_EXC_MS, TAU_INH_MS, T_REF_MS = 20.0, 5.0, 10.0, 5.0
C_M_PF = 200.0
EXC_MV, INH_MV = 1.62, -9.0  # what the current of one arrival would hold the membrane at
PA_PER_MV = C_M_PF / TAU_M_MS


def build(
    *,
    seed: int,
    neurons: int = 4000,
    p: float = 0.02,
    delay_ms: float = 0.1,
    transient_ms: float = 100.0,
) -> Experiment:
    """`neurons`, the first four fifths excitatory, every ordered pair connected with probability `p`, no input."""
    network = Network(seed)
    model = LIFExp(
        TAU_M_MS,
        C_M_PF,
        e_l=E_L_MV,
        v_th=V_TH_MV,
        v_reset=V_RESET_MV,
        t_ref=T_REF_MS,
        tau_syn_ex=TAU_EXC_MS,
        tau_syn_in=TAU_INH_MS,
        v_init=Uniform(V_RESET_MV, V_TH_MV),
    )
    cells = network.population("neurons", neurons, model)
    n_exc = neurons * 4 // 5
    rule = PairwiseBernoulli(p, autapses=False)
    network.connect(cells[:n_exc], cells, rule, EXC_MV * PA_PER_MV, delay_ms, name="excitation")
    network.connect(cells[n_exc:], cells, rule, INH_MV * PA_PER_MV, delay_ms, name="inhibition")
    return Experiment(network, measure=partial(mean_rate, transient_ms=transient_ms))
