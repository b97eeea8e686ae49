"""Exact counts of a run on a mapped chip, all integers, from spike counts, wiring and, where order matters, spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from eventsim.errors import InputError
from eventsim.hardware.capacity import Usage
from eventsim.hardware.chip import Chip, InUse
from eventsim.hardware.layout import Layout, lay_out, words_for
from eventsim.hardware.lut import LayerCounts, count_layer
from eventsim.hardware.mapping import neuron_mask
from eventsim.hardware.mesh import Mesh, mesh_of
from eventsim.hardware.pending import pending_events
from eventsim.hardware.quantities import PER_CORE
from eventsim.hardware.reach import Ints, Reach, TableLayer, reach_of, synapse_tables, table_layers
from eventsim.hardware.run import Run
from eventsim.kernels import hardware as kernels

MOST_STEPS = 10_000_000


@dataclass(frozen=True)
class Placed:
    """A network on a chip: what counting needs, computed once for a mapping, whatever the spikes."""

    chip: Chip
    mesh: Mesh
    core_of: Ints
    reach: Reach
    layers: tuple[TableLayer, ...]
    layout: Layout
    usage: Usage

    @property
    def in_use(self) -> InUse:
        """Tiles and cores that hold neurons, sources or tables."""
        cores = np.unique(self.core_of)
        return InUse(np.unique(self.mesh.tile_of_core[cores]).size, cores.size)


@dataclass(frozen=True)
class Counts:
    """What a run did on a chip.

    per_core: (n_cores,) int64 by the names of `quantities.PER_CORE`.  unicast, multicast: (4 tiles,) packets over each
    link either way; flits: flits of partial sums over each link.  straddling_words, straddling_banks: reads of rows
    that touch more words than they fill, or more than one bank.  pending: arrivals still on their way at the end, which
    are not among the synaptic events.  bank_conflicts: (n_cores,), None where the order of
    events is not known.  layers: the look-up-table layers.
    """

    placed: Placed
    per_core: Mapping[str, Ints]
    unicast: Ints
    multicast: Ints
    flits: Ints
    straddling_words: int
    straddling_banks: int
    pending: int
    bank_conflicts: Ints | None
    layers: tuple[LayerCounts, ...]
    seconds: float
    external_events: int
    notes: tuple[str, ...]

    @property
    def links(self) -> Ints:
        """Packets and flits over each link as the chip routes them, (4 tiles,)."""
        packets = self.multicast if self.placed.chip.mesh.routing == "multicast" else self.unicast
        return packets + self.flits

    @property
    def totals(self) -> dict[str, int]:
        """Every quantity of `quantities.QUANTITIES` over the run."""
        chip = self.placed.chip
        found = {name: int(values.sum()) for name, values in self.per_core.items()}
        packets = self.links - self.flits
        found["hops_east_west"] = int(packets.reshape(-1, 4)[:, :2].sum())
        found["hops_north_south"] = int(packets.reshape(-1, 4)[:, 2:].sum())
        found["flit_hops"] = int(self.flits.sum())
        found["sram_read_bits"] = found["sram_read_words"] * chip.memory.word_bits
        found["sram_write_bits"] = found["sram_write_words"] * chip.memory.word_bits
        return found

    @property
    def hops_unicast(self) -> int:
        return int(self.unicast.sum())

    @property
    def hops_multicast(self) -> int:
        return int(self.multicast.sum())

    def per_tile(self, name: str) -> Ints:
        """A quantity's sum over the cores of each tile."""
        return self.placed.mesh.per_tile(self.per_core[name])


def place(run_network: Run, chip: Chip, core_of: Ints) -> Placed:
    """The network of a run on a chip by a mapping, (n_ids,) core of each neuron; capacities are not checked."""
    network, mesh = run_network.network, mesh_of(chip)
    layers = tuple(table_layers(network))
    reach = reach_of(network, core_of)
    layout = lay_out(chip, reach, core_of, list(layers), mesh.n_cores)
    axons_out = np.zeros(mesh.n_cores, np.int64)
    np.add.at(axons_out, core_of[reach.sources], 1)
    usage = Usage(
        np.bincount(core_of[neuron_mask(network)], minlength=mesh.n_cores),
        np.bincount(reach.cores, minlength=mesh.n_cores),
        axons_out,
        layout.bits,
    )
    return Placed(chip, mesh, core_of, reach, layers, layout, usage)


