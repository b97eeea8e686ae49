"""The neurons of a tile whose arrivals only add up: everyone's sums first, then those who could have fired.

Within an epoch an arrival is one addition to u (`sums`), and sums are exact in any order.  So all that arrives in a
window is added in the order in which it lies in memory, excitation first.  Whoever could have fired, had all excitation
come at the worst moment, is marked; its sums become again what they were, and it is gone through event by event.  So is
whoever has sums so large that they might have been rounded.  For the others, nearly all, the sum is all there is to
know.
"""

import math

from numba import int64, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import f8, i8, record_at, u2, u4
from eventsim.kernels.sums import (
    ABSENT,
    built_up,
    growth,
    growth_less_1_near,
    growth_near,
    near,
    next_sum,
    reaches,
    rounded,
)
from eventsim.kernels.tile_batches import fill_batches, has_own
from eventsim.kernels.tile_traffic import mark
from eventsim.kernels.window_layout import BATCH, CURRENTS, DELIVERY, FEED, SUMS

_SLACK = 1e-12  # more than all roundings of a comparison together


# --- epochs


@inner
def next_epoch(tile):
    """When the next epoch of a tile begins."""
    c = record_at(tile.sums, 0, SUMS)
    when = tile.ref + c.epoch
    if tile.kind == CURRENTS:
        when = min(when, min(tile.ref_x + c.epoch_ex, tile.ref_y + c.epoch_in))
    return when


@inner
def _into_epoch(tile, when):
    """Refer all sums to the epochs that begin at ``when``, as the models do; whether that is one of the membrane.

    A sum that is 0 belongs to the epoch of ``when`` already.
    """
    c = record_at(tile.sums, 0, SUMS)
    u, x, y = f8(tile.u), f8(tile.x), f8(tile.y)
    currents = tile.kind == CURRENTS
    ends = tile.ref + c.epoch == when
    ends_x, ends_y = (
        currents and tile.ref_x + c.epoch_ex == when,
        currents and tile.ref_y + c.epoch_in == when,
    )
    e = growth((when - tile.ref) * c.rate)
    e_at_rest = 1.0 if ends else e
    for i in range(tile.n):
        at_rest = u[i] == 0.0
        e_i = e_at_rest if at_rest else e
        if ends_x:
            u[i] += rounded(x[i] * c.carry_ex * e_i, c.rounding)
            x[i] = rounded(x[i] * c.fade_ex, c.rounding_ex)
        if ends_y:
            u[i] += rounded(y[i] * c.carry_in * e_i, c.rounding)
            y[i] = rounded(y[i] * c.fade_in, c.rounding_in)
        if ends and not at_rest:
            u[i] = next_sum(u[i], c.fade, c.rounding)
    tile.ref = when if ends else tile.ref
    tile.ref_x = when if ends_x else tile.ref_x
    tile.ref_y = when if ends_y else tile.ref_y
    return ends


@inner
def _at_rest(tile):
    """Whether nothing is left of all that has arrived."""
    u, x, y = f8(tile.u), f8(tile.x), f8(tile.y)
    for i in range(tile.n):
        if u[i] != 0.0 or x[i] != 0.0 or y[i] != 0.0:
            return False
    return True


@inner
def enter_epochs(tile, t):
    """Refer all sums to the epochs of ``t``; what is at rest in one step."""
    c = record_at(tile.sums, 0, SUMS)
    while next_epoch(tile) <= t:
        if _into_epoch(tile, next_epoch(tile)) and _at_rest(tile):
            tile.ref = math.floor(t / c.epoch) * c.epoch
            if tile.kind == CURRENTS:
                tile.ref_x = math.floor(t / c.epoch_ex) * c.epoch_ex
                tile.ref_y = math.floor(t / c.epoch_in) * c.epoch_in


# --- jumps of V


