"""The neurons of a tile that are gone through event by event, in the terms of their model's handlers.

The order of what happens to a neuron at one instant is the queue's (``queue``): its own event, its arrivals, the test
of the threshold, and again, round by round, as long as it fires.
"""

import math

from numba import int64

from eventsim.kernels.growing import reallocated
from eventsim.kernels.handlers import (
    CURRENT,
    bound,
    crossing,
    flow,
    give,
    jump,
    on_group,
    parameters_at,
    reset,
    row,
    safe,
    state_at,
    step,
    take,
)
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import f8, i8, prefetch, record_at, u1, u2, u4
from eventsim.kernels.neuron import move_threshold
from eventsim.kernels.sums import ABSENT
from eventsim.kernels.windows.ahead import ask_for_lines
from eventsim.kernels.windows.layout import ARRIVAL, CURRENTS, EVENTS, SPIKE
from eventsim.kernels.windows.tile_marks import add_currents_until, stays_below

_SPIKE = SPIKE.itemsize
_AHEAD = 4  # neurons between asking for a record and its turn
OWN, ARRIVED, TESTED = 1, 2, 3
"""Kinds of spikes at one instant: without input; at an arrival; at the test after all arrivals."""


@inner
def _fire(group, tile, p, s, i, now, rank, serial, number):
    """The neuron fires now: enter the spike and reset the neuron."""
    if tile.n_spikes == tile.room_spikes:
        tile.room_spikes = max(64, 2 * tile.room_spikes)
        tile.spikes = reallocated(tile.spikes, tile.room_spikes * _SPIKE)
        tile.sorting = reallocated(tile.sorting, tile.room_spikes * _SPIKE)
    spike = record_at(tile.spikes, tile.n_spikes, SPIKE)
    spike.time, spike.rank, spike.serial, spike.link = now, rank, serial, number
    spike.neuron, spike.row = tile.first_id + i, row(group.model, p, s)
    tile.n_spikes += 1
    reset(group.model, p, s)
    if group.thresholds != 0:
        move_threshold(group, p, tile.first_local + i)


@inlined
def _next_own(group, p, s):
    return min(crossing(group.model, p, s), step(group.model, p, s))


@inner
def _own_event(group, tile, p, s, i, now, round_, foreseen):
    """Carry the neuron on to its own event; whether it fired: as foreseen, or as is found there."""
    flow(group.model, p, s, now)
    fires = foreseen or crossing(group.model, p, s) <= now
    if fires:
        _fire(group, tile, p, s, i, now, 4 * round_ + OWN, int64(0), int64(0))
    return fires


@inner
def _arrivals_at(group, tile, p, s, i, k, end, now, round_):
    """All arrivals of this instant; where they end, and whether the neuron fired."""
    fired = False
    per_arrival = group.per_arrival != 0 and u1(group.per_arrival)[tile.first_local + i] != 0
    while k < end:
        arrival = record_at(tile.arrivals, k, ARRIVAL)
        if arrival.time != now:
            break
        flow(group.model, p, s, now)
        jump(group.model, p, s, arrival.weight, int64(arrival.receptor))
        if per_arrival and bound(group.model, p, s) <= now and crossing(group.model, p, s) <= now:
            _fire(group, tile, p, s, i, now, 4 * round_ + ARRIVED, arrival.serial, int64(arrival.link))
            fired = True
        k += 1
    return k, fired


@inlined
def _excitation(tile, k, end):
    """The sum of the positive weights of the arrivals ``k`` to ``end - 1``."""
    weights = 0.0
    for j in range(k, end):
        weights += max(0.0, record_at(tile.arrivals, j, ARRIVAL).weight)
    return weights


@inner
def _take_in(group, tile, i, k, end):
    """The arrivals ``k`` to ``end - 1``, at none of which the neuron can fire; when to look at it next."""
    p = parameters_at(group.model, group.params, int64(u4(group.which)[tile.first_local + i]))
    s = state_at(group.model, group.state, tile.first_local + i)
    for j in range(k, end):
        arrival = record_at(tile.arrivals, j, ARRIVAL)
        flow(group.model, p, s, arrival.time)
        jump(group.model, p, s, arrival.weight, int64(arrival.receptor))
    return bound(group.model, p, s)


