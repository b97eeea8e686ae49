"""What is done with tiles between two runs: neurons are taken over from their records and handed back to them, and
spikes on their way told of or sent off."""

import math

from eventsim.kernels.jit import inner, kernel
from eventsim.kernels.memory import f8, record_at
from eventsim.kernels.windows.layout import EVENTS, TILE
from eventsim.kernels.windows.tile_epochs import any_below, enter_epochs
from eventsim.kernels.windows.tile_events import first_look, hand_back
from eventsim.kernels.windows.tile_few import forget_limits
from eventsim.kernels.windows.tile_traffic import settle, take_off


@kernel
def begin(groups, windows_array, t, population):
    """Take over the neurons of a population, or all (-1), from their records, which are those at ``t``."""
    w = windows_array[0]
    for number in range(w.n_tiles):
        tile = record_at(w.tiles, number, TILE)
        if population >= 0 and tile.population != population:
            continue
        tile.n_held = 0
        forget_limits(tile)
        if tile.kind != EVENTS:
            tile.ref = tile.ref_x = tile.ref_y = 0.0
            _to_epoch(tile, t)
        first_look(groups, tile.group, tile)
        tile.restless = 1 if any_below(tile) else 0
        tile.quiet_until = t


@inner
def _to_epoch(tile, t):
    """Begin in the epochs of ``t``, while there are no sums yet."""
    for i in range(tile.n):
        at = i * tile.apart
        f8(tile.u)[at] = f8(tile.x)[at] = f8(tile.y)[i] = 0.0
    enter_epochs(tile, t)


@kernel
def end(groups, windows_array, t, population):
    """Hand the neurons of a population, or all (-1), back to their records, as they are at ``t``."""
    w = windows_array[0]
    for number in range(w.n_tiles):
        tile = record_at(w.tiles, number, TILE)
        if population >= 0 and tile.population != population:
            continue
        if tile.kind != EVENTS:
            enter_epochs(tile, t)
            hand_back(groups, tile.group, tile, t)


@kernel
def settle_all(wiring_array, windows_array, t):
    """Let the tiles' legs tell all about the spikes on their way after ``t``, up to which all has happened."""
    wiring, w = wiring_array[0], windows_array[0]
    for number in range(w.n_tiles):
        settle(record_at(w.tiles, number, TILE), wiring, math.nextafter(t, math.inf))


@kernel
def launch(wiring_array, windows_array, t):
    """Start all emitted spikes on their way, over the synapses as they are now, at ``t``."""
    wiring, w = wiring_array[0], windows_array[0]
    for number in range(w.n_tiles):
        tile = record_at(w.tiles, number, TILE)
        take_off(tile, w, wiring)
        settle(tile, wiring, math.nextafter(t, math.inf))
        tile.next = -math.inf  # to be found out
    w.n_spikes = 0
