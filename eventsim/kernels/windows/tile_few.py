"""A window in which little arrives: it costs what arrives, and no pass over the tile.

Looking at every neuron takes as long as adding up hundreds of arrivals.  So it is done once for many windows: each
neuron gets a limit (`tile_limits`) up to which it certainly does not fire in any of them.  Those that might fire
without any more excitation are *close*: looked at in each window.  Of the others only those count that something
reaches.  What their sums were before is written down; who comes above its limit is marked, gets that back, and has a
new limit when it has been gone through.

Every sum is looked at after every addition, excitation before inhibition.  So u has been between minus a quarter of the
room in which it is exact and a quarter of it; in any other order it stays within three quarters.
"""

import math

from numba import int64, uint64

from eventsim.kernels.growing import reallocated
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import f8, i8, record_at, u2, u4
from eventsim.kernels.windows import tile_limits
from eventsim.kernels.windows.ahead import AHEAD
from eventsim.kernels.windows.doubles import LANES, above, dealt, gather, load, scatter, splat, store
from eventsim.kernels.windows.layout import BATCH, DELIVERY, FEED, JUMPS, SUMS
from eventsim.kernels.windows.tile_batches import AT_ONCE, ask_ahead, fill_batches, is_taken_whole
from eventsim.kernels.windows.tile_epochs import next_epoch
from eventsim.kernels.windows.tile_gather import mark
from eventsim.kernels.windows.tile_limits import HELD
from eventsim.kernels.windows.tile_terms import current_terms, jump_term, jump_terms, many_current_terms

_PAIR = 16  # bytes of x and u of a neuron of exponential currents
_ONE, _TWO = uint64(1), uint64(2)  # signed ones would make indices of float64
_DEAR = 4  # to go through a neuron takes as long as to look at so many, and more
_FIRST = 4.0  # windows for which the first limits hold


@inner
def is_little(tile, w):
    """Whether so little arrives in this window that a pass over the tile would cost more."""
    n = tile.n_arriving
    for k in range(tile.n_feeds):
        feed = record_at(tile.feeds, k, FEED)
        n += feed.last - feed.first
    return n < tile.n


# --- limits


@inlined
def _far(tile):
    """A quarter of the room for u; ``rounding`` is 1.5 rooms."""
    return record_at(tile.sums, 0, SUMS).rounding / 6.0


@inlined
def _far_current(rounding):
    """Half of the room for a current."""
    return rounding / 3.0


@inner
def _hold_close(tile, i):
    """Look at neuron ``i`` in each window from now on."""
    if u4(tile.close_at)[i] == 0:
        if tile.n_close + LANES > tile.room_close:
            tile.room_close = 2 * (tile.n_close + LANES)
            tile.close = reallocated(tile.close, 4 * tile.room_close)
        u4(tile.close)[tile.n_close] = i
        tile.n_close += 1
        u4(tile.close_at)[i] = tile.n_close


@inner
def _leave(tile, i):
    """Look at neuron ``i`` no longer."""
    place = u4(tile.close_at)[i]
    if place != 0:
        last = u4(tile.close)[tile.n_close - 1]
        u4(tile.close)[place - 1] = last
        u4(tile.close_at)[last] = place
        u4(tile.close_at)[i] = 0
        tile.n_close -= 1


@inner
def _forget_close(tile):
    for k in range(tile.n_close):
        u4(tile.close_at)[u4(tile.close)[k]] = 0
    tile.n_close = 0


@inlined
def _keep_close(tile, first, bits):
    for k in range(min(LANES, tile.n - first)):
        if (bits >> k) & 1 != 0:
            _hold_close(tile, first + k)


@inner
def _limit_jumps(tile, start, until):
    """Limits for a stretch of time; close are the neurons that lie above theirs, or far off."""
    s = tile_limits.of_jumps(tile, start, until, _far(tile))
    lowest, held = splat(-_far(tile)), splat(HELD)
    for i in range(0, tile.n, LANES):
        at = uint64(8 * i)
        u, limit = load(tile.u + at), tile_limits.jumps_limit(s, load(tile.below + at))
        store(tile.bears + at, limit)
        bits = above(u, limit) | (above(lowest, u) & above(u, held))
        if bits != 0:
            _keep_close(tile, i, bits)


