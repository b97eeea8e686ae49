"""The window engine's driver: arrays in, stretches of time through the kernel on any number of threads, spikes out."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.groups import Groups, build_groups
from eventsim.build.streams import CurrentStream, DriveStream, SpikeStream
from eventsim.build.tiles import Tiles, tile_bounds
from eventsim.build.wiring import Wiring
from eventsim.errors import SimulationError
from eventsim.kernels import layout, queue, window_layout, windows
from eventsim.kernels.memory import Block, address
from eventsim.network.network import Network
from eventsim.network.population import PopulationView

Spikes = Callable[[NDArray[np.float64], NDArray[np.uint32]], None]
Progress = Callable[[float], None]

_EVENTS_A_CALL = 4_000_000  # well under a second, so that Ctrl-C and progress are served
_FIRST_CALL_MS = 1.0


class WindowEngine:
    """A network in tiles, at a time.  Events up to and including `time` have happened.

    threads: how many work on it; the result is the same for any number.
    """

    name = "window"

    def __init__(self, network: Network, threads: int = 1) -> None:
        self.network = network
        self.threads = threads
        self.groups: Groups = build_groups(network)
        self.tiles = Tiles(network, self.groups)
        self.wiring = Wiring(network, self.groups, self.tiles.bounds)
        self.sources, self.drives = SpikeStream(network), DriveStream(network)
        self.currents = CurrentStream(network)
        self.streams: tuple[Any, ...] = (self.sources, self.drives, self.currents)
        self.inputs = Block(
            layout.INPUTS,
            {
                "drive_weights": np.array([drive.weight for drive in network.drives], np.float64),
                "drive_receptors": np.array([drive.receptor for drive in network.drives], np.int64),
            },
        )
        self.windows = Block(
            window_layout.WINDOWS,
            {
                "tiles": self.tiles.records,
                "tiles_of": self.tiles.of_population,
                "target_of": self.wiring.target_populations,
                "signs": self.wiring.signs,
                "spike_counts": np.zeros(network.size, np.int64),
            },
            now=-math.inf,
            longest=self.wiring.shortest_delay,
            grid=self.tiles.grid_ms,
            n_tiles=self.tiles.records.size,
            n_threads=threads,
            most_at_once=1000 + 100 * network.size,
        )
        self._shared = np.zeros(3 * 8, np.int64)  # each on a cache line of its own
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self.time = 0.0
        self._started = False
        self._call_ms, self._arrivals_per_ms = _FIRST_CALL_MS, 0.0
