"""The priority-queue engine's driver: arrays in, slices of time through the kernel, spikes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.groups import Groups, build_groups
from eventsim.build.streams import CurrentStream, DriveStream, SpikeStream
from eventsim.build.streams.buffer import EventBuffer
from eventsim.build.wiring import Wiring
from eventsim.errors import SimulationError
from eventsim.kernels import changing, layout
from eventsim.kernels.memory import Block, address
from eventsim.kernels.queue import run as queue
from eventsim.kernels.queue.plan import plan
from eventsim.network.network import Network
from eventsim.network.population import Population, PopulationView
from eventsim.simulation.changeable import Changeable
from eventsim.simulation.naming import member_name
from eventsim.simulation.pace import cut
from eventsim.simulation.profile import Parts, sent_by_projection

Spikes = Callable[[NDArray[np.float64], NDArray[np.uint32]], None]
Progress = Callable[[float], None]

_ROOM = 1 << 10
_SCRATCH = ("times", "ids", "planned_times", "planned_labels", "stretches")  # empty between runs
_RECORDED = 1 << 16
_EVENTS_A_SLICE = 1 << 17  # many arrivals a spike, so that it writes them all while its synapses are at hand
_FIRST_SLICE_MS = 0.1
_EVENTS_A_CALL = 4_000_000  # well under a second, so that Ctrl-C and progress are served


class QueueEngine(Changeable):
    """A network in arrays, at a time.  Events up to and including `time` have happened."""

    name = "queue"
    threads = 1

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.groups: Groups = build_groups(network)
        self.wiring = Wiring(network, self.groups)
        self.q, self.near, self.checks = _new_queue(network.size)
        self.q.record["longest_row"] = self.wiring.longest_row
        self._make_room_for_fired()
        self.sources, self.drives = SpikeStream(network), DriveStream(network)
        self.currents = CurrentStream(network)
        self.streams: tuple[SpikeStream | DriveStream | CurrentStream, ...]
        self.streams = (self.sources, self.drives, self.currents)
        drives = network.drives
        table: dict[str, NDArray[Any]] = {
            "drive_weights": np.array([drive.weight for drive in drives], np.float64),
            "drive_receptors": np.array([drive.receptor for drive in drives], np.int64),
        }
        self.inputs = Block(layout.INPUTS, table)
        self.parts = Parts()
        self._planned = EventBuffer()
        self._make_room_for_planned()
        self._slice_ms, self._arrivals_per_ms = _FIRST_SLICE_MS, 0.0
        self.time = 0.0
        self._known = -math.inf  # what comes up to here has been read and planned

    @property
    def synapses(self) -> int:
        """Number of synapses."""
        return self.wiring.synapses

    def counts(self) -> dict[str, Any]:
        """Exact counts since time 0; ``spike_counts`` (n_ids,) int64 by global id."""
        names = ("synaptic_events", "external_events")
        counts: dict[str, Any] = {name: int(self.q.scalar(name)) for name in names}
        return counts | {"spike_counts": self.q.arrays["spike_counts"].copy()}

    def profile(self) -> dict[str, Any]:
        """Rounds, neurons' own events, seconds by part, arrivals by projection; see `Simulation.profile`."""
        sent = sent_by_projection(self.network, self.wiring, self.q.arrays["spike_counts"])
        return {
            "rounds": int(self.q.scalar("round")),
            "own_events": int(self.q.scalar("own_events")),
            "seconds": dict(self.parts.seconds),
            "projections": [{"name": name, "arrivals_sent": n} for name, n in sent.items()],
        }

    def compile(self) -> None:
        """Compile the kernels for this network's models, or find them on disk; simulates nothing."""
        q, near, checks = _new_queue(self.network.size)
        no_neurons = tuple(group._replace(size=0) for group in self.groups.kernel)
        inputs = Block(layout.INPUTS, {})
        records = (block.record for block in (self.wiring.block, q, near, checks, inputs))
        q.record["until"] = -math.inf
        queue.run_until(no_neurons, *records, 0)

    def run_until(self, t_stop: float, spikes: Spikes, progress: Progress) -> None:
        """Simulate up to and including `t_stop`, handing out recorded spikes in order.

        If a watched neuron fires before, up to and including that instant.
        """
        self.q.record["stopped"] = 0
        while (self._known < t_stop or self.time < t_stop or self._again) and not self.q.scalar("stopped"):
            if self._known <= self.time:
                self._next_slice(t_stop)
            self.injected.merge(self.inputs, self._known)
            self._again = False
            self.q.record["until"] = min(t_stop, self._known)
            while self._timed_kernel(spikes) != layout.DONE:
                with self.parts.of("recording"):
                    self._hand_out(spikes)
                progress(float(self.q.scalar("now")))
            self.time = float(self.q.scalar("until"))
            if self.time == self._known:
                self._pace()
            progress(self.time)
        with self.parts.of("recording"):
            self._hand_out(spikes)

    def _next_slice(self, t_stop: float) -> None:
        """Read and plan what comes next, not beyond `t_stop`."""
        first = max(self._known, 0.0)
        last = self._slice_end(first, t_stop)
        with self.parts.of("inputs"):
            self._read_inputs(self._known, last)
        with self.parts.of("planning"):
            self._plan(first, last)
        self._known = last
        self._slice = first, int(self.q.scalar("synaptic_events"))

    def _timed_kernel(self, spikes: Spikes) -> int:
        with self.parts.of("kernel"):
            return self._kernel(spikes)

    def _slice_end(self, first: float, t_stop: float) -> float:
        """End of the next slice: one of about `_EVENTS_A_SLICE` events, as far as can be foreseen."""
        outside = sum(stream.expected_rate_per_ms(first) for stream in self.streams)
        rate = outside + self._arrivals_per_ms
        length = min(_EVENTS_A_SLICE / rate if rate > 0.0 else math.inf, 8.0 * self._slice_ms)
        upcoming = min(stream.next_time() for stream in self.streams)
        idle = (
            upcoming - first if self.q.scalar("n_flights") == 0 and self.checks.scalar("size") == 0 else 0.0
        )
        return cut(first, first + max(idle, 0.0) + length, t_stop, self.stops_often)

    def _plan(self, first: float, last: float) -> None:
        """Write down and sort the arrivals up to `last` of the spikes that are on their way."""
        self.q.record["slice_end"] = last
        for name in ("n_planned", "next_planned", "n_examined", "n_kept"):
            self.q.record[name] = 0
        while plan(self.wiring.block.record, self.q.record) == layout.NEED_PLANNED:
            self._make_room_for_planned()
        self._planned.sort(int(self.q.scalar("n_planned")), first, last)

    def _pace(self) -> None:
        """Learn from a slice how long the next one may be."""
        (first, before), last = self._slice, self._known
        arrivals = int(self.q.scalar("synaptic_events")) - before
        self._slice_ms = last - first if last > first else self._slice_ms
        self._arrivals_per_ms = arrivals / self._slice_ms

    def sample(self, view: PopulationView, variable: str, t: float) -> NDArray[np.float64]:
        """A state variable of some neurons at ``t``, not before `time` and with no event in between."""
        g = self.groups.of_population[view.population.name]
        locals_ = view.indices + self.groups.local_first[view.population.name]
        states = self.groups.states[g][locals_]
        queue.sample(self.groups.kernel, g, address(states), address(locals_), locals_.size, t)
        values: NDArray[np.float64] = states[variable].astype(np.float64)
        return values

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Everything that changes while simulating, as arrays; `restore` goes on from it with the same bytes."""
        state: dict[str, NDArray[np.generic]] = {
            "time": np.array(self.time),
            "known": np.array(self._known),
        }
        for name, block in self._blocks():
            state |= {
                f"{name}/{key}": array.copy() for key, array in block.arrays.items() if key not in _SCRATCH
            }
            state |= {f"{name}/{key}": np.array(value) for key, value in block.scalars().items()}
        state |= self.groups.state()
        for number, stream in enumerate(self.streams):
            state |= {f"stream/{number}/{key}": array for key, array in stream.state().items()}
        return state

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from what `state` gave, in an engine of the same network."""
        self.time, self._known = float(state["time"]), float(state["known"])
        for name, block in self._blocks():
            for key in block.scalars():
                block.record[key] = state[f"{name}/{key}"]
            for key in [key for key in block.arrays if key not in _SCRATCH]:
                block.point(key, _as_type(state[f"{name}/{key}"], block.arrays[key].dtype))
        self.groups.restore(state)
        for number, stream in enumerate(self.streams):
            prefix = f"stream/{number}/"
            stream.restore({key[len(prefix) :]: state[key] for key in state if key.startswith(prefix)})

    def _blocks(self) -> tuple[tuple[str, Block], ...]:
        return ("queue", self.q), ("near", self.near), ("checks", self.checks)

    def _read_inputs(self, first: float, last: float) -> None:
        """Let the kernel have what comes from outside after `first` and not after `last`."""
        sources, drive = self.sources.slice(first, last), self.drives.slice(first, last)
        currents = self.currents.slice(first, last)
        columns = {
            "source": (("times", "ids"), sources),
            "drive": (("times", "ids", "numbers"), drive),
            "current": (("times", "ids", "values"), currents),
        }
        for kind, (names, arrays) in columns.items():
            for name, array in zip(names, arrays, strict=True):
                self.inputs.point(f"{kind}_{name}", array)
            self.inputs.record[f"n_{kind}"] = arrays[0].size
            self.inputs.record[f"next_{kind}"] = 0

    def _kernel(self, spikes: Spikes) -> int:
        """Call the kernel, and make room where it asks for some."""
        blocks = (self.wiring.block, self.q, self.near, self.checks, self.inputs)
        records = (block.record for block in blocks)
        most_at_once = 1000 + 100 * self.network.size
        done = int(self.q.scalar("round")) + int(self.q.scalar("synaptic_events"))
        self.q.record["pause_at"] = done + _EVENTS_A_CALL
        status: int = queue.run_until(self.groups.kernel, *records, most_at_once)
        if status == layout.ENDLESS:
            self._hand_out(spikes)
            raise SimulationError(self._endless())
        if status == layout.NEED_FIRED:
            self._make_room_for_fired()
        elif status == layout.NEED_SEGMENTS:
            self._make_room_for_segments()
        elif status == layout.NEED_FLIGHTS:
            self._make_room_for_flights()
        return status

    def _hand_out(self, spikes: Spikes) -> None:
        n = int(self.q.scalar("n_recorded"))
        if n:
            spikes(self.q.arrays["times"][:n].copy(), self.q.arrays["ids"][:n].copy())
            self.q.record["n_recorded"] = 0

    def _make_room_for_fired(self) -> None:
        needed = int(self.q.scalar("n_fired")) + self.wiring.longest_row + 1
        capacity = max(2 * int(self.q.scalar("fired_capacity")), needed)
        self.q.lengthen("fired", capacity)
        self.q.lengthen("rows", capacity)
        self.q.record["fired_capacity"] = capacity

    def _make_room_for_segments(self) -> None:
        capacity = 2 * int(self.q.scalar("segments_capacity"))
        self.q.lengthen("segments", 3 * capacity)
        self.q.record["segments_capacity"] = capacity

    def _make_room_for_flights(self) -> None:
        """Forget the spikes that have arrived everywhere; if that is not enough, lengthen the list."""
        flight, n = self.q.arrays["flight"], int(self.q.scalar("n_flights"))
        under_way = flight["next"][:n] < flight["end"][:n]
        kept = int(under_way.sum())
        flight[:kept] = flight[:n][under_way]
        self.q.record["n_flights"] = kept
        items = self.near.arrays["item"][: int(self.near.scalar("size"))]
        items[:] = (np.cumsum(under_way) - 1)[items]  # in the same order, so the heap stays one
        if 2 * kept + self.wiring.most_outgoing > flight.size:
            capacity = 2 * flight.size + self.wiring.most_outgoing
            self.q.lengthen("flight", capacity)
            self.q.record["flight_capacity"] = capacity
            for name in ("when", "item"):
                self.near.lengthen(name, capacity)

    def _make_room_for_planned(self) -> None:
        n = int(self.q.scalar("n_planned"))
        capacity = max(_ROOM, 2 * n)
        self._planned.reserve(capacity, n)
        self.q.point("planned_times", self._planned.events.times)
        self.q.point("planned_labels", self._planned.events.labels)
        self.q.lengthen("stretches", self._planned.events.times.size)
        self.q.record["planned_capacity"] = self._planned.events.times.size

    def _hand_back(self, population: Population) -> None:
        """The records are as of each neuron's last event."""

    def _take_over(self, population: Population, g: int, locals_: NDArray[np.int64]) -> None:
        blocks = (self.q.record, self.checks.record)
        changing.look_at(self.groups.kernel, g, address(locals_), locals_.size, *blocks)

    def _bounds_onto(self, number: int) -> None:
        return None

    def _is_under_way(self, link: int) -> bool:
        flights, stretches = self._on_their_way()
        return bool(((flights["link"] == link) & (flights["next"] < flights["end"])).any()) or bool(
            (stretches["link"] == link).any()
        )

    def _divert(self, link: int, to: int) -> None:
        for records in self._on_their_way():
            records["link"][records["link"] == link] = to

    def _on_their_way(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Spikes, and what was planned of them in this slice."""
        flights = self.q.arrays["flight"][: int(self.q.scalar("n_flights"))]
        return flights, self.q.arrays["stretches"][: int(self.q.scalar("n_planned"))]

    def _endless(self) -> str:
        """What is said of a cycle of zero delay."""
        looping = np.flatnonzero(self.q.arrays["last_fired"] >= self.q.scalar("round") - 2)
        names = [member_name(self.network, int(neuron)) for neuron in looping[:5]]
        more = f" and {looping.size - 5} more" if looping.size > 5 else ""
        return (
            f"at {self.q.scalar('now'):g} ms spikes go round without delay and without end, "
            f"through {', '.join(names)}{more}: give the synapses a delay or the neurons a refractory period"
        )


def _as_type(stored: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """A copy of an array whose records may have been stored as bytes."""
    return stored.copy().view(np.uint8).view(dtype)


def _new_heap(capacity: int, with_positions: bool) -> Block:
    arrays: dict[str, NDArray[Any]] = {
        "when": np.zeros(capacity),
        "item": np.zeros(capacity, np.uint32),
    }
    if with_positions:
        arrays["position"] = np.zeros(capacity, np.uint32)
    return Block(layout.HEAP, arrays)


def _new_queue(n_ids: int) -> tuple[Block, Block, Block]:
    """The state of the queue at time 0, its heap of spikes on their way, and its heap of neurons to look at."""
    arrays = {
        "flight": np.zeros(_ROOM, layout.FLIGHT),
        "stretches": np.zeros(0, layout.STRETCH),
        "fired": np.zeros(_ROOM, np.int64),
        "rows": np.zeros(_ROOM, np.int64),
        "segments": np.zeros(3 * _ROOM, np.int64),
        "again": np.zeros(n_ids, np.int64),
        "last_fired": np.full(n_ids, -1, np.int64),
        "spike_counts": np.zeros(n_ids, np.int64),
        "times": np.zeros(_RECORDED),
        "ids": np.zeros(_RECORDED, np.uint32),
    }
    room = {
        "flight_capacity": _ROOM,
        "fired_capacity": _ROOM,
        "segments_capacity": _ROOM,
        "recorded_capacity": _RECORDED,
    }
    q = Block(layout.QUEUE, arrays, now=-math.inf, phase=layout.START, **room)
    return q, _new_heap(_ROOM, with_positions=False), _new_heap(n_ids, with_positions=True)