@inner
def _add_row_of_jumps(tile, wiring, delivery):
    """What one spike adds to V where all synapses have one weight and one delay: one term for all."""
    c = record_at(tile.sums, 0, SUMS)
    link = record_at(wiring.links, delivery.link, LINK)
    targets, u = (
        u4(link.targets),
        f8(tile.u - uint64(8 * tile.first)),
    )  # so that a target's number is its place
    e = growth((delivery.emitted + f8(link.delays)[0] - tile.ref) * c.rate)
    term = rounded(f8(link.weights)[0] * e, c.rounding)
    for k in range(delivery.first, delivery.end):
        u[targets[k]] += term


@inner
def _jump_terms(tile, w, times, weights, n, terms):
    """What arrivals at these times add to V; within a window so many at a time as the compiler likes."""
    c = record_at(tile.sums, 0, SUMS)
    ref, rate, rounding = tile.ref, c.rate, c.rounding
    entries = near((w.start - ref) * rate)
    if reaches(entries, (w.end - ref) * rate):
        for k in range(n):
            terms[k] = rounded(weights[k] * growth_near(entries, (times[k] - ref) * rate), rounding)
    else:
        for k in range(n):
            terms[k] = rounded(weights[k] * growth((times[k] - ref) * rate), rounding)


@inner
def _add_batch_of_jumps(tile, w, batch, first, last):
    """What the arrivals ``first`` to ``last - 1`` of a batch add to V."""
    n, u = uint64(last - first), f8(tile.u)
    times, weights = f8(batch.times + uint64(8 * first)), f8(batch.weights + uint64(8 * first))
    neurons, terms = u4(batch.neurons + uint64(4 * first)), f8(batch.terms)
    _jump_terms(tile, w, times, weights, n, terms)
    for k in range(n):
        u[neurons[k]] += terms[k]


@inner
def _add_driven_jumps(tile, w, inputs, upwards):
    """What the drive adds to V with weights of one sign."""
    c = record_at(tile.sums, 0, SUMS)
    times, neurons, numbers = f8(tile.drive_times), u4(tile.drive_neurons), u2(tile.drive_numbers)
    weights, u = f8(inputs.drive_weights), f8(tile.u)
    k = tile.next_drive
    while k < tile.n_drive and times[k] < w.end:
        weight = weights[numbers[k]]
        if (weight > 0.0) == upwards:
            u[neurons[k]] += rounded(weight * growth((times[k] - tile.ref) * c.rate), c.rounding)
        k += 1
    for j in range(tile.n_feeds):
        feed = record_at(tile.feeds, j, FEED)
        if (feed.weight > 0.0) == upwards:
            _add_batch_of_jumps(tile, w, record_at(feed.batch, 0, BATCH), feed.first, feed.last)


@inlined
def _threshold(below, at_start, at_end):
    """The lowest that u must exceed in this window, where V_th lies ``below`` over V_inf."""
    return below * at_start - below * _SLACK if below > 0.0 else below * at_end + below * _SLACK


@inner
def _mark_high(tile, w):
    """Mark the neurons that lie above the lowest threshold of the window."""
    c = record_at(tile.sums, 0, SUMS)
    at_start, at_end = growth((w.start - tile.ref) * c.rate), growth((w.end - tile.ref) * c.rate)
    u, below, far = f8(tile.u), f8(tile.below), c.rounding / 6.0
    for i in range(tile.n):
        if u[i] > min(far, _threshold(below[i], at_start, at_end)):
            mark(tile, i)


@inner
def add_jumps(tile, w, wiring, inputs):
    """All arrivals of the window, and a mark on each neuron that may fire."""
    signs = i8(w.signs)
    fill_batches(tile, wiring, signs)
    for upwards in (True, False):
        for k in range(tile.n_deliveries):
            delivery = record_at(tile.deliveries, k, DELIVERY)
            if (signs[delivery.link] > 0) == upwards:
                if not has_own(record_at(wiring.links, delivery.link, LINK)):
                    _add_row_of_jumps(tile, wiring, delivery)
        batch = record_at(tile.batches, 0 if upwards else 1, BATCH)
        _add_batch_of_jumps(tile, w, batch, int64(0), batch.n)
        _add_driven_jumps(tile, w, inputs, upwards)
        if upwards:
            _mark_high(tile, w)


