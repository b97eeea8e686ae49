"""A window in which little arrives: it costs what arrives, and no pass over the tile.

Looking at every neuron takes as long as adding up hundreds of arrivals.  So it is done once for many windows: each
neuron gets a *limit*, the excitation (sum of its jumps, or its excitatory current) up to which it certainly does not fire
in any of them.  Those that might fire even without any more are *watched*: looked at in each window.  Of the others only
those count that something reaches.  What they were before is written down; who comes above its limit is marked, takes
that back, and gets a new limit when it has been gone through.
"""

import math
from collections import namedtuple

from numba import int64, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import f8, i8, record_at, u2, u4
from eventsim.kernels.shared import reallocated
from eventsim.kernels.sums import ABSENT, built_up, growth, rounded
from eventsim.kernels.tile_batches import fill_batches, has_own
from eventsim.kernels.tile_sums import _SLACK as SLACK
from eventsim.kernels.tile_sums import _current_terms, _jump_terms, _terms, _threshold, next_epoch
from eventsim.kernels.tile_traffic import mark
from eventsim.kernels.window_layout import BATCH, DELIVERY, FEED, JUMPS, SUMS

_HELD = 0.5 * ABSENT  # what lies below is the sum of a neuron whose V is held
_FIRST_WINDOWS = 4.0  # for so many windows the first limits hold


@inner
def n_arrivals(tile, w):
    """How many arrivals there are in this window."""
    n = int64(0)
    for k in range(tile.n_deliveries):
        delivery = record_at(tile.deliveries, k, DELIVERY)
        n += delivery.end - delivery.first
    for k in range(tile.n_feeds):
        feed = record_at(tile.feeds, k, FEED)
        n += feed.last - feed.first
    return n


# --- limits

Stretch = namedtuple("Stretch", "at_start at_end e ex inh built left h per_h rate scale far far_x far_y")
"""What limits of a stretch of time need, for any neuron."""


@inner
def _stretch(tile, start, until):
    c = record_at(tile.sums, 0, SUMS)
    far = c.rounding / 6.0
    at_start, at_end = growth((start - tile.ref) * c.rate), growth((until - tile.ref) * c.rate)
    if tile.kind == JUMPS:
        return Stretch(at_start, at_end, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, far, 0.0, 0.0)
    h = until - start
    e_ex, e_in = growth((start - tile.ref_x) * c.rate_ex), growth((start - tile.ref_y) * c.rate_in)
    inh, built = built_up(c.gap_in, start - tile.ref_y) / e_in, built_up(c.gap_ex, start - tile.ref_x)
    left, scale = math.exp(-h * c.rate_in) / e_in, c.rounding / 96.0
    e = 1.0 / at_start
    far_x, far_y = c.rounding_ex / 3.0, c.rounding_in / 3.0
    return Stretch(
        at_start, at_end, e, 1.0 / e_ex, inh, built, left, h, e_ex / h, c.rate, scale, far, far_x, far_y
    )


@inlined
def _set_limit_of_jumps(tile, s, i):
    """Set how far V may be pushed up; whether it might be too far already."""
    u = f8(tile.u)[i]
    limit = min(s.far, _threshold(f8(tile.below)[i], s.at_start, s.at_end))
    f8(tile.limit)[i] = limit
    return u > limit or _HELD < u < -s.far


@inlined
def _set_limit_of_current(tile, s, i):
    """The same for the excitatory current.

    While V is above v, its value at the start, V' <= (V_inf - v)/tau_m + I_ex + I_in, with the inhibition that is left
    at the end, and each new current adds no more than itself to the slope.  So V stays below V_th if
    v + h max(0, slope) + h (sum of the new excitatory currents) does.
    """
    u, x, y, below = f8(tile.u)[i], f8(tile.x)[i], f8(tile.y)[i], f8(tile.below)[i]
    current = x * s.ex
    v = u * s.e + (current * s.built + y * s.inh)
    room = below - v - s.h * max(0.0, current + y * s.left - v * s.rate)
    bears = x + (room - SLACK * (abs(below) + abs(v) + s.scale)) * s.per_h
    bears = min(bears, s.far_x) if abs(u) <= s.far else -math.inf
    limit = bears if u > _HELD else s.far_x
    f8(tile.limit)[i] = limit
    return x > limit or y < -s.far_y


@inlined
def _set_limit(tile, s, i):
    if tile.kind == JUMPS:
        return _set_limit_of_jumps(tile, s, i)
    return _set_limit_of_current(tile, s, i)


@inlined
def _watch(tile, i):
    """Look at neuron ``i`` in each window from now on."""
    if u4(tile.watches)[i] == 0:
        if tile.n_watched == tile.room_watched:
            tile.room_watched = max(64, 2 * tile.room_watched)
            tile.watched = reallocated(tile.watched, 4 * tile.room_watched)
        u4(tile.watched)[tile.n_watched] = i
        tile.n_watched += 1
        u4(tile.watches)[i] = 1


