"""The same network as dense matrix products, SpikeLM's formula in both readings, and NeuroBench's metrics.

NeuroBench (Yik et al., arXiv 2304.04640): footprint in bytes; connection and activation sparsity; synaptic operations
of a sample as Effective_MACs (inputs other than -1, 0, 1), Effective_ACs and Dense; membrane updates.  A sample is the
whole run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eventsim.errors import InputError
from eventsim.hardware.counts import Counts, steps_of
from eventsim.hardware.mapping import neuron_mask
from eventsim.hardware.reach import is_tables
from eventsim.hardware.run import Run

MAC_PJ, AC_PJ, SRAM_READ_PJ = 4.6, 0.9, 5.0
"""45 nm, FP32: a multiplication and an addition, an addition (Horowitz 2014); one 32-bit read of a small SRAM."""


def synaptic_operations(weights: ArrayLike, inputs: ArrayLike) -> dict[str, int]:
    """Effective and dense operations of y = W x; weights (n_out, n_in), inputs (n_in,) or (samples, n_in), summed.

    Effective_ACs of samples that hold only -1, 0 and 1, else Effective_MACs; both leave out zero weights and inputs.
    """
    w, x = np.asarray(weights), np.atleast_2d(np.asarray(inputs))
    if w.ndim != 2 or x.shape[1] != w.shape[1]:
        raise InputError("inputs", x.shape, f"the weights are {w.shape}")
    effective = (x != 0).astype(np.int64) @ (w != 0).sum(axis=0)
    binary = np.isin(x, (-1, 0, 1)).all(axis=1)
    return {
        "Effective_MACs": int(effective[~binary].sum()),
        "Effective_ACs": int(effective[binary].sum()),
        "Dense": int(w.size * x.shape[0]),
    }


def transformer_macs(sequence: int, width: int, layers: int) -> int:
    """Multiply-accumulates of an encoder: 12 width^2 a token for the projections and the feed-forward part, and
    2 sequence width a token for attention, in each layer (BERT-base: width 768, 12 layers)."""
    return layers * (12 * width**2 * sequence + 2 * sequence**2 * width)


@dataclass(frozen=True)
class SpikeLM:
    """Energy of a spiking network of so many multiply-accumulates as SpikeLM counts it: MACs x 0.9 pJ x steps x rate.

    Its stated rate of firing is that of the first reading; the published energies are met only by the second.
    """

    macs: int
    steps: int
    rate: float

    @property
    def dense_joules(self) -> float:
        """Of the network that does not spike: 4.6 pJ a multiply-accumulate."""
        return self.macs * MAC_PJ * 1e-12

    @property
    def additions_joules(self) -> float:
        """First reading, the paper's: every spike costs an addition at each synapse, nothing else."""
        return self.macs * AC_PJ * 1e-12 * self.steps * self.rate

    @property
    def with_memory_joules(self) -> float:
        """Second reading: each of these additions also reads its weight from SRAM, 5 pJ."""
        return self.macs * (AC_PJ + SRAM_READ_PJ) * 1e-12 * self.steps * self.rate

    def rate_for(self, joules: float) -> float:
        """The rate that a stated energy implies in the first reading."""
        return joules / (self.macs * AC_PJ * 1e-12 * self.steps)


def dense_connections(run: Run) -> int:
    """Pairs that the projections' matrices would have, stored or not: MACs of one dense pass through the network."""
    pairs = 0
    for projection in run.network.projections.values():
        if not is_tables(projection):
            pairs += projection.source.size * projection.target.size
    return pairs


def neurobench(run: Run, counts: Counts, tick_ms: float) -> dict[str, Any]:
    """NeuroBench's metrics of a run, its time steps of `tick_ms`; look-up tables score no operations there."""
    network, chip = run.network, counts.placed.chip
    steps = steps_of(run.duration_ms, tick_ms)
    stored = int(counts.placed.reach.synapses.sum())
    dense, neurons = dense_connections(run), neuron_mask(network)
    fired = int(run.spike_counts.sum())
    table_adds = int(counts.per_core["lut_adds"].sum())
    updates = int(
        (counts.per_core["neuron_updates_active"] + counts.per_core["neuron_updates_inactive"]).sum()
    )
    footprint = int(counts.placed.layout.bits.sum()) + int(neurons.sum()) * chip.memory.state_bits
    return {
        "footprint": footprint / 8,
        "connection_sparsity": 1.0 - stored / dense if dense else 0.0,
        "activation_sparsity": 1.0 - fired / (network.size * steps),
        "synaptic_operations": {
            "Effective_MACs": 0,
            "Effective_ACs": int(counts.per_core["synaptic_events"].sum()) - table_adds,
            "Dense": dense * steps,
        },
        "membrane_updates": updates,
    }


def as_dense_products(run: Run, passes: int | None, tick_ms: float, weight_bits: int) -> Mapping[str, Any]:
    """The network as matrix products: one for each projection, `passes` times (by default once a time step)."""
    macs = dense_connections(run)
    passes = steps_of(run.duration_ms, tick_ms) if passes is None else passes
    spikes_a_pass = run.spike_counts.sum() / max(run.network.size * passes, 1)
    spiking = SpikeLM(macs, passes, float(spikes_a_pass))
    return {
        "macs_a_pass": macs,
        "passes": passes,
        "weight_bytes": macs * weight_bits / 8,
        "dense_joules": macs * passes * MAC_PJ * 1e-12,
        "dense_with_memory_joules": macs * passes * (MAC_PJ + SRAM_READ_PJ) * 1e-12,
        "spikelm_rate": float(spikes_a_pass),
        "spikelm_additions_joules": spiking.additions_joules,
        "spikelm_with_memory_joules": spiking.with_memory_joules,
    }
