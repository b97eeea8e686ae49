"""The window engine's driver: arrays in, stretches of time through the kernel on any number of threads, spikes out."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.groups import Groups, build_groups
from eventsim.build.streams import CurrentStream, DriveStream, SpikeStream
from eventsim.build.tiles import Tiles
from eventsim.build.wiring import Wiring
from eventsim.errors import SimulationError
from eventsim.kernels import layout, queue, window_layout, windows
from eventsim.kernels.memory import Block, address
from eventsim.network.network import Network
from eventsim.network.population import PopulationView
from eventsim.simulation.naming import member_name
from eventsim.simulation.pace import Pace
from eventsim.simulation.profile import Parts, sent_by_projection

Spikes = Callable[[NDArray[np.float64], NDArray[np.uint32]], None]
Progress = Callable[[float], None]

_CACHE_LINE = 8  # int64
_EVENTS_A_CALL = 4_000_000  # well under a second, so that Ctrl-C and progress are served
_FIRST_CALL_MS = 1.0
_MOST_AT_ONCE = 1_000_000  # spikes of one neuron at one instant
_SHORTEST_MS = 2.0**-30  # a picosecond: later than 70 minutes a time and so much more are the same number


class ZeroDelay(Exception):
    """Why windows cannot serve a network: which projection has a delay of zero."""


class WindowEngine:
    """A network in tiles, at a time.  Events up to and including `time` have happened.

    threads: how many work on it at most, one a tile; the result is the same for any number.

    Raises ZeroDelay if a synapse has no delay: then there is no window.
    """

    name = "window"

    def __init__(self, network: Network, threads: int = 1) -> None:
        self.network = network
        self.groups: Groups = build_groups(network)
        self.tiles = Tiles(network, self.groups)
        self.threads = threads = max(1, min(threads, self.tiles.records.size))
        for projection in network.projections.values():
            if _is_zero(projection.delay):  # before anything is built in vain
                raise ZeroDelay(f"projection {projection.name!r} has a delay of zero")
        self.wiring = Wiring(network, self.groups, self.tiles.bounds)
        if self.wiring.shortest_delay < _SHORTEST_MS:
            raise ZeroDelay(f"a synapse has a delay of {self.wiring.shortest_delay:g} ms")
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
        self.tiles.choose_grid(self.wiring.shortest_delay)
        self.tiles.feed(network, self.drives.records)
        self.windows = Block(
            window_layout.WINDOWS,
            {
                "tiles": self.tiles.records,
                "tiles_of": self.tiles.of_population,
                "target_of": self.wiring.target_populations,
                "signs": self.wiring.signs,
                "drives": self.drives.records,
                "spike_counts": np.zeros(network.size, np.int64),
            },
            now=0.0,
            longest=self.wiring.shortest_delay,
            grid=self.tiles.grid_ms,
            n_tiles=self.tiles.records.size,
            n_threads=threads,
            window_events=10 + network.size // 4,
            most_at_once=min(1000 + 100 * network.size, _MOST_AT_ONCE),
        )
        self.windows.record["scratch"], self.windows.record["scratch_bytes"] = self.tiles.scratch(threads)
        self._shared = np.zeros(3 * _CACHE_LINE, np.int64)
        self._pool = ThreadPoolExecutor(max(1, threads - 1))  # starts a thread when it is needed
        self.parts = Parts()
        self.time = 0.0
        self._started = False
        self._pace = Pace(_EVENTS_A_CALL // 4, _FIRST_CALL_MS)

    def __del__(self) -> None:
        tiles, block = getattr(self, "tiles", None), getattr(self, "windows", None)
        if block is not None:
            _free(block.record[0], _GROWING)
        if tiles is not None:
            for tile in tiles.records:
                _free(tile, _GROWING_IN_TILES)
            for feed in (feed for feeds in tiles.feeds for feed in feeds):
                _free(feed, ("drawn_times", "drawn_neurons"))
            for batch in (batch for batches in tiles.batches for batch in batches):
                _free(batch, ("times", "weights", "neurons", "terms"))

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
        windows_so_far = int(self.windows.scalar("windows"))
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
        windows.begin(self.groups.kernel, nothing.record, 0.0)
        windows.end(self.groups.kernel, nothing.record, 0.0)
        windows.run_windows(
            self.groups.kernel, self.wiring.block.record, nothing.record, inputs.record, 0, *self._meeting
        )

    def run_until(self, t_stop: float, spikes: Spikes, progress: Progress) -> None:
        """Simulate up to and including `t_stop`, handing out recorded spikes in order."""
        if t_stop + self.wiring.shortest_delay == t_stop:
            delay = self.wiring.shortest_delay
            raise SimulationError(
                f"{delay:g} ms, the shortest delay, is nothing beside {t_stop:g} ms: use the engine queue"
            )
        first = self.time
        if not self._started:
            self._started = True
            first = -math.inf
            self._begin(0.0)
        while first < t_stop:
            last = self._pace.until(max(first, 0.0), t_stop, self.streams)
            with self.parts.of("inputs"):
                self._read_inputs(first, last)
            before = self._events()
            self.windows.record["last"] = math.nextafter(last, math.inf)
            self._run(spikes, progress)
            self._pace.learn(max(first, 0.0), last, self._events() - before)
            first = self.time = last
            progress(last)

    def sample(self, view: PopulationView, variable: str, t: float) -> NDArray[np.float64]:
        """A state variable of some neurons at ``t``, not before `time` and with no event in between."""
        if self._started:
            windows.end(self.groups.kernel, self.windows.record, t)
        g = self.groups.of_population[view.population.name]
        locals_ = view.indices + self.groups.local_first[view.population.name]
        states = self.groups.states[g][locals_]
        queue.sample(self.groups.kernel, g, address(states), address(locals_), locals_.size, t)
        values: NDArray[np.float64] = states[variable].astype(np.float64)
        return values

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Everything that changes while simulating, as arrays; `restore` goes on from it with the same bytes."""
        if self._started:
            windows.end(self.groups.kernel, self.windows.record, self.time)
        w = self.windows
        state: dict[str, NDArray[np.generic]] = {
            "time": np.array(self.time),
            "started": np.array(self._started),
            "serial": np.array(w.scalar("serial")),
            "spike_counts": w.arrays["spike_counts"].copy(),
            "spikes": _elements(w.record[0], "spikes", window_layout.SPIKE),
        }
        for number, tile in enumerate(self.tiles.records):
            state[f"legs/{number}"] = _elements(tile, "legs", window_layout.LEG)
            state[f"events/{number}"] = np.array([tile["synaptic_events"], tile["external_events"]])
        for number, records in enumerate(self.groups.states):
            state[f"neurons/{number}"] = records.copy()
        for number, stream in enumerate(self.streams):
            state |= {f"stream/{number}/{key}": array for key, array in stream.state().items()}
        return state

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from what `state` gave, in an engine of the same network."""
        self.time, self._started = float(state["time"]), bool(state["started"])
        w = self.windows
        w.record["serial"] = state["serial"]
        w.record["now"] = math.nextafter(self.time, math.inf) if self._started else 0.0
        w.arrays["spike_counts"][:] = state["spike_counts"]
        _refill(w.record[0], "spikes", state["spikes"], window_layout.SPIKE, "sorting")
        for number, tile in enumerate(self.tiles.records):
            _refill(tile, "legs", state[f"legs/{number}"], window_layout.LEG)
            tile["synaptic_events"], tile["external_events"] = state[f"events/{number}"]
            tile["next"], tile["first_leg"] = -math.inf, 0
        for number, records in enumerate(self.groups.states):
            records[:] = state[f"neurons/{number}"].copy().view(np.uint8).view(records.dtype)
        for number, stream in enumerate(self.streams):
            prefix = f"stream/{number}/"
            stream.restore({key[len(prefix) :]: state[key] for key in state if key.startswith(prefix)})
        if self._started:
            self._begin(self.time)

    def _begin(self, t: float) -> None:
        windows.begin(self.groups.kernel, self.windows.record, t)

    def _events(self) -> int:
        return int(self.tiles.records["synaptic_events"].sum())

    @property
    def _meeting(self) -> tuple[int, int, int]:
        """Where the threads meet and take tiles from: three addresses."""
        first = address(self._shared)
        return first, first + 8 * _CACHE_LINE, first + 16 * _CACHE_LINE

    def _run(self, spikes: Spikes, progress: Progress) -> None:
        """Simulate the windows before ``last``."""
        w = self.windows
        while True:
            names = ("synaptic_events", "external_events")
            done = sum(int(self.tiles.records[name].sum()) for name in names)
            done += int(w.scalar("windows") * w.scalar("window_events"))
            w.record["events_left"] = done + _EVENTS_A_CALL
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
        """Call the kernel on every thread.  An exception from outside, a signal's, leaves no thread waiting."""
        blocks = (self.wiring.block, self.windows, self.inputs)
        kernel = partial(windows.run_windows, self.groups.kernel, *(block.record for block in blocks))
        met = int(self._shared[_CACHE_LINE])
        others = []
        try:
            for thread in range(1, self.threads):
                others.append(self._pool.submit(kernel, thread, *self._meeting))
            kernel(0, *self._meeting)
        except BaseException:
            if self.threads > 1 and int(self._shared[_CACHE_LINE]) == met:  # before it has met the others
                self.windows.record["events_left"] = -1
                for thread in range(1 + len(others), self.threads):
                    others.append(self._pool.submit(kernel, thread, *self._meeting))
                kernel(0, *self._meeting)
            raise
        for other in others:
            other.result()

    def _hand_out(self, spikes: Spikes) -> None:
        w = self.windows.record[0]
        if w["n_times"]:
            n = int(w["n_times"])
            spikes(_copied(w["times"], n, np.dtype(np.float64)), _copied(w["ids"], n, np.dtype(np.uint32)))
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


