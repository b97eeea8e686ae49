"""Noise that is settled when a network is built, and what the kernels are told of the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels import layout
from eventsim.kernels import noise as kernels
from eventsim.kernels.memory import address
from eventsim.kernels.random.quantiles import normal_quantile
from eventsim.kernels.random.streamkeys import stream_key
from eventsim.network.description import FloatArray
from eventsim.network.distributions import Distribution
from eventsim.network.network import Network
from eventsim.network.noise import (
    ClockTick,
    DeadNeurons,
    DelayMismatch,
    LostSpikes,
    Noise,
    SpikeJitter,
    StuckSynapses,
    ThresholdNoise,
    WeightMismatch,
    WeightQuantisation,
)
from eventsim.network.population import Population
from eventsim.network.projection import Projection

_SHAPES = {"normal": kernels.NORMAL, "uniform": kernels.UNIFORM, "exponential": kernels.EXPONENTIAL}
_ROUNDINGS = {"even": kernels.NEAREST_EVEN, "up": kernels.NEAREST_UP}
_NO_DELAY = np.zeros(1)


def keys(network: Network, kind: type[Noise], name: str) -> tuple[np.uint64, np.uint64]:
    """The stream of a kind of noise on the population or projection of this name."""
    return np.uint64(network.noise_seed), np.uint64(stream_key(kernels.STREAMS[kind.__name__], name))


# --- synapses


class Change(NamedTuple):
    """``of(first, values)`` changes the values number first, first + 1, ... in place.

    of_each: whether values that were the same then differ.
    """

    of: Callable[[int, FloatArray], None]
    of_each: bool


def weight_changes(network: Network, projection: Projection) -> list[Change]:
    """What noise makes of the weights of a projection."""
    noise = network.noise_on(projection)
    changes = []
    mismatch, quantisation = noise.get(WeightMismatch), noise.get(WeightQuantisation)
    if isinstance(mismatch, WeightMismatch):
        stream = keys(network, WeightMismatch, projection.name)
        changes.append(Change(partial(_mismatch_weights, mismatch.std, stream), True))
    if isinstance(quantisation, WeightQuantisation):
        changes.append(Change(partial(_quantise, quantisation), False))
    stuck = noise.get(StuckSynapses)
    if isinstance(stuck, StuckSynapses):
        changes.append(Change(partial(_stick, stuck, keys(network, StuckSynapses, projection.name)), True))
    return changes


def delay_changes(network: Network, projection: Projection) -> list[Change]:
    """What noise makes of the delays of a projection, for the whole run."""
    mismatch = network.noise_on(projection).get(DelayMismatch)
    if not isinstance(mismatch, DelayMismatch) or mismatch.std == 0.0:
        return []
    stream = keys(network, DelayMismatch, projection.name)
    return [Change(partial(_mismatch_delays, mismatch.std, stream), True)]


def _mismatch_weights(std: float, stream: tuple[Any, Any], first: int, weights: FloatArray) -> None:
    kernels.mismatch_weights(std, *stream, np.uint64(first), weights)


def _mismatch_delays(std: float, stream: tuple[Any, Any], first: int, delays: FloatArray) -> None:
    kernels.mismatch_delays(std, *stream, np.uint64(first), delays)


def _quantise(quantisation: WeightQuantisation, first: int, weights: FloatArray) -> None:
    kernels.quantise(quantisation.bits, quantisation.largest, weights)


def _stick(stuck: StuckSynapses, stream: tuple[Any, Any], first: int, weights: FloatArray) -> None:
    units = np.empty_like(weights)
    kernels.fill_units(*stream, np.uint64(first), units)
    weights[units < stuck.probability] = stuck.weight


# --- spikes on their way


def is_retimed(network: Network, projection: Projection) -> bool:
    """Whether the arrivals of a spike are not simply its emission and the synapses' delays."""
    noise = network.noise_on(projection)
    drifts = getattr(noise.get(DelayMismatch), "drift_per_s", 0.0) != 0.0
    return drifts or SpikeJitter in noise or ClockTick in noise or _each(noise.get(LostSpikes))


def is_scattered(network: Network, projection: Projection) -> bool:
    """Whether the synapses of a row are then reached at times that do not follow each other: rows are by target."""
    noise = network.noise_on(projection)
    own_delays = not isinstance(projection.delay, int | float) or bool(delay_changes(network, projection))
    own_draws = _each(noise.get(SpikeJitter)) or _each(noise.get(LostSpikes))
    return is_retimed(network, projection) and (own_delays or own_draws)


