"""Spikes of all source populations of a network, in order of (time, global id)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from eventsim.build.streams.generators import (
    FloatArray,
    Generator,
    LabelArray,
    TrainGenerator,
    VolleyGenerator,
)
from eventsim.build.streams.merged import MergedEvents
from eventsim.build.streams.poisson import PoissonGenerator, PoissonGroup, RateFunction, rate_function
from eventsim.errors import InputError
from eventsim.kernels.noise import STREAMS
from eventsim.kernels.random.streamkeys import stream_key
from eventsim.kernels.random.streams import Volleys
from eventsim.network.inputs import PoissonSpikes, RegularSpikes, SpikeTrains
from eventsim.network.network import Network
from eventsim.network.noise import SpuriousSpikes
from eventsim.network.population import Population


class SpikeStream(MergedEvents):
    """Spike trains, regular and Poisson sources of a network, and the spurious spikes of noise, of neurons too.

    ``slice(t0, t1)`` gives (times float64 ms, ids uint32), both (n,): the spikes in t0 < t <= t1 in order of
    (time, id), with global ids.  The slices follow one another, the first begins at -inf; where they are cut changes
    nothing.  The arrays are read-only and valid until the next slice.  A Poisson source draws from the stream
    ("poisson", name of its population), so that no other input changes its spikes.
    """

    def __init__(self, network: Network) -> None:
        """Raises InputError for a source population of a kind that makes no spikes here."""
        sources = [population for population in network.populations.values() if population.is_source]
        spurious = [each for each in map(partial(_spurious, network), network.populations.values()) if each]
        noise = [PoissonGenerator(network.noise_seed, spurious, "spurious")] if spurious else []
        super().__init__([*_generators(network.seed, sources), *noise])


def _spurious(network: Network, population: Population) -> PoissonGroup | None:
    """The spurious spikes of a population, if it has any."""
    noise = network.noise_on(population).get(SpuriousSpikes)
    if not isinstance(noise, SpuriousSpikes):
        return None
    key = stream_key(STREAMS["SpuriousSpikes"], population.name)
    return _group(population, key, rate_function(noise.rate_hz))


def _generators(seed: int, sources: list[Population]) -> list[Generator]:
    groups: list[PoissonGroup] = []
    volleys: list[Volleys] = []
    trains: list[tuple[FloatArray, LabelArray]] = []
    for population in sources:
        model: Any = population.model
        if isinstance(model, PoissonSpikes):
            groups.append(_poisson_group(population, model))
        elif isinstance(model, RegularSpikes):
            volleys.append(_volleys(population, model))
        elif isinstance(model, SpikeTrains):
            trains.append((model.times, model.ids + np.uint32(population.first)))
        else:
            raise InputError(
                population.name, type(model).__name__, "no stream is known for this kind of source"
            )
    generators: list[Generator] = []
    if groups:
        generators.append(PoissonGenerator(seed, groups))
    if volleys:
        generators.append(VolleyGenerator(volleys))
    if trains:
        times, labels = zip(*trains, strict=True)
        generators.append(TrainGenerator(np.concatenate(times), np.concatenate(labels)))
    return generators


def _poisson_group(population: Population, model: PoissonSpikes) -> PoissonGroup:
    rate = rate_function(model.rate_hz, model.start_ms, model.stop_ms)
    return _group(population, stream_key("poisson", population.name), rate)


def _group(population: Population, key: int, rate: RateFunction) -> PoissonGroup:
    elements = np.arange(population.size, dtype=np.uint32)
    return PoissonGroup(key, elements, elements + np.uint32(population.first), rate)


def _volleys(population: Population, model: RegularSpikes) -> Volleys:
    """One volley of all sources where they share their times, one for each source otherwise."""
    common = np.ndim(model.interval_ms) == 0 and np.ndim(model.start_ms) == 0
    rows = 1 if common else population.size
    return Volleys(
        start=np.broadcast_to(np.asarray(model.start_ms, np.float64), rows),
        interval=np.broadcast_to(np.asarray(model.interval_ms, np.float64), rows),
        stop=np.full(rows, model.stop_ms),
        first_label=population.first + np.arange(rows, dtype=np.uint32),
        size=np.full(rows, population.size if common else 1, np.int64),
        number=np.zeros(rows, np.int64),
    )
