"""The mesh packet by packet: routers with finite buffers, links, arbitration and cores, in SimPy.

A spike becomes packets at its time, one for each core that it reaches (or one that branches, by multicast).  Each core
sends its packets one after the other into its tile's router.  A router has a first-in, first-out buffer for each of its
inputs: the four links and its own cores.  Each of its outputs takes the heads of the buffers that want it in turn, and
only when the buffer at the other end has room; a packet occupies a link for the link's latency.  The core hands on a
packet at a time: finding the row, then reading its words while its synapses are added (`bound.service_cycles`).

All times are whole cycles, so that where nothing waits the latency is that of `bound.path_cycles` to the cycle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.hardware.bound import Cycles, cycles_of, path_cycles, service_cycles
from eventsim.hardware.counts import Placed
from eventsim.hardware.mesh import Mesh
from eventsim.hardware.reach import Ints, is_tables
from eventsim.hardware.run import Run
from eventsim.kernels.hardware import EAST, NORTH, SOUTH, WEST

Steps = Generator[simpy.Event, Any, None]

MOST_PACKETS = 1_000_000
CORE = 4
"""Output of a router from which on its cores are numbered; 0 to 3 are the links."""


@dataclass(frozen=True)
class Delivered:
    """What became of the packets, in the order of their spikes and of the cores that each reached.

    spike: index of the spike in `Run.spikes`.  source: global id.  core: reached.  row: of `Reach`.  released, done:
    cycles at which the spike was sent and its last synapse there was added.  uncontended: cycles that this would have
    taken alone.  allowed: cycles that it might take, by the shortest delay of its synapses or the end of the time step;
    -1 where the network leaves no time.  waited: the largest number of packets in a router's buffer.
    """

    spike: Ints
    source: Ints
    core: Ints
    row: Ints
    released: Ints
    done: Ints
    uncontended: Ints
    allowed: Ints
    cycle_ns: float
    acceleration: float
    longest_queue: int

    @property
    def latency(self) -> Ints:
        """(packets,) cycles."""
        return self.done - self.released

    @property
    def late(self) -> NDArray[np.bool_]:
        """Packets that arrive after the network's delay, or after the end of their time step."""
        late: NDArray[np.bool_] = (self.allowed >= 0) & (self.latency > self.allowed)
        return late

    @property
    def delayed_by_others(self) -> NDArray[np.bool_]:
        """Packets that waited anywhere."""
        waited: NDArray[np.bool_] = self.latency > self.uncontended
        return waited

    def model_ms(self, cycles: NDArray[Any]) -> NDArray[np.float64]:
        """Cycles as time of the model."""
        return np.asarray(cycles, np.float64) * (self.cycle_ns * 1e-6 * self.acceleration)

    def summary(self) -> dict[str, Any]:
        """The distribution of latencies in ns, congestion, and spikes that came too late."""
        latency = self.latency * self.cycle_ns
        if not latency.size:
            return {"packets": 0}
        names = ("least", "median", "p95", "p99", "largest")
        marks = np.quantile(latency, (0.0, 0.5, 0.95, 0.99, 1.0))
        return {
            "packets": int(latency.size),
            "acceleration": self.acceleration,
            "latency_ns": dict(zip(names, marks.tolist(), strict=True)),
            "mean_latency_ns": float(latency.mean()),
            "mean_uncontended_ns": float((self.uncontended * self.cycle_ns).mean()),
            "packets_that_waited": int(self.delayed_by_others.sum()),
            "longest_queue": self.longest_queue,
            "late_packets": int(self.late.sum()),
            "packets_without_allowance": int((self.allowed < 0).sum()),
        }


def simulate_packets(
    run: Run, placed: Placed, acceleration: float = 1.0, most_packets: int = MOST_PACKETS
) -> Delivered:
    """Send all spikes of a run over the mesh at their exact times.

    acceleration: how much faster than the model's time the chip runs.  On a chip with time steps the spikes of a step
    are sent at its beginning, in order of (time, id), and must have arrived at its end.

    Raises InputError for more packets than `most_packets`, or if spikes were not recorded.
    """
    if not acceleration > 0.0:
        raise InputError("acceleration", acceleration, "must be positive")
    chip, reach = placed.chip, placed.reach
    times, ids = run.spikes
    rows = np.diff(reach.row_start)[ids]
    if rows.sum() > most_packets:
        raise InputError("packets", int(rows.sum()), f"more than {most_packets:,}: simulate a shorter run")
    cycles, ns = cycles_of(chip), chip.timing.cycle_ns
    scale = 1e6 / (ns * acceleration)
    tick = chip.timing.tick_ms
    when = times if tick is None else np.floor(times / tick) * tick
    released = np.ceil(np.round(when * scale, 6)).astype(np.int64)
    spike = np.repeat(np.arange(ids.size), rows)
    within = np.arange(spike.size) - np.repeat(np.cumsum(rows) - rows, rows)
    row = reach.row_start[ids[spike]] + within
    network = _Network(placed, cycles, chip.timing.buffer_packets)
    done = network.run(released, ids, reach.row_start, chip.mesh.routing == "multicast")
    allowed = _allowed(run, placed, scale)[row]
    if tick is not None:
        allowed = np.full(row.size, int(tick * scale))
    return Delivered(
        spike,
        ids[spike],
        reach.cores[row],
        row,
        released[spike],
        done,
        path_cycles(placed, cycles)[row],
        allowed,
        ns,
        acceleration,
        network.longest_queue,
    )


