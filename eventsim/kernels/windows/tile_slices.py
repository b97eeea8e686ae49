"""A second look at marked neurons with jumps of V: most of them certainly did not fire.

They are marked because all excitation of the window at once might have made them fire.  Here the window is cut into
slices, and excitation comes first only within each: a neuron that bears this stays below its threshold, and the sum of
its arrivals is all there is to know.  That takes a few ns an arrival; to sort them and to go through them takes tens.

Also marked are those whose refractory period ends in the window.  What arrives before that is lost, and what comes
after it is seldom enough to make them fire again.
"""

import math

from numba import int64, uint64

from eventsim.kernels.growing import copy_bytes, reallocated
from eventsim.kernels.handlers import on_group
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import f8, record_at, u2, u4
from eventsim.kernels.neuron import weight_at
from eventsim.kernels.sums import ABSENT, SLACK, growth
from eventsim.kernels.windows.layout import BATCH, DELIVERY, FEED, SUMS
from eventsim.kernels.windows.tile_batches import AT_ONCE, is_within, reserve, weight_in
from eventsim.kernels.windows.tile_events import release
from eventsim.kernels.windows.tile_gather import find_in_row, find_less, found_in
from eventsim.kernels.windows.tile_limits import HELD
from eventsim.kernels.windows.tile_terms import jump_terms

_SEEN = 2  # of the tile's batches: arrivals at marked neurons
_A_DAY = 8.0  # slices in the day of a calendar
_MOST = 20  # slices in a window, which is shorter than two days


@inlined
def _look_at(tile, time, neuron, weight):
    """One more arrival at a marked neuron."""
    seen = record_at(tile.batches, _SEEN, BATCH)
    if seen.n == seen.room:
        reserve(seen, max(2 * AT_ONCE, 2 * seen.n))
    f8(seen.times)[seen.n], u2(seen.neurons)[seen.n], f8(seen.weights)[seen.n] = time, neuron, weight
    seen.n += 1


@inlined
def _look_at_found(tile, w, batch, in_part):
    """The arrivals of a batch at marked neurons."""
    times, neurons, found = f8(batch.times), u2(batch.neurons), found_in(tile, batch)
    for j in range(batch.n_found):
        k = int64(found[j])
        if in_part == 0 or is_within(w, times[k]):
            _look_at(tile, times[k], neurons[k], weight_in(batch, k))


@inlined
def _look_at_row(tile, link, delivery):
    """Those of a spike whose synapses have one delay."""
    time, targets = delivery.emitted + f8(link.delays)[0], u2(link.targets)
    n, found = find_in_row(tile, link, delivery)
    for j in range(n):
        k = int64(found[j])
        _look_at(tile, time, targets[k], weight_at(link.weights, link.single, link.weight_stride, k))


@inner
def _look_at_all(tile, w, wiring, inputs):
    """All arrivals at marked neurons in this window."""
    record_at(tile.batches, _SEEN, BATCH).n = 0
    for k in range(tile.n_deliveries):
        delivery = record_at(tile.deliveries, k, DELIVERY)
        _look_at_row(tile, record_at(wiring.links, delivery.link, LINK), delivery)
    for k in range(tile.n_open):
        _look_at_found(tile, w, record_at(tile.open, k, BATCH), tile.in_part)
    for k in range(tile.n_feeds):
        _look_at_found(tile, w, record_at(record_at(tile.feeds, k, FEED).batch, 0, BATCH), 0)
    times, neurons, k = f8(tile.drive_times), u4(tile.drive_neurons), tile.next_drive
    while k < tile.n_drive and times[k] < w.end:
        if u2(tile.marks)[neurons[k]] != 0:
            _look_at(tile, times[k], neurons[k], f8(inputs.drive_weights)[u2(tile.drive_numbers)[k]])
        k += 1


@inlined
def _reserve(tile, slices):
    """Room for two sums of each marked neuron in each slice, and for the record of one."""
    needed = 2 * slices * tile.n_marked + tile.state_bytes // (8 * tile.n) + 1
    if needed > tile.room_by_slice:
        tile.room_by_slice = 2 * needed
        tile.by_slice = reallocated(tile.by_slice, 8 * tile.room_by_slice)