# --- exponential currents


@inlined
def _terms(tile, c, t, weight):
    """What an arrival takes from u, and what it adds to its current."""
    e = growth((t - tile.ref) * c.rate)
    current = weight * c.per_c_m
    if weight > 0.0:
        built = built_up(c.gap_ex, t - tile.ref_x)
        to_current = rounded(current * growth((t - tile.ref_x) * c.rate_ex), c.rounding_ex)
    else:
        built = built_up(c.gap_in, t - tile.ref_y)
        to_current = rounded(current * growth((t - tile.ref_y) * c.rate_in), c.rounding_in)
    return rounded(current * (built * e), c.rounding), to_current


@inner
def _add_row_of_currents(tile, wiring, delivery):
    """What one spike adds where all synapses have one weight and one delay: the same terms for all."""
    c = record_at(tile.sums, 0, SUMS)
    link = record_at(wiring.links, delivery.link, LINK)
    weight, before = f8(link.weights)[0], uint64(8 * tile.first)
    to_u, to_current = _terms(tile, c, delivery.emitted + f8(link.delays)[0], weight)
    targets, u = u4(link.targets), f8(tile.u - before)
    current = f8(tile.x - before) if weight > 0.0 else f8(tile.y - before)
    for k in range(delivery.first, delivery.end):
        u[targets[k]] -= to_u
        current[targets[k]] += to_current


@inner
def _current_terms(tile, w, times, weights, n, upwards, to_u, to_current):
    """What arrivals at these times, with weights of one sign, take from u and add to their current."""
    c = record_at(tile.sums, 0, SUMS)
    ref, rate, rounding, per_c_m = tile.ref, c.rate, c.rounding, c.per_c_m
    if upwards:
        ref_i, rate_i, gap, rounding_i = tile.ref_x, c.rate_ex, c.gap_ex, c.rounding_ex
    else:
        ref_i, rate_i, gap, rounding_i = tile.ref_y, c.rate_in, c.gap_in, c.rounding_in
    of_u, of_i = near((w.start - ref) * rate), near((w.start - ref_i) * rate_i)
    lowest, highest = gap * (w.start - ref_i), gap * (w.end - ref_i)
    if gap < 0.0:
        lowest, highest = highest, lowest
    plain = gap != 0.0 and lowest >= -2.0 and highest <= 2.0
    of_gap = near(lowest if plain else 0.0)
    plain = plain and reaches(of_u, (w.end - ref) * rate) and reaches(of_i, (w.end - ref_i) * rate_i)
    if plain and reaches(of_gap, highest):
        for k in range(n):
            x, current = times[k] - ref_i, weights[k] * per_c_m
            e = growth_near(of_u, (times[k] - ref) * rate)
            built = growth_less_1_near(of_gap, gap * x) / gap
            to_u[k] = rounded(current * (built * e), rounding)
            to_current[k] = rounded(current * growth_near(of_i, x * rate_i), rounding_i)
    else:
        for k in range(n):
            to_u[k], to_current[k] = _terms(tile, c, times[k], weights[k])


@inner
def _add_batch_of_currents(tile, w, batch, first, last, upwards):
    """What the arrivals ``first`` to ``last - 1`` of a batch add to the currents of one sign."""
    n, u = uint64(last - first), f8(tile.u)
    times, weights = f8(batch.times + uint64(8 * first)), f8(batch.weights + uint64(8 * first))
    to_u, to_current = f8(batch.terms), f8(batch.terms + uint64(8 * batch.room))
    _current_terms(tile, w, times, weights, n, upwards, to_u, to_current)
    neurons, current = u4(batch.neurons + uint64(4 * first)), f8(tile.x) if upwards else f8(tile.y)
    for k in range(n):
        i = neurons[k]
        u[i] -= to_u[k]
        current[i] += to_current[k]


