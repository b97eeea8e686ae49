"""Look-up-table layers on a chip: comparisons, row reads, adds, partial sums between cores, and which rows are hit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventsim.errors import InputError
from eventsim.hardware.chip import Chip
from eventsim.hardware.layout import table_row_words
from eventsim.hardware.mesh import Mesh
from eventsim.hardware.reach import Ints, TableLayer, synapse_tables
from eventsim.hardware.run import Run
from eventsim.kernels import hardware as kernels
from eventsim.network.network import Network


@dataclass(frozen=True)
class LayerCounts:
    """What a look-up-table layer did.

    comparisons, anchor_fetches, index_bits, row_reads, read_words, adds, flits, flit_hops: over the run.
    footprint_bits: memory of its tables.  rows_read: (row reads,), the row of each, in order of (time, table), and
    tables_read: (row reads,), the table; None where the spikes that came to the tables were not recorded.
    base: (n_tables,) first word of each table in its core's memory.
    """

    layer: TableLayer
    comparisons: int
    anchor_fetches: int
    index_bits: int
    row_reads: int
    read_words: int
    adds: int
    flits: int
    flit_hops: int
    footprint_bits: int
    base: Ints
    rows_read: Ints | None
    tables_read: Ints | None

    @property
    def hits(self) -> Ints | None:
        """How often each row of each table was read, (n_tables, n_rows)."""
        if self.rows_read is None or self.tables_read is None:
            return None
        layer = self.layer
        flat = np.bincount(
            self.tables_read * layer.n_rows + self.rows_read, minlength=layer.n_tables * layer.n_rows
        )
        return flat.reshape(layer.n_tables, layer.n_rows)

    def banks_of_reads(self, chip: Chip) -> tuple[Ints, Ints]:
        """First and last bank of each row read, in the order of `rows_read`."""
        if self.rows_read is None or self.tables_read is None:
            raise InputError("layer", self.layer.name, "which rows were read is not known")
        words = table_row_words(chip.memory, self.layer.n_out)
        start = self.base[self.tables_read] + self.rows_read * words
        return start % chip.memory.banks, (start + words - 1) % chip.memory.banks


def count_layer(
    run: Run,
    chip: Chip,
    mesh: Mesh,
    core_of: Ints,
    layer: TableLayer,
    base: Ints,
    per_core: dict[str, Ints],
    flits: Ints,
    notes: list[str],
) -> LayerCounts:
    """Count a layer; adds to `per_core` and to the loads `flits` of the links."""
    cores, reads = core_of[layer.ids], run.spike_counts[layer.ids]
    words, width = table_row_words(chip.memory, layer.n_out), layer.n_comparisons
    fetches = _fetches(run, layer)
    for name, values in (
        ("lut_row_reads", reads),
        ("lut_comparisons", reads * width),
        ("lut_index_bits", reads * width),
        ("lut_anchor_fetches", fetches),
        ("lut_adds", reads * layer.n_out),
        ("synaptic_events", reads * layer.n_out),
        ("sram_read_words", reads * words),
    ):
        np.add.at(per_core[name], cores, values)
    sent, hops = _partial_sums(run, chip, mesh, core_of, layer, per_core, flits, notes)
    rows, tables = _rows_read(run, layer, notes)
    return LayerCounts(
        layer,
        int(reads.sum()) * width,
        int(fetches.sum()),
        int(reads.sum()) * width,
        int(reads.sum()),
        int(reads.sum()) * words,
        int(reads.sum()) * layer.n_out,
        sent,
        hops,
        layer.n_tables * layer.n_rows * words * chip.memory.word_bits,
        base,
        rows,
        tables,
    )


def _fetches(run: Run, layer: TableLayer) -> Ints:
    """Spikes that came to each table's comparisons, (n_tables,)."""
    found = np.zeros(layer.n_tables, np.int64)
    for projection, table in synapse_tables(run.network):
        target, source = projection.target.population, projection.source.population
        if target.first == layer.first:
            sent = run.spike_counts[source.first : source.first + source.size]
            np.add.at(found, table.targets, np.repeat(sent, np.diff(table.row_start)))
    return found


