"""What the neurons of a tile in sums do by themselves: their epochs pass, refractory periods end, some fire."""

import math

from numba import int64

from eventsim.kernels.jit import inner
from eventsim.kernels.memory import f8, record_at, u4
from eventsim.kernels.sums import SLACK, built_up, growth, next_sum, rounded
from eventsim.kernels.windows.layout import CURRENTS, SUMS
from eventsim.kernels.windows.tile_gather import mark


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
        at = i * tile.apart
        at_rest = u[at] == 0.0
        e_i = e_at_rest if at_rest else e
        if ends_x:
            u[at] += rounded(x[at] * c.carry_ex * e_i, c.rounding)
            x[at] = rounded(x[at] * c.fade_ex, c.rounding_ex)
        if ends_y:
            u[at] += rounded(y[i] * c.carry_in * e_i, c.rounding)
            y[i] = rounded(y[i] * c.fade_in, c.rounding_in)
        if ends and not at_rest:
            u[at] = next_sum(u[at], c.fade, c.rounding)
    tile.ref = when if ends else tile.ref
    tile.ref_x = when if ends_x else tile.ref_x
    tile.ref_y = when if ends_y else tile.ref_y
    return ends


@inner
def _at_rest(tile):
    """Whether nothing is left of all that has arrived."""
    u, x, y = f8(tile.u), f8(tile.x), f8(tile.y)
    for i in range(tile.n):
        if u[i * tile.apart] != 0.0 or x[i * tile.apart] != 0.0 or y[i] != 0.0:
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
        at = i * tile.apart
        v, current = u[at] / e, 0.0
        if tile.kind == CURRENTS:
            current = x[at] / e_ex
            v += current * built + y[i] / e_in * built_in
        slope = current - v * c.rate
        if v > below[i] - SLACK * (abs(below[i]) + abs(v)):
            soonest = t
        elif slope > 0.0 and (current > 0.0 or below[i] < 0.0):
            soonest = min(soonest, t + 0.5 * max(0.0, below[i] - v) / slope)
    return soonest
