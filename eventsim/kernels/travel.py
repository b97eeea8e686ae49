"""When the spikes of a noisy projection arrive: settled at emission, by the same function in every engine."""

import math

from numba import int64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import f8, u2, u4
from eventsim.kernels.noise import drifted, jitter, ticked, unit


@inner
def arrival_time(travel, emitted, source, number, k, end, which):
    """When spike ``number`` of a source, emitted at ``emitted``, arrives over synapse ``k``; inf if it is lost.

    travel: a TRAVEL.  end: 1 + target, which: the synapse's number among those with the same source and target; they
    are those of any synapse of the row where all are reached alike.
    """
    if travel.lost > 0.0:
        own = travel.lost_each
        if unit(travel.seed, travel.lost_key, source, number, own * end, own * which) < travel.lost:
            return math.inf
    t = emitted + drifted(f8(travel.delays)[k * travel.delay_stride], travel.drift_per_ms, emitted)
    if travel.jitter_scale > 0.0:
        own = travel.jitter_each
        u = unit(travel.seed, travel.jitter_key, source, number, own * end, own * which)
        t += jitter(travel.jitter_shape, travel.jitter_scale, u)
    if travel.tick > 0.0:
        t = ticked(t, travel.tick, travel.rounding)
    return max(emitted, t)


@inner
def next_way(travel, link, base, first, last, k, which):
    """The synapses from ``k`` on of the row ``first`` to ``last - 1`` that a spike reaches together.

    base: the first target of the tile, where rows are cut.  Returns their end, 1 + target of the first, and its number
    among those with the same target, ``which`` being that of the synapse before.
    """
    if travel.each == 0:
        return last, 0, 0
    target = _target(link, k)
    which = which + 1 if k > first and _target(link, k - 1) == target else 0
    return k + 1, 1 + base + target, which


@inlined
def _target(link, k):
    return int64(u2(link.targets)[k]) if link.short_targets != 0 else int64(u4(link.targets)[k])