@inner
def _add_driven_currents(tile, w, inputs):
    """What the drive adds to the currents."""
    c = record_at(tile.sums, 0, SUMS)
    times, neurons, numbers = f8(tile.drive_times), u4(tile.drive_neurons), u2(tile.drive_numbers)
    weights, u, x, y = f8(inputs.drive_weights), f8(tile.u), f8(tile.x), f8(tile.y)
    k = tile.next_drive
    while k < tile.n_drive and times[k] < w.end:
        i, weight = neurons[k], weights[numbers[k]]
        to_u, to_current = _terms(tile, c, times[k], weight)
        u[i] -= to_u
        if weight > 0.0:
            x[i] += to_current
        else:
            y[i] += to_current
        k += 1
    for j in range(tile.n_feeds):
        feed = record_at(tile.feeds, j, FEED)
        batch = record_at(feed.batch, 0, BATCH)
        _add_batch_of_currents(tile, w, batch, feed.first, feed.last, feed.weight > 0.0)


@inner
def _find_limits(tile, w):
    """How much excitation each neuron bears in the window.

    While V is above v, its value at the start, V' <= (V_inf - v)/tau_m + I_ex + I_in, with the inhibition that is left
    at the end, and each new current adds no more than itself to the slope.  So V stays below V_th if
    v + h max(0, slope) + h (sum of the new excitatory currents) does.
    """
    c = record_at(tile.sums, 0, SUMS)
    t, h = w.start, w.end - w.start
    e = 1.0 / growth((t - tile.ref) * c.rate)
    e_ex, e_in = growth((t - tile.ref_x) * c.rate_ex), growth((t - tile.ref_y) * c.rate_in)
    ex, inh = 1.0 / e_ex, built_up(c.gap_in, t - tile.ref_y) / e_in
    built, per_h, rate = built_up(c.gap_ex, t - tile.ref_x), e_ex / h, c.rate
    u, x, y, below, limit = f8(tile.u), f8(tile.x), f8(tile.y), f8(tile.below), f8(tile.limit)
    left, scale = (
        math.exp(-h * c.rate_in) / e_in,
        c.rounding / 96.0,
    )  # of the potentials, to which sums are rounded
    for i in range(tile.n):
        current = x[i] * ex
        v = u[i] * e + (current * built + y[i] * inh)
        room = below[i] - v - h * max(0.0, current + y[i] * left - v * rate)
        bears = x[i] + (room - _SLACK * (abs(below[i]) + abs(v) + scale)) * per_h
        limit[i] = bears if u[i] > 0.5 * ABSENT else math.inf


@inner
def _mark_excited(tile):
    """Mark the neurons that got more excitation than they bear for sure."""
    x, limit = f8(tile.x), f8(tile.limit)
    for i in range(tile.n):
        if x[i] > limit[i]:
            mark(tile, i)


@inner
def add_currents(tile, w, wiring, inputs):
    """All arrivals of the window, and a mark on each neuron that may fire."""
    _find_limits(tile, w)
    fill_batches(tile, wiring, i8(w.signs))
    for k in range(tile.n_deliveries):
        delivery = record_at(tile.deliveries, k, DELIVERY)
        if not has_own(record_at(wiring.links, delivery.link, LINK)):
            _add_row_of_currents(tile, wiring, delivery)
    for upwards in (True, False):
        batch = record_at(tile.batches, 0 if upwards else 1, BATCH)
        _add_batch_of_currents(tile, w, batch, int64(0), batch.n, upwards)
    _add_driven_currents(tile, w, inputs)
    _mark_excited(tile)


# --- both


