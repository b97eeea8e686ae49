"""Tiles with watched neurons, which go through a window before the others, and back if it ends in it.

What a window changes in a tile is kept before, and put back.
"""

import math

from numba import int64, uint64

from eventsim.kernels.growing import copy_bytes, reallocated
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import f8, record_at, u2, u4
from eventsim.kernels.upcoming import is_watched
from eventsim.kernels.windows.layout import SPIKE, TILE

_TILE = TILE.itemsize


@inlined
def _moved(array, kept, size, back):
    """Copy an array to where it is kept, or back; where the next one is kept."""
    if back:
        copy_bytes(array, kept, size)
    else:
        copy_bytes(kept, array, size)
    return kept + uint64(size)


@inner
def _copy(tile, back):
    """All that is not in the tile's own record."""
    kept = tile.kept + uint64(_TILE)
    kept = _moved(tile.state, kept, tile.state_bytes, back)
    kept = _moved(tile.x, kept, tile.sums_bytes, back)
    for array in (tile.due, tile.free):
        kept = _moved(array, kept, 8 * tile.n, back)
    _moved(tile.held, kept, 4 * tile.n_held, back)


@inner
def keep(tile, where):
    """Keep a tile, whose record lies at an address, as it is."""
    size = _TILE + tile.state_bytes + tile.sums_bytes + 16 * tile.n + 4 * tile.n_held
    if size > tile.room_kept:
        tile.room_kept = 2 * size
        tile.kept = reallocated(tile.kept, tile.room_kept)
    copy_bytes(tile.kept, where, _TILE)
    _copy(tile, False)


@inner
def rewind(tile):
    """The tile as it was kept.  What is only room to work in stays as it is: it may have been moved to grow."""
    before = record_at(tile.kept, 0, TILE)
    tile.first_leg, tile.next = before.first_leg, before.next  # legs and calendar, nothing is taken out of
    tile.n_held, tile.n_spikes, tile.n_marked = before.n_held, before.n_spikes, before.n_marked
    tile.ref, tile.ref_x, tile.ref_y = before.ref, before.ref_x, before.ref_y
    tile.restless, tile.quiet_until, tile.next_drive = before.restless, before.quiet_until, before.next_drive
    tile.endless, tile.endless_at, tile.reached = before.endless, before.endless_at, before.reached
    tile.synaptic_events, tile.external_events = before.synaptic_events, before.external_events
    tile.gone_through = before.gone_through
    _copy(tile, True)


@inner
def first_watched(tile, wiring):
    """When the first watched neuron of a tile fires in this window."""
    first = math.inf
    for k in range(tile.n_spikes):
        spike = record_at(tile.spikes, k, SPIKE)
        if spike.time < first and is_watched(wiring, tile.population, spike.neuron):
            first = spike.time
    return first


@inner
def first_watched_source(w, wiring, inputs):
    """When the first watched source does."""
    k = inputs.next_source
    while k < inputs.n_source and f8(inputs.source_times)[k] < w.end:
        source = int64(u4(inputs.source_ids)[k])
        if is_watched(wiring, int64(u2(wiring.population_of)[source]), source):
            return f8(inputs.source_times)[k]
        k += 1
    return math.inf
