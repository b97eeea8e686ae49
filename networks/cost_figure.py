"""The picture of the scenarios that compare networks on chips: power against rate, and where the lines cross."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from eventsim.plots import style
from networks.cost_compare import Line, crossing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST = 1.0
"""Samples a second at which the lines begin."""


def crossing_figure(lines: Mapping[str, Mapping[str, Line]], unit: str) -> Figure:
    """A column a chip: each network's power, up to the most samples a second that the chip can do, and below it the
    first network's over the second's, as far as both go."""
    with style.styled_figure(3.4 * len(lines), 5.2) as figure:
        grid = figure.subplots(2, len(lines), squeeze=False, sharex="col", height_ratios=(3, 2))
        for (above, below), (chip, networks) in zip(grid.T, lines.items(), strict=True):
            _powers(above, networks)
            _ratio(below, *list(networks.items())[:2])
            above.set_title(chip)
            below.set_xlabel(f"{unit} a second")
        grid[0, 0].set_ylabel("power (W)")
        grid[0, 0].legend(loc="upper left")
        first, second = list(next(iter(lines.values())))[:2]
        grid[1, 0].set_ylabel(f"{first}\n/ {second}")
    return figure


def _powers(axes: Axes, networks: Mapping[str, Line]) -> None:
    for (name, line), colour in zip(networks.items(), style.PALETTE, strict=False):
        rates = np.geomspace(LEAST, max(line.most, 2 * LEAST), 321)
        power = line.watts + line.joules * rates
        axes.plot(rates, power, color=colour, label=name)
        axes.plot(rates[-1], power[-1], "|", color=colour, ms=9)
    axes.set(xscale="log", yscale="log")
    axes.yaxis.set_minor_formatter("")
    bottom, top = axes.get_ylim()
    axes.set_ylim(10.0 ** np.floor(np.log10(bottom)), 10.0 ** np.ceil(np.log10(top)))


def _ratio(axes: Axes, first: tuple[str, Line], second: tuple[str, Line]) -> None:
    a, b = first[1], second[1]
    rates = np.geomspace(LEAST, max(min(a.most, b.most), 2 * LEAST), 321)
    axes.plot(rates, (a.watts + a.joules * rates) / (b.watts + b.joules * rates), color=style.INK)
    axes.axhline(1.0, color=style.MUTED, lw=0.8, ls=":")
    equal = crossing(a, b)
    if equal is not None and equal > LEAST:
        axes.plot(equal, 1.0, "o", color=style.INK, ms=4)
        style.note(axes, f"equal at {equal:,.3g} a second")
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.5), max(high, 2.0))
    axes.yaxis.set_minor_formatter("")
    axes.set_yticks([t for t in (0.01, 0.1, 0.5, 1, 2, 10, 100) if min(low, 0.5) <= t <= max(high, 2.0)])
    axes.yaxis.set_major_formatter("{x:g}")