@inner
def mark_released(tile, w):
    """Mark the neurons whose refractory period ends in this window; the others stay in the list."""
    kept = int64(0)
    for k in range(tile.n_held):
        i = int64(u4(tile.held)[k])
        if f8(tile.free)[i] < w.end:
            mark(tile, i)
        else:
            u4(tile.held)[kept] = i
            kept += 1
    tile.n_held = kept


@inner
def keep_sums(tile):
    """Keep the sums as they are when the window begins, for those that will be marked."""
    u, u_before = f8(tile.u), f8(tile.u_before)
    for i in range(tile.n):
        u_before[i] = u[i]
    if tile.kind == CURRENTS:
        x, y, x_before, y_before = f8(tile.x), f8(tile.y), f8(tile.x_before), f8(tile.y_before)
        for i in range(tile.n):
            x_before[i], y_before[i] = x[i], y[i]


@inner
def take_back(tile):
    """The sums of marked neurons as they were when the window began."""
    for m in range(tile.n_marked):
        i = int64(u4(tile.marked)[m])
        f8(tile.u)[i] = f8(tile.u_before)[i]
        if tile.kind == CURRENTS:
            f8(tile.x)[i], f8(tile.y)[i] = f8(tile.x_before)[i], f8(tile.y_before)[i]


@inner
def _mark_beyond(tile, sums, far):
    """Mark the neurons whose sum lies further from 0 than this; whose V is held has none."""
    for i in range(tile.n):
        if abs(f8(sums)[i]) > far and f8(sums)[i] > 0.5 * ABSENT:
            mark(tile, i)


@inner
def mark_far(tile):
    """Mark the neurons whose sums come near the end of the room in which they are exact in any order.

    A quarter of it for u, before and after the arrivals of a window, and a sixteenth for the currents: then no order of
    the arrivals leads beyond it.  ``rounding`` is 1.5 times the room.
    """
    c = record_at(tile.sums, 0, SUMS)
    _mark_beyond(tile, tile.u_before, c.rounding / 6.0)
    _mark_beyond(tile, tile.u, c.rounding / 6.0)
    if tile.kind == CURRENTS:
        _mark_beyond(tile, tile.x, c.rounding_ex / 24.0)
        _mark_beyond(tile, tile.y, c.rounding_in / 24.0)


@inner
def next_release(tile):
    """When the next refractory period ends."""
    soonest = math.inf
    for k in range(tile.n_held):
        soonest = min(soonest, f8(tile.free)[u4(tile.held)[k]])
    return soonest


@inner
def any_below(tile):
    """Whether some neuron's V_inf lies above its threshold, so that it fires by itself."""
    for i in range(tile.n):
        if f8(tile.below)[i] < 0.0:
            return True
    return False


@inner
def find_quiet(tile, t):
    """A time before which no neuron of the tile does anything by itself if nothing arrives after ``t``."""
    enter_epochs(tile, t)
    c = record_at(tile.sums, 0, SUMS)
    u, x, y, below = f8(tile.u), f8(tile.x), f8(tile.y), f8(tile.below)
    e = growth((t - tile.ref) * c.rate)
    soonest = next_release(tile)
    e_ex, e_in, built, built_in = 1.0, 1.0, 0.0, 0.0
    if tile.kind == CURRENTS:
        e_ex, e_in = growth((t - tile.ref_x) * c.rate_ex), growth((t - tile.ref_y) * c.rate_in)
        built, built_in = built_up(c.gap_ex, t - tile.ref_x), built_up(c.gap_in, t - tile.ref_y)
    for i in range(tile.n):
        v, current = u[i] / e, 0.0
        if tile.kind == CURRENTS:
            current = x[i] / e_ex
            v += current * built + y[i] / e_in * built_in
        slope = current - v * c.rate
        if v > below[i] - _SLACK * (abs(below[i]) + abs(v)):
            soonest = t
        elif slope > 0.0 and (current > 0.0 or below[i] < 0.0):
            soonest = min(soonest, t + 0.5 * max(0.0, below[i] - v) / slope)
    return soonest
