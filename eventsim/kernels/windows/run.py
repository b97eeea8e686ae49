"""The window engine: intervals no longer than the smallest delay, tile by tile, on any number of threads.

What arrives in an interval was emitted before it.  So its neurons need nothing of each other: each tile takes off the
spikes of the interval before and goes through its windows, one after the other: it adds up what arrives in one, and
goes through the neurons that may fire.  When all tiles are done, their spikes are put into the one order of events
(``queue``), and the next interval begins.  It begins with the next event, so that silence costs nothing.

Windows are short, so that few neurons may fire in one; intervals are long, so that threads seldom wait for each other.
"""

import math
from typing import Any

from numba import int64, uint64

from eventsim.kernels.barrier import claimed, leave, meet
from eventsim.kernels.growing import copy_bytes
from eventsim.kernels.jit import apart, inlined, inner, kernel, spliced
from eventsim.kernels.layout import DONE, ENDLESS, PAUSED
from eventsim.kernels.memory import f8, record_at, u2, u4
from eventsim.kernels.upcoming import next_current, next_source
from eventsim.kernels.windows.layout import BATCH, EVENTS, FEED, JUMPS, TILE, WINDOWS
from eventsim.kernels.windows.spikes import collect, number_and_record, sort_spikes
from eventsim.kernels.windows.tile_drive import feed_window, next_fed
from eventsim.kernels.windows.tile_epochs import (
    any_below,
    enter_epochs,
    find_quiet,
    mark_released,
    next_release,
)
from eventsim.kernels.windows.tile_events import go_through_marked, set_current_in
from eventsim.kernels.windows.tile_few import (
    add_few,
    forget_limits,
    is_little,
    renew_limits,
    take_back_touched,
)
from eventsim.kernels.windows.tile_gather import find, gather, mark, sort_by_neuron
from eventsim.kernels.windows.tile_marks import lend, take_back
from eventsim.kernels.windows.tile_slices import release_safe
from eventsim.kernels.windows.tile_sums import add_currents, add_jumps
from eventsim.kernels.windows.tile_traffic import move_on, receive
from eventsim.kernels.windows.watching import first_watched, first_watched_source, keep, rewind

_TILE, _WINDOWS = TILE.itemsize, WINDOWS.itemsize
_CLAIM = dict[str, Any](TILE.fields or {})["claim"][1]
_IN_ONE_GO = 8  # windows of a tile
_DEAR = 32
_MOST_WINDOWS = 32  # of an interval: the caller is let in between two


# --- a tile in a window


@inner
def _mark_due(tile, w):
    """Mark the neurons that may do something by themselves in this window."""
    if tile.quiet_until < w.end:
        due = f8(tile.due)
        for i in range(tile.n):
            if due[i] < w.end:
                mark(tile, i)


@inner
def _soonest_due(tile):
    due, soonest = f8(tile.due), math.inf
    for i in range(tile.n):
        soonest = min(soonest, due[i])
    return soonest


@inlined
def _next_driven(tile, w, t):
    """When the drive's next arrival from ``t`` on may come."""
    soonest = f8(tile.drive_times)[tile.next_drive] if tile.next_drive < tile.n_drive else math.inf
    for k in range(tile.n_feeds):
        soonest = min(soonest, next_fed(record_at(tile.feeds, k, FEED), w.drives, t))
    return soonest


@inner
def _pass_drive(tile, w):
    """The drive's arrivals of this window are done."""
    k = tile.next_drive
    while k < tile.n_drive and f8(tile.drive_times)[k] < w.end:
        k += 1
    tile.external_events += k - tile.next_drive
    tile.next_drive = k


@inner
def _feed(tile, w):
    """Find this window's arrivals from the drives that are drawn in the tile."""
    for k in range(tile.n_feeds):
        feed = record_at(tile.feeds, k, FEED)
        feed_window(feed, w.drives, max(w.start, w.fresh), w.end)
        tile.external_events += feed.last - feed.first


@spliced
def _in_events(groups, tile, w, wiring, inputs):
    """A window of neurons that are handled event by event."""
    _feed(tile, w)
    for k in range(tile.n_feeds):
        feed = record_at(tile.feeds, k, FEED)
        neurons = u2(record_at(feed.batch, 0, BATCH).neurons)
        for j in range(feed.first, feed.last):
            mark(tile, int64(neurons[j]))
    _mark_due(tile, w)
    find(tile)
    gather(tile, w, wiring, inputs, True)
    sort_by_neuron(tile)
    go_through_marked(groups, tile.group, tile, w)
    tile.quiet_until = _soonest_due(tile)


