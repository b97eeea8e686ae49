"""Routers with finite buffers, links, arbitration and cores, in SimPy; all times are whole cycles.

Each core sends its packets one after the other into its tile's router.  A router has a first-in, first-out buffer for
each of its inputs: the four links and its own cores.  Each of its outputs takes the heads of the buffers that want it
in turn, and only when the buffer at the other end has room; a packet occupies a link for the link's latency.  The core
works off a packet at a time: finding the row, then reading its words while its synapses are added
(`bound.service_cycles`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from eventsim.hardware.bound import Cycles, service_cycles
from eventsim.hardware.counts import Placed
from eventsim.hardware.mesh import Mesh
from eventsim.hardware.reach import Ints
from eventsim.kernels.hardware import EAST, NORTH, SOUTH, WEST

Steps = Generator[simpy.Event, Any, None]

CORE = 4
"""Output of a router from which on its cores are numbered; 0 to 3 are the links."""


@dataclass
class _Packet:
    """rows: deliveries still to make, (number, row of `Reach`) of each."""

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

    def __init__(self, network: RouterMesh, room: int) -> None:
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

    def __init__(self, network: RouterMesh, buffer: _Buffer) -> None:
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

    def __init__(self, network: RouterMesh, tile: int) -> None:
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


class RouterMesh:
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
