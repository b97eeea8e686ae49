"""The window engine's driver: arrays in, stretches of time through the kernel on any number of threads, spikes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.calendars import Calendars
from eventsim.build.groups import Groups, build_groups
from eventsim.build.streams import CurrentStream, DriveStream, SpikeStream
from eventsim.build.tiles import Tiles
from eventsim.build.wiring import Wiring
from eventsim.errors import InputError, SimulationError
from eventsim.kernels import layout
from eventsim.kernels.memory import Block, address
from eventsim.kernels.queue import run as queue
from eventsim.kernels.windows import hand_over
from eventsim.kernels.windows import layout as window_layout
from eventsim.kernels.windows import run as windows
from eventsim.network.network import Network
from eventsim.network.population import Population, PopulationView
from eventsim.simulation.c_blocks import copied, elements, lying, refill
from eventsim.simulation.changeable import Changeable
from eventsim.simulation.kernel_threads import KernelThreads
from eventsim.simulation.naming import member_name
from eventsim.simulation.pace import Pace
from eventsim.simulation.profile import Parts, sent_by_projection
from eventsim.simulation.window_memory import free_calendars, free_lanes, free_tiles, free_windows

Spikes = Callable[[NDArray[np.float64], NDArray[np.uint32]], None]
Progress = Callable[[float], None]

# As `windows.run._done` counts them: well under a second, for Ctrl-C and progress.
_EVENTS_A_CALL = 128_000_000
# A third of a second of work; a call and reading what comes for it take a millisecond.
_EVENTS_A_STRETCH = 64_000_000
_FIRST_CALL_MS = 1.0
_MOST_AT_ONCE = 1_000_000  # spikes of one neuron at one instant
_SHORTEST_MS = 2.0**-30  # a picosecond: later than 70 minutes a time and so much more are the same number


class ZeroDelay(Exception):
    """Why windows cannot serve a network: which projection has a delay of zero."""


class WindowEngine(Changeable):
    """A network in tiles, at a time.  Events up to and including `time` have happened.

    threads: how many work on it at most, one a tile; the result is the same for any number.

    Raises ZeroDelay if a synapse has no delay: then there is no window.
    """

    name = "window"

    def __init__(self, network: Network, threads: int = 1) -> None:
        super().__init__()
        self.network = network
        self.groups: Groups = build_groups(network)
        self.tiles = Tiles(network, self.groups)
        self.threads = threads = max(1, min(threads, self.tiles.records.size))
        for projection in network.projections.values():
            if _is_zero(projection.delay):  # before anything is built in vain
                raise ZeroDelay(f"projection {projection.name!r} has a delay of zero")
        self.wiring = Wiring(network, self.groups, self.tiles.bounds)
        self._shortest, why = self.wiring.earliest
        if self._shortest < _SHORTEST_MS:
            raise ZeroDelay(why)
        self.sources, self.drives = SpikeStream(network), DriveStream(network, self.tiles.fed)
        self.currents = CurrentStream(network)
        self.streams: tuple[Any, ...] = (self.sources, self.drives, self.currents)
        self.inputs = Block(
            layout.INPUTS,
            {
                "drive_weights": np.array([drive.weight for drive in network.drives], np.float64),
                "drive_receptors": np.array([drive.receptor for drive in network.drives], np.int64),
            },
        )
        self.tiles.keep_order(self.wiring.one_delay)
        self.tiles.choose_grid(self._shortest, self.wiring.row_by_row)
        self.calendars = Calendars(self.tiles.records)
        self.calendars.lay_out(self.wiring)
        self.tiles.choose_day(self._shortest, self.calendars.any_lanes)
        self.tiles.feed(network, self.drives.records)
        self.windows = Block(
            window_layout.WINDOWS,
            {
                "tiles": self.tiles.records,
                "tiles_of": self.tiles.of_population,
                "target_of": self.wiring.target_populations,
                "lane_of": self.calendars.lane_of,
                "signs": self.wiring.signs,
                "drives": self.drives.records,
                "spike_counts": np.zeros(network.size, np.int64),
                "copies": window_layout.new(window_layout.WINDOWS, threads),
            },
            now=0.0,
            longest=self._shortest,
            grid=self.tiles.grid_ms,
            day_ms=self.tiles.day_ms,
            days_per_ms=1.0 / self.tiles.day_ms,
            n_tiles=self.tiles.records.size,
            n_threads=threads,
            most_at_once=min(1000 + 100 * network.size, _MOST_AT_ONCE),
        )
        self.windows.record["scratch"], self.windows.record["scratch_bytes"] = self.tiles.scratch(threads)
        self._threads = KernelThreads(threads)
        self.parts = Parts()
        self.time = 0.0
        self._known = -math.inf  # what comes from outside up to here has been read
        self._pace = Pace(_EVENTS_A_STRETCH, _FIRST_CALL_MS)

    def __del__(self) -> None:
        """What was made, if anything was refused on the way."""
        if hasattr(self, "tiles"):
            free_tiles(self.tiles)
        if hasattr(self, "calendars"):
            free_calendars(self.calendars)
        if hasattr(self, "windows"):
            free_windows(self.windows.record)

    @property
    def synapses(self) -> int:
        """Number of synapses."""
        return self.wiring.synapses

    def counts(self) -> dict[str, Any]:
        """Exact counts since time 0; ``spike_counts`` (n_ids,) int64 by global id."""
        names = ("synaptic_events", "external_events")
        counts: dict[str, Any] = {name: int(self.tiles.records[name].sum()) for name in names}
        return counts | {"spike_counts": self.windows.arrays["spike_counts"].copy()}

    def profile(self) -> dict[str, Any]:
        """Windows, seconds by part, and what happened in each population; see `Simulation.profile`."""
        tiles, populations = self.tiles.records, []
        for number, population in enumerate(self.network.populations.values()):
            own = tiles[tiles["population"] == number]
            if own.size:
                in_sums = bool(own["kind"][0] != window_layout.EVENTS)
                counted = ("synaptic_events", "external_events", "gone_through")
                counts = {name: int(own[name].sum()) for name in counted}
                populations.append({"name": population.name, "in_sums": in_sums, "tiles": own.size} | counts)
        windows_so_far = int(self.tiles.records["windows"].sum())
        sent = sent_by_projection(self.network, self.wiring, self.windows.arrays["spike_counts"])
        return {
            "windows": windows_so_far,
            "seconds": dict(self.parts.seconds),
            "populations": populations,
            "projections": [{"name": name, "arrivals_sent": n} for name, n in sent.items()],
        }

    def compile(self) -> None:
        """Compile the kernels for this network's models, or find them on disk; simulates nothing."""
        nothing = Block(window_layout.WINDOWS, {}, last=-math.inf, n_threads=1)
        inputs = Block(layout.INPUTS, {})
        hand_over.begin(self.groups.kernel, nothing.record, 0.0, -1)
        hand_over.end(self.groups.kernel, nothing.record, 0.0, -1)
        windows.run_windows(
            self.groups.kernel,
            self.wiring.block.record,
            nothing.record,
            inputs.record,
            0,
            self._threads.meeting,
        )

    def run_until(self, t_stop: float, spikes: Spikes, progress: Progress) -> None:
        """Simulate up to and including `t_stop`, handing out recorded spikes in order.

        If a watched neuron fires before, up to and including that instant.
        """
        w = self.windows.record
        finest = self._shortest * (2.0**-12 if self.wiring.is_noisy else 1.0)
        if t_stop + finest == t_stop:
            raise SimulationError(
                f"{self._shortest:g} ms, the shortest delay, is nothing beside {t_stop:g} ms: use the engine queue"
            )
        if not self._started:
            self._begin(0.0)
            self._again = False
        w["stopped"] = 0
        while (self._known < t_stop or self.time < t_stop or self._again) and not w["stopped"]:
            if self._known <= self.time:
                self._next_stretch(t_stop)
            self.injected.merge(self.inputs, self._known)
            w["last"] = math.nextafter(min(t_stop, self._known), math.inf)
            if self._again:  # at this instant once more
                w["now"], w["fresh"] = self.time, math.nextafter(self.time, math.inf)
            self._again = False
            self._run(spikes, progress)
            self.time = math.nextafter(float(w["now"][0]), -math.inf)
            if self.time == self._known:
                first, before = self._stretch
                self._pace.learn(first, self.time, self._events() - before)
            progress(self.time)

    @property
    def _started(self) -> bool:
        return self._known > -math.inf

    def _next_stretch(self, t_stop: float) -> None:
        """Read what comes next from outside, not beyond `t_stop`."""
        first = max(self._known, 0.0)
        last = self._pace.until(first, t_stop, self.streams, self.stops_often)
        with self.parts.of("inputs"):
            self._read_inputs(self._known, last)
        self._known = last
        self._stretch = first, self._events()

    def sample(self, view: PopulationView, variable: str, t: float) -> NDArray[np.float64]:
        """A state variable of some neurons at ``t``, not before `time` and with no event in between."""
        if self._started:
            hand_over.end(self.groups.kernel, self.windows.record, t, self._number(view.population))
        g = self.groups.of_population[view.population.name]
        locals_ = view.indices + self.groups.local_first[view.population.name]
        states = self.groups.states[g][locals_]
        queue.sample(self.groups.kernel, g, address(states), address(locals_), locals_.size, t)
        values: NDArray[np.float64] = states[variable].astype(np.float64)
        return values

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Everything that changes while simulating, as arrays; `restore` goes on from it with the same bytes."""
        if self._started:
            hand_over.end(self.groups.kernel, self.windows.record, self.time, -1)
        hand_over.settle_all(self.wiring.block.record, self.windows.record, self.time)
        w = self.windows
        state: dict[str, NDArray[np.generic]] = {
            "time": np.array(self.time),
            "known": np.array(self._known),
            "serial": np.array(w.scalar("serial")),
            "spike_counts": w.arrays["spike_counts"].copy(),
            "spikes": elements(w.record[0], "spikes", window_layout.SPIKE),
        }
        for number, tile in enumerate(self.tiles.records):
            state[f"legs/{number}"] = elements(tile, "legs", window_layout.LEG)
            state[f"events/{number}"] = np.array([tile["synaptic_events"], tile["external_events"]])
        state |= self.groups.state()
        for number, stream in enumerate(self.streams):
            state |= {f"stream/{number}/{key}": array for key, array in stream.state().items()}
        return state

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from what `state` gave, in an engine of the same network."""
        self.time, self._known = float(state["time"]), float(state["known"])
        w = self.windows
        w.record["serial"] = state["serial"]
        w.record["now"] = math.nextafter(self.time, math.inf) if self._started else 0.0
        w.arrays["spike_counts"][:] = state["spike_counts"]
        refill(w.record[0], "spikes", state["spikes"], window_layout.SPIKE, "sorting")
        for number, tile in enumerate(self.tiles.records):
            refill(tile, "legs", state[f"legs/{number}"], window_layout.LEG)
            tile["synaptic_events"], tile["external_events"] = state[f"events/{number}"]
            tile["next"], tile["first_leg"], tile["launched"] = -math.inf, 0, 0
        hand_over.settle_all(self.wiring.block.record, self.windows.record, self.time)
        self.groups.restore(state)
        for number, stream in enumerate(self.streams):
            prefix = f"stream/{number}/"
            stream.restore({key[len(prefix) :]: state[key] for key in state if key.startswith(prefix)})
        if self._started:
            self._begin(self.time)

    def _begin(self, t: float) -> None:
        hand_over.begin(self.groups.kernel, self.windows.record, t, -1)

    def _events(self) -> int:
        return int(self.tiles.records["synaptic_events"].sum())

    def _run(self, spikes: Spikes, progress: Progress) -> None:
        """Simulate the windows before ``last``."""
        w = self.windows
        while True:
            w.record["events_a_call"] = _EVENTS_A_CALL
            with self.parts.of("kernel"):
                self._on_all_threads()
            with self.parts.of("recording"):
                self._hand_out(spikes)
            status = int(w.scalar("status"))
            if status == layout.ENDLESS:
                raise SimulationError(self._endless())
            if status == layout.DONE:
                return
            progress(float(w.scalar("now")))

    def _on_all_threads(self) -> None:
        blocks = (self.wiring.block, self.windows, self.inputs)
        kernel = partial(windows.run_windows, self.groups.kernel, *(block.record for block in blocks))
        self._threads.run(kernel, self._come_back)

    def _come_back(self) -> None:
        """Let the kernel return at its next look at the caller."""
        self.windows.record["events_a_call"] = -1

    def _hand_out(self, spikes: Spikes) -> None:
        w = self.windows.record[0]
        if w["n_times"]:
            n = int(w["n_times"])
            spikes(copied(w["times"], n, np.dtype(np.float64)), copied(w["ids"], n, np.dtype(np.uint32)))
            w["n_times"] = 0

    def _read_inputs(self, first: float, last: float) -> None:
        """Let the kernel have what comes from outside after `first` and not after `last`."""
        sources, currents = self.sources.slice(first, last), self.currents.slice(first, last)
        columns = {
            "source": (("times", "ids"), sources),
            "current": (("times", "ids", "values"), currents),
        }
        for kind, (names, arrays) in columns.items():
            for name, array in zip(names, arrays, strict=True):
                self.inputs.point(f"{kind}_{name}", array)
            self.inputs.record[f"n_{kind}"] = arrays[0].size
            self.inputs.record[f"next_{kind}"] = 0
        self._driven = self.tiles.share_out(*self.drives.slice(first, last))

    def watch(self, ids: NDArray[np.int64]) -> None:
        super().watch(ids)
        tiles = self.tiles.records
        tiles["watched"] = 0
        tiles["watched"][np.searchsorted(tiles["first_id"], ids, side="right") - 1] = 1
        self.windows.record["watching"] = int(ids.size > 0)

    def _number(self, population: Population) -> int:
        return list(self.network.populations).index(population.name)

    def _hand_back(self, population: Population) -> None:
        if self._started:
            hand_over.end(self.groups.kernel, self.windows.record, self.time, self._number(population))

    def _take_over(self, population: Population, g: int, locals_: NDArray[np.int64]) -> None:
        self.tiles.reconsider(self.groups, population, self._number(population))
        self.windows.record["grid"] = self.tiles.grid_ms
        if self._started:
            hand_over.begin(self.groups.kernel, self.windows.record, self.time, self._number(population))

    def _bounds_onto(self, number: int) -> NDArray[np.int64] | None:
        projection = list(self.network.projections.values())[number]
        return self.tiles.bounds[projection.target.population.name]

    def _prepare_delays(self, shortest: float) -> None:
        if shortest < _SHORTEST_MS:
            raise InputError(
                "delay", shortest, "the window engine needs delays above 0: use the engine 'queue'"
            )
        # What was emitted before the change takes off with the delays of then.
        hand_over.launch(self.wiring.block.record, self.windows.record, self.time)

    def _is_under_way(self, link: int) -> bool:
        return any((legs["link"] == link).any() for legs in self._legs())

    def _divert(self, link: int, to: int) -> None:
        for legs in self._legs():
            legs["link"][legs["link"] == link] = to

    def _legs(self) -> list[NDArray[Any]]:
        """The spikes on their way to each tile, where they lie."""
        tiles = self.tiles.records
        return [lying(tile["legs"], int(tile["n_legs"]), window_layout.LEG) for tile in tiles]

    def set_delays(self, number: int, values: NDArray[np.float64]) -> None:
        super().set_delays(number, values)
        tiles, targets = self.tiles.records, self.wiring.target_populations
        onto = targets[number]
        if not self.wiring.one_delay[int(onto)] or any(targets[k] == onto for k in self.wiring.retired):
            tiles["in_order"][tiles["population"] == onto] = 0
        self._shortest, _ = self.wiring.earliest
        self.windows.record["longest"] = self._shortest
        self._lay_out()

    def _put(self, number: int) -> None:
        hand_over.settle_all(self.wiring.block.record, self.windows.record, self.time)
        super()._put(number)
        self.windows.point("target_of", self.wiring.target_populations)
        self.windows.point("signs", self.wiring.signs)
        self._lay_out()

    def _lay_out(self) -> None:
        """Let the calendars, in which nothing is entered, be those of the projections and of windows as they are."""
        for lanes in self.calendars.lay_out(self.wiring):
            free_lanes(lanes)
        self.windows.point("lane_of", self.calendars.lane_of)
        self.tiles.choose_day(self._shortest, self.calendars.any_lanes)
        w, day_ms = self.windows.record, self.tiles.day_ms
        w["grid"], w["day_ms"], w["days_per_ms"] = self.tiles.grid_ms, day_ms, 1.0 / day_ms

    def _endless(self) -> str:
        endless = self.tiles.records[self.tiles.records["endless"] != 0]
        first = endless[np.lexsort((endless["endless"], endless["endless_at"]))[0]]
        name = member_name(self.network, int(first["endless"]) - 1)
        return (
            f"at {first['endless_at']:g} ms {name} fires without end: "
            "give it a refractory period or a reset further below its threshold"
        )


def _is_zero(delay: object) -> bool:
    return isinstance(delay, float | int) and delay == 0.0
