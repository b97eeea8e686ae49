"""The calendars of the window engine's tiles: room for what is to arrive, by day and projection."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.wiring import Wiring
from eventsim.kernels.windows import layout
from eventsim.kernels.memory import address
from eventsim.kernels.windows.tile_calendar import DAYS

class Calendars:
    """Calendars for tiles (n,) TILE.

    `lane_of` (n_links,) is the place of each link among those onto its target population whose synapses have delays of
    their own, or -1.
    """

    def __init__(self, tiles: NDArray[Any]) -> None:
        self._tiles = tiles
        self._counts: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * tiles.size
        self.lane_of = np.zeros(0, np.int64)
        self.lanes = [layout.new(layout.LANE, 0)] * tiles.size
        self.days = [layout.new(layout.DAY, DAYS) for _ in range(tiles.size)]
        for tile, days in zip(tiles, self.days, strict=True):
            tile["days"], tile["n_days"] = address(days), DAYS

    @property
    def any_lanes(self) -> bool:
        """Whether some synapses have delays of their own."""
        return bool((self.lane_of >= 0).any())

    def lay_out(self, wiring: Wiring) -> list[NDArray[Any]]:
        """Follow the projections as they are now, while nothing is entered; returns lanes that are needed no more."""
        targets, links = wiring.target_populations, wiring.block.arrays["links"]
        own = links["delay_stride"] != 0
        self.lane_of = np.full(targets.size, -1)
        left = []
        for number, tile in enumerate(self._tiles):
            numbers = np.flatnonzero(own & (targets == tile["population"]))
            self.lane_of[numbers] = np.arange(numbers.size)
            lanes = self.lanes[number]
            weighted = links["weight_stride"][numbers]
            if not (np.array_equal(lanes["link"], numbers) and np.array_equal(lanes["own"], weighted)):
                left.append(lanes)
                lanes = self._new_lanes(number, numbers, weighted)
            tile["lanes"], tile["n_lanes"] = address(lanes), lanes.size
        return left

    def _new_lanes(self, number: int, links: NDArray[np.int64], own: NDArray[np.int64]) -> NDArray[Any]:
        """Let a tile have a lane for each of these links."""
        lanes: NDArray[Any] = layout.new(layout.LANE, links.size)
        self.lanes[number] = lanes
        counts = self._counts[number] = np.zeros((2, links.size, DAYS), np.int64)
        lanes["link"], lanes["own"] = links, own
        for lane in range(links.size):
            lanes["n"][lane], lanes["n_runs"][lane] = address(counts[0, lane]), address(counts[1, lane])
        return lanes