def count(run: Run, placed: Placed) -> Counts:
    """All counts of a run."""
    chip, mesh, reach, layout = placed.chip, placed.mesh, placed.reach, placed.layout
    core_of, sent = placed.core_of, run.spike_counts
    per_core = {name: np.zeros(mesh.n_cores, np.int64) for name in PER_CORE}
    notes: list[str] = []
    row_sent = np.repeat(sent, np.diff(reach.row_start))
    np.add.at(per_core["spikes"], core_of, sent)
    np.add.at(per_core["synaptic_events"], reach.cores, row_sent * reach.synapses)
    for name in ("axon_lookups", "deliveries"):
        np.add.at(per_core[name], reach.cores, row_sent)
    multicast = chip.mesh.routing == "multicast"
    packets = sent * np.minimum(np.diff(reach.row_start), 1) if multicast else sent * np.diff(reach.row_start)
    np.add.at(per_core["packets"], core_of, packets)
    np.add.at(per_core["sram_read_words"], reach.cores, row_sent * layout.words)
    lookups = words_for(chip.memory.axon_bits, chip.memory.word_bits)
    per_core["sram_read_words"] += lookups * per_core["axon_lookups"]
    unicast, tree, flits = (np.zeros(mesh.n_links, np.int64) for _ in range(3))
    links = sent, core_of, reach.row_start, reach.cores, mesh.tile_of_core, mesh.columns
    kernels.link_loads(*links, unicast, tree)
    layers = tuple(
        count_layer(run, placed.chip, mesh, core_of, layer, base, per_core, flits, notes)
        for layer, base in zip(placed.layers, layout.table_base, strict=True)
    )
    pending, pending_adds = pending_events(run, core_of, mesh.n_cores, notes)
    per_core["synaptic_events"] -= pending + pending_adds
    per_core["lut_adds"] -= pending_adds
    _compare_with_engine(run, int(per_core["synaptic_events"].sum()), notes)
    _count_updates(run, placed, per_core, notes)
    result = Counts(
        placed,
        MappingProxyType(per_core),
        unicast,
        tree,
        flits,
        int(row_sent[layout.straddles].sum()),
        int(row_sent[layout.straddles_banks].sum()),
        int(pending.sum() + pending_adds.sum()),
        _bank_conflicts(run, placed, layers, notes),
        layers,
        run.duration_ms * 1e-3,
        run.external_events,
        tuple(dict.fromkeys(notes)),
    )
    for values in (*per_core.values(), unicast, tree, flits):
        values.setflags(write=False)
    return result


def _compare_with_engine(run: Run, events: int, notes: list[str]) -> None:
    """Say by how much the count differs from the engine's: what was on its way is not known, or noise acted."""
    told = None if run.results is None else run.results.counts.get("synaptic_events")
    if told is not None and int(told) != events:
        notes.append(
            f"the engine counted {int(told):,} synaptic events: some were on their way, or lost to noise"
        )


def steps_of(duration_ms: float, tick_ms: float) -> int:
    """Time steps of a run.  Raises InputError for more than MOST_STEPS."""
    steps = max(1, int(np.ceil(duration_ms / tick_ms)))
    if steps > MOST_STEPS:
        raise InputError("timing.tick_ms", tick_ms, f"{steps:,} time steps are more than {MOST_STEPS:,}")
    return steps


