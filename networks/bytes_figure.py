"""The picture of the scenario ``bytes``: a volley through the layers, how early it is known, noise, and what it
costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eventsim.lut.operations import matrix_operations, table_operations
from eventsim.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results
    from networks.bytes import Presented

BLUE, RED, GREEN, ORANGE, GREY = *style.PALETTE[:4], "#b4bcc6"


def bytes_figure(presented: Presented, results: Results) -> Figure:
    """Six panels over everything that was simulated."""
    loss = presented.held_out_loss
    with style.styled_figure(12.0, 7.6) as figure:
        figure.suptitle(
            f"Bytes predicted by the order of spikes: {loss:.2f} nats on held-out text "
            f"after {presented.trained.trainer.step:,} steps",
            fontsize=14, fontweight="bold", color=style.INK,
        )  # fmt: skip
        axes = figure.subplots(2, 3)
        _draw_volley(axes[0, 0], presented, results)
        _draw_early(axes[0, 1], presented, results)
        _draw_training(axes[0, 2], presented)
        _draw_noise(axes[1, 0], presented, ("jitter_ms", "tick_ms"), "ms")
        _draw_noise(axes[1, 1], presented, ("lost",), "fraction of spikes lost")
        _draw_operations(axes[1, 2], presented)
    return figure


def _shown(byte: int) -> str:
    """A byte as it is read in a figure."""
    character = chr(byte)
    return {" ": "space", "\n": "newline"}.get(character, character if 32 < byte < 127 else f"0x{byte:02x}")


def _draw_volley(axes: Axes, presented: Presented, results: Results) -> None:
    """The last byte of the first context: input spikes, those of every layer, those of the next byte."""
    window = presented.windows[0]
    volleys = [presented.expected[0][0, -1]]
    volleys += [presented.answers(results, k)[0, -1] for k in range(len(presented.names))]
    ticks, start = [], 0.0
    for k, volley in enumerate(volleys):
        finite = np.isfinite(volley)
        height = 1.6 if k == len(volleys) - 1 else 0.8
        y = start + height * np.arange(volley.size) / volley.size
        axes.scatter(volley[finite], y[finite], s=14, marker="|", color=style.PALETTE[k % 8], lw=1.1)
        ticks.append(start + height / 2)
        start += height + 0.25
    first = int(volleys[-1].argmin())
    axes.annotate(
        f"first: {_shown(first)!r}", (volleys[-1][first], start - 0.25 - 1.6 * (1 - first / 256)),
        xytext=(-6, 0), textcoords="offset points", ha="right", va="center", color=RED, fontsize=9, fontweight="bold",
    )  # fmt: skip
    axes.set_yticks(ticks, ["bytes", *presented.names])
    axes.set_xlim(volleys[-1][first] - 0.45 * (axes.get_xlim()[1] - volleys[-1][first]))
    axes.set(ylim=(start, -0.2), xlabel="latency in the interval (ms)")
    read = "".join(chr(byte) if 32 <= byte < 127 else " " for byte in window[:-1])
    axes.set_title(f"After “{read}”")


def _draw_early(axes: Axes, presented: Presented, results: Results) -> None:
    """Cumulative over the contexts: when the last tables were resolved and when the prediction led for good."""
    early = presented.early(results)
    spread = np.ptp(presented.expected[-2][:, -1], axis=1)
    curves = (
        ("first table resolved", early.first_ms, GREY),
        ("prediction leads for good", early.leads_ms, RED),
        ("all tables resolved", early.last_ms, BLUE),
        ("last input spike", spread, style.INK),
    )
    for label, values, colour in curves:
        ordered = np.sort(values)
        share = 100 * np.arange(1, ordered.size + 1) / ordered.size
        axes.step(np.append(0.0, ordered), np.append(0.0, share), where="post", color=colour, label=label)
    axes.set(ylim=(0, 102), xlabel="time after the volley's first spike (ms)", ylabel="contexts so far (%)")
    axes.set_title("Known before the last spike")
    axes.legend(loc="upper left", bbox_to_anchor=(-0.05, -0.16), ncols=2)


def _draw_training(axes: Axes, presented: Presented) -> None:
    curve = presented.trained.curve
    axes.set_title("Training")
    if len(curve) == 0:
        style.nothing(axes, "trained in an earlier run")
        return
    axes.plot(curve[:, 0] / 1e3, curve[:, 1], color=BLUE, label="all positions, training text")
    axes.axhline(presented.held_out_loss, color=RED, lw=1.0, label="last position, held-out text")
    axes.set(xlabel="thousand steps", ylabel="nats a byte")
    axes.legend(loc="upper right")


def _draw_noise(axes: Axes, presented: Presented, names: tuple[str, ...], label: str) -> None:
    """Accuracy by one or two kinds of noise on every volley between layers."""
    titles = {"jitter_ms": "jitter, s.d.", "tick_ms": "hardware tick", "lost": "lost spikes"}
    clean = 100 * presented.by_noise[0]["accuracy"]
    axes.axhline(clean, color=GREY, lw=1.0, label="no noise")
    for name, colour, marker in zip(names, (BLUE, ORANGE), "os", strict=False):
        rows = [row for row in presented.by_noise if row[name] > 0.0]
        x, y = [row[name] for row in rows], [100 * row["accuracy"] for row in rows]
        axes.plot(x, y, color=colour, marker=marker, ms=5, lw=1.7, label=titles[name], clip_on=False)
    axes.set(xscale="log", xlabel=label, ylabel="right bytes (%)", ylim=(0, None))
    axes.set_title("Accuracy under " + ("lost spikes" if names == ("lost",) else "jitter and tick"))
    axes.legend(loc="lower left")


def _draw_operations(axes: Axes, presented: Presented) -> None:
    """What the newest byte costs, on a logarithmic axis."""
    s = presented.model.settings
    tables, matrices = table_operations(s), matrix_operations(s.context, s.latencies, s.layers)
    bars = (
        ("comparisons", tables.comparisons, BLUE),
        ("rows read", tables.rows_read, BLUE),
        ("values read and added", tables.values_read, BLUE),
        ("multiply-accumulates\nof matrices", matrices, RED),
        ("table entries", tables.table_entries, GREY),
    )
    for k, (_, number, colour) in enumerate(bars):
        axes.barh(k, number, color=colour, height=0.62)
        axes.annotate(
            f"{number:,}", (number, k), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8
        )
    axes.set_yticks(range(len(bars)), [name for name, _, _ in bars])
    axes.set(xscale="log", xlim=(10, 40 * max(number for _, number, _ in bars)), ylim=(len(bars) - 0.5, -0.5))
    axes.set_title("What a byte costs")
