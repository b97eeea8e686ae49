"""What noise does to one spike, synapse or neuron: pure functions of uniform numbers, and where these come from.

The stream (key0, key1) is the seed of noise and the name of what the noise is on, with the kind of noise (`STREAMS`);
the element is the neuron or, where a draw belongs to it for the whole run, the synapse by its number in the connection
rule; the number is that of the neuron's spike.  A draw is the first word of the Philox block with the counter (number,
element, 0, 0), or (number, element, 1 + target, which of the synapses between these two) where each arrival has its
own: it depends on nothing else that is drawn, and on no place in memory.
"""

import math

from numba import uint64

from eventsim.kernels.jit import inner, kernel
from eventsim.kernels.random.philox import philox_block, to_unit
from eventsim.kernels.random.quantiles import normal_quantile

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
def unit(key0, key1, element, number, end, which):
    """The uniform number in (0, 1) of a draw.  end: 1 + target of a single arrival, 0 where one draw serves all."""
    return to_unit(philox_block(key0, key1, number, element, end, which)[0])


@inner
def jitter(shape, scale, u):
    """By how much an arrival is moved (ms); see `network.noise.SpikeJitter`."""
    if shape == NORMAL:
        return scale * normal_quantile(u)
    if shape == UNIFORM:
        return scale * (2.0 * u - 1.0)
    return -scale * math.log(u)


@inner
def drifted(delay, drift_per_ms, t):
    """The delay (ms) of a spike emitted at t (ms)."""
    return delay * max(0.0, 1.0 + drift_per_ms * t)


@inner
def delay_factor(std, u):
    """A synapse's factor of its delay: lognormal of mean 1."""
    variance = math.log1p(std * std)
    return math.exp(math.sqrt(variance) * normal_quantile(u) - 0.5 * variance)


@inner
def weight_factor(std, u):
    """A synapse's factor of its weight: normal of mean 1."""
    return 1.0 + std * normal_quantile(u)


@inner
def quantised(weight, bits, largest):
    """The level nearest to a weight; see `network.noise.WeightQuantisation`."""
    levels = float((uint64(1) << uint64(bits - 1)) - uint64(1))
    step = largest / levels
    return step * max(-levels, min(levels, _round_even(weight / step)))


@inner
def threshold_shift(std, u):
    """By how much a threshold is moved."""
    return std * normal_quantile(u)


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
def _round_even(x):
    n = math.floor(x)
    rest = x - n
    if rest > 0.5 or (rest == 0.5 and n % 2.0 == 1.0):
        return n + 1.0
    return float(n)


# --- what is settled when a network is built: elements number first, first + 1, ...


@kernel
def fill_units(key0, key1, first, out):
    """Their uniform numbers."""
    for i in range(out.size):
        out[i] = unit(key0, key1, first + uint64(i), 0, 0, 0)


@kernel
def mismatch_weights(std, key0, key1, first, weights):
    """Weights times factors of their own."""
    for i in range(weights.size):
        weights[i] *= weight_factor(std, unit(key0, key1, first + uint64(i), 0, 0, 0))


@kernel
def mismatch_delays(std, key0, key1, first, delays):
    """Delays times factors of their own."""
    for i in range(delays.size):
        delays[i] *= delay_factor(std, unit(key0, key1, first + uint64(i), 0, 0, 0))


@kernel
def quantise(bits, largest, weights):
    """Weights rounded to their levels."""
    for i in range(weights.size):
        weights[i] = quantised(weights[i], bits, largest)


@kernel
def shift_thresholds(std, key0, key1, out):
    """The shifts of the neurons 0, 1, ... before their first spike."""
    for i in range(out.size):
        out[i] = threshold_shift(std, unit(key0, key1, i, 0, 0, 0))