@spliced
def _in_sums(groups, tile, w, wiring, inputs, scratch):
    """A window of neurons that are handled in sums."""
    lend(tile, scratch)
    enter_epochs(tile, w.start)
    _feed(tile, w)
    mark_released(tile, w)
    little = is_little(tile, w)
    if little:
        add_few(tile, w, wiring, inputs)
    elif tile.kind == JUMPS:
        add_jumps(tile, w, wiring, inputs)
    else:
        add_currents(tile, w, wiring, inputs)
    n_marked = tile.n_marked
    if n_marked > 0:
        if little:
            take_back_touched(tile)
        else:
            take_back(tile)
        find(tile)
        if tile.kind == JUMPS and tile.n_lanes > 0:  # else windows are so short that slices release few
            release_safe(groups, tile, w, wiring, inputs)
        gather(tile, w, wiring, inputs, False)
        sort_by_neuron(tile)
        go_through_marked(groups, tile.group, tile, w)
    if little:
        renew_limits(tile, w, n_marked)
    else:
        forget_limits(tile)
    if tile.restless < 0:
        tile.restless = 1 if any_below(tile) else 0
    settled = tile.kind == JUMPS and tile.restless == 0
    if settled:
        tile.quiet_until = next_release(tile)
    elif little and tile.n_close == 0:
        tile.quiet_until = max(w.end, min(next_release(tile), tile.limits_until))
    else:
        tile.quiet_until = w.end


@apart
def _live(groups, tile, w, wiring, inputs, scratch):
    """All that happens in a tile in this window; ``scratch``: the thread's."""
    receive(tile, w, wiring)
    move_on(tile, w, wiring)
    if tile.n_arriving == 0 and _next_driven(tile, w, w.start) >= w.end and tile.quiet_until >= w.end:
        return
    tile.windows += 1
    first_spike = tile.n_spikes
    if tile.kind == EVENTS:
        _in_events(groups, tile, w, wiring, inputs)
    else:
        _in_sums(groups, tile, w, wiring, inputs, scratch)
    sort_spikes(tile, first_spike)
    _pass_drive(tile, w)


@inlined
def _window_end(w, start, until):
    """Where the window that begins at ``start`` ends."""
    return until if w.grid == math.inf else min(until, (math.floor(start / w.grid) + 1.0) * w.grid)


@spliced
def _go_on(groups, tile, w, wiring, inputs, scratch):
    """Some windows of a tile in this interval, each from its next event on; ``w``: the thread's copy."""
    first, until = w.start, w.end
    for _ in range(_IN_ONE_GO):
        w.start, w.end = tile.reached, _window_end(w, tile.reached, until)
        _live(groups, tile, w, wiring, inputs, scratch)
        tile.reached = max(w.end, min(min(tile.next, tile.quiet_until), _next_driven(tile, w, w.end)))
        if tile.endless != 0:
            tile.reached = until
        if tile.reached >= until:
            break
    w.start, w.end = first, until


# --- between intervals


@inner
def _next_event(w, inputs):
    """When something can happen next, where no spike has been emitted that has not taken off."""
    soonest = min(next_source(inputs), next_current(inputs))
    for number in range(w.n_tiles):
        tile = record_at(w.tiles, number, TILE)
        if tile.kind != EVENTS and tile.quiet_until <= w.now and tile.n_close == 0:
            tile.quiet_until = max(w.now, find_quiet(tile, w.now))
        soonest = min(soonest, min(min(tile.next, tile.quiet_until), _next_driven(tile, w, w.now)))
    return soonest


@inner
def _set_currents(groups, w, wiring, inputs):
    """Currents that change where the window begins."""
    while next_current(inputs) <= w.start:
        k = inputs.next_current
        neuron, value = int64(u4(inputs.current_ids)[k]), f8(inputs.current_values)[k]
        for number in range(w.n_tiles):
            tile = record_at(w.tiles, number, TILE)
            if tile.first_id <= neuron < tile.first_id + tile.n:
                if tile.kind != EVENTS:
                    enter_epochs(tile, w.start)
                set_current_in(groups, tile.group, tile, neuron - tile.first_id, w.start, value)
                forget_limits(tile)
                tile.restless = -1  # to be found out
        inputs.next_current += 1


@spliced
def _go_ahead(groups, w, wiring, inputs, scratch):
    """Tiles with watched neurons go through the window, which is all of the interval, before the others.

    It ends right after the first spike of one that is watched: then they go back, and through it again with all.  What
    is emitted in it arrives after it, so they need nothing of the others.
    """
    first = first_watched_source(w, wiring, inputs)
    for number in range(w.n_tiles):
        tile = record_at(w.tiles, number, TILE)
        if tile.watched != 0:
            receive(tile, w, wiring)
            keep(tile, w.tiles + uint64(number * _TILE))
            _live(groups, tile, w, wiring, inputs, scratch)
            tile.reached = w.end
            first = min(first, first_watched(tile, wiring))
    if first == math.inf:
        return
    w.end, w.stopped = math.nextafter(first, math.inf), 1
    for number in range(w.n_tiles):
        tile = record_at(w.tiles, number, TILE)
        if tile.watched != 0:
            rewind(tile)
            forget_limits(tile)


