"""Figures of a run: raster, rates, inter-spike intervals, state traces, and a summary of them on one page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from eventsim.plots import panels, style
from eventsim.plots.statistics import activities
from eventsim.recording.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def raster_figure(results: Results, start_ms: float | None = None, stop_ms: float | None = None) -> Figure:
    """Every spike as a mark, populations in bands; up to a million spikes, see `panels.draw_raster`."""
    with style.styled_figure(9.0, 5.0) as figure:
        axes = figure.add_subplot()
        panels.draw_raster(axes, results, start_ms, stop_ms)
        axes.set_title(_headline(results))
    return figure


def rates_figure(results: Results) -> Figure:
    """Population rates over time, and the distribution of the neurons' mean rates."""
    with style.styled_figure(9.0, 3.4) as figure:
        over_time, distribution = figure.subplots(1, 2, width_ratios=(2.0, 1.0))
        measured = activities(results)
        panels.draw_rates(over_time, results, measured)
        over_time.set_title("Rates over time")
        panels.draw_rate_distribution(distribution, results, measured)
        distribution.set_title("Rates of neurons")
    return figure


def isi_figure(results: Results) -> Figure:
    """The distribution of inter-spike intervals with the coefficient of variation of each population."""
    with style.styled_figure(6.0, 3.6) as figure:
        axes = figure.add_subplot()
        panels.draw_intervals(axes, results)
        axes.set_title("Inter-spike intervals")
    return figure


def states_figure(results: Results) -> Figure:
    """A panel for each state recorder."""
    recorders = max(1, len(results.recorders))
    with style.styled_figure(9.0, 0.6 + 2.2 * recorders) as figure:
        all_axes = figure.subplots(recorders, 1, squeeze=False)[:, 0]
        for number in range(len(results.recorders)):
            panels.draw_trace(all_axes[number], results.states(number))
        if not results.recorders:
            style.nothing(all_axes[0], "no state was recorded")
    return figure


def summary_figure(results: Results) -> Figure:
    """Raster, rates over time, distribution of rates and inter-spike intervals on one page."""
    with style.styled_figure(9.0, 8.2) as figure:
        grid = figure.add_gridspec(3, 2, height_ratios=(2.6, 1.0, 1.3))
        raster = figure.add_subplot(grid[0, :])
        panels.draw_raster(raster, results)
        raster.set_title(_headline(results))
        rates = figure.add_subplot(grid[1, :])
        measured = activities(results)
        panels.draw_rates(rates, results, measured)
        rates.set_title("Rates over time")
        if raster.get_xlim() == rates.get_xlim():
            raster.set_xlabel("")
            raster.tick_params(labelbottom=False)
        distribution, intervals = figure.add_subplot(grid[2, 0]), figure.add_subplot(grid[2, 1])
        panels.draw_rate_distribution(distribution, results, measured)
        distribution.set_title("Rates of neurons")
        panels.draw_intervals(intervals, results)
        intervals.set_title("Inter-spike intervals")
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure (format from the suffix: png, pdf, svg), without the date, and return its path."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    figure.savefig(target, dpi=150, metadata=dates.get(target.suffix))
    return target


def _headline(results: Results) -> str:
    neurons = sum(p.size for p in results.populations.values())
    spikes = results.spike_count()
    return f"{spikes:,} spikes of {neurons:,} neurons in {results.duration_ms:,g} ms"
