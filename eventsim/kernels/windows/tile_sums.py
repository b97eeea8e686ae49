"""The neurons of a tile whose arrivals only add up: everyone's sums first, then those who could have fired.

Within an epoch an arrival is one addition to u (`sums`), and sums are exact in any order.  So all that arrives in a
window is added in the order in which it lies in memory, excitation first.  Whoever could have fired, had all excitation
come at the worst moment, is marked (`tile_marks`); its sums become again what they were, and it is gone through event
by event.  So is whoever has sums so large that they might have been rounded.  For the others, nearly all, the sum is
all there is to know.
"""

from collections import namedtuple

from numba import int64, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import f8, i8, record_at, u2, u4
from eventsim.kernels.windows.ahead import AHEAD
from eventsim.kernels.windows.doubles import LANES, add_pairs, add_two, load, negative
from eventsim.kernels.windows.layout import BATCH, DELIVERY, FEED
from eventsim.kernels.windows.tile_batches import AT_ONCE, ask_ahead, fill_batches, is_taken_whole
from eventsim.kernels.windows.tile_marks import keep_currents, keep_jumps, mark_excited, mark_high, mark_low
from eventsim.kernels.windows.tile_terms import current_terms, jump_term, jump_terms, many_current_terms

# --- jumps of V


@inlined
def _add_row_of_jumps(tile, link, delivery):
    """What one spike adds to V where all synapses have one weight and one delay: one term for all."""
    targets, u = u2(link.targets), f8(tile.u)
    term = jump_term(tile, delivery.emitted + f8(link.delays)[0], f8(link.weights)[0])
    for k in range(delivery.first, delivery.end):
        u[targets[k]] += term


@inner
def _add_rows_of_jumps(tile, wiring, signs, upwards):
    """The same for all such spikes whose weights are of one sign."""
    for k in range(tile.n_deliveries):
        ask_ahead(tile, wiring, k + AHEAD, False)
        delivery = record_at(tile.deliveries, k, DELIVERY)
        link = record_at(wiring.links, delivery.link, LINK)
        if (signs[delivery.link] > 0) == upwards and link.weight_stride == 0:
            _add_row_of_jumps(tile, link, delivery)


@inlined
def _add_batch_of_jumps(tile, w, batch, first, last, own):
    """What the arrivals ``first`` to ``last - 1`` of a batch add to V, so many at once that their terms stay near.

    own: whether they have weights of their own.
    """
    u, terms = f8(tile.u), f8(tile.batch_terms)
    while first < last:
        n = uint64(min(last - first, AT_ONCE))
        jump_terms(tile, w, batch, first, n, own, terms)
        neurons = u2(batch.neurons + uint64(2 * first))
        for k in range(n):
            u[neurons[k]] += terms[k]
        first += AT_ONCE


@inner
def _add_all_jumps(tile, w, batch):
    """All arrivals of a batch."""
    if batch.own != 0:
        _add_batch_of_jumps(tile, w, batch, int64(0), batch.n, True)
    else:
        _add_batch_of_jumps(tile, w, batch, int64(0), batch.n, False)


@inner
def _add_batches_of_jumps(tile, w, upwards):
    """All batches of one sign."""
    _add_all_jumps(tile, w, record_at(tile.batches, 0 if upwards else 1, BATCH))
    for k in range(tile.n_open):
        batch = record_at(tile.open, k, BATCH)
        if is_taken_whole(tile, w, batch, upwards):
            _add_all_jumps(tile, w, batch)


@inner
def _add_driven_jumps(tile, w, inputs, upwards):
    """What the drive adds to V with weights of one sign."""
    times, neurons, numbers = f8(tile.drive_times), u4(tile.drive_neurons), u2(tile.drive_numbers)
    weights, u = f8(inputs.drive_weights), f8(tile.u)
    k = tile.next_drive
    while k < tile.n_drive and times[k] < w.end:
        weight = weights[numbers[k]]
        if (weight > 0.0) == upwards:
            u[neurons[k]] += jump_term(tile, times[k], weight)
        k += 1
    for j in range(tile.n_feeds):
        feed = record_at(tile.feeds, j, FEED)
        if (feed.weight > 0.0) == upwards:
            _add_batch_of_jumps(tile, w, record_at(feed.batch, 0, BATCH), feed.first, feed.last, False)


@inner
def add_jumps(tile, w, wiring, inputs):
    """All arrivals of the window, and a mark on each neuron that may fire."""
    signs = i8(w.signs)
    keep_jumps(tile)
    fill_batches(tile, w, wiring)
    for upwards in (True, False):
        _add_rows_of_jumps(tile, wiring, signs, upwards)
        _add_batches_of_jumps(tile, w, upwards)
        _add_driven_jumps(tile, w, inputs, upwards)
        if upwards:
            mark_high(tile, w)
    mark_low(tile)


# --- exponential currents: x and u of each neuron lie together (`TILE`)

_PAIR = 16  # bytes