def _partial_sums(
    run: Run,
    chip: Chip,
    mesh: Mesh,
    core_of: Ints,
    layer: TableLayer,
    per_core: dict[str, Ints],
    flits: Ints,
    notes: list[str],
) -> tuple[int, int]:
    """Flits from each core with tables to each other core with outputs: one partial sum of each output there an
    interval in which one of the core's tables was read."""
    out_cores, outputs = np.unique(core_of[layer.outputs], return_counts=True)
    each = -(-outputs * chip.memory.value_bits // chip.mesh.flit_bits)
    table_cores = np.unique(core_of[layer.ids])
    volleys = _active_intervals(run, core_of, layer, table_cores, notes)
    sources, targets = np.repeat(table_cores, out_cores.size), np.tile(out_cores, table_cores.size)
    amounts = np.repeat(volleys, out_cores.size) * np.tile(each, table_cores.size)
    elsewhere = sources != targets
    sources, targets, amounts = sources[elsewhere], targets[elsewhere], amounts[elsewhere]
    np.add.at(per_core["flits"], sources, amounts)
    before = int(flits.sum())
    kernels.flow_loads(sources, targets, amounts, mesh.tile_of_core, mesh.columns, flits)
    return int(amounts.sum()), int(flits.sum()) - before


def _active_intervals(
    run: Run, core_of: Ints, layer: TableLayer, table_cores: Ints, notes: list[str]
) -> Ints:
    """In how many intervals each of `table_cores` read a row; each table reads at most one an interval."""
    if run.results is None or layer.name not in run.results.populations:
        if run.spike_counts[layer.ids].any():
            notes.append(
                f"{layer.name}: not recorded; an interval counts for a core if its busiest table read"
            )
        return np.array([run.spike_counts[layer.ids][core_of[layer.ids] == c].max() for c in table_cores])
    raster = run.results.spikes(layer.name)
    interval = _interval(raster.times, layer)
    core = core_of[layer.first + raster.ids]
    pairs = np.unique(interval * (core_of.max() + 1) + core)
    found = np.bincount(pairs % (core_of.max() + 1), minlength=int(table_cores.max()) + 1)
    return found[table_cores].astype(np.int64)


def _interval(times: np.ndarray, layer: TableLayer) -> Ints:
    """The interval of each time, its end included (`eventsim.models.lut`)."""
    if not np.isfinite(layer.interval_ms):
        return np.zeros(len(times), np.int64)
    return np.ceil((times - layer.start_ms) / layer.interval_ms).astype(np.int64) - 1


def _rows_read(run: Run, layer: TableLayer, notes: list[str]) -> tuple[Ints | None, Ints | None]:
    """Row and table of each reading in order of (time, table), from the spikes that came to the comparisons."""
    if not run.spike_counts[layer.ids].any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    recorded = run.results.populations if run.results is not None else {}
    feeds = _pins(run.network, layer)
    if run.results is None or feeds is None or not {layer.name, *feeds[1]} <= set(recorded):
        notes.append(f"{layer.name}: which rows were read is not known without the spikes that came to it")
        return None, None
    source_of, names = feeds
    raster = run.results.spikes(layer.name)
    volley = _interval(raster.times, layer)
    first, last = int(volley.min()), int(volley.max()) + 1
    rows = np.empty(len(raster), np.int64)
    chunk = max(1, (1 << 24) // max(source_of.size, 1))
    latency = _latencies(run, layer, names)
    for start in range(first, last, chunk):
        stop = min(start + chunk, last)
        came = latency(start, stop)[:, source_of]  # (volleys, tables, comparisons, 2)
        bits = came[..., 1] < came[..., 0]
        index = (bits << np.arange(layer.n_comparisons)).sum(axis=-1)
        mine = (volley >= start) & (volley < stop)
        rows[mine] = index[volley[mine] - start, raster.ids[mine]]
    return rows, raster.ids.astype(np.int64)


def _pins(network: Network, layer: TableLayer) -> tuple[Ints, list[str]] | None:
    """Global id of the source of each pin, (n_tables, n_comparisons, 2), and the names of their populations; None
    where delays or missing pins leave the formula of `eventsim.lut`."""
    source_of = np.full((layer.n_tables, 2 * layer.n_comparisons), -1, np.int64)
    names = []
    for projection, table in synapse_tables(network, delays=True):
        if projection.target.population.first != layer.first:
            continue
        if table.delays.any():
            return None
        source = projection.source.population
        ids = np.repeat(np.arange(source.first, source.first + source.size), np.diff(table.row_start))
        pins = np.broadcast_to(table.weights, ids.shape).astype(np.int64)
        source_of[table.targets, pins] = ids
        names.append(source.name)
    if (source_of < 0).any():
        return None
    return source_of.reshape(layer.n_tables, layer.n_comparisons, 2), names


def _latencies(run: Run, layer: TableLayer, names: list[str]):  # type: ignore[no-untyped-def]
    """A function of a range of intervals that gives the first spike of every id in each, inf where none was."""
    assert run.results is not None
    parts = []
    for name in dict.fromkeys(names):
        raster, first = run.results.spikes(name), run.network.populations[name].first
        parts.append((_interval(raster.times, layer), raster.times, raster.ids + first))

    def table(start: int, stop: int) -> np.ndarray:
        came = np.full((stop - start, run.network.size), np.inf)
        for volley, times, ids in parts:
            mine = np.flatnonzero((volley >= start) & (volley < stop))[::-1]  # the earliest is written last
            came[volley[mine] - start, ids[mine]] = times[mine]
        return came

    return table


def row_entropy_bits(hits: Ints) -> float:
    """Mean over the tables of the entropy of their rows' usage, in bits; n_comparisons where all are used alike."""
    total = hits.sum(axis=1, keepdims=True)
    share = hits / np.maximum(total, 1)
    logs = np.log2(np.where(share > 0, share, 1.0))
    used = total[:, 0] > 0
    return float(-(share * logs).sum(axis=1)[used].mean()) if used.any() else 0.0
