"""The picture of the scenario ``coincidence``: detections over mismatch, jitter and rate, with the closed forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eventsim.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results
    from networks.coincidence import Setting

DOT: dict[str, Any] = {"fmt": "o", "ms": 3.5, "lw": 0.0, "elinewidth": 1.0}


def coincidence_figure(setting: Setting, results: Results) -> Figure:
    """Points are simulated, with two standard errors; lines are closed forms."""
    with style.styled_figure(11.0, 3.4) as figure:
        axes = figure.subplots(1, 3, width_ratios=(1.3, 1.0, 1.0))
        _draw_mismatch(axes[0], setting, results)
        _draw_errors(axes[1], setting, results)
        _draw_chance(axes[2], setting, results)
    return figure


def _draw_mismatch(axes: Axes, setting: Setting, results: Results) -> None:
    hits = setting.hits(results)
    fine = np.linspace(0.0, max(setting.mismatch_ms), 400)
    for k, sigma in enumerate(setting.jitter_ms):
        colour = style.PALETTE[k % len(style.PALETTE)]
        axes.plot(fine, [setting.expected(gap, sigma) for gap in fine], color=colour, label=f"{sigma:g} ms")
        axes.errorbar(
            setting.mismatch_ms, hits.found[k], 2.0 * hits.errors[k], color=colour, clip_on=False, **DOT
        )
    axes.axvline(setting.window_ms, color=style.MUTED, lw=0.8, ls=":")
    axes.set_xlabel("mismatch of lag and delays (ms)")
    axes.set_ylabel("detected volleys")
    axes.set_ylim(0.0, 1.02)
    axes.set_title("Detections")
    axes.legend(title=f"jitter, {setting.shape}", title_fontsize=8.5)


def _draw_errors(axes: Axes, setting: Setting, results: Results) -> None:
    hits = setting.hits(results)
    sigmas = np.array(setting.jitter_ms)
    fine = np.linspace(1e-3, max(1.1 * sigmas.max(), 1.0), 300)
    for k, (gap, label) in enumerate(_matched_and_not(setting)):
        matched = k == 0
        column = setting.mismatch_ms.index(gap)
        found = 1.0 - hits.found[:, column] if matched else hits.found[:, column]
        line = np.array([setting.expected(gap, sigma) for sigma in fine])
        colour = style.PALETTE[k]
        axes.plot(fine, 1.0 - line if matched else line, color=colour, label=label)
        axes.errorbar(sigmas, found, 2.0 * hits.errors[:, column], color=colour, clip_on=False, **DOT)
    axes.set_xlabel("jitter (ms)")
    axes.set_ylabel("probability")
    axes.set_ylim(0.0, None)
    axes.set_title("Missed and false")
    axes.legend()


def _matched_and_not(setting: Setting) -> list[tuple[float, str]]:
    first = setting.mismatch_ms[0]
    beyond = [gap for gap in setting.mismatch_ms if gap > setting.window_ms]
    told = [(first, f"missed, mismatch {first:g} ms")]
    return told + [(gap, f"false, mismatch {gap:g} ms") for gap in beyond[:1]]


def _draw_chance(axes: Axes, setting: Setting, results: Results) -> None:
    found = setting.chance_hz(results)
    rates = np.array(setting.rates_hz)
    seconds = results.duration_ms * 1e-3 * setting.detectors
    errors = 2.0 * np.sqrt(np.array([setting.expected_chance_hz(rate) for rate in rates]) / seconds)
    fine = np.linspace(0.0, 1.1 * rates.max(), 200)
    axes.plot(fine, [setting.expected_chance_hz(rate) for rate in fine], color=style.INK, label="closed form")
    axes.errorbar(rates, found, errors, color=style.PALETTE[0], label="simulated", **DOT)
    axes.set_xlabel("rate of each of two Poisson sources (Hz)")
    axes.set_ylabel("detections by chance (Hz)")
    axes.set_ylim(0.0, None)
    axes.set_title("Chance")
    axes.legend(loc="upper left")
