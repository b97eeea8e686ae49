"""The picture of the scenario ``requests``: the line, some requests served, and waiting beside theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eventsim.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results
    from networks.requests import Line

_SHOWN = 6


def requests_figure(line: Line, results: Results) -> Figure:
    """The first requests spike by spike; the line all along; how long requests wait and are served."""
    metrics = line.measure(results)
    with style.styled_figure(9.0, 7.0) as figure:
        figure.suptitle(
            f"{metrics['served']} digits on request: load {line.load:g}, {100 * metrics['accuracy']:.1f} % right",
            fontweight="bold",
            color=style.INK,
        )
        grid = figure.add_gridspec(3, 2, height_ratios=(1.5, 1.0, 1.3))
        _draw_beginning(figure.add_subplot(grid[0, :]), line, results)
        _draw_line(figure.add_subplot(grid[1, :]), line)
        _draw_service(figure.add_subplot(grid[2, 0]), line)
        _draw_waits(figure.add_subplot(grid[2, 1]), line, metrics)
    return figure


def _draw_beginning(axes: Axes, line: Line, results: Results) -> None:
    first = line.served[:_SHOWN]
    until = first[-1].done
    answers = results.spikes("answers")
    kept = answers.times <= until
    axes.scatter(answers.times[kept], answers.ids[kept], marker="|", s=30.0, lw=0.8, color=style.PALETTE[0])
    for each in first:
        axes.axvspan(each.begun, each.done, color=style.PALETTE[0], alpha=0.08, lw=0.0)
        axes.plot(each.answered, each.answer, "o", ms=7.0, mfc="none", color=style.PALETTE[1])
        label = f"a {line.labels[each.image]}"
        axes.annotate(label, (each.begun, 9.9), xytext=(2, 2), textcoords="offset points", fontsize=7.5)
        axes.plot(each.arrived, -0.9, "^", ms=5.0, color=style.PALETTE[2], clip_on=False)
    axes.set(xlim=(first[0].arrived - 1.0, until), ylim=(-0.9, 9.9), xlabel="time (ms)", ylabel="output")
    axes.set_yticks(range(10))
    axes.set_title("Arrivals (triangles), answers (rings), and all cleared for the next", pad=14.0)


def _draw_line(axes: Axes, line: Line) -> None:
    times, waiting = line.in_line()
    axes.plot(times / 1e3, waiting, drawstyle="steps-post", lw=0.7, color=style.PALETTE[3])
    axes.set(xlabel="time (s)", ylabel="requests in line", ylim=(0, None))


def _draw_service(axes: Axes, line: Line) -> None:
    service = np.array([each.done - each.begun for each in line.served])
    axes.hist(service, bins=40, color=style.PALETTE[0])
    axes.axvline(service.mean(), color=style.INK, lw=0.8)
    axes.set(xlabel="time of service (ms)", ylabel="requests")
    axes.set_title(f"Service: mean {service.mean():.2f} ms")


def _draw_waits(axes: Axes, line: Line, metrics: dict[str, float]) -> None:
    waits = np.sort([each.begun - each.arrived for each in line.served])
    axes.plot(waits, 1.0 - np.arange(waits.size) / waits.size, color=style.PALETTE[2])
    axes.axvline(
        metrics["wait_ms"], color=style.PALETTE[2], lw=0.9, label=f"mean {metrics['wait_ms']:.2f} ms"
    )
    axes.axvline(
        metrics["wait_mg1_ms"],
        color=style.INK,
        lw=0.9,
        ls="--",
        label=f"M/G/1 {metrics['wait_mg1_ms']:.2f} ms",
    )
    axes.set(
        xlabel="wait (ms)", ylabel="fraction that wait longer", yscale="log", ylim=(1.0 / waits.size, 1.0)
    )
    axes.legend(loc="upper right")
    axes.set_title("Waiting in line")
