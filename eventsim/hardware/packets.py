"""The mesh packet by packet: a run's spikes sent over its routers (`eventsim.hardware.routers`) at their exact times.

A spike becomes packets at its time, one for each core that it reaches (or one that branches, by multicast).  All times
are whole cycles, so that where nothing waits the latency is that of `bound.path_cycles` to the cycle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.hardware.bound import cycles_of, path_cycles
from eventsim.hardware.counts import Placed
from eventsim.hardware.reach import Ints, synapse_tables
from eventsim.hardware.routers import RouterMesh
from eventsim.hardware.run import Run

MOST_PACKETS = 1_000_000


@dataclass(frozen=True)
class Delivered:
    """What became of the packets, in the order of their spikes and of the cores that each reached.

    spike: index of the spike in `Run.spikes`.  source: global id.  core: reached.  row: of `Reach`.  released, done:
    cycles at which the spike was sent and its last synapse there was added.  uncontended: cycles that this would have
    taken alone.  allowed: cycles that it might take, by the shortest delay of its synapses or the end of the time step;
    -1 where the network leaves no time.  longest_queue: the most packets in a router's
    buffer at once.
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
    network = RouterMesh(placed, cycles, chip.timing.buffer_packets)
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
    reach, n_cores = placed.reach, placed.mesh.n_cores
    shortest = np.full(reach.cores.size, np.inf)
    keys = reach.sources * n_cores + reach.cores
    for projection, table in synapse_tables(run.network, delays=True):
        if not table.targets.size:
            continue
        source, target = projection.source.population, projection.target.population
        ids = np.repeat(np.arange(source.first, source.first + source.size), np.diff(table.row_start))
        mine = np.searchsorted(
            keys, ids * n_cores + placed.core_of[target.first + table.targets.astype(np.int64)]
        )
        np.minimum.at(shortest, mine, np.broadcast_to(table.delays, mine.shape))
    return np.where(shortest > 0.0, np.floor(shortest * scale), -1.0).astype(np.int64)
