"""The neurons of a network cut into tiles, for the window engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.groups import Groups
from eventsim.kernels.windows import layout
from eventsim.kernels.windows.doubles import LANES
from eventsim.kernels.random.drive import BLOCK
from eventsim.kernels.windows.marked import MOST_NEURONS
from eventsim.kernels.memory import address
from eventsim.kernels.windows.tile_batches import AT_ONCE
from eventsim.network.model import Model
from eventsim.network.network import Network
from eventsim.network.population import Population
from eventsim.network.rules import TableRows

TILE_NEURONS = 4 * BLOCK
_LARGER = 2
_FINEST_MS = 2.0**-10
_ONE_DELAY, _OWN_DELAYS = 320.0, 80.0  # windows in a membrane's time constant, as measured
_UNDRIVEN = 8.0  # times as long without a drive
_OF_NEURONS = ("due", "bears", "free")
_SUMS = ("x", "u", "y", "below")
_CACHE_LINE = 64
_KINDS = {"jumps": layout.JUMPS, "currents": layout.CURRENTS}


def tile_bounds(size: int, own_delays: bool = False) -> NDArray[np.int64]:
    """Where a population is cut: [0, ..., size]; whatever the number of threads, so that saved states fit.

    Tiles are whole blocks of drives but for the last, and as many blocks as any other or one more or less, so that
    threads have the same to do.

    own_delays: whether synapses onto it have delays of their own: then a window takes a few from each row, and tiles
        are larger, so that it finds some there.
    """
    length = _LARGER * TILE_NEURONS if own_delays else TILE_NEURONS
    n_tiles, block = max(1, -(-size // length)), min(BLOCK, length)
    n_blocks = -(-size // block)
    bounds: NDArray[np.int64] = np.arange(n_tiles + 1, dtype=np.int64) * n_blocks // n_tiles * block
    bounds[-1] = size
    return bounds


def _power_of_two(x: float) -> float:
    """The largest one not above x."""
    return 2.0 ** math.floor(math.log2(x)) if 0.0 < x < math.inf else x


def _number(network: Network, population: Population) -> int:
    return list(network.populations.values()).index(population)


class Tiles:
    """`records` (n,) TILE, the arrays they point to, and what is looked up by population.

    bounds: where each population is cut, by name.
    fed: numbers of the drives that are drawn in the tiles.
    grid_ms: no window may reach beyond a multiple of this, a power of two: not into another epoch of any sum, nor into
        another cell of a drive that is drawn in the tiles; inf without either.
    day_ms: how long the days of their calendars are, a power of two.
    """

    def __init__(self, network: Network, groups: Groups) -> None:
        populations = list(network.populations.values())
        self.of_population = np.zeros(len(populations), np.int64)
        self.grid_ms, self.day_ms = math.inf, 1.0
        self._tau_ms = math.inf
        self.bounds: dict[str, NDArray[np.int64]] = {}
        self.feeds: list[NDArray[Any]] = []
        self.batches: list[NDArray[Any]] = []
        self._kept: list[NDArray[Any]] = []
        records = []
        with_own_delays = {
            projection.target.population.name
            for projection in network.projections.values()
            if not isinstance(projection.delay, int | float)
        }
        read_from_tables = {
            projection.target.population.name
            for projection in network.projections.values()
            if isinstance(projection.rule, TableRows)
        }
        for number, population in enumerate(populations):
            if population.is_source:
                continue
            own_delays = population.name in with_own_delays
            bounds = self.bounds[population.name] = tile_bounds(population.size, own_delays)
            self.of_population[number] = bounds.size - 1
            kind, sums = self._sums(groups, population)
            if population.name in read_from_tables:
                kind = layout.EVENTS
            for tile, (first, end) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
                record = self._tile(int(end - first), kind)
                record["group"] = groups.of_population[population.name]
                record["kind"], record["sums"] = kind, sums
                record["population"], record["number"] = number, tile
                record["first"] = first
                record["first_local"] = groups.local_first[population.name] + first
                record["first_id"] = population.first + first
                states = groups.states[int(record["group"][0])]
                own = slice(int(record["first_local"][0]), int(record["first_local"][0]) + int(end - first))
                record["state"], record["state_bytes"] = address(states[own]), states[own].nbytes
                records.append(record)
        self.records = layout.new(layout.TILE, len(records))
        for index, record in enumerate(records):
            self.records[index] = record[0]
        self.fed = self._fed(network)

    def _fed(self, network: Network) -> frozenset[int]:
        """Drives of whole populations that are handled in sums: a tile is a number of their blocks."""
        fed = set()
        for drive in network.drives:
            of_target = self.records[self.records["population"] == _number(network, drive.target.population)]
            if drive.target.is_whole and (of_target["kind"] != layout.EVENTS).all():
                fed.add(drive.number)
        return frozenset(fed)

    def reconsider(self, groups: Groups, population: Population, number: int) -> None:
        """How a population (of this number) is handled now that its parameters have changed."""
        own = self.records["population"] == number
        if (self.records["kind"][own] != layout.EVENTS).all():
            kind, sums = self._sums(groups, population)
            self.records["kind"][own], self.records["sums"][own] = kind, sums

    def choose_grid(self, longest_ms: float, row_by_row: bool) -> None:
        """Settle how long windows are; longest_ms: the smallest delay, beyond which none may reach.

        The shorter a window, the fewer neurons could fire in it if all excitation came at once; but each window costs
        something, the more so where it takes its part of many rows of different delays: where it is not ``row_by_row``.
        """
        fine = _power_of_two(self._tau_ms / (_ONE_DELAY if row_by_row else _OWN_DELAYS))
        if self.fed:
            self.grid_ms = min(self.grid_ms, max(_power_of_two(min(longest_ms, fine)), _FINEST_MS))
        elif longest_ms > _UNDRIVEN * fine:
            self.grid_ms = min(self.grid_ms, _UNDRIVEN * fine)

    def choose_day(self, longest_ms: float, own_delays: bool) -> None:
        """Settle how long the days of calendars are; own_delays: windows must not reach beyond one."""
        day_ms = min(self.grid_ms, _power_of_two(longest_ms))
        self.day_ms = day_ms if day_ms < math.inf else 1.0
        if own_delays:
            self.grid_ms = min(self.grid_ms, self.day_ms)

    def feed(self, network: Network, drives: NDArray[Any]) -> None:
        """Let tiles draw the drives that are ``fed``."""
        for index in range(self.records.size):
            tile = self.records[index]
            numbers = [
                drive.number
                for drive in network.drives
                if drive.number in self.fed
                and _number(network, drive.target.population) == tile["population"]
            ]
            feeds = layout.new(layout.FEED, len(numbers))
            feeds["number"], feeds["span"] = numbers, -1
            weights = feeds["weight"] = [network.drives[number].weight for number in numbers]
            feeds["first_block"] = tile["first"] // BLOCK
            feeds["n_blocks"] = -(-int(tile["n"]) // BLOCK)
            cells = max(self.grid_ms, _FINEST_MS) / drives["cell_ms"][numbers]
            feeds["cells"], feeds["parts"] = np.maximum(1, cells), np.maximum(1, 1.0 / cells)
            for feed in range(feeds.size):
                feeds["batch"][feed] = self._batches(1, weight=weights[feed])
                feeds["starts"][feed] = self._keep(np.zeros(int(feeds["parts"][feed]) + 1, np.int64))
            self.records["feeds"][index], self.records["n_feeds"][index] = self._keep(feeds), feeds.size
            self.feeds.append(feeds)

    def keep_order(self, one_delay: Mapping[int, bool]) -> None:
        """Note the tiles of populations, by number, all of whose synapses have the same delay."""
        self.records["in_order"] = [one_delay.get(int(number), True) for number in self.records["population"]]

    def scratch(self, threads: int) -> tuple[int, int]:
        """Room for what a tile in sums keeps of all its neurons in a window: an address, and bytes a thread."""
        most = 8 * (len(_SUMS) + 1) * (int(self.records["n"].max(initial=0)) + 2 * LANES)
        most += -most % _CACHE_LINE
        return self._aligned(threads * most // 8), most

    def share_out(
        self, times: NDArray[np.float64], neurons: NDArray[np.uint32], numbers: NDArray[np.uint16]
    ) -> tuple[NDArray[Any], ...]:
        """Let each tile have its arrivals from the drives; the arrays must be kept while they are used."""
        tile_of = np.searchsorted(self.records["first_id"], neurons, side="right") - 1
        order = np.argsort(tile_of, kind="stable")
        counts = np.bincount(tile_of, minlength=self.records.size)[: self.records.size]
        ends = np.cumsum(counts).astype(np.int64)
        times, numbers = times[order], numbers[order]
        neurons = (neurons - self.records["first_id"][tile_of])[order].astype(np.uint32)
        for record, begin, end in zip(self.records, ends - counts, ends, strict=True):
            record["drive_times"] = address(times) + 8 * begin
            record["drive_neurons"] = address(neurons) + 4 * begin
            record["drive_numbers"] = address(numbers) + 2 * begin
            record["n_drive"], record["next_drive"] = end - begin, 0
        return times, neurons, numbers

    def _sums(self, groups: Groups, population: Population) -> tuple[int, int]:
        """How a population is handled, and the address of the parameters that its neurons have in common."""
        model = population.model
        assert isinstance(model, Model)
        arrays = groups.kept[groups.of_population[population.name]]
        first = groups.local_first[population.name]
        rows = np.unique(arrays["which"][first : first + population.size])
        moving = arrays["thresholds"][first : first + population.size]["std"].any()
        if model.sums is None or "take" not in type(model).handlers.functions or rows.size != 1 or moving:
            return layout.EVENTS, 0
        sums = layout.new(layout.SUMS)
        parameters = arrays["params"][rows]
        for name in layout.SUMS.names or ():
            if name in (parameters.dtype.names or ()):
                sums[name] = parameters[name]
        self._tau_ms = min(self._tau_ms, 1.0 / float(sums["rate"][0]))
        epochs = [name for name in ("epoch", "epoch_ex", "epoch_in") if sums[name] > 0.0]
        self.grid_ms = min(self.grid_ms, *(float(sums[name][0]) for name in epochs))
        return _KINDS[model.sums], self._keep(sums)

    def _tile(self, n: int, kind: int) -> NDArray[Any]:
        record: NDArray[Any] = layout.new(layout.TILE)
        padded = -(-n // LANES) * LANES
        record["n"] = n
        record["next"], record["quiet_until"] = math.inf, 0.0
        for name, dtype, length in (
            ("marks", np.uint16, n),
            ("marked", np.uint32, padded),
            ("close_at", np.uint32, n),
            ("terms", np.float64, 2),
            ("ends", np.int64, n + 1),
        ):
            record[name] = self._keep(np.zeros(length, dtype))
        record["bits"] = self._aligned(max(MOST_NEURONS, n) // 64 + 1)
        record["batch_terms"] = self._aligned(2 * AT_ONCE)
        for name in _OF_NEURONS:
            record[name] = self._aligned(padded)
        together = kind == layout.CURRENTS
        record["apart"] = 2 if together else 1
        first = self._aligned(len(_SUMS) * padded)
        record["sums_bytes"] = 8 * len(_SUMS) * padded
        for place, name in enumerate(_SUMS):
            record[name] = first + 8 * (1 if together and name == "u" else place * padded)
        record["batches"] = self._batches(3, own=1)
        return record

    def _batches(self, n: int, own: int = 0, weight: float = 0.0) -> int:
        """Arrivals with weights of their own, or of one weight."""
        batches = layout.new(layout.BATCH, n)
        batches["own"], batches["weight"] = own, weight
        self.batches.append(batches)
        return self._keep(batches)

    def _aligned(self, length: int) -> int:
        """The address of so many zeros, which begin with a line of the cache."""
        self._kept.append(np.zeros(length + _CACHE_LINE // 8))
        first = address(self._kept[-1])
        return first + -first % _CACHE_LINE

    def _keep(self, array: NDArray[Any]) -> int:
        self._kept.append(array)
        return address(array)
