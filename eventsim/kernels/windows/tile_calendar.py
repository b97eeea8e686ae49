"""The calendar of a tile: what is to arrive in it, day by day, where delays differ.

Spikes whose synapses have delays of their own reach a few of them in each window, thousands of spikes at a time.  If
each went along its row from window to window, every window would fetch a few synapses of thousands of rows from afar.
So a spike reads its row once and enters its arrivals, each in its day: times, targets and weights, one behind the
other, in a *lane* for each projection.  When the day comes, they lie there as they are needed.

Days begin at multiples of ``day_ms``, a power of two, so that the day of a time is exact; no window reaches beyond one
where a tile has lanes.  A year is some days, few enough for its arrivals to stay in a nearby cache; what comes later is
entered when the next year begins.  Nothing is taken out before, so a window can be gone through twice.  Spikes
that reach all their synapses at one time are entered as rows.

What is entered follows from the legs: forgotten (`recall`), it is entered again.
"""

import math

from numba import int64, uint32, uint64

from eventsim.kernels.growing import copy_bytes, reallocated
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import copy_24, f8, i8, prefetch, prefetch_near, record_at, u2
from eventsim.kernels.neuron import weight_at
from eventsim.kernels.windows.doubles import LANES, above, load, splat, store
from eventsim.kernels.windows.layout import DAY, DELIVERY, LANE, LEG, RUN
from eventsim.kernels.windows.marked import lowest

DAYS, FEWEST_DAYS = 24, 3
"""Most days of a year, and fewest: a window of rows alone may reach into three."""

MOST_IN_YEAR = 1 << 17
"""Arrivals, unless there are more in the fewest days: what a nearby cache holds."""

BLOCK = 24
"""Synapses that are copied in one go, and some for nothing: to know how many would cost more."""

_AHEAD, _ASKED_FOR = 8, 96  # spikes between asking for synapses and entering them, and for so many
_RECALLED_AHEAD = 16  # legs between asking where they are and looking
_LEAST = 64  # arrivals or rows for which there is room at first
_LINE = 64  # bytes of memory that are fetched together
_NO_YEAR = -(1 << 62)
_DELIVERY, _RUN = DELIVERY.itemsize, RUN.itemsize


@inlined
def day_of(w, time):
    """The number of the day in which a time lies."""
    return int64(math.floor(time * w.days_per_ms))


@inlined
def last_day(w):
    """That of the last day which the window reaches."""
    return int64(math.ceil(w.end * w.days_per_ms)) - 1


# --- entering


@inner
def _enter_row(tile, w, link, leg):
    """A spike that reaches all its synapses at one time."""
    arrival = leg.emitted + f8(link.delays)[0]
    number = day_of(w, arrival) - tile.first_day
    if number >= tile.n_days:
        tile.beyond = min(tile.beyond, arrival)
        return
    day = record_at(tile.days, number, DAY)
    if day.n_rows == day.room_rows:
        day.room_rows = max(_LEAST, 2 * day.room_rows)
        day.rows = reallocated(day.rows, day.room_rows * _DELIVERY)
    row = record_at(day.rows, day.n_rows, DELIVERY)
    row.emitted, row.serial, row.link, row.first, row.end = (
        leg.emitted,
        leg.serial,
        leg.link,
        leg.next,
        leg.end,
    )
    day.n_rows += 1
    leg.entered = leg.end


@inlined
def _spread(column, counts, old, size):
    """Room for twice as many elements a day, of ``size`` bytes each; those that are there move to where they belong."""
    column = reallocated(column, 2 * old * size * DAYS)
    for day in range(DAYS - 1, 0, -1):
        to, of = column + uint64(2 * day * old * size), column + uint64(day * old * size)
        copy_bytes(to, of, i8(counts)[day] * size)
    return column


@inner
def _grow(lane):
    """Room for twice as many arrivals a day."""
    old = max(_LEAST, lane.room)
    lane.times, lane.neurons = _spread(lane.times, lane.n, old, 8), _spread(lane.neurons, lane.n, old, 2)
    if lane.own != 0:
        lane.weights = _spread(lane.weights, lane.n, old, 8)
    lane.room = 2 * old


@inner
def _grow_runs(lane):
    """Room for twice as many runs a day."""
    old = max(_LEAST, lane.room_runs)
    lane.runs = _spread(lane.runs, lane.n_runs, old, _RUN)
    lane.room_runs = 2 * old


