"""The figures of a sweep: curves with confidence bands, heat maps, scatter plots, and the crossings of levels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eventsim.plots import style
from eventsim.scenario.problems import ScenarioError
from eventsim.sweep.curves import Crossing, Curve, crossing
from eventsim.sweep.table import Table
from eventsim.sweep.views import MOST_METRICS, View, metric_names, view

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_MOST_LINES = 8
_MOST_LABELS = 5
_MOST_CELLS_LABELLED = 8


class Critical(NamedTuple):
    """A crossing with what crossed what, and in which line of the figure."""

    metric: str
    level: float
    key: str
    line: str
    crossing: Crossing | None

    def __str__(self) -> str:
        where = f" at {self.line}" if self.line else ""
        if self.crossing is None:
            return f"{self.metric} never crosses {self.level:g}{where}"
        x, low, high = self.crossing
        interval = "" if math.isnan(low) else f" [{_end(low)}, {_end(high)}]"
        return f"{self.metric} crosses {self.level:g} at {self.key} = {x:.4g}{interval}{where}"


def critical_points(
    table: Table, levels: Mapping[str, float], at: Mapping[str, Any] | None = None
) -> list[Critical]:
    """Where the metrics cross their levels, over the one setting that varies, or for each value of a second one."""
    seen = view(table, at)
    axes = _x_and_lines(seen)
    if axes is None:
        return []
    key, line_key = axes
    found = []
    for metric, level in levels.items():
        for line, drawn in _lines(seen, metric, key, line_key):
            found.append(Critical(metric, level, key, line, crossing(drawn, level)))
    return found


def sweep_figure(
    table: Table,
    metrics: Sequence[str] | None = None,
    levels: Mapping[str, float] | None = None,
    at: Mapping[str, Any] | None = None,
) -> Figure:
    """A panel for each metric over what varies.

    One setting: curves of the mean over seeds with a 95 % band.  Two: heat maps of the mean where both are numbers,
    else curves.  Drawn settings: the points over each.  levels: by metric, the level whose crossing is marked, with its
    interval.  at: settings held at a value.  Raises ``ScenarioError`` if more than two settings vary, or
    one beside drawn ones.
    """
    levels = dict(levels or {})
    seen = view(table, at)
    varying = ", ".join(seen.keys)
    if seen.sampled and seen.keys:
        raise ScenarioError(
            f"{varying} vary beside {', '.join(seen.sampled)}, drawn: hold them by --at KEY=VALUE"
        )
    if len(seen.keys) > 2:
        raise ScenarioError(f"{varying} vary: hold all but two by --at KEY=VALUE")
    names = metric_names(table, metrics)
    drawn = names[:MOST_METRICS] if metrics is None else names
    across, rows = (len(seen.sampled), len(drawn)) if seen.sampled else _grid(len(drawn))
    with style.styled_figure(3.6 * max(across, 1) + 0.6, 2.9 * max(rows, 1) + 0.4) as figure:
        panels = figure.subplots(max(rows, 1), max(across, 1), squeeze=False)
        flat = list(panels.flat)
        for panel in flat[len(drawn) * (across if seen.sampled else 1) :]:
            panel.set_axis_off()
        if not drawn or not len(seen.rows):
            style.nothing(flat[0], "no metric differs between points" if len(seen.rows) else "no point ran")
            return figure
        for number, metric in enumerate(drawn):
            if seen.sampled:
                for panel, key in zip(panels[number], seen.sampled, strict=True):
                    _draw_points(panel, seen, metric, key, levels.get(metric))
            elif _is_map(seen):
                _draw_map(flat[number], seen, metric, levels.get(metric))
            else:
                _draw_curves(flat[number], seen, metric, levels.get(metric))
        _say_what_is_left_out(flat[0], table, names, drawn)
    return figure


def _is_map(seen: View) -> bool:
    if len(seen.keys) != 2:
        return False
    return all(map(seen.is_numeric, seen.keys)) or _x_and_lines(seen) is None


def _x_and_lines(seen: View) -> tuple[str, str | None] | None:
    """The setting on the x axis and the one with a line for each value; None where there are no such."""
    numeric = [key for key in seen.keys if seen.is_numeric(key)]
    if len(seen.keys) == 1 and numeric:
        return numeric[0], None
    if len(seen.keys) != 2 or not numeric:
        return None
    others = [key for key in seen.keys if not seen.is_numeric(key)]
    line_key = others[0] if others else min(seen.keys, key=lambda key: len(np.unique(seen.setting(key))))
    return next(key for key in seen.keys if key != line_key), line_key


def _lines(seen: View, metric: str, key: str, line_key: str | None) -> Iterator[tuple[str, Curve]]:
    if line_key is None:
        yield "", seen.curve(metric, key)
        return
    of_line = seen.setting(line_key)
    for value in np.unique(of_line):
        yield f"{line_key} = {_short(value)}", seen.curve(metric, key, of_line == value)


def _draw_curves(axes: Axes, seen: View, metric: str, level: float | None) -> None:
    chosen = _x_and_lines(seen)
    axes.set_title(metric)
    if chosen is None:
        _draw_categories(axes, seen, metric)
        return
    key, line_key = chosen
    lines = [line for line in _lines(seen, metric, key, line_key) if len(line[1].x)]
    for number, (name, drawn) in enumerate(lines[:_MOST_LINES]):
        colour = style.PALETTE[number % len(style.PALETTE)]
        axes.plot(drawn.x, drawn.means, "o-", color=colour, markersize=3.0, label=name or None)
        half = drawn.half_widths
        axes.fill_between(
            drawn.x, drawn.means - half, drawn.means + half, color=colour, alpha=0.2, linewidth=0.0
        )
        if level is not None:
            _mark(axes, crossing(drawn, level), level, colour, rises=drawn.means[-1] > drawn.means[0])
    if lines and lines[0][1].logarithmic:
        axes.set_xscale("log")
        x = lines[0][1].x
        shown = x[:: math.ceil((len(x) - 1) / (_MOST_LABELS - 1))]
        axes.set_xticks(shown, [_short(value) for value in shown])
        axes.minorticks_off()
    axes.set_xlabel(seen.label(key))
    axes.margins(x=0.02)
    if level is not None:
        axes.axhline(level, color=style.MUTED, linewidth=0.8, linestyle="--", zorder=0)
    if line_key is not None:
        axes.legend(loc="best")
    left_out = f"{_MOST_LINES} of {len(lines)} lines" if len(lines) > _MOST_LINES else ""
    style.note(axes, ", ".join(filter(None, (left_out, _replicates([drawn for _, drawn in lines])))))


def _mark(axes: Axes, found: Crossing | None, level: float, colour: str, rises: bool) -> None:
    """The crossing as a dot, its interval as a bar on the level."""
    if found is None:
        return
    low, high = axes.get_xlim()
    if not math.isnan(found.low):
        ends = max(found.low, low), min(found.high, high)
        axes.plot(ends, (level, level), color=colour, linewidth=4.0, alpha=0.5, solid_capstyle="butt")
    axes.plot([found.x], [level], "D", color=colour, markersize=5.0, markeredgecolor="white")
    interval = "" if math.isnan(found.low) else f"\n[{_end(found.low)}, {_end(found.high)}]"
    axes.annotate(
        f"{found.x:.3g}{interval}",
        (found.x, level),
        (6.0, -6.0 if rises else 6.0),
        textcoords="offset points",
        va="top" if rises else "bottom",
        color=colour,
        fontsize=7.5,
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0.0, "pad": 1.0},
    )


def _draw_categories(axes: Axes, seen: View, metric: str) -> None:
    """Means with error bars over a setting that is no number, or the points themselves over the seeds."""
    values = seen.metric(metric)
    if not seen.keys:
        seeds = seen.table.columns["seed"][seen.rows]
        axes.plot(seeds, values, "o", color=style.PALETTE[0], markersize=4.0)
        axes.set_xlabel("seed")
        axes.margins(x=0.05)
        return
    of_point = seen.setting(seen.keys[0])
    names = np.unique(of_point)
    bars: list[Curve] = []
    for number, name in enumerate(names):
        mine = values[(of_point == name) & np.isfinite(values)]
        if not len(mine):
            continue
        bar = Curve(np.zeros(1), (mine,), True)
        bars.append(bar)
        axes.errorbar(
            number,
            bar.means[0],
            np.nan_to_num(bar.half_widths[0]),
            fmt="o",
            color=style.PALETTE[0],
            capsize=3.0,
        )
    axes.set_xticks(range(len(names)), [_short(name) for name in names])
    axes.set_xlabel(seen.label(seen.keys[0]))
    axes.margins(x=0.2)
    style.note(axes, _replicates(bars))


def _draw_map(axes: Axes, seen: View, metric: str, level: float | None) -> None:
    """The mean over seeds as colour over two settings, and the level as a line."""
    x_key, y_key = sorted(seen.keys, key=lambda key: -len(np.unique(seen.setting(key))))
    xs, column = np.unique(seen.setting(x_key), return_inverse=True)
    ys, row = np.unique(seen.setting(y_key), return_inverse=True)
    values = seen.metric(metric)
    known = np.isfinite(values)
    sums, number = np.zeros((len(ys), len(xs))), np.zeros((len(ys), len(xs)))
    np.add.at(sums, (row[known], column[known]), values[known])
    np.add.at(number, (row[known], column[known]), 1.0)
    means = np.divide(sums, number, out=np.full_like(sums, np.nan), where=number > 0.0)
    shown = axes.pcolormesh(np.arange(len(xs)), np.arange(len(ys)), means, cmap="viridis", shading="nearest")
    axes.figure.colorbar(shown, ax=axes)
    low, high = np.nanmin(means), np.nanmax(means)
    if level is not None and low < level < high and min(means.shape) > 1:
        axes.contour(
            np.arange(len(xs)), np.arange(len(ys)), means, levels=[level], colors="white", linewidths=1.6
        )
        axes.set_title(f"{metric}, white: {level:g}")
    else:
        axes.set_title(metric)
    for axis, ticks, key in ((axes.xaxis, xs, x_key), (axes.yaxis, ys, y_key)):
        at = range(0, len(ticks), math.ceil(len(ticks) / _MOST_CELLS_LABELLED))
        axis.set_ticks(at, [_short(ticks[k]) for k in at])
        axis.set_label_text(seen.label(key))
    seeds = int(number.max())
    style.note(axes, f"mean of {seeds} seeds" if seeds > 1 else "")


def _draw_points(axes: Axes, seen: View, metric: str, key: str, level: float | None) -> None:
    values = seen.metric(metric)
    axes.plot(seen.setting(key), values, ".", color=style.PALETTE[0], markersize=3.5, alpha=0.7)
    axes.set(xlabel=key, ylabel=metric)
    axes.margins(x=0.02)
    if level is not None:
        axes.axhline(level, color=style.MUTED, linewidth=0.8, linestyle="--", zorder=0)


def _grid(panels: int) -> tuple[int, int]:
    across = min(max(panels, 1), _COLUMNS)
    return across, math.ceil(panels / across)


def _replicates(drawn: Sequence[Curve]) -> str:
    """Over how many seeds the means are taken, empty where over one."""
    number = {len(values) for curve in drawn for values in curve.replicates}
    if not number or max(number) < 2:
        return ""
    least, most = min(number), max(number)
    told = f"{most}" if least == most else f"{least} to {most}"
    return f"mean of {told} seeds, 95 % band"


def _say_what_is_left_out(axes: Axes, table: Table, names: Sequence[str], drawn: Sequence[str]) -> None:
    failed, total = (
        int(table.failed.sum()),
        math.prod(len(each["values"]) for each in table.header["dimensions"]),
    )
    told = [f"{failed:,} points failed"] if failed else []
    if len(table) < total:
        told.append(f"{len(table):,} of {total:,} points so far")
    if len(drawn) < len(names):
        told.append(f"{len(drawn)} of {len(names)} metrics")
    if told:
        axes.figure.text(0.005, 0.002, "; ".join(told), color=style.MUTED, fontsize=7.5, va="bottom")


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)


def _end(value: float) -> str:
    return "..." if math.isinf(value) else f"{value:.4g}"


def draw_sweep(
    path: Path,
    folder: Path,
    metrics: Sequence[str] | None = None,
    levels: Mapping[str, float] | None = None,
    at: Mapping[str, Any] | None = None,
) -> tuple[list[Path], list[Critical]]:
    """Draw the sweep in ``path`` into ``folder``/sweep.png; by default what its scenario says is drawn and marked."""
    from eventsim.scenario.files import prepare_directory
    from eventsim.scenario.pictures import save_figures
    from eventsim.sweep.read import figure_settings, open_sweep

    table, settings = open_sweep(path), figure_settings(path)
    metric_names(table, list(levels or {}))  # refuses what is none
    levels = {**settings.get("levels", {}), **(levels or {})}
    figure = sweep_figure(table, metrics or settings.get("draw"), levels, at)
    prepare_directory(folder)
    return save_figures([("sweep", figure)], folder), critical_points(table, levels, at)