def _elements(record: Any, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A copy of the elements of an array that grows."""
    return _copied(record[name], int(record[f"n_{name}"]), dtype)


def _copied(where: int, n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A copy of ``n`` elements at an address."""
    if n == 0:
        return np.zeros(0, dtype)
    return np.frombuffer(ctypes.string_at(int(where), n * dtype.itemsize), dtype).copy()


def _refill(record: Any, name: str, stored: NDArray[Any], dtype: np.dtype[Any], *alike: str) -> None:
    """Let an array that grows have these elements, which may have been stored as bytes."""
    elements = stored.copy().view(np.uint8).view(dtype)
    for each in (name, *alike):
        record[each] = _LIBC.realloc(int(record[each]), max(1, elements.nbytes))
    ctypes.memmove(int(record[name]), elements.ctypes.data, elements.nbytes)
    record[f"n_{name}"] = record[f"room_{name}"] = elements.size


def _free(record: Any, growing: Sequence[str]) -> None:
    """Give back the arrays that grow."""
    for name in growing:
        _LIBC.free(int(record[name]))


def _growing(dtype: np.dtype[Any]) -> tuple[str, ...]:
    names = dtype.names or ()
    return tuple(name for name in names if f"room_{name}" in names)


_GROWING, _GROWING_IN_TILES = _growing(window_layout.WINDOWS), _growing(window_layout.TILE)
_LIBC = ctypes.CDLL(None)
_LIBC.realloc.restype, _LIBC.realloc.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_size_t)
_LIBC.free.restype, _LIBC.free.argtypes = None, (ctypes.c_void_p,)