@inner
def _go_through(group, tile, w, i, k, end, due):
    """All that happens to neuron ``i`` in this window, until it is certain that it only takes arrivals.

    Returns when to look at it next, and which arrivals are left.
    """
    p = parameters_at(group.model, group.params, int64(u4(group.which)[tile.first_local + i]))
    s = state_at(group.model, group.state, tile.first_local + i)
    now, round_, fired = -math.inf, int64(0), False
    while True:
        t = record_at(tile.arrivals, k, ARRIVAL).time if k < end else math.inf
        if due >= w.end and safe(group.model, p, s, w.end, _excitation(tile, k, end)):
            return due, k
        if due <= t and due < w.end and safe(group.model, p, s, min(t, w.end), 0.0):
            due = w.end
        if due <= t and due < w.end:
            spike = crossing(group.model, p, s)
            when = max(now, min(spike, step(group.model, p, s)))
            if when > t or when >= w.end:
                due = when
                continue
            round_ = round_ + 1 if when == now else int64(0)
            if 2 * round_ > w.most_at_once:  # rounds and spikes together, as in the queue
                tile.endless, tile.endless_at = tile.first_id + i + 1, now
                return due, end
            now = when
            fired = _own_event(group, tile, p, s, i, now, round_, spike <= now)
            due = bound(group.model, p, s) if fired else _next_own(group, p, s)
            if t > now:
                continue
        elif t == math.inf:
            return due, end
        if t > now:
            now, round_, fired = t, int64(0), False
        k, fired_here = _arrivals_at(group, tile, p, s, i, k, end, now, round_)
        fired = fired or fired_here
        due = bound(group.model, p, s)
        if due <= now:  # the bound may be as early as now although the neuron does not fire
            due = _next_own(group, p, s)
            if due <= now and not fired:
                _fire(group, tile, p, s, i, now, 4 * round_ + TESTED, int64(0), int64(0))
                fired = True
                due = bound(group.model, p, s)


@inlined
def _take_sums(group, tile, i, t):
    """Bring a neuron that is kept in sums into its record, at ``t``."""
    p = parameters_at(group.model, group.params, int64(u4(group.which)[tile.first_local + i]))
    s = state_at(group.model, group.state, tile.first_local + i)
    at = i * tile.apart
    u, x, y = f8(tile.u)[at], f8(tile.x)[at], f8(tile.y)[i]
    take(group.model, p, s, u, x, y, tile.ref, tile.ref_x, tile.ref_y)
    flow(group.model, p, s, t)
    return bound(group.model, p, s)


@inlined
def _give_sums(group, tile, i):
    """Keep a neuron in sums again; whether it is refractory."""
    p = parameters_at(group.model, group.params, int64(u4(group.which)[tile.first_local + i]))
    s = state_at(group.model, group.state, tile.first_local + i)
    at = i * tile.apart
    f8(tile.u)[at], f8(tile.x)[at], f8(tile.y)[i], f8(tile.below)[i], f8(tile.free)[i] = give(
        group.model, p, s
    )
    return f8(tile.u)[at] == ABSENT


@inlined
def _hold(tile, i):
    """Enter a neuron among those that are refractory."""
    if tile.n_held == tile.room_held:
        tile.room_held = max(64, 2 * tile.room_held)
        tile.held = reallocated(tile.held, tile.room_held * 4)
    u4(tile.held)[tile.n_held] = i
    tile.n_held += 1


@inlined
def release(group, tile, i):
    """End the refractory period of a neuron here and now: its currents enter the next epoch when the window ends."""
    _take_sums(group, tile, i, f8(tile.free)[i])
    _give_sums(group, tile, i)


