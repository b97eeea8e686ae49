"""Giving back the memory that the window engine's kernels have grown."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from eventsim.build.calendars import Calendars
from eventsim.build.tiles import Tiles
from eventsim.kernels.windows import layout
from eventsim.simulation.c_blocks import free, growing

_OF_WINDOWS, _OF_TILES = growing(layout.WINDOWS), growing(layout.TILE)
_OF_BATCHES = ("times", "neurons", "weights")


def free_windows(windows: NDArray[Any]) -> None:
    """Of a record WINDOWS."""
    free(windows[0], _OF_WINDOWS)


def free_tiles(tiles: Tiles) -> None:
    """Of tiles, their feeds and their batches."""
    for tile in tiles.records:
        free(tile, _OF_TILES)
    for feed in (feed for feeds in tiles.feeds for feed in feeds):
        free(feed, ("drawn_times", "drawn_neurons"))
    for batch in (batch for batches in tiles.batches for batch in batches):
        free(batch, _OF_BATCHES)


def free_calendars(calendars: Calendars) -> None:
    """Of the calendars' lanes and days."""
    for lanes in calendars.lanes:
        free_lanes(lanes)
    for day in (day for days in calendars.days for day in days):
        free(day, ("rows",))


def free_lanes(lanes: NDArray[Any]) -> None:
    """Of a tile's lanes (n,) LANE."""
    for lane in lanes:
        free(lane, (*_OF_BATCHES, "runs"))
