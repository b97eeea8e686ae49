"""The figure: speeds, ratios beside their goals, sizes, and run time against events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.medians import Contender, agrees, median, speeds, spread
from benchmarks.report import PEERS, all_comparisons
from benchmarks.workloads import WORKLOADS
from eventsim.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS = "eventsim"
COLOURS = style.colours((OURS, *PEERS))


def figure(figures: Mapping[str, Any]) -> Figure:
    """Four panels; one that was not measured says so."""
    with style.styled_figure(11.0, 8.0) as drawn:
        (fast, goals), (sizes, events) = drawn.subplots(2, 2)
        draw_speeds(fast, figures.get("networks", {}))
        draw_goals(goals, figures)
        draw_sizes(sizes, figures.get("sizes", ()))
        draw_events(events, figures.get("events", ()), figures.get("silence", ()))
    return drawn


def draw_speeds(axes: Axes, networks: Mapping[str, Sequence[Contender]]) -> None:
    """Each simulator whose rate agrees, on one thread, grouped by network."""
    axes.set_title("Synaptic events a second, one thread")
    shown = [workload for workload in WORKLOADS if workload.name in networks]
    if not shown:
        return style.nothing(axes, "not measured")
    names = (OURS, *PEERS)
    width = 0.8 / len(names)
    for place, workload in enumerate(shown):
        for contender in networks[workload.name]:
            if contender["threads"] != 1 or not agrees(workload, contender):
                continue
            name = contender["name"] or OURS
            found = spread([speed / 1e6 for speed in speeds(contender)])
            x = place + (names.index(name) - (len(names) - 1) / 2) * width
            axes.plot([x, x], [found.least, found.most], color=COLOURS[name], linewidth=1.0)
            axes.plot(x, found.median, "o", markersize=6, color=COLOURS[name])
    for name in names:
        axes.plot([], [], "o", color=COLOURS[name], label=name)
    axes.set_yscale("log")
    axes.set_ylabel("million a second")
    axes.set_xticks(range(len(shown)), [workload.name for workload in shown])
    axes.set_xlim(-0.5, len(shown) - 0.5)
    axes.set_ylim(top=3.0 * axes.get_ylim()[1])
    axes.legend(ncols=3, loc="upper right", fontsize=7.5)


def draw_goals(axes: Axes, figures: Mapping[str, Any]) -> None:
    """Each ratio with its spread, and a mark where it is meant to be."""
    axes.set_title("How many times as fast as ...")
    found = all_comparisons(figures)
    if not found:
        return style.nothing(axes, "not measured")
    for y, each in enumerate(found):
        colour = COLOURS.get(each.against, style.MUTED)
        axes.plot([each.ratio.least, each.ratio.most], [y, y], color=colour, linewidth=1.0)
        axes.plot(each.ratio.median, y, "o", markersize=5, color=colour)
        if each.goal is not None:
            axes.plot(each.goal, y, "|", markersize=10, markeredgewidth=1.6, color=style.INK)
    threads = {1: "", 2: ", 2 threads"}
    labels = [f"{each.workload}: {each.against}{threads[each.threads]}" for each in found]
    axes.set_yticks(range(len(found)), labels, fontsize=7.0)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.margins(x=0.05)
    axes.grid(axis="x", color=style.MUTED, alpha=0.25, linewidth=0.6)
    style.note(axes, "bar: goal")


def draw_sizes(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    axes.set_title("eventsim by size")
    if not rows:
        return style.nothing(axes, "not measured")
    series: dict[tuple[str, int], list[tuple[int, float]]] = {}
    for row in rows:
        speed = spread([run["synaptic_events"] / run["run_s"] / 1e6 for run in row["runs"]])
        series.setdefault((row["workload"], row["threads"]), []).append((row["neurons"], speed.median))
    colours = style.colours(dict.fromkeys(workload for workload, _ in series))
    for (workload, threads), points in series.items():
        plural = "s" if threads > 1 else ""
        axes.plot(
            *zip(*points, strict=True),
            "-o" if threads == 1 else "--o",
            markersize=4,
            color=colours[workload],
            label=f"{workload}, {threads} thread{plural}",
        )
    axes.set_xscale("log")
    sizes = sorted({row["neurons"] for row in rows})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.set_ylim(bottom=0.0)
    axes.margins(x=0.05)
    axes.set_xlabel("neurons, 1,250 synapses each")
    axes.set_ylabel("million synaptic events a second")
    axes.legend(handlelength=3.0)


def draw_events(axes: Axes, rows: Sequence[Mapping[str, Any]], silent: Sequence[Mapping[str, Any]]) -> None:
    """Run time against synaptic events, a line for each number of neurons, and what silence takes."""
    axes.set_title("Run time against synaptic events")
    if not rows:
        return style.nothing(axes, "not measured")
    sizes = list(dict.fromkeys(row["neurons"] for row in rows))
    for neurons, colour in zip(sizes, style.PALETTE, strict=False):
        points = [
            (median(row["runs"], "synaptic_events"), median(row["runs"], "run_s"))
            for row in rows
            if row["neurons"] == neurons
        ]
        axes.plot(*zip(*points, strict=True), "-o", markersize=4, color=colour, label=f"{neurons:,} neurons")
    for row in silent:
        label = f"{row['neurons']:,} silent neurons, {row['timed_ms'] / 1e3:,.0f} s"
        axes.axhline(median(row["runs"], "run_s"), color=style.MUTED, linewidth=0.8, linestyle=":")
        axes.text(
            1.0, median(row["runs"], "run_s"), label, transform=axes.get_yaxis_transform(),
            ha="right", va="bottom", fontsize=7.0, color=style.MUTED,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(x=0.05)
    axes.set_xlabel("synaptic events in 1 s of biological time")
    axes.set_ylabel("run time (s)")
    axes.set_ylim(top=10.0 * axes.get_ylim()[1])
    axes.legend(loc="upper left")