@inlined
def _go_through_sums(group, tile, w, i, k, end):
    """All that happens in this window to neuron ``i``, which is kept in sums.

    Its record is for what it does by itself; while it is refractory, and where it certainly does not fire, arrivals are
    added to its sums.
    """
    free = f8(tile.free)
    held = f8(tile.u)[i * tile.apart] == ABSENT
    stands = held and free[i] >= w.end  # in the list already
    since = w.start
    if held and not stands and tile.kind == CURRENTS:
        k = add_currents_until(tile, i, k, end, free[i])
        since = max(since, free[i])
    due = _take_sums(group, tile, i, since)
    due, k = _go_through(group, tile, w, i, k, end, due)
    if _give_sums(group, tile, i):
        if free[i] < w.end:
            if k < end:
                k = add_currents_until(tile, i, k, end, free[i])
            release(group, tile, i)
        elif not stands:
            _hold(tile, i)
    if k < end:
        add_currents_until(tile, i, k, end, math.inf)


@inlined
def _ask_for(group, tile, m):
    """Have the record of a marked neuron fetched."""
    if m < tile.n_marked:
        local = tile.first_local + int64(u4(tile.marked)[m])
        prefetch(group.which, 4 * local)
        ask_for_lines(group.state, group.state_bytes, local, local + 1)


@inner
def _go_through_marked(group, tile, w):
    """Every marked neuron through this window, and no mark is left."""
    begin = int64(0)
    for m in range(_AHEAD):
        _ask_for(group, tile, m)
    for m in range(tile.n_marked):
        if tile.endless != 0:  # one is enough, and all their spikes might fill the memory
            break
        _ask_for(group, tile, m + _AHEAD)
        i, end = int64(u4(tile.marked)[m]), i8(tile.ends)[m]
        u2(tile.marks)[i] = u2(tile.bits)[i >> 4] = 0
        if tile.kind == EVENTS:
            due, k = _go_through(group, tile, w, i, begin, end, f8(tile.due)[i])
            f8(tile.due)[i] = due if k == end else _take_in(group, tile, i, k, end)
        elif tile.kind == CURRENTS or not stays_below(tile, w, i, begin, end):
            _go_through_sums(group, tile, w, i, begin, end)
        begin = end
    tile.gone_through += tile.n_unsorted
    tile.n_marked = 0


@inner
def _set_current_in(group, tile, i, t, value):
    """The external current of a neuron is ``value`` from ``t``, where a window begins."""
    if tile.kind != EVENTS:
        _take_sums(group, tile, i, t)
    p = parameters_at(group.model, group.params, int64(u4(group.which)[tile.first_local + i]))
    s = state_at(group.model, group.state, tile.first_local + i)
    flow(group.model, p, s, t)
    jump(group.model, p, s, value, CURRENT)
    if tile.kind == EVENTS:
        f8(tile.due)[i] = bound(group.model, p, s)
        tile.quiet_until = min(tile.quiet_until, f8(tile.due)[i])
    else:
        if f8(tile.u)[i * tile.apart] == ABSENT:  # it stands in the list already
            tile.n_held -= 1 if _leave_held(tile, i) else 0
        if _give_sums(group, tile, i):
            _hold(tile, i)
        tile.quiet_until = t


@inlined
def _leave_held(tile, i):
    """Take a neuron out of the list of the refractory ones; whether it was there."""
    held = u4(tile.held)
    for k in range(tile.n_held):
        if held[k] == i:
            held[k] = held[tile.n_held - 1]
            return True
    return False


@inner
def _first_look(group, tile):
    """Take over the neurons of a tile from their records."""
    for i in range(tile.n):
        p = parameters_at(group.model, group.params, int64(u4(group.which)[tile.first_local + i]))
        s = state_at(group.model, group.state, tile.first_local + i)
        if tile.kind == EVENTS:
            f8(tile.due)[i] = bound(group.model, p, s)
        elif _give_sums(group, tile, i):
            _hold(tile, i)


@inner
def _hand_back(group, tile, t):
    """Bring all neurons that are kept in sums into their records, at ``t``."""
    for i in range(tile.n):
        _take_sums(group, tile, i, t)
        _give_sums(
            group, tile, i
        )  # it may have been released on the way; it stays in the list until a window sees it


go_through_marked = on_group(_go_through_marked)
set_current_in = on_group(_set_current_in)
first_look = on_group(_first_look)
hand_back = on_group(_hand_back)