@inner
def _add_up(tile, w, per_ms, first_slice, slices):
    """Excitation and inhibition of each marked neuron in each slice, side by side in ``by_slice``.

    What arrives before the end of its refractory period is lost.
    """
    sums, marks, terms = f8(tile.by_slice), u2(tile.marks), f8(tile.batch_terms)
    u, free = f8(tile.u), f8(tile.free)
    for k in range(2 * slices * tile.n_marked):
        sums[k] = 0.0
    seen = record_at(tile.batches, _SEEN, BATCH)
    times, neurons = f8(seen.times), u2(seen.neurons)
    for first in range(0, seen.n, AT_ONCE):
        n = uint64(min(AT_ONCE, seen.n - first))
        jump_terms(tile, w, seen, first, n, True, terms)
        for k in range(n):
            i, time, term = int64(neurons[first + k]), times[first + k], terms[k]
            where = 2 * ((int64(marks[i]) - 1) * slices + int64(time * per_ms) - first_slice)
            lost = (u[i] < HELD) & (time < free[i])
            sums[where + (0 if term > 0.0 else 1)] += 0.0 if lost else term


@inner
def _growths_of_slices(tile, w, per_ms, first, slices):
    """What u must exceed when each slice begins, as a multiple of ``below``: in ``batch_terms``."""
    c = record_at(tile.sums, 0, SUMS)
    for k in range(slices):
        f8(tile.batch_terms)[k] = growth((max(w.start, (first + k) / per_ms) - tile.ref) * c.rate)


@inlined
def _sum_if_below(tile, i, place, slices):
    """Neuron i's u after the window if it certainly stays below its threshold in it, or nan.

    Nor may it come so far that the order of its arrivals might matter: see `tile_marks`.
    """
    sums, far = f8(tile.by_slice), record_at(tile.sums, 0, SUMS).rounding / 6.0
    u, below = f8(tile.u)[i], f8(tile.below)[i] * (1.0 - 2.0 * SLACK)
    if u < HELD or u < -far or below <= 0.0:
        return math.nan
    all_excitation = u
    for k in range(slices):
        excitation = sums[2 * (place * slices + k)]
        all_excitation += excitation
        if u + excitation > below * f8(tile.batch_terms)[k]:
            return math.nan
        u += excitation + sums[2 * (place * slices + k) + 1]
    return u if u >= -far and all_excitation <= far else math.nan


@inlined
def _sum_if_released(group, tile, i, place, slices):
    """The same of a neuron whose refractory period ends in this window; where it is nan, the neuron is held again."""
    size = group.state_bytes
    record = group.state + uint64(size * (tile.first_local + i))
    before = tile.by_slice + uint64(16 * slices * tile.n_marked)
    copy_bytes(before, record, size)
    release(group, tile, i)
    u = _sum_if_below(tile, i, place, slices)
    if math.isnan(u):
        copy_bytes(record, before, size)
        f8(tile.u)[i] = ABSENT
    return u


@inner
def _leave_safe(group, tile, slices):
    """Add up the arrivals at marked neurons that stay below; they are marked no longer."""
    marked, marks, kept = u4(tile.marked), u2(tile.marks), int64(0)
    for place in range(tile.n_marked):
        i = int64(marked[place])
        if f8(tile.u)[i] < HELD:
            u = _sum_if_released(group, tile, i, place, slices)
        else:
            u = _sum_if_below(tile, i, place, slices)
        if math.isnan(u):
            marked[kept] = i
            kept += 1
            marks[i] = kept
        else:
            f8(tile.u)[i] = u
            marks[i] = 0
            u2(tile.bits)[i >> 4] &= ~(1 << (i & 15))
    tile.n_marked = kept


leave_safe = on_group(_leave_safe)


@inner
def release_safe(groups, tile, w, wiring, inputs):
    """Let marked neurons that stay below be marked no longer, and the others' arrivals alone stand in what is found."""
    per_ms = _A_DAY * w.days_per_ms
    first = int64(w.start * per_ms)
    slices, n_marked = int64(math.ceil(w.end * per_ms)) - first, tile.n_marked
    if slices > _MOST:
        return
    _look_at_all(tile, w, wiring, inputs)
    _reserve(tile, slices)
    _add_up(tile, w, per_ms, first, slices)
    _growths_of_slices(tile, w, per_ms, first, slices)
    leave_safe(groups, tile.group, tile, slices)
    if tile.n_marked < n_marked:
        find_less(tile)