@inner
def _limit_currents(tile, start, until):
    """The same for exponential currents."""
    c = record_at(tile.sums, 0, SUMS)
    s = tile_limits.of_currents(tile, start, until, _far(tile), _far_current(c.rounding_ex))
    lowest = splat(-_far_current(c.rounding_in))
    for i in range(0, tile.n, LANES):
        at = uint64(8 * i)
        (x, u), y = dealt(tile.x + uint64(_PAIR * i)), load(tile.y + at)
        limit = tile_limits.currents_limit(s, x, u, y, load(tile.below + at))
        store(tile.bears + at, limit)
        bits = above(x, limit) | above(lowest, y)
        if bits != 0:
            _keep_close(tile, i, bits)


@inner
def _limit_all(tile, w):
    """Limits for everyone, for so many windows that all looking at neurons together takes least time."""
    window = w.end - w.start
    if tile.horizon == 0.0:
        tile.horizon = _FIRST * window
    elif 8 * tile.n_looked < tile.n:
        tile.horizon = min(2.0 * tile.horizon, record_at(tile.sums, 0, SUMS).epoch)
    elif 2 * tile.n_looked > tile.n:
        tile.horizon *= 0.5
    tile.n_looked = 0
    _forget_close(tile)
    tile.limits_until = min(next_epoch(tile), w.start + max(tile.horizon, window))
    if tile.kind == JUMPS:
        _limit_jumps(tile, w.start, tile.limits_until)
    else:
        _limit_currents(tile, w.start, tile.limits_until)


@inlined
def _judge(tile, list_, first, n, bits, gone_through):
    """What becomes of eight of ``n`` listed neurons; bit k: whether the k-th may fire without more excitation."""
    if gone_through or bits != 0:
        for k in range(min(LANES, n - first)):
            i, unsafe = int64(u4(list_)[first + k]), (bits >> k) & 1 != 0
            if not gone_through:
                if unsafe:
                    mark(tile, i)
            elif unsafe:
                _hold_close(tile, i)
            else:
                _leave(tile, i)


@inlined
def _limit_listed(tile, list_, n, start, until, gone_through):
    """Limits of ``n`` listed neurons for a stretch of time."""
    c = record_at(tile.sums, 0, SUMS)
    for k in range(n, n + (-n) % LANES):  # up to a multiple of eight
        u4(list_)[k] = u4(list_)[n - 1]
    if tile.kind == JUMPS:
        s = tile_limits.of_jumps(tile, start, until, _far(tile))
        lowest, held = splat(-_far(tile)), splat(HELD)
        for k in range(0, n, LANES):
            places = list_ + uint64(4 * k)
            u, limit = gather(tile.u, places, 1), tile_limits.jumps_limit(s, gather(tile.below, places, 1))
            scatter(tile.bears, places, limit)
            bits = above(u, limit) | (above(lowest, u) & above(u, held))
            _judge(tile, list_, k, n, bits, gone_through)
    else:
        s = tile_limits.of_currents(tile, start, until, _far(tile), _far_current(c.rounding_ex))
        lowest = splat(-_far_current(c.rounding_in))
        for k in range(0, n, LANES):
            places = list_ + uint64(4 * k)
            x, u = gather(tile.x, places, 2), gather(tile.u, places, 2)
            y, below = gather(tile.y, places, 1), gather(tile.below, places, 1)
            limit = tile_limits.currents_limit(s, x, u, y, below)
            scatter(tile.bears, places, limit)
            _judge(tile, list_, k, n, above(x, limit) | above(lowest, y), gone_through)


@inner
def _look_at_close(tile, w):
    """Limits of the close for this window alone; mark those that might fire in it."""
    tile.n_looked += tile.n_close
    _limit_listed(tile, tile.close, tile.n_close, w.start, w.end, False)


@inner
def renew_limits(tile, w, n):
    """Limits of the first ``n`` of the marked, who have been gone through; those that may fire even so are close."""
    tile.n_looked += _DEAR * n
    if w.end < tile.limits_until:
        _limit_listed(tile, tile.marked, n, w.end, tile.limits_until, True)


# --- what arrives, and what was before


