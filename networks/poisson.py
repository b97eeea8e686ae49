"""Poisson sources and nothing else: how fast spikes are drawn and written, and how little memory that takes."""

from __future__ import annotations

from eventsim.network import Network, PoissonSpikes


def build(*, seed: int, sources: int = 1000, rate_hz: float = 100.0) -> Network:
    """`sources` independent Poisson sources of the same rate, all recorded."""
    network = Network(seed)
    network.source("poisson", PoissonSpikes(rate_hz), size=sources)
    network.record_spikes("poisson")
    return network