@inlined
def _copy_block(times, neurons, delays, targets, emitted, until):
    """Copy times and targets of 24 synapses, all addresses; how many are reached before ``until``, up to the first that
    is not.

    Where the next spikes write is asked for: it was written to a year ago, and writing too waits for memory.
    """
    at, end, bits = splat(emitted), splat(until), uint32(0)
    for line in range(8 * BLOCK, 16 * BLOCK, _LINE):
        prefetch(times, line)
    prefetch(neurons, 4 * BLOCK)
    copy_24(neurons, targets)
    for k in range(0, BLOCK, LANES):
        time = at + load(delays + uint64(8 * k))
        store(times + uint64(8 * k), time)
        bits |= above(end, time) << uint32(k)
    return lowest(~bits)  # or the first beyond them


@inner
def _copy_last(times, neurons, delays, targets, n, emitted, until):
    """The same of ``n`` synapses at the end of the table, beyond which nothing may be read."""
    for k in range(n):
        time = emitted + f8(delays)[k]
        if time >= until:
            return k
        f8(times)[k], u2(neurons)[k] = time, u2(targets)[k]
    return n


@inlined
def _ask_for_synapses(link, first, end):
    """Have the delays and targets of these synapses fetched from memory, into the near cache.

    Only so many lines can be on their way to the nearest one.
    """
    for line in range(8 * first, 8 * end, _LINE):
        prefetch_near(link.delays, line)
    for line in range(2 * first, 2 * end, _LINE):
        prefetch_near(link.targets, line)


@inlined
def _copy(lane, day, link, leg, k, n, until):
    """Copy what of a row from ``k`` on is reached before ``until``, as far as there is room; where that ends.

    Nothing is called in the loop, so that all it works on stays in registers.
    """
    emitted, end, room, synapses = leg.emitted, leg.end, lane.room, link.synapses
    at = uint64(day * room)
    all_times, all_neurons = lane.times + 8 * at, lane.neurons + 2 * at
    all_delays, all_targets = link.delays, link.targets
    while k < end and n + BLOCK <= room:
        times, neurons = all_times + uint64(8 * n), all_neurons + uint64(2 * n)
        delays, targets = all_delays + uint64(8 * k), all_targets + uint64(2 * k)
        if k + BLOCK <= synapses:
            some = min(_copy_block(times, neurons, delays, targets, emitted, until), end - k)
        else:
            some = _copy_last(times, neurons, delays, targets, end - k, emitted, until)
        n += some
        k += some
        if some < BLOCK:
            break
        _ask_for_synapses(link, k + _ASKED_FOR - BLOCK, k + _ASKED_FOR)
    return k, n


@inlined
def _append(lane, day, link, leg, k, until):
    """Enter the synapses from ``k`` on that a spike reaches on a day, before ``until``; returns the next one."""
    entered, n = k, i8(lane.n)[day]
    first = n
    k, n = _copy(lane, day, link, leg, k, n, until)
    while n + BLOCK > lane.room:
        i8(lane.n)[day] = n
        _grow(lane)
        k, n = _copy(lane, day, link, leg, k, n, until)
    if lane.own != 0:
        weights = f8(lane.weights + uint64(8 * (day * lane.room + first)))
        for j in range(k - entered):
            weights[j] = weight_at(link.weights, link.single, int64(1), entered + j)
    i8(lane.n)[day] = n
    _note_run(lane, day, leg.serial, first)
    return k


@inlined
def _note_run(lane, day, serial, first):
    """Note that the arrivals of a day from ``first`` on are of this spike."""
    n = i8(lane.n_runs)[day]
    if n == lane.room_runs:
        _grow_runs(lane)
    run = record_at(lane.runs, day * lane.room_runs + n, RUN)
    run.serial, run.first = serial, first
    i8(lane.n_runs)[day] = n + 1


@inner
def _enter_each(tile, w, link, lane, leg):
    """A spike that reaches its synapses at times of their own."""
    emitted, delays = leg.emitted, f8(link.delays)
    until = -math.inf
    day, k = int64(0), leg.entered
    while k < leg.end:
        time = emitted + delays[k]
        day, until = day + 1, until + w.day_ms  # most often the next day has some
        if not until - w.day_ms <= time < until:
            day = day_of(w, time) - tile.first_day
            until = (tile.first_day + day + 1) * w.day_ms
        if day >= tile.n_days:
            tile.beyond = min(tile.beyond, time)
            break
        k = _append(lane, day, link, leg, k, until)
    leg.entered = k


@inner
def _enter(tile, w, wiring, leg):
    """Enter what a spike has before it in this year."""
    link, lane = record_at(wiring.links, leg.link, LINK), i8(w.lane_of)[leg.link]
    before = leg.entered
    tile.next = min(tile.next, leg.emitted + f8(link.delays)[before * link.delay_stride])
    if lane < 0:
        _enter_row(tile, w, link, leg)
    else:
        _enter_each(tile, w, link, record_at(tile.lanes, lane, LANE), leg)
    tile.n_in_year += leg.entered - before


