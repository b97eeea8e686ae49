"""The picture of the scenarios that compare networks on chips: power against rate, and where the lines cross."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from eventsim.plots import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def crossing_figure(lines: Mapping[str, Mapping[str, tuple[float, float]]], unit: str) -> Figure:
    """A panel a chip; each network's power is static W + J a sample x samples a second."""
    rates = np.logspace(-1, 7, 321)
    with style.styled_figure(3.4 * len(lines), 3.6) as figure:
        panels = figure.subplots(1, len(lines), sharey=True, squeeze=False)[0]
        for axes, (chip, networks) in zip(panels, lines.items(), strict=True):
            for (name, (static, each)), colour in zip(networks.items(), style.PALETTE, strict=False):
                axes.plot(rates, static + each * rates, color=colour, label=name)
            (s1, e1), (s2, e2) = list(networks.values())[:2]
            crossing = (s2 - s1) / (e1 - e2) if e1 != e2 else -1.0
            if rates[0] < crossing < rates[-1]:
                axes.axvline(crossing, color=style.MUTED, lw=0.8, ls=":")
                style.note(axes, f"equal at {crossing:.3g} a second")
            axes.set(xscale="log", yscale="log", xlabel=unit)
            axes.set_title(chip)
        panels[0].set_ylabel("power (W)")
        panels[0].legend(loc="upper left")
    return figure