def _allowed(run: Run, placed: Placed, scale: float) -> Ints:
    """(rows,) cycles of the shortest delay of each row's synapses; -1 where it is 0."""
    from eventsim.hardware.reach import synapse_tables

    reach, n_cores = placed.reach, placed.mesh.n_cores
    shortest = np.full(reach.cores.size, np.inf)
    keys = reach.sources * n_cores + reach.cores
    for projection, table in synapse_tables(run.network, delays=True):
        if is_tables(projection) or not table.targets.size:
            continue
        source, target = projection.source.population, projection.target.population
        ids = np.repeat(np.arange(source.first, source.first + source.size), np.diff(table.row_start))
        mine = np.searchsorted(
            keys, ids * n_cores + placed.core_of[target.first + table.targets.astype(np.int64)]
        )
        np.minimum.at(shortest, mine, np.broadcast_to(table.delays, mine.shape))
    return np.where(shortest > 0.0, np.floor(shortest * scale), -1.0).astype(np.int64)


@dataclass
class _Packet:
    """number: of the first delivery.  rows: cores still to reach, with the numbers of the deliveries."""

    rows: list[tuple[int, int]]


class _Buffer:
    """Input of a router: packets in order, the head with what it still wants of each output."""

    def __init__(self, router: _Router, room: int) -> None:
        self.router, self.room = router, room
        self.packets: deque[_Packet] = deque()
        self.wants: dict[int, _Packet] = {}
        self.upstream: _Output | _Injector | None = None

    def put(self, packet: _Packet) -> None:
        self.packets.append(packet)
        self.router.network.longest_queue = max(self.router.network.longest_queue, len(self.packets))
        if len(self.packets) == 1:
            self._offer()

    def _offer(self) -> None:
        """The head splits into what goes to each output."""
        self.wants = self.router.split(self.packets[0])
        for output in list(self.wants):
            self.router.outputs[output].kick()

    def taken(self, output: int) -> None:
        """A part of the head has left; when all has, the next one becomes the head."""
        del self.wants[output]
        if self.wants:
            return
        self.packets.popleft()
        self.room += 1
        if self.packets:
            self._offer()
        if self.upstream is not None:
            self.upstream.kick()


class _Output:
    """Output of a router: one packet at a time, from the inputs in turn."""

    def __init__(self, router: _Router, number: int, cycles: int, sink: _Buffer | _Core) -> None:
        self.router, self.number, self.cycles, self.sink = router, number, cycles, sink
        self.busy, self.turn = False, 0

    def kick(self) -> None:
        """Send the next packet if the link is free, one wants it, and there is room at the other end."""
        if self.busy or self.sink.room == 0:
            return
        inputs = self.router.inputs
        for k in range(len(inputs)):
            buffer = inputs[(self.turn + k) % len(inputs)]
            if self.number in buffer.wants:
                self.turn = (self.turn + k + 1) % len(inputs)
                self.busy = True
                self.sink.room -= 1
                packet = buffer.wants[self.number]
                self.router.network.env.process(self._send(packet))
                buffer.taken(self.number)
                return

    def _send(self, packet: _Packet) -> Steps:
        yield self.router.network.env.timeout(self.cycles)
        self.busy = False
        self.sink.put(packet)
        self.kick()


class _Core:
    """A core that works off packets one after the other."""

    def __init__(self, network: _Network, room: int) -> None:
        self.network, self.room = network, room
        self.waiting: deque[_Packet] = deque()
        self.busy = False
        self.upstream: _Output | None = None

    def put(self, packet: _Packet) -> None:
        self.waiting.append(packet)
        if not self.busy:
            self.busy = True
            self.network.env.process(self._work())

    def _work(self) -> Steps:
        while self.waiting:
            packet = self.waiting.popleft()
            self.room += 1
            if self.upstream is not None:
                self.upstream.kick()
            delivery, row = packet.rows[0]
            yield self.network.env.timeout(self.network.service[row])
            self.network.done[delivery] = int(self.network.env.now)
        self.busy = False