@inner
def _forget_watched(tile):
    for k in range(tile.n_watched):
        u4(tile.watches)[u4(tile.watched)[k]] = 0
    tile.n_watched = 0


@inner
def _set_limits(tile, w):
    """Limits for everyone, and for so long that all looking at neurons together takes least time."""
    _forget_watched(tile)
    window = w.end - w.start
    if tile.horizon == 0.0:
        tile.horizon = _FIRST_WINDOWS * window
    tile.k_pass += 1
    until = min(next_epoch(tile), w.start + max(tile.horizon, window))
    s = _stretch(tile, w.start, until)
    if tile.kind == JUMPS:
        for i in range(tile.n):
            if _set_limit_of_jumps(tile, s, i):
                _watch(tile, i)
    else:
        for i in range(tile.n):
            if _set_limit_of_current(tile, s, i):
                _watch(tile, i)
    tile.limits_until = until


@inner
def _look_at_watched(tile, w):
    """Limits of the watched for this window alone; mark those that might fire in it."""
    s = _stretch(tile, w.start, w.end)
    kept = int64(0)
    tile.n_looked += tile.n_watched
    for k in range(tile.n_watched):
        i = int64(u4(tile.watched)[k])
        if f8(tile.u)[i] < _HELD:
            u4(tile.watches)[i] = 0
            continue
        u4(tile.watched)[kept] = i
        kept += 1
        if _set_limit(tile, s, i):
            mark(tile, i)
    tile.n_watched = kept


@inner
def renew_limits(tile, w, n):
    """New limits for the first ``n`` of the marked, who have been gone through; some are watched from now on."""
    if w.end >= tile.limits_until:
        return
    s = _stretch(tile, w.end, tile.limits_until)
    for m in range(n):
        i = int64(u4(tile.marked)[m])
        if _set_limit(tile, s, i):
            _watch(tile, i)


@inner
def forget_limits(tile):
    """Limits must be set anew."""
    tile.limits_until = -math.inf


# --- what arrives, and who was what before


@inlined
def _reserve(tile, n):
    """Room for so many more."""
    if tile.n_touched + n > tile.room_touched:
        room = 2 * (tile.n_touched + n)
        tile.room_touched = room
        tile.touched = reallocated(tile.touched, 4 * room)
        tile.u_touched = reallocated(tile.u_touched, 8 * room)
        tile.c_touched = reallocated(tile.c_touched, 8 * room)


@inlined
def _push_up(tile, neurons, shift, n, terms, stride):
    """Add excitatory jumps."""
    _reserve(tile, n)
    u, limit, at = f8(tile.u), f8(tile.limit), uint64(tile.n_touched)
    touched, before = u4(tile.touched + uint64(4 * at)), f8(tile.u_touched + uint64(8 * at))
    for k in range(n):
        i = neurons[k] - shift
        touched[k], before[k] = i, u[i]
        u[i] += terms[k * stride]
        if u[i] > limit[i]:
            mark(tile, int64(i))
    tile.n_touched += n


@inlined
def _push_down(tile, neurons, shift, n, terms, stride, far):
    """Add inhibitory jumps."""
    _reserve(tile, n)
    u, at = f8(tile.u), uint64(tile.n_touched)
    touched, before = u4(tile.touched + uint64(4 * at)), f8(tile.u_touched + uint64(8 * at))
    for k in range(n):
        i = neurons[k] - shift
        touched[k], before[k] = i, u[i]
        u[i] += terms[k * stride]
        if _HELD < u[i] < -far:
            mark(tile, int64(i))
    tile.n_touched += n


@inlined
def _excite(tile, neurons, shift, n, to_u, to_x, stride, far):
    """Add to excitatory currents."""
    _reserve(tile, n)
    u, x, limit, at = f8(tile.u), f8(tile.x), f8(tile.limit), uint64(tile.n_touched)
    touched, before = u4(tile.touched + uint64(4 * at)), f8(tile.u_touched + uint64(8 * at))
    before_x = f8(tile.c_touched + uint64(8 * at))
    for k in range(n):
        i = neurons[k] - shift
        touched[k], before[k], before_x[k] = i, u[i], x[i]
        u[i] -= to_u[k * stride]
        x[i] += to_x[k * stride]
        if x[i] > limit[i] or _HELD < u[i] < -far:
            mark(tile, int64(i))
    tile.n_touched += n


