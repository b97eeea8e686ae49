"""Arrivals copied into rows, so that what they add is worked out in loops that a compiler makes four at a time.

Where synapses have delays of their own, a window takes a few from each of thousands of rows; the exponential of each
arrival's time costs more than all the rest, unless several are made at once.
"""

from numba import int64, uint32, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import f8, record_at, u4
from eventsim.kernels.neuron import weight_at
from eventsim.kernels.shared import reallocated
from eventsim.kernels.tile_traffic import AHEAD, ask_for_delivery
from eventsim.kernels.window_layout import BATCH, DELIVERY


@inlined
def reserve(batch, room):
    """Let a batch have room for more."""
    batch.room = room
    batch.times = reallocated(batch.times, 8 * room)
    batch.weights = reallocated(batch.weights, 8 * room)
    batch.neurons = reallocated(batch.neurons, 4 * room)
    batch.terms = reallocated(batch.terms, 16 * room)


@inlined
def has_own(link):
    """Whether the synapses of a projection have values of their own, so that each arrival counts for itself."""
    return link.delay_stride != 0 or link.weight_stride != 0


@inner
def _copy_delivery(batch, link, delivery, first_neuron):
    """All arrivals of a spike, whose weights are of one sign."""
    targets, delays, stride = u4(link.targets), f8(link.delays), link.delay_stride
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
        neurons[k] = targets[first + k] - first_neuron
    batch.n += n


@inner
def _copy_by_sign(tile, link, delivery):
    """All arrivals of a spike, each to the batch of its sign."""
    for k in range(delivery.first, delivery.end):
        weight = weight_at(link.weights, link.single, link.weight_stride, k)
        batch = record_at(tile.batches, 0 if weight > 0.0 else 1, BATCH)
        f8(batch.times)[batch.n] = delivery.emitted + f8(link.delays)[k * link.delay_stride]
        f8(batch.weights)[batch.n] = weight
        u4(batch.neurons)[batch.n] = int64(u4(link.targets)[k]) - tile.first
        batch.n += 1


@inner
def fill_batches(tile, wiring, signs):
    """Excitation and inhibition of this window over synapses with values of their own."""
    first_neuron = uint32(tile.first)
    for sign in range(2):
        record_at(tile.batches, sign, BATCH).n = 0
    for k in range(tile.n_deliveries):
        ask_for_delivery(tile, wiring, k + AHEAD)
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
            _copy_delivery(record_at(tile.batches, 0 if sign > 0 else 1, BATCH), link, delivery, first_neuron)
