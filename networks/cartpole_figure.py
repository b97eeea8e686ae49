"""The picture of the scenario ``cartpole``: the plant, and the spikes that hold it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eventsim.plots import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results

_SHOWN_MS = 1500.0
_SENSORS = ("+x", "-x", "+v", "-v", "+θ", "-θ", "+ω", "-ω")


def cartpole_figure(track: NDArray[np.float64], results: Results) -> Figure:
    """Angle and position of the whole run, force and spikes of its first part; track: (k, 6) time (ms) and plant."""
    seconds = track[:, 0] / 1e3
    shown = min(_SHOWN_MS, track[-1, 0])
    early = track[:, 0] <= shown
    with style.styled_figure(9.0, 6.6) as figure:
        angle, position, force, sensors, motors = figure.subplots(
            5, 1, height_ratios=(1.2, 1.0, 1.0, 1.0, 1.0)
        )
        angle.plot(seconds, np.degrees(track[:, 3]), color=style.PALETTE[0])
        angle.set(ylabel="angle (°)")
        angle.set_title("A pole balanced by spikes, kicked now and then")
        position.plot(seconds, track[:, 1], color=style.PALETTE[2])
        position.set(ylabel="cart (m)", xlabel="time (s)")
        force.plot(track[early, 0], track[early, 5], color=style.PALETTE[3], drawstyle="steps-post")
        force.set(ylabel="force (N)")
        force.set_title("The beginning")
        for axes, name, colour in ((sensors, "sensors", style.INK), (motors, "motors", style.PALETTE[1])):
            raster = results.spikes(name)
            kept = raster.times <= shown
            axes.scatter(raster.times[kept], raster.ids[kept], s=5.0, marker="|", lw=0.6, color=colour)
            axes.set(ylim=(raster.size - 0.5, -0.5))
        sensors.set_yticks(range(len(_SENSORS)), _SENSORS, fontsize=7)
        half = results.spikes("motors").size / 2
        motors.set_yticks([half / 2 - 0.5, 1.5 * half - 0.5], ["to the\nright", "to the\nleft"])
        motors.set(xlabel="time (ms)")
        for axes in (force, sensors, motors):
            axes.set_xlim(0.0, shown)
        for axes in (angle, position):
            axes.set_xlim(0.0, seconds[-1])
            axes.axhline(0.0, color=style.MUTED, lw=0.5)
    return figure