def travel(network: Network, projection: Projection, delays: FloatArray) -> NDArray[Any] | None:
    """The TRAVEL of a projection with these delays, (1,); None where no noise acts on its spikes."""
    noise = network.noise_on(projection)
    retimed = is_retimed(network, projection)
    if not retimed and LostSpikes not in noise:
        return None
    record = np.zeros(1, layout.TRAVEL)
    record["seed"] = network.noise_seed
    record["each"] = is_scattered(network, projection)
    own = delays if retimed else _NO_DELAY
    record["delays"], record["delay_stride"] = address(own), int(own.size > 1)
    for each in noise.values():
        match each:
            case SpikeJitter(scale, shape, per):
                record["jitter_key"] = keys(network, SpikeJitter, projection.name)[1]
                record["jitter_scale"], record["jitter_shape"] = scale, _SHAPES[shape]
                record["jitter_each"] = per == "synapse"
            case LostSpikes(probability, per):
                record["lost_key"] = keys(network, LostSpikes, projection.name)[1]
                record["lost"], record["lost_each"] = probability, per == "synapse"
            case DelayMismatch(_, drift_per_s):
                record["drift_per_ms"] = drift_per_s * 1e-3
            case ClockTick(tick, rounding, ties):
                record["tick"] = tick
                record["rounding"] = kernels.FLOOR if rounding == "floor" else _ROUNDINGS[ties]
    return record


def most_advanced(network: Network, projection: Projection) -> tuple[float, str]:
    """By how much (ms) noise may let a spike arrive before emission + delay at most, and what does it."""
    advance, why = 0.0, []
    for each in network.noise_on(projection).values():
        match each:
            case SpikeJitter(scale, shape, _) if shape != "exponential":
                advance += scale * (_most_normal() if shape == "normal" else 1.0)
                why.append("jitter")
            case ClockTick(tick, rounding, _):
                advance += tick if rounding == "floor" else 0.5 * tick
                why.append("a clock")
            case DelayMismatch(_, drift_per_s) if drift_per_s < 0.0:
                advance = math.inf
                why.append("a drift that makes delays shorter and shorter")
    return advance, " and ".join(why)


def _each(noise: Noise | None) -> bool:
    return getattr(noise, "per", "spike") == "synapse"


# --- neurons


def dead(network: Network) -> NDArray[np.uint8]:
    """(n_ids,): 1 for neurons and sources from which no spike comes."""
    result = np.zeros(network.size, np.uint8)
    for population in network.populations.values():
        noise = network.noise_on(population).get(DeadNeurons)
        if isinstance(noise, DeadNeurons):
            units = np.empty(population.size)
            kernels.fill_units(*keys(network, DeadNeurons, population.name), np.uint64(0), units)
            result[population.first : population.first + population.size] = units < noise.probability
    return result


def with_first_thresholds(
    network: Network, population: Population, values: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """The parameters of a population's neurons with the thresholds that noise gives them until their first spike."""
    noise, name = _threshold(network, population)
    if noise is None:
        return dict(values)
    shifts = np.empty(population.size)
    kernels.shift_thresholds(noise.std, *keys(network, ThresholdNoise, population.name), shifts)
    return {**values, name: values[name] + shifts}


def moving_thresholds(
    network: Network, population: Population, values: Mapping[str, FloatArray]
) -> NDArray[Any]:
    """THRESHOLD records (size,) of a population; std 0 where its thresholds do not move."""
    records = np.zeros(population.size, layout.THRESHOLD)
    noise, name = _threshold(network, population)
    if noise is not None and noise.per_spike:
        records["mean"], records["std"] = values[name], noise.std
        records["key0"], records["key1"] = keys(network, ThresholdNoise, population.name)
        records["neuron"] = np.arange(population.size)
    return records


def highest_thresholds(
    network: Network, population: Population, values: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """The parameters with the highest thresholds that may come: what a model scales its numbers by must hold for all."""
    noise, name = _threshold(network, population)
    if noise is None:
        return dict(values)
    return {**values, name: values[name] + _most_normal() * noise.std}


def _threshold(network: Network, population: Population) -> tuple[ThresholdNoise | None, str]:
    """The noise on a population's thresholds, and the parameter's name."""
    noise = network.noise_on(population).get(ThresholdNoise)
    name: str = getattr(population.model, "threshold", None) or ""
    return noise if isinstance(noise, ThresholdNoise) else None, name


def _most_normal() -> float:
    """No normal draw is further from the mean, in standard deviations: uniform numbers have 52 bits and a half."""
    return -float(normal_quantile(2.0**-53))
