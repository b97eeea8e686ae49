"""Which neurons of a tile in sums must be gone through event by event in a window, and their sums from before it.

A neuron is marked if it might fire, by a bound that costs little; or if its sums come so near the end of the room in
which they are exact that the order of its arrivals might matter.  Few are, so eight are looked at at once (`doubles`).
"""

from numba import int64, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import f8, record_at, u4
from eventsim.kernels.sums import SLACK, growth, rounded
from eventsim.kernels.windows import tile_limits
from eventsim.kernels.windows.doubles import LANES, above, dealt, load, splat, store
from eventsim.kernels.windows.layout import ARRIVAL, CURRENTS, SUMS
from eventsim.kernels.windows.tile_gather import mark
from eventsim.kernels.windows.tile_limits import HELD
from eventsim.kernels.windows.tile_terms import current_of, terms_of

_PAIR = 16  # bytes of x and u of a neuron of exponential currents


@inlined
def _at(column, i):
    return load(column + uint64(8 * i))


@inlined
def _mark_some(tile, first, bits):
    """Mark neuron first + k for each bit k; the arrays go on beyond the last neuron."""
    for k in range(min(LANES, tile.n - first)):
        if (bits >> k) & 1 != 0:
            mark(tile, first + k)


@inner
def lend(tile, scratch):
    """Let a tile keep its sums, and find its limits, in what its thread has for that: in the nearest cache already."""
    if tile.kind == CURRENTS:
        room = uint64(tile.n + (-tile.n) % LANES)
        tile.x_before, tile.u_before = scratch, scratch + uint64(8)
        tile.y_before, tile.limit = scratch + uint64(_PAIR) * room, scratch + uint64(_PAIR + 8) * room
    else:
        tile.u_before = scratch


@inner
def keep_jumps(tile):
    """Keep the sums as they are when the window begins, for those that will be marked; mark those far below."""
    c = record_at(tile.sums, 0, SUMS)
    lowest, held = splat(-_far(c.rounding)), splat(HELD)
    for i in range(0, tile.n, LANES):
        u = _at(tile.u, i)
        store(tile.u_before + uint64(8 * i), u)
        bits = _low(u, lowest, held)
        if bits != 0:
            _mark_some(tile, i, bits)


@inner
def take_back(tile):
    """The sums of marked neurons as they were when the window began."""
    for m in range(tile.n_marked):
        i = int64(u4(tile.marked)[m])
        at = i * tile.apart
        f8(tile.u)[at] = f8(tile.u_before)[at]
        if tile.kind == CURRENTS:
            f8(tile.x)[at], f8(tile.y)[i] = f8(tile.x_before)[at], f8(tile.y_before)[i]


@inner
def stays_below(tile, w, i, begin, end):
    """Add the jumps of V at a marked neuron in the order in which they come; whether it stays below its threshold.

    Then it did not fire, and that is all that happened to it.  Most that are marked come near the threshold alone.
    """
    c = record_at(tile.sums, 0, SUMS)
    u, below = f8(tile.u)[i], f8(tile.below)[i] * (1.0 - SLACK)
    if u < HELD or below <= 0.0 or u > below * growth((w.start - tile.ref) * c.rate):
        return False
    for k in range(begin, end):
        arrival = record_at(tile.arrivals, k, ARRIVAL)
        e = growth((arrival.time - tile.ref) * c.rate)
        u += rounded(arrival.weight * e, c.rounding)
        if u > below * e:
            return False
    f8(tile.u)[i] = u
    return True


@inner
def add_currents_until(tile, i, k, end, t):
    """Add the arrivals of a marked neuron before ``t`` to its sums; returns which one comes next."""
    at = i * tile.apart
    u, x, y = f8(tile.u)[at], f8(tile.x)[at], f8(tile.y)[i]
    excitation, inhibition = current_of(tile, True), current_of(tile, False)
    while k < end and record_at(tile.arrivals, k, ARRIVAL).time < t:
        arrival = record_at(tile.arrivals, k, ARRIVAL)
        if arrival.weight > 0.0:
            to_u, to_current = terms_of(tile, excitation, arrival.time, arrival.weight)
            x += to_current
        else:
            to_u, to_current = terms_of(tile, inhibition, arrival.time, arrival.weight)
            y += to_current
        u -= to_u
        k += 1
    f8(tile.u)[at], f8(tile.x)[at], f8(tile.y)[i] = u, x, y
    return k


# --- the room in which sums are exact


@inlined
def _far(rounding):
    """A quarter of the room for u, so that no order of a window's arrivals leads beyond; ``rounding`` is 1.5 rooms."""
    return rounding / 6.0


@inlined
def _far_current(rounding):
    """A sixteenth for a current, from which u takes."""
    return rounding / 24.0


@inlined
def _low(u, lowest, held):
    """Bits of the sums that lie lower than they may, but of those of neurons whose V is held."""
    return above(lowest, u) & above(u, held)


@inner
def mark_low(tile):
    """Mark the neurons whose V has been pulled down far."""
    c = record_at(tile.sums, 0, SUMS)
    lowest, held = splat(-_far(c.rounding)), splat(HELD)
    for i in range(0, tile.n, LANES):
        u = _at(tile.u, i)
        bits = _low(u, lowest, held)
        if bits != 0:
            _mark_some(tile, i, bits)


# --- who might fire


@inner
def mark_high(tile, w):
    """Mark the neurons that lie above the lowest that u must exceed in this window, or far off."""
    s = tile_limits.of_jumps(tile, w.start, w.end, _far(record_at(tile.sums, 0, SUMS).rounding))
    for i in range(0, tile.n, LANES):
        bits = above(_at(tile.u, i), tile_limits.jumps_limit(s, _at(tile.below, i)))
        if bits != 0:
            _mark_some(tile, i, bits)


@inner
def keep_currents(tile, w):
    """Keep the sums as they are when the window begins, and find how much excitation each neuron bears in it."""
    c = record_at(tile.sums, 0, SUMS)
    s = tile_limits.of_currents(tile, w.start, w.end, _far(c.rounding), _far_current(c.rounding_ex))
    for i in range(0, tile.n, LANES):
        at, before = tile.x + uint64(_PAIR * i), tile.x_before + uint64(_PAIR * i)
        for line in range(0, _PAIR * LANES, 8 * LANES):
            store(before + uint64(line), load(at + uint64(line)))
        y = _at(tile.y, i)
        store(tile.y_before + uint64(8 * i), y)
        x, u = dealt(at)
        limit = tile_limits.currents_limit(s, x, u, y, _at(tile.below, i))
        store(tile.limit + uint64(8 * i), limit)


@inner
def mark_excited(tile):
    """Mark the neurons that got more excitation than they bear for sure, or lie far off after a window's arrivals."""
    c = record_at(tile.sums, 0, SUMS)
    lowest, highest, held = splat(-_far(c.rounding)), splat(_far(c.rounding)), splat(HELD)
    inhibited = splat(-_far_current(c.rounding_in))
    for i in range(0, tile.n, LANES):
        x, u = dealt(tile.x + uint64(_PAIR * i))
        bits = above(x, _at(tile.limit, i)) | above(inhibited, _at(tile.y, i))
        bits |= above(u, highest) | _low(u, lowest, held)
        if bits != 0:
            _mark_some(tile, i, bits)
