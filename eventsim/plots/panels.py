"""The panels figures are made of; each draws results into the axes it is given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eventsim.plots import style
from eventsim.plots.statistics import SHOWN_SPIKES, Activity, early_intervals, shown_window
from eventsim.recording.results import Results, StateTrace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The least share of a raster's height that a population gets, so that small ones are seen beside large ones.
LEAST_BAND = 0.07
_TWO_LINES = 0.09  # of the height of all bands
SHOWN_TRACES = 8


def draw_raster(
    axes: Axes, results: Results, start_ms: float | None = None, stop_ms: float | None = None
) -> None:
    """Spikes over time, a band of colour for each population, neuron 0 at the bottom of its band.

    Without a stop the window ends where a million spikes are reached; a note says so.
    """
    start = 0.0 if start_ms is None else start_ms
    stop = shown_window(results, start) if stop_ms is None else stop_ms
    sizes = np.array([max(p.size, 1) for p in results.populations.values()], dtype=np.float64)
    heights = np.maximum(sizes / max(sizes.sum(), 1.0), LEAST_BAND)
    floors = np.concatenate([[0.0], np.cumsum(heights)])
    inclusive = np.nextafter(stop, np.inf) if stop >= results.duration_ms else stop
    rasters = {name: results.spikes(name, start, inclusive) for name in results.populations}
    shown = sum(len(raster) for raster in rasters.values())
    every = math.ceil(shown / SHOWN_SPIKES) if shown else 1
    marker, size = ("|", _tick_height(axes, sizes.sum())) if shown <= 4_000 else (".", 1.6)
    if shown > 150_000:
        marker, size = ",", 1.0
    for k, (raster, colour) in enumerate(zip(rasters.values(), style.colours(rasters).values(), strict=True)):
        rows = floors[k] + heights[k] * (raster.ids[::every] + 0.5) / sizes[k]
        axes.plot(
            raster.times[::every],
            rows,
            marker,
            color=colour,
            markersize=size,
            markeredgewidth=0.0 if marker == "." else 1.0,
            rasterized=True,
        )
        if k:
            axes.axhline(floors[k], color=style.MUTED, linewidth=0.4, alpha=0.5)
    axes.set_yticks((floors[:-1] + floors[1:]) / 2.0, _band_labels(results, heights / floors[-1]))
    axes.tick_params(axis="y", length=0)
    for label, colour in zip(axes.get_yticklabels(), style.colours(rasters).values(), strict=True):
        label.set_color(colour)
    axes.set(xlim=(start, stop if stop > start else start + 1.0), ylim=(0.0, max(floors[-1], 1e-9)))
    axes.set_xlabel("time (ms)")
    notes = [f"1 spike in {every} shown"] if every > 1 else []
    if stop < results.duration_ms or start > 0.0:
        notes.append(f"{start:g} to {stop:g} of {results.duration_ms:g} ms")
    style.note(axes, ", ".join(notes))


def draw_rates(axes: Axes, results: Results, activities: Mapping[str, Activity]) -> None:
    """The mean rate of each population over time, in bins of a round width."""
    bin_ms = 0.0
    for name, colour in style.colours(activities).items():
        measured = activities[name]
        bin_ms = measured.bin_ms
        axes.stairs(measured.rates_hz, measured.edges_ms, color=colour, label=name, linewidth=1.1)
        axes.stairs(measured.rates_hz, measured.edges_ms, color=colour, alpha=0.08, fill=True)
    axes.set(xlabel="time (ms)", ylabel="rate (Hz)", xlim=(0.0, results.duration_ms or 1.0))
    axes.set_ylim(bottom=0.0)
    style.note(axes, f"bins of {bin_ms:g} ms" if bin_ms else "")


def draw_rate_distribution(axes: Axes, results: Results, activities: Mapping[str, Activity]) -> None:
    """How the neurons' mean rates are distributed, as a share of each population."""
    rates = {name: measured.neuron_rates_hz for name, measured in activities.items()}
    top = max([0.0, *(float(r.max()) for r in rates.values() if len(r))])
    if top == 0.0:
        style.nothing(axes, "no spikes")
        return
    # A rate is a whole number of spikes over the duration: bins with equally many of these leave no comb.
    one_spike_hz = 1e3 / results.duration_ms
    width = math.ceil(top / one_spike_hz / 40.0) * one_spike_hz
    edges = np.arange(math.ceil(top / width) + 2) * width - 0.5 * one_spike_hz
    for (name, values), colour in zip(rates.items(), style.colours(rates).values(), strict=True):
        if not len(values):
            continue
        share = np.histogram(values, edges)[0] / len(values)
        mean = float(values.mean())
        axes.stairs(share, edges, color=colour, fill=True, alpha=0.2)
        axes.stairs(share, edges, color=colour, label=f"{name}  {mean:,.1f} Hz")
    axes.set(xlabel="mean rate of a neuron (Hz)", ylabel="share of neurons")
    axes.set_xlim(left=edges[0])
    axes.set_ylim(bottom=0.0)
    axes.legend(loc="best")


