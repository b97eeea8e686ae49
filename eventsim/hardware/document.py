"""A cost as a document: one nested dictionary of values that JSON can hold, from which the report is made.

Its order is: capacity verdict; totals; table per tile; busiest links; latency bound; energy by part with the grade of
each price; what is unpriced; then look-up tables, NeuroBench's metrics and the comparison with dense products.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eventsim.hardware.capacity import fullest
from eventsim.hardware.costing import Cost
from eventsim.hardware.counts import Counts
from eventsim.hardware.dense import as_dense_products, neurobench
from eventsim.hardware.lut import LayerCounts, row_entropy_bits
from eventsim.hardware.quantities import PER_CORE
from eventsim.hardware.reach import Ints
from eventsim.hardware.windows import count_windows

BALANCED = ("synaptic_events", "spikes", "deliveries", "sram_read_words")
DEFAULT_TICK_MS = 1.0
WINDOWS = 50


def document(cost: Cost) -> dict[str, Any]:
    """Everything about a cost."""
    counts, chip = cost.counts, cost.chip
    tick = chip.timing.tick_ms or DEFAULT_TICK_MS
    return {
        "chip": chip.name,
        "chips": {"columns": chip.chips[0], "rows": chip.chips[1]},
        "mapping": cost.mapping,
        "routing": chip.mesh.routing,
        "seconds": counts.seconds,
        "capacity": capacity(cost),
        "totals": totals(counts),
        "per_tile": per_tile(counts),
        "busiest_links": busiest_links(counts, 5),
        "windows": in_windows(cost),
        "latency_bound": latency_bound(cost),
        "energy": energy(cost),
        "look_up_tables": [look_up_tables(layer, cost) for layer in counts.layers],
        "neurobench": neurobench(cost.run, counts, tick),
        "dense_products": dict(as_dense_products(cost.run, None, tick, chip.memory.synapse_bits)),
        "notes": list(counts.notes),
    }


def capacity(cost: Cost) -> dict[str, Any]:
    """The fullest core by resource, and the cores in use."""
    placed = cost.placed
    return {
        "fits": all(share <= 1.0 for share in fullest(cost.chip, placed.usage).values()),
        "cores_used": placed.in_use.cores,
        "cores": placed.mesh.n_cores,
        "fullest_core": fullest(cost.chip, placed.usage),
    }


def totals(counts: Counts) -> dict[str, Any]:
    """All quantities over the run, hops by unicast and by tree whichever the chip does."""
    found: dict[str, Any] = dict(counts.totals)
    found["hops_unicast"], found["hops_multicast"] = counts.hops_unicast, counts.hops_multicast
    found["row_reads_straddling_words"] = counts.straddling_words
    found["row_reads_straddling_banks"] = counts.straddling_banks
    conflicts = counts.bank_conflicts
    found["bank_conflicts"] = None if conflicts is None else int(conflicts.sum())
    found["pending_at_the_end"] = counts.pending
    found["external_events"] = counts.external_events
    return found


def balance(values: Ints) -> float | None:
    """Largest over mean, over all tiles with cores; None where there is nothing."""
    mean = values.mean() if values.size else 0.0
    return float(values.max() / mean) if mean else None


def per_tile(counts: Counts) -> dict[str, Any]:
    """Each quantity by tile, and the largest over the mean of some."""
    mesh = counts.placed.mesh
    tiles = np.unique(mesh.tile_of_core)
    table: dict[str, Any] = {
        "column": (tiles % mesh.columns).tolist(),
        "row": (tiles // mesh.columns).tolist(),
    }
    for name in PER_CORE:
        table[name] = counts.per_tile(name)[tiles].tolist()
    return {
        "max_over_mean": {name: balance(counts.per_tile(name)[tiles]) for name in BALANCED},
        "table": table,
    }


def busiest_links(counts: Counts, n: int) -> list[dict[str, Any]]:
    """The links that most packets and flits cross, the busiest first."""
    links, mesh = counts.links, counts.placed.mesh
    order = np.argsort(-links, kind="stable")[:n]
    return [{"link": mesh.link_name(int(k)), "load": int(links[k])} for k in order if links[k]]


def in_windows(cost: Cost) -> dict[str, Any] | None:
    """The run in equal windows of time, so that peaks show; None where spikes were not recorded."""
    run = cost.run
    if run.results is None or run.not_recorded() or not run.duration_ms:
        return None
    found = count_windows(run, cost.placed, WINDOWS)
    events = found.synaptic_events
    return {
        "start_ms": found.edges_ms[:-1].tolist(),
        "synaptic_events_sent": events.sum(axis=1).tolist(),
        "synaptic_events_of_busiest_core": events.max(axis=1).tolist(),
        "deliveries": found.deliveries.sum(axis=1).tolist(),
        "load_of_busiest_link": found.links.max(axis=1).tolist(),
    }


def latency_bound(cost: Cost) -> dict[str, Any] | None:
    """The bound of the chip's time; None where spikes were not recorded."""
    found = cost.bound
    if found is None:
        return None
    return {
        "seconds": found.seconds,
        "steps": int(found.step_ns.size),
        "tick_ms": found.tick_ms,
        "longest_step_ns": float(found.step_ns.max(initial=0.0)),
        "mean_step_ns": float(found.step_ns.mean()) if found.step_ns.size else 0.0,
        "steps_longer_than_tick": found.late_steps,
        "limited_by": found.limited_by,
        "largest_ns": {
            "memory": float(found.memory.max(initial=0.0)),
            "compute": float(found.compute.max(initial=0.0)),
            "traffic": float(found.traffic.max(initial=0.0)),
            "path": float(found.path.max(initial=0.0)),
            "update": float(found.update.max(initial=0.0)),
            "barrier": found.barrier_ns,
        },
    }


