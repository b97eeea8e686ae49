"""Brunel's network: sparsely connected excitatory and inhibitory neurons under a noisy drive.

N. Brunel, Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, Journal of
Computational Neuroscience 8, 183-208 (2000): model A, in the asynchronous irregular state at g = 5, eta = 2.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

import numpy as np

from eventsim.errors import InputError
from eventsim.models import LIF, LIFExp
from eventsim.network import Exponential, FixedIndegree, Network, TruncatedNormal, Uniform
from eventsim.network.distributions import Value
from eventsim.plots.statistics import coefficient_of_variation
from eventsim.recording.results import Results
from eventsim.scenario.experiment import Experiment

THETA_MV, V_RESET_MV, TAU_M_MS, T_REF_MS = 20.0, 10.0, 20.0, 2.0
C_M_PF = 250.0
EXC_FRACTION = 0.8
BIN_MS = 2.0

Synapse = Literal["delta", "exp"]
DelayDistribution = Literal["constant", "uniform", "normal", "exponential"]


def build(
    *,
    seed: int,
    neurons: int = 12_500,
    synapse: Synapse = "delta",
    g: float = 5.0,
    eta: float = 2.0,
    jump_mv: float = 0.1,
    exc_indegree: int = 1000,
    inh_indegree: int = 250,
    delay_ms: float = 1.5,
    delay_distribution: DelayDistribution = "constant",
    delay_spread_ms: float = 0.0,
    tau_syn_ms: float = 2.0,
    transient_ms: float = 100.0,
) -> Experiment:
    """`neurons` leaky integrate-and-fire neurons, the first four fifths of them excitatory.

    Every neuron has `exc_indegree` excitatory synapses of `jump_mv` and `inh_indegree` inhibitory ones of
    -g `jump_mv`, their sources drawn with repetition, and a Poisson drive of `jump_mv` at eta times the rate that
    holds its mean at the threshold, theta / (jump_mv tau_m): 20 kHz.  V starts uniform in [0, theta).

    synapse: ``"delta"``, jumps of V; ``"exp"``, currents that decay with `tau_syn_ms` and bring the same charge.
    delay_distribution: ``"constant"``, or with mean `delay_ms`: ``"uniform"`` within +- `delay_spread_ms`,
        ``"normal"`` of that standard deviation and cut off at 0 and 2 `delay_ms`, or ``"exponential"`` of that
        standard deviation above `delay_ms` - `delay_spread_ms`.
    transient_ms: what the metrics leave out at the beginning.
    """
    network = Network(seed)
    if synapse not in ("delta", "exp"):
        raise InputError("synapse", synapse, "'delta' or 'exp' is needed")
    if not jump_mv > 0.0:
        raise InputError("jump_mv", jump_mv, "must be above 0")
    if not tau_syn_ms > 0.0:
        raise InputError("tau_syn_ms", tau_syn_ms, "must be above 0")
    cells = network.population("neurons", neurons, _model(synapse, tau_syn_ms))
    weight = jump_mv if synapse == "delta" else jump_mv * C_M_PF / tau_syn_ms
    n_exc = _n_exc(neurons)
    delay = _delay(delay_distribution, delay_ms, delay_spread_ms)
    network.connect(cells[:n_exc], cells, FixedIndegree(exc_indegree), weight, delay, name="excitation")
    network.connect(cells[n_exc:], cells, FixedIndegree(inh_indegree), -g * weight, delay, name="inhibition")
    network.drive(cells, 1e3 * eta * THETA_MV / (jump_mv * TAU_M_MS), weight)
    return Experiment(network, measure=partial(activity, transient_ms=transient_ms))


def activity(results: Results, transient_ms: float) -> dict[str, float | None]:
    """Metrics after the transient; None where there is nothing to measure.

    mean_rate_hz and that of either kind; cv_isi, the neurons' mean coefficient of variation of inter-spike intervals
    (1 for Poisson neurons); fano, variance over mean of the network's spike counts in bins of 2 ms (1 for
    independent Poisson neurons, larger with synchrony).
    """
    window_ms = results.duration_ms - transient_ms
    if not window_ms > 0.0:
        return dict.fromkeys(("mean_rate_hz", "rate_exc_hz", "rate_inh_hz", "cv_isi", "fano"))
    raster = results.spikes("neurons", transient_ms)
    rates = 1e3 * raster.counts() / window_ms
    n_exc = _n_exc(raster.size)
    bins = max(1, int(window_ms / BIN_MS))
    in_bin, _ = np.histogram(raster.times, bins, (transient_ms, transient_ms + bins * BIN_MS))
    return {
        "mean_rate_hz": float(rates.mean()),
        "rate_exc_hz": float(rates[:n_exc].mean()),
        "rate_inh_hz": float(rates[n_exc:].mean()),
        "cv_isi": _known(coefficient_of_variation(*raster.intervals())),
        "fano": float(in_bin.var() / in_bin.mean()) if in_bin.any() else None,
    }


def _n_exc(neurons: int) -> int:
    n_exc = round(EXC_FRACTION * neurons)
    if not 0 < n_exc < neurons:
        raise InputError("neurons", neurons, "at least one of each kind is needed")
    return n_exc


def _model(synapse: Synapse, tau_syn_ms: float) -> LIF | LIFExp:
    v_init = Uniform(0.0, THETA_MV)
    if synapse == "delta":
        return LIF(TAU_M_MS, C_M_PF, v_th=THETA_MV, v_reset=V_RESET_MV, t_ref=T_REF_MS, v_init=v_init)
    return LIFExp(
        TAU_M_MS,
        C_M_PF,
        v_th=THETA_MV,
        v_reset=V_RESET_MV,
        t_ref=T_REF_MS,
        tau_syn_ex=tau_syn_ms,
        tau_syn_in=tau_syn_ms,
        v_init=v_init,
    )


def _delay(distribution: DelayDistribution, mean_ms: float, spread_ms: float) -> Value:
    if distribution == "constant":
        if spread_ms != 0.0:
            raise InputError("delay_spread_ms", spread_ms, "a constant delay has none")
        return mean_ms
    if distribution == "normal":
        return TruncatedNormal(mean_ms, spread_ms, 0.0, 2.0 * mean_ms)
    if not 0.0 <= spread_ms <= mean_ms:
        raise InputError("delay_spread_ms", spread_ms, f"must be from 0 to the mean, {mean_ms:g}")
    if distribution == "uniform":
        return Uniform(mean_ms - spread_ms, mean_ms + spread_ms)
    if distribution == "exponential":
        return Exponential(spread_ms, mean_ms - spread_ms)
    raise InputError("delay_distribution", distribution, "constant, uniform, normal or exponential is needed")


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