@inner
def _interval_end(w, start):
    """Where the interval that begins at ``start`` ends: with a window on the grid, if it has several."""
    end = min(start + w.longest, w.last)
    if w.grid == math.inf:
        return end
    first = math.floor(start / w.grid)
    if w.watching != 0:  # whoever is watched may end it
        return min(end, (first + 1.0) * w.grid)
    last = min(math.floor(end / w.grid), first + _MOST_WINDOWS)
    return last * w.grid if last > first else end


@spliced
def _begin_interval(groups, w, wiring, inputs, scratch):
    """Find the next interval: from the next event to the smallest delay later, or to where it must end before."""
    start = w.now
    if w.n_spikes == 0 and start < w.last:
        start = max(start, _next_event(w, inputs))
    if start >= w.last:
        w.now = w.last
        w.status = DONE
        return
    w.start = start
    _set_currents(groups, w, wiring, inputs)
    w.end = min(_interval_end(w, start), next_current(inputs))
    w.intervals += 1
    for number in range(w.n_tiles):
        record_at(w.tiles, number, TILE).reached = start
    if w.watching != 0:
        _go_ahead(groups, w, wiring, inputs, scratch)


@inner
def _end_interval(w, wiring, inputs):
    """Put the spikes into order; they take off in the next interval."""
    collect(w, wiring, inputs)
    number_and_record(w, wiring)
    w.now = w.end
    if w.stopped != 0:
        w.last = w.end


@inner
def _done(w):
    """How much has been done so far, in events that are added up; one that is gone through takes as long as many."""
    done = w.intervals * (10 + w.n_tiles)
    for number in range(w.n_tiles):
        tile = record_at(w.tiles, number, TILE)
        done += tile.windows * (10 + tile.n // 4)
        done += tile.synaptic_events + tile.external_events + _DEAR * tile.gone_through
    return done


@inner
def _status(w):
    """Why to come back to the caller, or -1: a neuron that fires for ever, or enough done to let it in."""
    for number in range(w.n_tiles):
        if record_at(w.tiles, number, TILE).endless != 0:
            return ENDLESS
    done = _done(w)
    if done - w.done <= w.events_a_call:
        return -1
    w.done = done
    return PAUSED


@inlined
def _claims(w, number):
    """Whether there is something left to do in a tile in this interval, and no other thread is at it."""
    tile, claim = record_at(w.tiles, number, TILE), w.tiles + uint64(number * _TILE + _CLAIM)
    if tile.reached >= w.end or not claimed(claim):
        return False
    if tile.reached >= w.end:
        leave(claim)
        return False
    return True


@spliced
def _go_through_tiles(groups, w, wiring, inputs, scratch, thread):
    """All tiles through this interval: first the thread's own, which its core has at hand, then those of others.

    Some windows of one, then some of the next, so that those who have done with theirs find something to help with.
    Whoever leaves a tile looks for what is left among those beside it, so none is left.
    """
    for later in range(w.n_threads):
        owner = (thread + later) % w.n_threads
        found = True
        while found:
            found = False
            for number in range(owner * w.n_tiles // w.n_threads, (owner + 1) * w.n_tiles // w.n_threads):
                if _claims(w, number):
                    _go_on(groups, record_at(w.tiles, number, TILE), w, wiring, inputs, scratch)
                    leave(w.tiles + uint64(number * _TILE + _CLAIM))
                    found = True


@kernel
def run_windows(groups, wiring_array, windows_array, inputs_array, thread, arrivals):
    """Simulate all events before ``last``; called by each thread.  ``arrivals``: address of what `meet` counts."""
    wiring, w, inputs = wiring_array[0], windows_array[0], inputs_array[0]
    scratch = w.scratch + uint64(thread * w.scratch_bytes)
    while True:
        if thread == 0:  # the others wait, so none reads the status while it changes
            w.status = _status(w)
            if w.status < 0:
                _begin_interval(groups, w, wiring, inputs, scratch)
        meet(arrivals, w.n_threads)
        if w.status >= 0:
            return
        own = record_at(w.copies, thread, WINDOWS)
        copy_bytes(w.copies + uint64(thread * _WINDOWS), uint64(windows_array.ctypes.data), _WINDOWS)
        _go_through_tiles(groups, own, wiring, inputs, scratch, thread)
        meet(arrivals, w.n_threads)
        if thread == 0:
            _end_interval(w, wiring, inputs)