class _Injector:
    """A core's way into its router: packets in order, each for its cycles, when the buffer has room."""

    def __init__(self, network: _Network, buffer: _Buffer) -> None:
        self.network, self.buffer = network, buffer
        self.waiting: deque[_Packet] = deque()
        self.busy = False

    def send(self, packet: _Packet) -> None:
        self.waiting.append(packet)
        self.kick()

    def kick(self) -> None:
        if self.busy or not self.waiting or self.buffer.room == 0:
            return
        self.busy = True
        self.buffer.room -= 1
        self.network.env.process(self._send(self.waiting.popleft()))

    def _send(self, packet: _Packet) -> Steps:
        yield self.network.env.timeout(self.network.cycles.send)
        self.busy = False
        self.buffer.put(packet)
        self.kick()


class _Router:
    """A tile: buffers for its inputs, outputs to its neighbours and to its cores."""

    def __init__(self, network: _Network, tile: int) -> None:
        self.network, self.tile = network, tile
        self.inputs: list[_Buffer] = []
        self.outputs: dict[int, _Output] = {}

    def split(self, packet: _Packet) -> dict[int, _Packet]:
        """The packet's rows by the output that they take: along the row of tiles first, then along the column."""
        parts: dict[int, _Packet] = {}
        for delivery, row in packet.rows:
            output = self.network.output(self.tile, row)
            if output in parts:
                parts[output].rows.append((delivery, row))
            else:
                parts[output] = _Packet([(delivery, row)])
        return parts


class _Network:
    """All routers and cores that are in use, made when first needed."""

    def __init__(self, placed: Placed, cycles: Cycles, buffer: int) -> None:
        self.env = simpy.Environment(0)
        self.cycles, self.buffer = cycles, buffer
        self.mesh: Mesh = placed.mesh
        # Lists: SimPy's Python looks single numbers up, for which arrays are slow.
        self.row_tile: list[int] = placed.mesh.tile_of_core[placed.reach.cores].tolist()
        self.row_core: list[int] = placed.reach.cores.tolist()
        self.core_of = placed.core_of
        service = service_cycles(cycles, placed.layout.words, placed.reach.synapses)
        self.service: list[int] = service.tolist()
        self.done: list[int] = []
        self.longest_queue = 0
        self._routers: dict[int, _Router] = {}
        self._injectors: dict[int, _Injector] = {}

    def run(self, released: Ints, ids: Ints, row_start: Ints, multicast: bool) -> Ints:
        """Cycles at which each delivery was done."""
        self.done = [-1] * int(np.diff(row_start)[ids].sum())
        self.env.process(self._emit(released, ids, row_start, multicast))
        self.env.run()
        return np.array(self.done, np.int64)

    def _emit(self, released: Ints, ids: Ints, row_start: Ints, multicast: bool) -> Steps:
        first = 0
        for at, i in zip(released.tolist(), ids.tolist(), strict=True):
            if at > self.env.now:
                yield self.env.timeout(at - self.env.now)
            rows = range(int(row_start[i]), int(row_start[i + 1]))
            packets = [(first + k, row) for k, row in enumerate(rows)]
            first += len(packets)
            if not packets:
                continue
            injector = self._injector(int(self.core_of[i]))
            for part in [packets] if multicast else [[each] for each in packets]:
                injector.send(_Packet(part))

    def output(self, tile: int, row: int) -> int:
        """The output of a tile's router that leads to the core of a row; made if it is not there yet."""
        there, columns = self.row_tile[row], self.mesh.columns
        x, y, tx, ty = tile % columns, tile // columns, there % columns, there // columns
        if x != tx:
            number, neighbour = (EAST, tile + 1) if tx > x else (WEST, tile - 1)
        elif y != ty:
            number, neighbour = (SOUTH, tile + columns) if ty > y else (NORTH, tile - columns)
        else:
            number, neighbour = CORE + self.row_core[row], -1
        router = self._router(tile)
        if number not in router.outputs:
            router.outputs[number] = self._new_output(router, number, neighbour)
        return number

    def _new_output(self, router: _Router, number: int, neighbour: int) -> _Output:
        if neighbour < 0:
            core = _Core(self, self.buffer)
            core.upstream = _Output(router, number, self.cycles.deliver, core)
            return core.upstream
        along = number in (NORTH, SOUTH)
        sink = self._new_buffer(self._router(neighbour))
        output = _Output(router, number, self.cycles.along if along else self.cycles.across, sink)
        sink.upstream = output
        return output

    def _new_buffer(self, router: _Router) -> _Buffer:
        buffer = _Buffer(router, self.buffer)
        router.inputs.append(buffer)
        return buffer

    def _router(self, tile: int) -> _Router:
        if tile not in self._routers:
            self._routers[tile] = _Router(self, tile)
        return self._routers[tile]

    def _injector(self, core: int) -> _Injector:
        if core not in self._injectors:
            buffer = self._new_buffer(self._router(int(self.mesh.tile_of_core[core])))
            self._injectors[core] = _Injector(self, buffer)
            buffer.upstream = self._injectors[core]
        return self._injectors[core]