@inlined
def _inhibit(tile, neurons, shift, n, to_u, to_y, stride, far, far_y):
    """Add to inhibitory currents."""
    _reserve(tile, n)
    u, y, at = f8(tile.u), f8(tile.y), uint64(tile.n_touched)
    touched, before = u4(tile.touched + uint64(4 * at)), f8(tile.u_touched + uint64(8 * at))
    before_y = f8(tile.c_touched + uint64(8 * at))
    for k in range(n):
        i = neurons[k] - shift
        touched[k], before[k], before_y[k] = i, u[i], y[i]
        u[i] -= to_u[k * stride]
        y[i] += to_y[k * stride]
        if u[i] > far or y[i] < -far_y:
            mark(tile, int64(i))
    tile.n_touched += n


@inner
def take_back_touched(tile):
    """The sums of marked neurons as they were when the window began: from the last to the first that reached them."""
    marks, touched, u, u_before = u4(tile.marks), u4(tile.touched), f8(tile.u), f8(tile.u_touched)
    jumps, before = tile.kind == JUMPS, f8(tile.c_touched)
    for back in range(tile.n_touched):
        k = tile.n_touched - 1 - back
        i = touched[k]
        if marks[i] != 0:
            u[i] = u_before[k]
            if not jumps:
                if k < tile.n_excited:
                    f8(tile.x)[i] = before[k]
                else:
                    f8(tile.y)[i] = before[k]


@inner
def _add_row(tile, wiring, delivery, upwards):
    """What one spike adds where all synapses have one weight and one delay."""
    c = record_at(tile.sums, 0, SUMS)
    link = record_at(wiring.links, delivery.link, LINK)
    shift, n = uint64(tile.first), uint64(delivery.end - delivery.first)
    targets = u4(link.targets + uint64(4 * delivery.first))
    far, terms, t = c.rounding / 6.0, f8(tile.terms), delivery.emitted + f8(link.delays)[0]
    weight = f8(link.weights)[0]
    if tile.kind == JUMPS:
        terms[0] = rounded(weight * growth((t - tile.ref) * c.rate), c.rounding)
        if upwards:
            _push_up(tile, targets, shift, n, terms, uint64(0))
        else:
            _push_down(tile, targets, shift, n, terms, uint64(0), far)
    else:
        terms[0], terms[1] = _terms(tile, c, t, weight)
        if upwards:
            _excite(tile, targets, shift, n, terms, f8(tile.terms + uint64(8)), uint64(0), far)
        else:
            far_y = c.rounding_in / 3.0
            _inhibit(tile, targets, shift, n, terms, f8(tile.terms + uint64(8)), uint64(0), far, far_y)


@inner
def _add_batch(tile, w, batch, first, last, upwards):
    """What arrivals with values of their own add."""
    c = record_at(tile.sums, 0, SUMS)
    n, far = uint64(last - first), c.rounding / 6.0
    times, weights = f8(batch.times + uint64(8 * first)), f8(batch.weights + uint64(8 * first))
    neurons, terms, others = (
        u4(batch.neurons + uint64(4 * first)),
        f8(batch.terms),
        f8(batch.terms + uint64(8 * batch.room)),
    )
    if tile.kind == JUMPS:
        _jump_terms(tile, w, times, weights, n, terms)
        if upwards:
            _push_up(tile, neurons, uint64(0), n, terms, uint64(1))
        else:
            _push_down(tile, neurons, uint64(0), n, terms, uint64(1), far)
    else:
        _current_terms(tile, w, times, weights, n, upwards, terms, others)
        if upwards:
            _excite(tile, neurons, uint64(0), n, terms, others, uint64(1), far)
        else:
            _inhibit(tile, neurons, uint64(0), n, terms, others, uint64(1), far, c.rounding_in / 3.0)


@inner
def add_few(tile, w, wiring, inputs):
    """All arrivals of the window, excitation first, and a mark on each neuron that may fire."""
    if w.end > tile.limits_until:
        _set_limits(tile, w)
    tile.k_rel += tile.n_marked
    _look_at_watched(tile, w)
    tile.k_watch += tile.n_marked
    tile.n_touched = 0
    signs = i8(w.signs)
    fill_batches(tile, wiring, signs)
    for upwards in (True, False):
        for k in range(tile.n_deliveries):
            delivery = record_at(tile.deliveries, k, DELIVERY)
            if (signs[delivery.link] > 0) == upwards:
                if not has_own(record_at(wiring.links, delivery.link, LINK)):
                    _add_row(tile, wiring, delivery, upwards)
        batch = record_at(tile.batches, 0 if upwards else 1, BATCH)
        _add_batch(tile, w, batch, int64(0), batch.n, upwards)
        for j in range(tile.n_feeds):
            feed = record_at(tile.feeds, j, FEED)
            if (feed.weight > 0.0) == upwards:
                _add_batch(tile, w, record_at(feed.batch, 0, BATCH), feed.first, feed.last, upwards)
        if upwards:
            tile.n_excited = tile.n_touched