def energy(cost: Cost) -> dict[str, Any]:
    """The bill: parts with source and grade, what is within them, static energy, what is unpriced."""
    bill = cost.bill

    def line(part: Any) -> dict[str, Any]:
        price = part.price
        return {
            "for": price.of,
            "count": part.count,
            "price": price.value,
            "unit": price.unit,
            "joules": part.joules,
            "grade": price.grade,
            "source": price.source,
        }

    return {
        "prices": bill.kind,
        "joules": bill.joules,
        "dynamic_joules": bill.dynamic_joules,
        "static_joules": bill.static_joules,
        "static_watts": bill.static_watts,
        "mean_watts": bill.watts,
        "parts": [line(part) for part in bill.parts],
        "within_these": [line(part) for part in bill.within],
        "static": [
            {"value": s.value, "unit": s.unit, "per": s.per, "grade": s.grade, "source": s.source}
            for s in cost.chip.static
        ]
        if bill.kind == "incremental"
        else [],
        "unpriced": dict(bill.unpriced),
        "included": dict(bill.covered),
        "static_power_unknown": bill.kind == "incremental" and not cost.chip.static,
        "latencies_unknown": not cost.chip.latency,
    }


def look_up_tables(layer: LayerCounts, cost: Cost) -> dict[str, Any]:
    """A look-up-table layer."""
    hits, memory_kb = layer.hits, cost.chip.core.synapse_kb
    cores = np.unique(cost.placed.core_of[layer.layer.ids]).size
    used = None if hits is None else int((hits > 0).sum())
    largest = 0 if hits is None else int(hits.max(initial=0))
    histogram = None if hits is None else np.bincount(np.minimum(hits.ravel(), 20), minlength=21).tolist()
    return {
        "layer": layer.layer.name,
        "tables": layer.layer.n_tables,
        "comparisons": layer.comparisons,
        "anchor_fetches": layer.anchor_fetches,
        "index_bits": layer.index_bits,
        "row_reads": layer.row_reads,
        "read_words": layer.read_words,
        "adds": layer.adds,
        "partial_sum_flits": layer.flits,
        "partial_sum_flit_hops": layer.flit_hops,
        "footprint_bytes": layer.footprint_bits / 8,
        "capacity_bytes": None if memory_kb is None else memory_kb * 1024 * cores,
        "cores": int(cores),
        "rows_hit": used,
        "rows": layer.layer.n_tables * layer.layer.n_rows,
        "most_hits_of_a_row": largest,
        "rows_by_hits_0_to_20_and_more": histogram,
        "row_entropy_bits": None if hits is None else row_entropy_bits(hits),
    }


def comparison(cost: Cost) -> dict[str, Any]:
    """What mappings differ in."""
    counts = cost.counts
    tiles = np.unique(cost.placed.mesh.tile_of_core)
    return {
        "mapping": cost.mapping,
        "packets": counts.totals["packets"],
        "hops_unicast": counts.hops_unicast,
        "hops_multicast": counts.hops_multicast,
        "busiest_link": int(counts.links.max(initial=0)),
        "events_max_over_mean": balance(counts.per_tile("synaptic_events")[tiles]),
        "joules": cost.bill.joules,
        # A bound of 0: the chip gives no latencies.
        "bound_seconds": cost.bound.seconds or None if cost.bound else None,
    }