@inner
def _reserve(tile, n):
    """Room to write down so many more sums."""
    if tile.n_touched + n > tile.room_touched:
        tile.room_touched = tile.room_sums_touched = 2 * (tile.n_touched + n)
        tile.touched = reallocated(tile.touched, 4 * tile.room_touched)
        tile.sums_touched = reallocated(tile.sums_touched, 16 * tile.room_touched)


@inlined
def _jump(tile, neurons, n, terms, stride, upwards):
    """Add jumps of one sign."""
    at, u, limit, low = uint64(tile.n_touched), f8(tile.u), f8(tile.bears), -_far(tile)
    touched, kept = u4(tile.touched + uint64(4) * at), f8(tile.sums_touched + uint64(16) * at)
    for k in range(n):
        i = neurons[k]
        before = u[i]
        touched[k], kept[_TWO * k] = i, before
        after = before + terms[k * stride]
        u[i] = after
        if upwards:
            if after > limit[i]:
                mark(tile, int64(i))
        elif HELD < after < low:
            mark(tile, int64(i))


@inlined
def _excite(tile, neurons, n, to_u, to_x, stride):
    """Add to excitatory currents."""
    at, sums, limit, low = uint64(tile.n_touched), f8(tile.x), f8(tile.bears), -_far(tile)
    touched, kept = u4(tile.touched + uint64(4) * at), f8(tile.sums_touched + uint64(16) * at)
    for k in range(n):
        i = neurons[k]
        x, u = sums[_TWO * uint64(i)], sums[_TWO * uint64(i) + _ONE]
        touched[k], kept[_TWO * k], kept[_TWO * k + _ONE] = i, x, u
        x += to_x[k * stride]
        u -= to_u[k * stride]
        sums[_TWO * uint64(i)], sums[_TWO * uint64(i) + _ONE] = x, u
        if x > limit[i] or HELD < u < low:
            mark(tile, int64(i))


@inlined
def _inhibit(tile, neurons, n, to_u, to_y, stride):
    """Add to inhibitory currents."""
    c = record_at(tile.sums, 0, SUMS)
    at, far, low = uint64(tile.n_touched), _far(tile), -_far_current(c.rounding_in)
    all_u, all_y = f8(tile.u), f8(tile.y)
    touched, kept = u4(tile.touched + uint64(4) * at), f8(tile.sums_touched + uint64(16) * at)
    for k in range(n):
        i = neurons[k]
        u, y = all_u[_TWO * uint64(i)], all_y[i]
        touched[k], kept[_TWO * k], kept[_TWO * k + _ONE] = i, u, y
        u -= to_u[k * stride]
        y += to_y[k * stride]
        all_u[_TWO * uint64(i)], all_y[i] = u, y
        if u > far or y < low:
            mark(tile, int64(i))


@inlined
def _touch(tile, neurons, n, to_u, to_current, stride, upwards):
    """Add the terms of ``n`` arrivals of one sign; stride 0: the same term for all."""
    _reserve(tile, int64(n))
    if tile.kind == JUMPS:
        if upwards:
            _jump(tile, neurons, n, to_u, stride, True)
        else:
            _jump(tile, neurons, n, to_u, stride, False)
    elif upwards:
        _excite(tile, neurons, n, to_u, to_current, stride)
    else:
        _inhibit(tile, neurons, n, to_u, to_current, stride)
    tile.n_touched += int64(n)


@inner
def take_back_touched(tile):
    """The sums of marked neurons as they were when the window began: from the last that reached them to the first."""
    marks, touched, kept = u2(tile.marks), u4(tile.touched), f8(tile.sums_touched)
    x, u, y = f8(tile.x), f8(tile.u), f8(tile.y)
    for back in range(tile.n_touched):
        k = uint64(tile.n_touched - 1 - back)
        i = touched[k]
        if marks[i] == 0:
            continue
        if tile.kind == JUMPS:
            u[i] = kept[_TWO * k]
        elif int64(k) < tile.n_excited:
            x[_TWO * uint64(i)], u[_TWO * uint64(i)] = kept[_TWO * k], kept[_TWO * k + _ONE]
        else:
            u[_TWO * uint64(i)], y[i] = kept[_TWO * k], kept[_TWO * k + _ONE]


