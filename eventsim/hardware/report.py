"""The report: a cost's document (`eventsim.hardware.document`) as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eventsim.hardware.capacity import RESOURCES

WIDEST, TALLEST = 64, 48
"""Tiles that a heat map in text may have."""


def lines(doc: Mapping[str, Any]) -> Iterator[str]:
    """The report of a document, in its order."""
    n_chips = doc["chips"]["columns"] * doc["chips"]["rows"]
    many = f", {n_chips} chips of {doc['chips']['columns']} x {doc['chips']['rows']}" if n_chips > 1 else ""
    yield f"{doc['chip']}{many}; mapping {doc['mapping']}; {doc['routing']}; {doc['seconds']:g} s"
    yield from _section("capacity", _capacity_lines(doc["capacity"]))
    yield from _section("totals", ((k, _count(v)) for k, v in doc["totals"].items() if v != 0))
    yield from _section(
        "tiles, largest / mean", ((k, _ratio(v)) for k, v in doc["per_tile"]["max_over_mean"].items())
    )
    yield from _heat_map(doc["per_tile"]["table"])
    yield from _section("busiest links", ((b["link"], f"{b['load']:,}") for b in doc["busiest_links"]))
    yield from _section("peaks of windows", _peak_lines(doc["windows"]))
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
    yield from _section("packet by packet", _flat(doc.get("packets", {})))
    yield from _section("latencies fed back", _feedback_lines(doc.get("feedback", {})))
    yield from _section("mappings compared", _comparison_lines(doc.get("mappings", [])))


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


def _heat_map(table: Mapping[str, list[int]]) -> Iterator[str]:
    """Synaptic events of each tile as a share of the largest, in tenths."""
    columns, rows = max(table["column"]) + 1, max(table["row"]) + 1
    if columns * rows == 1 or columns > WIDEST or rows > TALLEST:
        return
    top = max(*table["synaptic_events"], 1)
    cells = [["."] * columns for _ in range(rows)]
    for x, y, n in zip(table["column"], table["row"], table["synaptic_events"], strict=True):
        cells[y][x] = str(min(9, 10 * n // top)) if n else "."
    yield ""
    yield f"synaptic events of the tiles, in tenths of {top:,}"
    yield from ("  " + " ".join(row) for row in cells)


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


def _feedback_lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What moved, population by population, and the metrics that changed."""
    for name, moved in found.get("populations", {}).items():
        yield from _flat(moved, f"{name}: ")
    for name, pair in found.get("metrics", {}).items():
        if pair["with"] != pair["without"]:
            yield name, f"{_plain(pair['without'])} -> {_plain(pair['with'])}"


def _comparison_lines(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """A line for each mapping."""
    for row in rows:
        numbers = (f"{k} {_plain(v)}" for k, v in row.items() if k != "mapping" and v is not None)
        yield row["mapping"], ", ".join(numbers)
