"""Arrivals copied into rows, so that what they add is worked out in loops that a compiler makes four at a time.

Where synapses have delays of their own, a window takes a few from each of thousands of rows; the exponential of each
arrival's time costs more than all the rest, unless several are made at once.
"""

from numba import int64, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import f8, record_at, u2, u4
from eventsim.kernels.neuron import weight_at
from eventsim.kernels.shared import reallocated
from eventsim.kernels.tile_traffic import AHEAD, ask_for_arrivals
from eventsim.kernels.window_layout import BATCH, DELIVERY

AT_ONCE = 256
"""Arrivals of a batch whose terms are worked out before they are added: so few that they stay in the nearest cache."""


@inlined
def reserve(batch, room):
    """Let a batch have room for more."""
    batch.room = room
    batch.times = reallocated(batch.times, 8 * room)
    batch.weights = reallocated(batch.weights, 8 * room)
    batch.neurons = reallocated(batch.neurons, 4 * room)
    batch.terms = reallocated(batch.terms, 16 * AT_ONCE)


@inlined
def has_own(link):
    """Whether the synapses of a projection have values of their own, so that each arrival counts for itself."""
    return link.delay_stride != 0 or link.weight_stride != 0


@inlined
def ask_ahead(tile, wiring, k, own):
    """Ask for the arrivals of delivery ``k``, if there is one, over a projection with values of its own, or without."""
    if k < tile.n_deliveries:
        delivery = record_at(tile.deliveries, k, DELIVERY)
        link = record_at(wiring.links, delivery.link, LINK)
        if has_own(link) == own:
            ask_for_arrivals(link, delivery.first, delivery.end)


@inner
def _copy_delivery(batch, link, delivery):
    """All arrivals of a spike, whose weights are of one sign."""
    targets, delays, stride = u2(link.targets), f8(link.delays), link.delay_stride
    n = delivery.end - delivery.first
    times = f8(batch.times + uint64(8 * batch.n))
    weights = f8(batch.weights + uint64(8 * batch.n))
    neurons = u4(batch.neurons + uint64(4 * batch.n))
    first, emitted = delivery.first, delivery.emitted
    if link.weight_stride == 0:
        weight = f8(link.weights)[0]
        for k in range(n):
            weights[k] = weight
    else:
        for k in range(n):
            weights[k] = weight_at(link.weights, link.single, int64(1), first + k)
    for k in range(n):
        times[k] = emitted + delays[(first + k) * stride]
        neurons[k] = targets[first + k]
    batch.n += n


@inner
def _copy_by_sign(tile, link, delivery):
    """All arrivals of a spike, each to the batch of its sign."""
    for k in range(delivery.first, delivery.end):
        weight = weight_at(link.weights, link.single, link.weight_stride, k)
        batch = record_at(tile.batches, 0 if weight > 0.0 else 1, BATCH)
        f8(batch.times)[batch.n] = delivery.emitted + f8(link.delays)[k * link.delay_stride]
        f8(batch.weights)[batch.n] = weight
        u4(batch.neurons)[batch.n] = u2(link.targets)[k]
        batch.n += 1


@inner
def fill_batches(tile, wiring, signs):
    """Excitation and inhibition of this window over synapses with values of their own."""
    for sign in range(2):
        record_at(tile.batches, sign, BATCH).n = 0
    for k in range(tile.n_deliveries):
        ask_ahead(tile, wiring, k + AHEAD, True)
        delivery = record_at(tile.deliveries, k, DELIVERY)
        link = record_at(wiring.links, delivery.link, LINK)
        if not has_own(link):
            continue
        for sign in range(2):
            batch = record_at(tile.batches, sign, BATCH)
            if batch.n + delivery.end - delivery.first > batch.room:
                reserve(batch, 2 * (batch.n + delivery.end - delivery.first))
        sign = signs[delivery.link]
        if sign == 0:
            _copy_by_sign(tile, link, delivery)
        else:
            _copy_delivery(record_at(tile.batches, 0 if sign > 0 else 1, BATCH), link, delivery)
