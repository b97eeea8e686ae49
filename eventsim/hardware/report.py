"""A cost as a document: one nested dictionary, from which the text, the JSON and the CSV are made.

Its order is: capacity verdict; totals; table per tile; busiest link; latency bound; energy by part with the grade of
each price; what is unpriced; then look-up tables, NeuroBench's metrics and the comparison with dense products.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from eventsim.hardware.capacity import RESOURCES, fullest
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
    """Everything about a cost, as values JSON can hold."""
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


def lines(cost: Cost) -> Iterator[str]:
    """The report as text."""
    doc = document(cost)
    n_chips = doc["chips"]["columns"] * doc["chips"]["rows"]
    many = f", {n_chips} chips of {doc['chips']['columns']} x {doc['chips']['rows']}" if n_chips > 1 else ""
    yield f"{doc['chip']}{many}; mapping {doc['mapping']}; {doc['routing']}; {doc['seconds']:g} s"
    yield from _section("capacity", _capacity_lines(doc["capacity"]))
    yield from _section("totals", ((k, _count(v)) for k, v in doc["totals"].items() if v != 0))
    yield from _section(
        "tiles, largest / mean", ((k, _ratio(v)) for k, v in doc["per_tile"]["max_over_mean"].items())
    )
    yield from _heat_map(cost.counts)
    yield from _section("busiest links", ((b["link"], f"{b['load']:,}") for b in doc["busiest_links"]))
    yield from _section(f"peaks of {WINDOWS} windows", _peak_lines(doc["windows"]))
    yield from _section("latency bound", _bound_lines(doc["latency_bound"]))
    yield from _section(f"energy ({doc['energy']['prices']} prices)", _energy_lines(doc["energy"]))
    unpriced = [(name, f"{n:,}") for name, n in doc["energy"]["unpriced"].items()]
    unpriced += [("static power", "not known")] * doc["energy"]["static_power_unknown"]
    yield from _section("unpriced", unpriced or [("nothing", "")])
    for layer in doc["look_up_tables"]:
        rows = [(k, _plain(v)) for k, v in layer.items() if v is not None and k != "layer"]
        yield from _section(f"look-up tables {layer['layer']!r}", rows)
    yield from _section("NeuroBench", _flat(doc["neurobench"]))
    yield from _section("as dense matrix products", _flat(doc["dense_products"]))
    yield from _section("notes", ((note, "") for note in doc["notes"]))


def _section(title: str, rows: Any) -> Iterator[str]:
    rows = list(rows)
    if not rows:
        return
    yield ""
    yield title
    width = max(len(name) for name, _ in rows) if any(value for _, value in rows) else 0
    for name, value in rows:
        yield f"  {name:{width}}  {value}".rstrip()


def _capacity_lines(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "verdict", "fits" if found["fits"] else "does not fit"
    yield "cores used", f"{found['cores_used']:,} of {found['cores']:,}"
    for name, share in found["fullest_core"].items():
        yield RESOURCES[name], f"{100 * share:.1f} % of the fullest core"


def _peak_lines(found: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    """The largest window of each row, when it was, and how much larger than the mean."""
    for name, values in (found or {}).items():
        top = max(values)
        if found is None or name == "start_ms" or not top:
            continue
        mean = sum(values) / len(values)
        yield name, f"{top:,} from {found['start_ms'][values.index(top)]:g} ms ({top / mean:.2f} x the mean)"


def _bound_lines(found: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if found is None:
        yield "not known", "not all spikes were recorded"
        return
    if not any(found["largest_ns"].values()):
        yield "not known", "the chip's file gives no latencies"
        return
    yield "time", f"{found['seconds']:.6g} s in {found['steps']:,} steps"
    yield "longest step", f"{found['longest_step_ns']:,.1f} ns"
    if found["tick_ms"] is not None:
        yield "steps over the tick", f"{found['steps_longer_than_tick']:,} of {found['tick_ms']:g} ms"
    yield "limited by", ", ".join(f"{k} {n}" for k, n in found["limited_by"].items() if n) or "nothing"
    yield (
        "largest (ns)",
        ", ".join(f"{k} {v:,.1f}" for k, v in found["largest_ns"].items() if v),
    )


def _energy_lines(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for part in found["parts"]:
        yield part["for"], _part(part)
    if found["prices"] == "incremental":
        grades = ", ".join(sorted({s["grade"] for s in found["static"]}))
        power = f"{_joules(found['static_joules'])}  ({found['static_watts'] * 1e3:g} mW; {grades})"
        yield "static", "not known" if found["static_power_unknown"] else power
    for part in found["within_these"]:
        yield f"(within: {part['for']})", _part(part)
    yield "in all", f"{_joules(found['joules'])}, {found['mean_watts'] * 1e3:.4g} mW"
    if found["included"]:
        yield "included", ", ".join(name for name, n in found["included"].items() if n) or "nothing"


def _part(part: dict[str, Any]) -> str:
    paid = f"{part['count']:,} x {part['price']:g} {part['unit']}"
    return f"{_joules(part['joules'])}  ({paid}; {part['grade']}: {part['source']})"


def _heat_map(counts: Counts) -> Iterator[str]:
    """Synaptic events of each tile as a share of the largest, in tenths."""
    mesh = counts.placed.mesh
    if mesh.n_tiles == 1 or mesh.columns > 64 or mesh.rows > 48:
        return
    events = counts.per_tile("synaptic_events").reshape(mesh.rows, mesh.columns)
    top = max(int(events.max()), 1)
    yield ""
    yield f"synaptic events of the tiles, in tenths of {top:,}"
    for row in events:
        yield "  " + " ".join("." if n == 0 else str(min(9, 10 * int(n) // top)) for n in row)


def _joules(value: float) -> str:
    for unit, size in (("J", 1.0), ("mJ", 1e-3), ("uJ", 1e-6), ("nJ", 1e-9)):
        if value >= size:
            return f"{value / size:.4g} {unit}"
    return f"{value / 1e-12:.4g} pJ"


def _count(value: Any) -> str:
    return "not known" if value is None else f"{value:,}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _flat(found: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, _plain(value)


def write_tiles(cost: Cost, path: Path) -> None:
    """The table per tile as CSV."""
    table = document(cost)["per_tile"]["table"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))


def write_links(cost: Cost, path: Path) -> None:
    """The loads of the links as CSV: column, row and direction, packets by unicast and by tree, flits."""
    mesh, counts = cost.placed.mesh, cost.counts
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("column", "row", "direction", "unicast", "multicast", "flits"))
        for link in np.flatnonzero(counts.unicast + counts.multicast + counts.flits):
            tile = int(link) // 4
            direction = mesh.link_name(int(link)).split()[-1]
            loads = (int(each[link]) for each in (counts.unicast, counts.multicast, counts.flits))
            writer.writerow((tile % mesh.columns, tile // mesh.columns, direction, *loads))


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
        "bound_seconds": None if cost.bound is None else cost.bound.seconds,
    }


def comparison_lines(costs: list[Cost]) -> list[str]:
    """A line for each mapping."""
    rows = [comparison(each) for each in costs]
    found = ["", "mappings compared"]
    for row in rows:
        numbers = ", ".join(f"{k} {_plain(v)}" for k, v in row.items() if k != "mapping" and v is not None)
        found.append(f"  {row['mapping']}: {numbers}")
    return found