@inlined
def _ask_for(tile, wiring, k):
    """Ask for the first synapses that leg ``k``, if there is one, is to enter."""
    if k < tile.n_legs:
        leg = record_at(tile.legs, k, LEG)
        link = record_at(wiring.links, leg.link, LINK)
        if link.delay_stride != 0:
            _ask_for_synapses(link, leg.entered, leg.entered + _ASKED_FOR)


@inner
def enter_legs(tile, w, wiring):
    """Enter the spikes that have taken off; before that, begin a new year if the window reaches beyond this one."""
    if tile.n_entered == tile.n_legs and tile.next >= w.end:
        return
    if last_day(w) >= tile.first_day + tile.n_days:
        _begin_year(tile, w, wiring)
    while tile.n_entered < tile.n_legs:
        _ask_for(tile, wiring, tile.n_entered + _AHEAD)
        _enter(tile, w, wiring, record_at(tile.legs, tile.n_entered, LEG))
        tile.n_entered += 1
        if tile.n_in_year > MOST_IN_YEAR and tile.n_days > FEWEST_DAYS:
            tile.n_days >>= 1
            _begin_year(tile, w, wiring)


# --- years


@inner
def _begin_year(tile, w, wiring):
    """Let a year begin on the window's first day, longer if little came in the last; nothing is entered in it yet."""
    over = last_day(w) >= tile.first_day + tile.n_days
    if over and 4 * tile.n_in_year < MOST_IN_YEAR and tile.n_days < DAYS:
        tile.n_days *= 2
    recall(tile, wiring, max(w.start, w.fresh))
    tile.first_day = day_of(w, w.start)


@inner
def _clear(tile):
    """Let no day have anything; room far beyond what was needed is given up."""
    for number in range(DAYS):
        record_at(tile.days, number, DAY).n_rows = 0
    for number in range(tile.n_lanes):
        lane = record_at(tile.lanes, number, LANE)
        most = int64(0)
        for day in range(DAYS):
            most = max(most, i8(lane.n)[day])
            i8(lane.n)[day] = i8(lane.n_runs)[day] = 0
        if lane.room > 16 * (most + _LEAST):
            lane.room >>= 1
            lane.times = reallocated(lane.times, 8 * lane.room * DAYS)
            lane.neurons = reallocated(lane.neurons, 2 * lane.room * DAYS)
            if lane.own != 0:
                lane.weights = reallocated(lane.weights, 8 * lane.room * DAYS)


@inner
def recall(tile, wiring, now):
    """Forget all that is entered, and the spikes that have arrived everywhere; before ``now`` all has arrived."""
    kept, soonest = int64(0), math.inf
    for k in range(tile.n_legs):
        if k + _RECALLED_AHEAD < tile.n_legs:
            ahead = record_at(tile.legs, k + _RECALLED_AHEAD, LEG)
            prefetch(record_at(wiring.links, ahead.link, LINK).delays, 8 * (ahead.entered - 1))
        leg = record_at(tile.legs, k, LEG)
        link = record_at(wiring.links, leg.link, LINK)
        following = _first_from(link, leg, now)
        if following < leg.end:
            soonest = min(soonest, leg.emitted + f8(link.delays)[following * link.delay_stride])
            moved = record_at(tile.legs, kept, LEG)
            moved.emitted, moved.serial, moved.link = leg.emitted, leg.serial, leg.link
            moved.next, moved.entered, moved.end = following, following, leg.end
            kept += 1
    tile.n_legs, tile.next, tile.beyond = kept, soonest, math.inf
    tile.n_entered = tile.n_in_year = 0
    tile.first_day = _NO_YEAR
    _clear(tile)


@inlined
def _first_from(link, leg, now):
    """The first synapse that is not reached before ``now``, of those that were entered; else the first that was not."""
    delays, emitted = f8(link.delays), leg.emitted
    first, last = leg.next, leg.entered
    if first < last and emitted + delays[(last - 1) * link.delay_stride] < now:
        return last
    while first < last:
        middle = (first + last) >> 1
        if emitted + delays[middle * link.delay_stride] < now:
            first = middle + 1
        else:
            last = middle
    return first


@inlined
def _is_free(tile, day):
    """Whether nothing is entered on a day of the year."""
    n = record_at(tile.days, day, DAY).n_rows
    for number in range(tile.n_lanes):
        n += i8(record_at(tile.lanes, number, LANE).n)[day]
    return n == 0


@inner
def next_entered(tile, w):
    """A time before which nothing arrives from the end of the window on: that when some day begins, or later."""
    for day in range(max(int64(0), last_day(w) + 1 - tile.first_day), tile.n_days):
        if not _is_free(tile, day):
            return (tile.first_day + day) * w.day_ms
    return tile.beyond