Sums = namedtuple("Sums", "x u y")
"""Where they lie, read once for a loop."""


@inlined
def _excite(sums, i, to_u, to_x):
    add_two(sums.x + uint64(_PAIR) * uint64(i), to_x, -to_u)


@inlined
def _inhibit(sums, i, to_u, to_y):
    f8(sums.u)[uint64(2) * uint64(i)] -= to_u
    f8(sums.y)[uint64(i)] += to_y


@inlined
def _add_row_of_currents(tile, link, delivery):
    """What one spike adds where all synapses have one weight and one delay: the same terms for all."""
    weight, targets = f8(link.weights)[0], u2(link.targets)
    to_u, to_current = current_terms(tile, delivery.emitted + f8(link.delays)[0], weight)
    sums = Sums(tile.x, tile.u, tile.y)
    if weight > 0.0:
        for k in range(delivery.first, delivery.end):
            _excite(sums, targets[k], to_u, to_current)
    else:
        for k in range(delivery.first, delivery.end):
            _inhibit(sums, targets[k], to_u, to_current)


@inner
def _add_rows_of_currents(tile, wiring):
    """The same for all such spikes."""
    for k in range(tile.n_deliveries):
        ask_ahead(tile, wiring, k + AHEAD, False)
        delivery = record_at(tile.deliveries, k, DELIVERY)
        link = record_at(wiring.links, delivery.link, LINK)
        if link.weight_stride == 0:
            _add_row_of_currents(tile, link, delivery)


@inlined
def _excite_each(sums, neurons, n, to_u, to_x):
    """Of ``n`` neurons, at an address, each by terms of its own, at addresses as well."""
    for k in range(0, n - n % LANES, LANES):
        at = uint64(8 * k)
        add_pairs(sums.x, neurons + uint64(2 * k), load(to_x + at), negative(load(to_u + at)))
    for k in range(n - n % LANES, n):
        _excite(sums, u2(neurons)[k], f8(to_u)[k], f8(to_x)[k])


@inlined
def _add_batch_of_currents(tile, w, batch, first, last, own, upwards):
    """What the arrivals ``first`` to ``last - 1`` of a batch add to the currents of one sign.

    own: whether they have weights of their own.
    """
    to_u, to_current = tile.batch_terms, tile.batch_terms + uint64(8 * AT_ONCE)
    sums = Sums(tile.x, tile.u, tile.y)
    while first < last:
        n = uint64(min(last - first, AT_ONCE))
        many_current_terms(tile, w, batch, first, n, own, upwards, f8(to_u), f8(to_current))
        neurons = batch.neurons + uint64(2 * first)
        if upwards:
            _excite_each(sums, neurons, n, to_u, to_current)
        else:
            for k in range(n):
                _inhibit(sums, u2(neurons)[k], f8(to_u)[k], f8(to_current)[k])
        first += AT_ONCE


@inner
def _add_all_currents(tile, w, batch, upwards):
    """All arrivals of a batch, whose weights are of one sign."""
    if batch.own != 0:
        _add_batch_of_currents(tile, w, batch, int64(0), batch.n, True, upwards)
    else:
        _add_batch_of_currents(tile, w, batch, int64(0), batch.n, False, upwards)


@inner
def _add_batches_of_currents(tile, w, upwards):
    """All batches of one sign."""
    _add_all_currents(tile, w, record_at(tile.batches, 0 if upwards else 1, BATCH), upwards)
    for k in range(tile.n_open):
        batch = record_at(tile.open, k, BATCH)
        if is_taken_whole(tile, w, batch, upwards):
            _add_all_currents(tile, w, batch, upwards)


@inner
def _add_driven_currents(tile, w, inputs):
    """What the drive adds to the currents."""
    times, neurons, numbers = f8(tile.drive_times), u4(tile.drive_neurons), u2(tile.drive_numbers)
    weights = f8(inputs.drive_weights)
    k = tile.next_drive
    while k < tile.n_drive and times[k] < w.end:
        weight = weights[numbers[k]]
        to_u, to_current = current_terms(tile, times[k], weight)
        if weight > 0.0:
            _excite(tile, neurons[k], to_u, to_current)
        else:
            _inhibit(tile, neurons[k], to_u, to_current)
        k += 1
    for j in range(tile.n_feeds):
        feed = record_at(tile.feeds, j, FEED)
        batch = record_at(feed.batch, 0, BATCH)
        _add_batch_of_currents(tile, w, batch, feed.first, feed.last, False, feed.weight > 0.0)


@inner
def add_currents(tile, w, wiring, inputs):
    """All arrivals of the window, and a mark on each neuron that may fire."""
    keep_currents(tile, w)
    fill_batches(tile, w, wiring)
    _add_rows_of_currents(tile, wiring)
    for upwards in (True, False):
        _add_batches_of_currents(tile, w, upwards)
    _add_driven_currents(tile, w, inputs)
    mark_excited(tile)
