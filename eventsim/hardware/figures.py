"""Figures of a cost: heat maps of the mesh, energy against rate, balance of tiles, hops against balance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eventsim.hardware.costing import Cost
from eventsim.hardware.counts import Counts
from eventsim.hardware.document import balance
from eventsim.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

RESOURCES = {
    "synaptic_events": "synaptic events",
    "sram_read_words": "words read",
    "spikes": "spikes sent",
    "deliveries": "packets received",
}
MOST_LINKS = 2000


def cost_figures(costs: list[Cost]) -> dict[str, Figure]:
    """The figures of the first cost by name, and, of several, their mappings compared."""
    found = {
        "mesh": mesh_figure(costs[0].counts),
        "energy": energy_figure(costs[0]),
        "balance": balance_figure(costs[0].counts),
    }
    if len(costs) > 1:
        found["mappings"] = mappings_figure(costs)
    return found


def mesh_figure(counts: Counts) -> Figure:
    """A heat map of the tiles for each resource; links as lines, as wide as their load, the busiest one in red."""
    mesh = counts.placed.mesh
    shape = mesh.rows, mesh.columns
    height = min(9.6, 2 * (0.75 + 3.7 * mesh.rows / mesh.columns) + 0.4)
    with style.styled_figure(9.6, height) as figure:
        for axes, (name, title) in zip(figure.subplots(2, 2).flat, RESOURCES.items(), strict=True):
            values = counts.per_tile(name).reshape(shape).astype(np.float64)
            shown = axes.imshow(values, cmap=_map(), vmin=0.0, vmax=max(values.max(), 1.0))
            axes.set(xticks=_ticks(mesh.columns), yticks=_ticks(mesh.rows))
            axes.set_title(title)
            ratio = balance(values[values >= 0].astype(np.int64))
            style.note(axes, f"largest / mean {ratio:.2f}" if ratio is not None else "none")
            figure.colorbar(
                shown, ax=axes, fraction=0.046 * mesh.rows / mesh.columns, pad=0.03, format=_short
            )
            _draw_links(axes, counts)
        link = int(counts.links.argmax())
        if counts.links[link]:
            text = f"busiest link: {mesh.link_name(link)}, {counts.links[link]:,} packets and flits"
            figure.supxlabel(text, color="#b8293d", fontsize=9)
    return figure


def _draw_links(axes: Axes, counts: Counts) -> None:
    """Links as strokes between the centres of tiles; the two directions lie side by side."""
    from matplotlib.collections import LineCollection

    mesh, load = counts.placed.mesh, counts.links
    top = load.max(initial=0)
    if not top:
        return
    busiest = int(load.argmax())
    some = np.flatnonzero(load)
    some = some[np.argsort(load[some])][-MOST_LINKS:]
    steps = np.array([(1, 0), (-1, 0), (0, -1), (0, 1)])
    sides = np.array([(0, -0.1), (0, 0.1), (0.1, 0), (-0.1, 0)])
    tile, d = some // 4, some % 4
    start = np.stack([tile % mesh.columns, tile // mesh.columns], axis=1) + sides[d]
    lines = np.stack([start + 0.18 * steps[d], start + 0.82 * steps[d]], axis=1)
    scale = min(1.0, 16.0 / max(mesh.columns, mesh.rows))
    widths = scale * (0.2 + 3.2 * load[some] / top)
    colours = np.where(some == busiest, "#e5243f", "#f0a93b").tolist()
    axes.add_collection(LineCollection(list(lines), linewidths=widths.tolist(), colors=colours))


def energy_figure(cost: Cost) -> Figure:
    """Mean power by part if all rates were changed by one factor: what follows spikes grows with them, what follows
    the clock and static power stays."""
    bill, clocked = cost.bill, cost.chip.timing.tick_ms is not None
    rate = cost.run.spike_counts.sum() / max(cost.run.network.size * cost.counts.seconds, 1e-12)
    with style.styled_figure(8.6, 4.2) as figure:
        axes = figure.add_subplot()
        if not rate:
            style.nothing(axes, "no spikes")
            return figure
        factors = np.logspace(-3, 3, 121)
        total = np.zeros_like(factors)
        parts: list[tuple[str, float, bool]] = [
            (part.price.of.replace("_", " "), part.joules, clocked and "updates" in part.price.of)
            for part in bill.parts
            if part.count
        ]
        if bill.static_joules:
            parts.append(("static", bill.static_joules, True))
        for (name, joules, fixed), colour in zip(parts, _repeated(style.PALETTE), strict=False):
            watts = joules / bill.seconds * (np.ones_like(factors) if fixed else factors)
            total += watts
            axes.plot(rate * factors, watts, color=colour, label=name, ls="--" if fixed else "-")
        axes.plot(rate * factors, total, color=style.INK, lw=2.0, label="in all")
        axes.axvline(rate, color=style.MUTED, lw=0.8, ls=":")
        axes.annotate(
            f"this run, {rate:.3g} Hz",
            (rate, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, -9),
            textcoords="offset points",
            fontsize=8,
            color=style.MUTED,
        )
        axes.set(
            xscale="log", yscale="log", xlabel="mean rate of neurons and sources (Hz)", ylabel="power (W)"
        )
        axes.set_ylim(max(total.min() * 1e-4, total.max() * 1e-9), total.max() * 2)
        axes.set_title(f"{cost.chip.name}: power by part ({bill.kind} prices)")
        if bill.unpriced:
            names = ", ".join(name.replace("_", " ") for name, _ in bill.unpriced)
            figure.text(0.01, 0.005, f"unpriced: {names}", fontsize=7, color=style.MUTED, ha="left")
            figure.set_layout_engine("constrained", rect=(0, 0.035, 1, 0.965))
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def balance_figure(counts: Counts) -> Figure:
    """The share of each tile, the largest first, of events, words read and packets; even would be flat."""
    tiles = np.unique(counts.placed.mesh.tile_of_core)
    with style.styled_figure(7.4, 3.8) as figure:
        axes = figure.add_subplot()
        for (name, label), colour in zip(RESOURCES.items(), style.PALETTE, strict=False):
            values = np.sort(counts.per_tile(name)[tiles])[::-1]
            if not values.any():
                continue
            relative = values / values.mean()
            at = np.arange(1, values.size + 1)
            marker = "o" if values.size <= 64 else ""
            axes.plot(at, relative, color=colour, label=f"{label}: {relative[0]:.2f}", marker=marker, ms=3)
        axes.axhline(1.0, color=style.MUTED, lw=0.8, ls=":")
        axes.set(xlabel="tiles, the largest first", ylabel="times the mean", ylim=(0.0, None))
        axes.set_xlim(0.5, tiles.size + 0.5)
        axes.set_title("Balance of the tiles")
        if axes.lines[:-1]:
            axes.legend(title="largest / mean", alignment="left")
    return figure


def mappings_figure(costs: list[Cost]) -> Figure:
    """Hops against balance: both are wanted small, and they conflict."""
    with style.styled_figure(8.2, 4.2) as figure:
        axes = figure.add_subplot()
        tiles = np.unique(costs[0].placed.mesh.tile_of_core)
        for k, (cost, colour) in enumerate(zip(costs, _repeated(style.PALETTE), strict=False)):
            size = 5 + 5 * (len(costs) - k) / len(costs)  # so that equal ones show around each other
            x = balance(cost.counts.per_tile("synaptic_events")[tiles]) or 0.0
            hops = (cost.counts.hops_unicast, cost.counts.hops_multicast)
            axes.plot([x, x], hops, color=colour, lw=0.8, alpha=0.6)
            axes.plot(x, hops[0], "o", color=colour, ms=size, label=cost.mapping)
            axes.plot(x, hops[1], "s", color=colour, ms=size, mfc="white")
        axes.plot([], [], "o", color=style.MUTED, label="unicast")
        axes.plot([], [], "s", color=style.MUTED, mfc="white", label="multicast tree")
        largest = max((cost.counts.hops_unicast for cost in costs), default=1)
        axes.set(xlabel="events of the largest tile / mean", ylabel="hops", ylim=(0.0, 1.1 * max(largest, 1)))
        axes.margins(x=0.25)
        axes.autoscale(axis="x")
        axes.set_xlim(left=0.0)
        axes.yaxis.set_major_formatter(_short)
        axes.set_title("Mappings: hops against balance")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _map() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("load", ["#f5f8fb", "#9cc3ea", "#2b6cb0", "#0f2942"])


def _ticks(n: int) -> list[int]:
    step = max(1, n // 8)
    return list(range(0, n, step))


def _short(value: float, _: Any = None) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g}"


def _repeated(colours: tuple[str, ...]) -> list[str]:
    return list(colours) * 4