@inlined
def _find_terms(tile, t, weight):
    """Addresses of what an arrival takes from u, or adds to it, and of what it adds to its current."""
    to_u, to_current = f8(tile.terms), f8(tile.terms + uint64(8))
    if tile.kind == JUMPS:
        to_u[0] = jump_term(tile, t, weight)
    else:
        to_u[0], to_current[0] = current_terms(tile, t, weight)
    return to_u, to_current


@inner
def _touch_rows(tile, wiring, signs, upwards):
    """Spikes of one sign all of whose synapses have one weight and one delay."""
    for k in range(tile.n_deliveries):
        ask_ahead(tile, wiring, k + AHEAD, False)
        delivery = record_at(tile.deliveries, k, DELIVERY)
        link = record_at(wiring.links, delivery.link, LINK)
        if (signs[delivery.link] > 0) == upwards and link.weight_stride == 0:
            t, n = delivery.emitted + f8(link.delays)[0], uint64(delivery.end - delivery.first)
            to_u, to_current = _find_terms(tile, t, f8(link.weights)[0])
            targets = u2(link.targets + uint64(2 * delivery.first))
            _touch(tile, targets, n, to_u, to_current, uint64(0), upwards)


@inner
def _touch_batch(tile, w, batch, first, last, own, upwards):
    """Arrivals of one sign, with weights of their own or not, each at a time of its own."""
    to_u, to_current = f8(tile.batch_terms), f8(tile.batch_terms + uint64(8 * AT_ONCE))
    while first < last:
        n = uint64(min(last - first, AT_ONCE))
        if tile.kind == JUMPS:
            jump_terms(tile, w, batch, first, n, own, to_u)
        else:
            many_current_terms(tile, w, batch, first, n, own, upwards, to_u, to_current)
        _touch(tile, u2(batch.neurons + uint64(2 * first)), n, to_u, to_current, uint64(1), upwards)
        first += AT_ONCE


@inner
def _touch_all(tile, w, batch, upwards):
    """All arrivals of a batch of one sign."""
    if batch.own != 0:
        _touch_batch(tile, w, batch, int64(0), batch.n, True, upwards)
    else:
        _touch_batch(tile, w, batch, int64(0), batch.n, False, upwards)


@inner
def _touch_driven(tile, w, inputs, upwards):
    """The drive's arrivals of one sign."""
    times, numbers, weights = f8(tile.drive_times), u2(tile.drive_numbers), f8(inputs.drive_weights)
    k = tile.next_drive
    while k < tile.n_drive and times[k] < w.end:
        weight = weights[numbers[k]]
        if (weight > 0.0) == upwards:
            to_u, to_current = _find_terms(tile, times[k], weight)
            _touch(
                tile, u4(tile.drive_neurons + uint64(4 * k)), uint64(1), to_u, to_current, uint64(0), upwards
            )
        k += 1
    for j in range(tile.n_feeds):
        feed = record_at(tile.feeds, j, FEED)
        if (feed.weight > 0.0) == upwards:
            _touch_batch(tile, w, record_at(feed.batch, 0, BATCH), feed.first, feed.last, False, upwards)


@inner
def add_few(tile, w, wiring, inputs):
    """All arrivals of the window, and a mark on each neuron that may fire."""
    if w.end > tile.limits_until:
        _limit_all(tile, w)
    _look_at_close(tile, w)
    tile.n_touched = 0
    fill_batches(tile, w, wiring)
    for upwards in (True, False):
        _touch_rows(tile, wiring, i8(w.signs), upwards)
        batch = record_at(tile.batches, 0 if upwards else 1, BATCH)
        _touch_all(tile, w, batch, upwards)
        for k in range(tile.n_open):
            batch = record_at(tile.open, k, BATCH)
            if is_taken_whole(tile, w, batch, upwards):
                _touch_all(tile, w, batch, upwards)
        _touch_driven(tile, w, inputs, upwards)
        if upwards:
            tile.n_excited = tile.n_touched


@inner
def forget_limits(tile):
    """What happens now has not been looked at: limits hold no longer."""
    tile.limits_until = -math.inf
    _forget_close(tile)
