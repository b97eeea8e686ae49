"""What noise does to one spike, synapse or neuron: pure functions of a stream, an element and a number.

The stream (key0, key1) is the network's seed and the name of what the noise is on, with the kind of noise (`STREAMS`);
the element is the neuron or the synapse, the number that of the neuron's spike.  A draw is the first word of the Philox
block with the counter (number, element, 0, 0): it depends on nothing else that is drawn.
"""

import math

from numba import uint64

from eventsim.kernels.jit import inner
from eventsim.kernels.philox import philox_block, to_unit
from eventsim.kernels.quantiles import normal_quantile

NORMAL, UNIFORM, EXPONENTIAL = 0, 1, 2
FLOOR, NEAREST_EVEN, NEAREST_UP = 0, 1, 2

STREAMS = {
    "SpikeJitter": "jitter",
    "LostSpikes": "lost spikes",
    "SpuriousSpikes": "spurious spikes",
    "DelayMismatch": "delay mismatch",
    "WeightMismatch": "weight mismatch",
    "ThresholdNoise": "threshold noise",
    "DeadNeurons": "dead neurons",
    "StuckSynapses": "stuck synapses",
}
"""The kind of the stream of each noise that draws, as `streamkeys.stream_key` takes it."""


@inner
def unit(key0, key1, element, number):
    """The uniform number in (0, 1) of an element's draw."""
    return to_unit(philox_block(key0, key1, number, element, 0, 0)[0])


@inner
def happens(probability, key0, key1, element, number):
    """Whether what has this probability happens: a spike lost, a neuron dead, a synapse stuck."""
    return unit(key0, key1, element, number) < probability


@inner
def jitter(shape, scale, key0, key1, element, number):
    """By how much an arrival is moved (ms); see `network.noise.SpikeJitter`."""
    u = unit(key0, key1, element, number)
    if shape == NORMAL:
        return scale * normal_quantile(u)
    if shape == UNIFORM:
        return scale * (2.0 * u - 1.0)
    return -scale * math.log(u)


@inner
def arrival(emitted, delay, moved):
    """When a spike arrives: never before it was emitted."""
    return max(emitted, emitted + delay + moved)


@inner
def delay_factor(std, key0, key1, synapse):
    """A synapse's factor of its delay: lognormal of mean 1."""
    variance = math.log1p(std * std)
    return math.exp(math.sqrt(variance) * normal_quantile(unit(key0, key1, synapse, 0)) - 0.5 * variance)


@inner
def drifted(delay, factor, drift_per_s, t):
    """A delay (ms) at the time t (ms) of the spike."""
    return max(0.0, delay * (factor + drift_per_s * t * 1e-3))


@inner
def weight_factor(std, key0, key1, synapse):
    """A synapse's factor of its weight: normal of mean 1."""
    return 1.0 + std * normal_quantile(unit(key0, key1, synapse, 0))


@inner
def quantised(weight, bits, largest):
    """The level nearest to a weight; see `network.noise.WeightQuantisation`."""
    levels = float((uint64(1) << uint64(bits - 1)) - uint64(1))
    step = largest / levels
    return step * max(-levels, min(levels, _round_even(weight / step)))


@inner
def threshold_shift(std, key0, key1, neuron, number):
    """By how much a neuron's threshold is moved until its spike `number`."""
    return std * normal_quantile(unit(key0, key1, neuron, number))


@inner
def ticked(t, tick, rounding):
    """A time rounded to a multiple n of the tick, n * tick as float64 has it: times on the clock stay as they are."""
    n = math.floor(t / tick)
    if (n + 1.0) * tick <= t:  # the quotient was rounded down
        n += 1.0
    elif n * tick > t:  # or up
        n -= 1.0
    if rounding == FLOOR:
        return n * tick
    below, above = t - n * tick, (n + 1.0) * tick - t
    if above < below or (above == below and (rounding == NEAREST_UP or n % 2.0 == 1.0)):
        n += 1.0
    return n * tick


@inner
def spurious_interval(rate_per_ms, key0, key1, neuron, number):
    """The time (ms) from a neuron's spurious spike `number` - 1, or from 0, to spike `number`: exponential."""
    return -math.log(unit(key0, key1, neuron, number)) / rate_per_ms


@inner
def _round_even(x):
    n = math.floor(x)
    rest = x - n
    if rest > 0.5 or (rest == 0.5 and n % 2.0 == 1.0):
        return n + 1.0
    return float(n)
