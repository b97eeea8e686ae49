"""A second look at marked neurons with jumps of V: most of them certainly did not fire.

They are marked because all excitation of the window at once might have made them fire.  Here the window is cut into
slices, and excitation comes first only within each: a neuron that bears this stays below its threshold, and the sum of
its arrivals is all there is to know.  That takes a few ns an arrival; to sort them and to go through them takes tens.
"""

import math

from numba import int64

from eventsim.kernels.growing import reallocated
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import f8, record_at, u2, u4
from eventsim.kernels.sums import SLACK, growth, rounded
from eventsim.kernels.windows.layout import ARRIVAL, SUMS
from eventsim.kernels.windows.tile_gather import copy_arrival
from eventsim.kernels.windows.tile_limits import HELD

_A_DAY = 8.0  # slices in the day of a calendar
_MOST = 20  # slices in a window, which is shorter than two days


@inner
def _add_up(tile, per_ms, first, slices):
    """Excitation and inhibition of each marked neuron in each slice, side by side in ``by_slice``."""
    c = record_at(tile.sums, 0, SUMS)
    needed = 2 * slices * tile.n_marked
    if needed > tile.room_by_slice:
        tile.room_by_slice = 2 * needed
        tile.by_slice = reallocated(tile.by_slice, 8 * tile.room_by_slice)
    sums, marks, owners = f8(tile.by_slice), u2(tile.marks), u4(tile.owners)
    ref, rate, rounding = tile.ref, c.rate, c.rounding
    for k in range(needed):
        sums[k] = 0.0
    for k in range(tile.n_unsorted):
        arrival = record_at(tile.unsorted, k, ARRIVAL)
        term = rounded(arrival.weight * growth((arrival.time - ref) * rate), rounding)
        place = int64(marks[owners[k]]) - 1
        where = 2 * (place * slices + int64(arrival.time * per_ms) - first)
        sums[where + (0 if arrival.weight > 0.0 else 1)] += term


@inlined
def _sum_if_below(tile, start, i, place, per_ms, first, slices):
    """Neuron i's u after the window if it certainly stays below its threshold in it, or nan.

    Nor may it come so far that the order of its arrivals might matter: see `tile_marks`.
    """
    c = record_at(tile.sums, 0, SUMS)
    sums, far = f8(tile.by_slice), c.rounding / 6.0
    u, below = f8(tile.u)[i], f8(tile.below)[i] * (1.0 - 2.0 * SLACK)
    if u < HELD or u < -far or below <= 0.0:
        return math.nan
    all_excitation = u
    for k in range(slices):
        excitation = sums[2 * (place * slices + k)]
        all_excitation += excitation
        if u + excitation > below * growth((max(start, (first + k) / per_ms) - tile.ref) * c.rate):
            return math.nan
        u += excitation + sums[2 * (place * slices + k) + 1]
    return u if u >= -far and all_excitation <= far else math.nan


@inner
def _drop_arrivals(tile):
    """Of the gathered arrivals only those at marked neurons are left."""
    kept, marks, owners = int64(0), u2(tile.marks), u4(tile.owners)
    for k in range(tile.n_unsorted):
        if marks[owners[k]] != 0:
            copy_arrival(tile.unsorted, k, tile.unsorted, kept)
            owners[kept] = owners[k]
            kept += 1
    tile.n_unsorted = kept


@inner
def release_safe(tile, w):
    """Add up the arrivals at marked neurons that stay below; they are marked no longer, but come last in the list."""
    per_ms = _A_DAY * w.days_per_ms
    first = int64(w.start * per_ms)
    slices = int64(math.ceil(w.end * per_ms)) - first
    if slices > _MOST:
        return
    _add_up(tile, per_ms, first, slices)
    marked, marks, kept = u4(tile.marked), u2(tile.marks), int64(0)
    for place in range(tile.n_marked):
        i = int64(marked[place])
        u = _sum_if_below(tile, w.start, i, place, per_ms, first, slices)
        if math.isnan(u):
            marked[place], marked[kept] = marked[kept], i
            kept += 1
            marks[i] = kept
        else:
            f8(tile.u)[i] = u
            marks[i] = 0
            u2(tile.bits)[i >> 4] = 0  # all sixteen: none is looked up any more
    if kept < tile.n_marked:
        tile.n_marked = kept
        _drop_arrivals(tile)