def draw_intervals(axes: Axes, results: Results) -> None:
    """Inter-spike intervals on a logarithmic axis, with the mean coefficient of variation of the neurons."""
    found = {name: early_intervals(results, name) for name in results.populations}
    ranges = [(i.intervals_ms.min(), i.intervals_ms.max()) for i in found.values() if len(i.intervals_ms)]
    high = max([0.0, *(float(b) for _, b in ranges)])
    if high == 0.0:
        style.nothing(axes, "no neuron has two spikes")
        return
    low = max(min(float(a) for a, _ in ranges), high * 1e-6)
    edges = np.geomspace(low * 0.999, high * 1.001, 61)
    for (name, measured), colour in zip(found.items(), style.colours(found).values(), strict=True):
        if not len(measured.intervals_ms):
            continue
        share = np.histogram(measured.intervals_ms, edges)[0] / len(measured.intervals_ms)
        label = name if math.isnan(measured.cv) else f"{name}  CV {measured.cv:.2f}"
        axes.stairs(share, edges, color=colour, fill=True, alpha=0.2)
        axes.stairs(share, edges, color=colour, label=label)
    axes.set(xscale="log", xlabel="inter-spike interval (ms)", ylabel="share of intervals")
    style.ticks_of_log_axis(axes.xaxis, edges[0], edges[-1])
    axes.set_ylim(bottom=0.0)
    axes.legend(loc="best")
    until = min(measured.until_ms for measured in found.values())
    style.note(axes, f"first {until:g} ms" if until < results.duration_ms else "")


def draw_trace(axes: Axes, trace: StateTrace) -> None:
    """A sampled variable over time, a line for each of the first neurons."""
    count = len(trace.neurons)
    for column in range(min(count, SHOWN_TRACES)):
        colour = style.PALETTE[column % len(style.PALETTE)]
        axes.plot(trace.times, trace.values[:, column], color=colour, label=str(trace.neurons[column]))
    variable = f"{trace.variable} ({trace.unit})" if trace.unit else trace.variable
    axes.set(xlabel="time (ms)", ylabel=variable, title=trace.population)
    if count > 1:
        axes.legend(title="neuron", loc="center left", bbox_to_anchor=(1.0, 0.5))
    style.note(axes, f"{SHOWN_TRACES} of {count} neurons" if count > SHOWN_TRACES else "")


def _band_labels(results: Results, shares: NDArray[np.float64]) -> list[str]:
    """Names, and sizes where there is room for them: below the name in a high band, beside it in a low one."""
    if len(results.populations) > 10:
        return list(results.populations)
    breaks = ["\n" if share >= _TWO_LINES else "  " for share in shares]
    return [f"{p.name}{gap}{p.size:,}" for p, gap in zip(results.populations.values(), breaks, strict=True)]


def _tick_height(axes: Axes, neurons: float) -> float:
    """Height in points of a spike's tick: a neuron's row where rows are high enough to be seen."""
    height = 72.0 * axes.bbox.height / axes.figure.dpi
    return float(min(max(0.6 * height / max(neurons, 1.0), 2.5), 12.0))
