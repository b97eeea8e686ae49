"""Arrivals copied into rows, so that what they add is worked out in loops that a compiler makes four at a time."""

from numba import int64, uint64

from eventsim.kernels.growing import reallocated
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import f8, i8, record_at, u2
from eventsim.kernels.neuron import weight_at
from eventsim.kernels.windows.ahead import AHEAD, ask_for_arrivals
from eventsim.kernels.windows.layout import BATCH, DELIVERY

AT_ONCE = 256
"""Arrivals of a batch whose terms are worked out before they are added: so few that they stay in the nearest cache."""


@inlined
def reserve(batch, room):
    """Let a batch have room for more."""
    batch.room = room
    batch.times = reallocated(batch.times, 8 * room)
    batch.neurons = reallocated(batch.neurons, 2 * room)
    if batch.own != 0:
        batch.weights = reallocated(batch.weights, 8 * room)


@inlined
def ask_ahead(tile, wiring, k, own):
    """Ask for the arrivals of delivery ``k``, if there is one; own: whether its weights are."""
    if k < tile.n_deliveries:
        delivery = record_at(tile.deliveries, k, DELIVERY)
        link = record_at(wiring.links, delivery.link, LINK)
        if (link.weight_stride != 0) == own:
            ask_for_arrivals(link, delivery.first, delivery.end)


@inlined
def _reserve_both(tile, n):
    """Room for ``n`` more arrivals of either sign."""
    for sign in range(2):
        batch = record_at(tile.batches, sign, BATCH)
        if batch.n + n > batch.room:
            reserve(batch, 2 * (batch.n + n))


@inlined
def _put(tile, time, neuron, weight):
    """One more arrival, to the batch of its sign."""
    batch = record_at(tile.batches, 0 if weight > 0.0 else 1, BATCH)
    f8(batch.times)[batch.n], f8(batch.weights)[batch.n] = time, weight
    u2(batch.neurons)[batch.n] = neuron
    batch.n += 1


@inner
def _copy_row(tile, link, delivery, sign):
    """All arrivals of a spike, which come at one time, to the batch of their sign; 0: of both signs."""
    targets, time = u2(link.targets), delivery.emitted + f8(link.delays)[0]
    if sign == 0:
        for k in range(delivery.first, delivery.end):
            _put(tile, time, targets[k], weight_at(link.weights, link.single, int64(1), k))
        return
    batch = record_at(tile.batches, 0 if sign > 0 else 1, BATCH)
    first, n = delivery.first, delivery.end - delivery.first
    times = f8(batch.times + uint64(8 * batch.n))
    weights = f8(batch.weights + uint64(8 * batch.n))
    neurons = u2(batch.neurons + uint64(2 * batch.n))
    for k in range(n):
        weights[k] = weight_at(link.weights, link.single, int64(1), first + k)
    for k in range(n):
        times[k] = time
        neurons[k] = targets[first + k]
    batch.n += n


@inlined
def is_within(w, time):
    """Whether an arrival that stands in a calendar is of this window."""
    return max(w.start, w.fresh) <= time < w.end


@inlined
def weight_in(batch, k):
    """The weight of an arrival."""
    return f8(batch.weights)[k] if batch.own != 0 else batch.weight


@inner
def _copy_part(tile, w, batch):
    """Those arrivals of a batch that are of this window."""
    for k in range(batch.n):
        time = f8(batch.times)[k]
        if is_within(w, time):
            _put(tile, time, u2(batch.neurons)[k], weight_in(batch, k))


@inlined
def is_taken_whole(tile, w, batch, upwards):
    """Whether all arrivals of an open batch are of this window, and of this sign."""
    sign = i8(w.signs)[batch.link]
    return tile.in_part == 0 and sign != 0 and (sign > 0) == upwards


@inner
def fill_batches(tile, w, wiring):
    """Excitation and inhibition of this window, but for rows of one weight and batches that are taken whole."""
    for sign in range(2):
        record_at(tile.batches, sign, BATCH).n = 0
    for k in range(tile.n_deliveries):
        ask_ahead(tile, wiring, k + AHEAD, True)
        delivery = record_at(tile.deliveries, k, DELIVERY)
        link = record_at(wiring.links, delivery.link, LINK)
        if link.weight_stride != 0:
            _reserve_both(tile, delivery.end - delivery.first)
            _copy_row(tile, link, delivery, i8(w.signs)[delivery.link])
    for k in range(tile.n_open):
        batch = record_at(tile.open, k, BATCH)
        if tile.in_part != 0 or i8(w.signs)[batch.link] == 0:
            _reserve_both(tile, batch.n)
            _copy_part(tile, w, batch)