def _count_updates(run: Run, placed: Placed, per_core: dict[str, Ints], notes: list[str]) -> None:
    """Neuron updates: every neuron in every time step, or without a clock every arrival."""
    chip, core_of = placed.chip, placed.core_of
    neurons = neuron_mask(run.network)
    active, tick = per_core["neuron_updates_active"], chip.timing.tick_ms
    if tick is None:
        active += per_core["synaptic_events"]
    else:
        steps = steps_of(run.duration_ms, tick)
        all_updates = np.bincount(core_of[neurons], minlength=active.size) * steps
        if run.not_recorded() or run.results is None:
            notes.append("active and inactive neurons are not told apart: not all spikes were recorded")
            active += all_updates
        else:
            _count_active(run, placed, tick, steps, active)
            per_core["neuron_updates_inactive"] += all_updates - active
    words = words_for(chip.memory.state_bits, chip.memory.word_bits)
    updates = active + per_core["neuron_updates_inactive"]
    per_core["sram_read_words"] += words * updates
    per_core["sram_write_words"] += words * updates


def _count_active(run: Run, placed: Placed, tick: float, steps: int, active: Ints) -> None:
    """Pairs of a neuron and a time step in which something reaches it.  A neuron that several projections reach is
    counted once a step, so they are walked together."""
    times, ids = run.spikes
    step = np.minimum((times / tick).astype(np.int64), steps - 1)
    rows, targets, delays = _all_synapses(run)
    residual = times - step * tick
    args = step, ids, rows, targets, delays, residual, tick, placed.core_of, steps, active
    kernels.active_updates(*args)


def _all_synapses(run: Run) -> tuple[Ints, np.ndarray, np.ndarray]:
    """Rows of all projections by source: row_start, targets (global ids) and delays (ms, one where all are common)."""
    network, found = run.network, []
    counts = np.zeros(network.size, np.int64)
    for projection, table in synapse_tables(network, delays=True):
        first = projection.source.population.first
        counts[first : first + table.row_start.size - 1] += np.diff(table.row_start)
        found.append((projection, table))
    for layer in table_layers(network):
        counts[layer.ids] += layer.n_out
    row_start = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    common = {float(t.delays[0]) for _, t in found if t.delays.size == 1}
    one_delay = len(common) <= 1 and all(t.delays.size <= 1 for _, t in found) and not table_layers(network)
    targets = np.empty(int(row_start[-1]), np.uint32)
    delays = np.array([common.pop() if common else 0.0]) if one_delay else np.zeros(targets.size)
    cursor = row_start[:-1].copy()
    for projection, table in found:
        first, size = projection.source.population.first, table.row_start.size - 1
        length = np.diff(table.row_start)
        shift = np.repeat(cursor[first : first + size] - table.row_start[:-1], length)
        places = shift + np.arange(table.targets.size)
        targets[places] = table.targets + np.uint32(projection.target.population.first)
        if not one_delay:
            delays[places] = table.delays
        cursor[first : first + size] += length
    for layer in table_layers(network):
        for table_id in layer.ids:
            targets[cursor[table_id] : cursor[table_id] + layer.n_out] = layer.outputs
            cursor[table_id] += layer.n_out
    return row_start, targets, delays


def _bank_conflicts(
    run: Run, placed: Placed, layers: tuple[LayerCounts, ...], notes: list[str]
) -> Ints | None:
    """Reads that find their bank just used, from the order of the spikes."""
    if run.results is None or run.not_recorded():
        notes.append("bank conflicts are not counted: not all spikes were recorded")
        return None
    if any(layer.rows_read is None for layer in layers):
        return None
    reach, layout, core_of = placed.reach, placed.layout, placed.core_of
    times, ids = run.spikes
    tick = placed.chip.timing.tick_ms
    batch = (
        (times / tick).astype(np.int64)
        if tick is not None
        else np.cumsum(np.append(0, np.diff(times) > 0))[: times.size]
    )
    own_first, own_last = np.full(ids.size, -1, np.int64), np.full(ids.size, -1, np.int64)
    for layer in layers:
        mine = (ids >= layer.layer.first) & (ids < layer.layer.first + layer.layer.n_tables)
        own_first[mine], own_last[mine] = layer.banks_of_reads(placed.chip)
    out = np.zeros(placed.mesh.n_cores, np.int64)
    reads = batch, ids, own_first, own_last, core_of
    kernels.bank_conflicts(*reads, reach.row_start, reach.cores, layout.first_bank, layout.last_bank, out)
    return out
