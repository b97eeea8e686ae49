"""How long a chip takes: a bound for each time step from its largest core, its busiest link and its longest path.

Totals mislead: a step ends when the last core has ended.  In one step a core reads the words and adds the synapses of
the packets that come to it, the packets cross links one after the other, and the one with the longest way to go, and
its row to be worked off there, ends no earlier than that takes.  A step lasts at least as long as the largest of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.hardware.chip import Chip
from eventsim.hardware.counts import Counts, Placed, steps_of
from eventsim.hardware.reach import Ints
from eventsim.hardware.run import Run
from eventsim.hardware.windows import Windows, in_steps

Floats = NDArray[np.float64]


class Cycles(NamedTuple):
    """Latencies in whole cycles, rounded up: of sending a packet, of links east-west and north-south, of handing it to
    a core, of finding its row, of a synapse and of a word read; updates of a neuron and the barrier, too."""

    send: int
    across: int
    along: int
    deliver: int
    look_up: int
    synapse: int
    word: int
    active: int
    inactive: int
    barrier: int


def cycles_of(chip: Chip) -> Cycles:
    """The latencies of a chip in its cycles."""
    names = (
        "packets",
        "hops_east_west",
        "hops_north_south",
        "deliveries",
        "axon_lookups",
        "synaptic_events",
        "sram_read_words",
        "neuron_updates_active",
        "neuron_updates_inactive",
        "barrier",
    )
    # 4.1 ns of 0.1 ns are 41 cycles, though 4.1 / 0.1 is 40.99999999999999.
    return Cycles(*(math.ceil(round(chip.latency_ns(n) / chip.timing.cycle_ns, 6)) for n in names))


def service_cycles(cycles: Cycles, words: Ints, synapses: Ints) -> Ints:
    """What a core works on a packet: its row is found, then its words are read while its synapses are added."""
    work: Ints = cycles.look_up + np.maximum(words * cycles.word, synapses * cycles.synapse)
    return work


def path_cycles(placed: Placed, cycles: Cycles) -> Ints:
    """(rows,) cycles from the spike until the last synapse of a row has been added if nothing else is on its way."""
    mesh, reach = placed.mesh, placed.reach
    here, there = mesh.tile_of_core[placed.core_of[reach.sources]], mesh.tile_of_core[reach.cores]
    across = np.abs(here % mesh.columns - there % mesh.columns)
    along = np.abs(here // mesh.columns - there // mesh.columns)
    way: Ints = cycles.send + across * cycles.across + along * cycles.along + cycles.deliver
    return way + service_cycles(cycles, placed.layout.words, reach.synapses)


@dataclass(frozen=True)
class Bound:
    """For each time step (or the whole run on a chip without), (steps,) ns: what the largest core reads and adds, what
    the busiest link carries, the longest path, and updating the neurons of the largest core; and the end of a step.
    """

    tick_ms: float | None
    memory: Floats
    compute: Floats
    traffic: Floats
    path: Floats
    update: Floats
    barrier_ns: float

    @property
    def step_ns(self) -> Floats:
        """What each step takes at least."""
        largest: Floats = np.maximum.reduce([self.memory, self.compute, self.traffic, self.path])
        return self.update + largest + self.barrier_ns

    @property
    def seconds(self) -> float:
        return float(self.step_ns.sum() * 1e-9)

    @property
    def limited_by(self) -> dict[str, int]:
        """In how many steps each was the largest."""
        parts = {"memory": self.memory, "compute": self.compute, "traffic": self.traffic, "path": self.path}
        largest = np.argmax(list(parts.values()), axis=0)
        busy = np.maximum.reduce(list(parts.values())) > 0
        return {name: int(((largest == k) & busy).sum()) for k, name in enumerate(parts)}

    @property
    def late_steps(self) -> int:
        """Steps that take longer than the time step they stand for."""
        return 0 if self.tick_ms is None else int((self.step_ns > self.tick_ms * 1e6).sum())


def bound(run: Run, counts: Counts) -> Bound:
    """The bound of a run.  Raises InputError if spikes that matter were not recorded."""
    placed, chip = counts.placed, counts.placed.chip
    tick = chip.timing.tick_ms
    steps = 1 if tick is None else steps_of(run.duration_ms, tick)
    cycles, ns = cycles_of(chip), chip.timing.cycle_ns
    paths = path_cycles(placed, cycles)
    longest = np.zeros(placed.reach.row_start.size - 1, np.int64)
    np.maximum.at(longest, placed.reach.sources, paths)
    link = np.tile([cycles.across, cycles.across, cycles.along, cycles.along], placed.mesh.n_tiles)
    parts: list[Floats] = []
    for part in in_steps(run, placed, run.duration_ms if tick is None else tick, steps):
        parts.append(_largest(run, part, cycles, link, longest) * ns)
    memory, compute, traffic, path = np.concatenate(parts, axis=1)
    per_step = 1 / steps
    updates = (
        counts.per_core["neuron_updates_active"] * cycles.active
        + counts.per_core["neuron_updates_inactive"] * cycles.inactive
    )
    update = np.full(steps, 0.0 if tick is None else updates.max(initial=0) * per_step * ns)
    return Bound(tick, memory, compute, traffic, path, update, cycles.barrier * ns if tick else 0.0)


def _largest(run: Run, part: Windows, cycles: Cycles, link: Ints, longest: Ints) -> Floats:
    """(4, windows) cycles: memory, compute, traffic and path."""
    times, ids = run.spikes
    window = np.searchsorted(part.edges_ms, times, "right") - 1
    last = part.edges_ms.size - 2
    window[(times == part.edges_ms[-1]) & (part.edges_ms[-1] >= run.duration_ms)] = last
    inside = (window >= 0) & (window <= last)
    path = np.zeros(last + 1, np.int64)
    np.maximum.at(path, window[inside], longest[ids[inside]])
    memory = (part.read_words * cycles.word).max(axis=1, initial=0)
    work = part.synaptic_events * cycles.synapse + part.deliveries * cycles.look_up
    found: Floats = np.stack(
        [
            memory,
            work.max(axis=1, initial=0),
            (part.links * link).max(axis=1, initial=0),
            path,
        ]
    ).astype(np.float64)
    return found
