"""The picture of the scenario ``digits``: images as volleys, tables resolving, the first output spike, and how well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eventsim.plots import style
from networks.lut_classifier import N_DIGITS, SIDE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, SubFigure

    from networks.digits import Presented, Reading

BLUE, RED, GREY = style.PALETTE[0], style.PALETTE[1], "#b4bcc6"
MOST_MISTAKES = 12


def digits_figure(presented: Presented, reading: Reading) -> Figure:
    """Three images followed from pixels to output spikes; resolution, jitter and the mistakes of all of them."""
    percent = 100 * presented.accuracies(reading.answers)[0]
    leads_from, _ = presented.decided(reading)
    with style.styled_figure(12.0, 10.0) as figure:
        figure.suptitle(
            f"Scanned digits by the order of spikes: {percent:.1f} % of {presented.images} held-out images",
            fontsize=14,
            fontweight="bold",
            color=style.INK,
        )
        figure.set_layout_engine("constrained", w_pad=0.09, h_pad=0.07)
        top, bottom = figure.subfigures(2, 1, height_ratios=(2.0, 1.0), hspace=0.04, squeeze=False)[:, 0]
        _draw_examples(top, presented, reading, leads_from)
        grid = bottom.subfigures(1, 3, width_ratios=(1.0, 1.0, 0.95), wspace=0.03, squeeze=False)
        resolution, jitter, mistakes = grid[0]
        _draw_resolution(resolution.subplots(), presented, reading, leads_from)
        _draw_jitter(jitter.subplots(), presented, reading)
        _draw_mistakes(mistakes, presented, reading)
    return figure


def _draw_examples(
    figure: SubFigure, presented: Presented, reading: Reading, leads_from: NDArray[np.float64]
) -> None:
    """A row for each of three images: image, input volley, sums of the rows read so far, output spikes."""
    examples = _examples(presented, reading)
    grid = figure.subplots(len(examples), 4, width_ratios=(0.6, 1.2, 1.2, 1.25), sharex="col", squeeze=False)
    for row, (image, kind) in zip(grid, examples, strict=True):
        _draw_image(row[0], reading.pixels[image])
        row[0].set_ylabel(f"a {presented.digits.y_test[image]}, {kind}", fontsize=10, labelpad=6)
        _draw_volley(row[1], reading.pixels[image])
        _draw_sums(row[2], presented, reading, image, float(leads_from[image]))
        _draw_outputs(row[3], reading, image)
    for axes, title in zip(
        grid[0], ("Image", "Input spikes", "Sums of the rows read", "Output spikes"), strict=True
    ):
        axes.set_title(title, pad=8)
    for axes, label in zip(
        grid[-1], ("", "time (ms)", "time (ms)", "latency in the next interval (ms)"), strict=True
    ):
        axes.set_xlabel(label)
    latencies = reading.outputs[[image for image, _ in examples]]
    margin = 0.08 * np.ptp(latencies) or 1.0  # untrained, all spike at once
    grid[0, 3].set_xlim(latencies.min() - margin, latencies.max() + margin)


def _examples(presented: Presented, reading: Reading) -> list[tuple[int, str]]:
    """Of the rightly answered images those with the largest, median and smallest lead, of different digits."""
    from networks.digits import lead_ms

    labels = presented.digits.y_test
    right = np.flatnonzero(reading.answers[: presented.images] == labels)
    if right.size == 0:
        return [(0, "misread")]
    leads = lead_ms(reading.outputs[: presented.images])
    right = right[np.argsort(-leads[right], kind="stable")]
    chosen: dict[int, tuple[int, str]] = {}
    for place, kind in ((0, "clear"), (right.size // 2, "typical"), (right.size - 1, "close call")):
        nearest = right[np.argsort(np.abs(np.arange(right.size) - place), kind="stable")]
        fresh = [int(image) for image in nearest if labels[image] not in chosen]
        if fresh:
            chosen[int(labels[fresh[0]])] = (fresh[0], kind)
    return list(chosen.values())


def _draw_image(axes: Axes, x: NDArray[np.float64]) -> None:
    axes.imshow(x.reshape(SIDE, SIDE), cmap=_ink(), vmin=0.0, vmax=x.max())
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _draw_volley(axes: Axes, x: NDArray[np.float64]) -> None:
    axes.scatter(
        x, np.arange(x.size), s=24.0, c=x, cmap=_ink(), vmin=0.0, vmax=x.max(), marker="|", linewidths=1.8
    )
    axes.set(xlim=(-0.5, x.max() + 0.5), ylim=(x.size, -1), yticks=[0, 16, 32, 48, 63], ylabel="pixel")


def _draw_sums(axes: Axes, presented: Presented, reading: Reading, image: int, leads_from: float) -> None:
    """The ten sums as the tables are resolved, and from when on the answer leads."""
    times, sums, _ = presented.running_sums(reading, image)
    answer = reading.answers[image]
    start, end = float(reading.pixels[image].min()) - 0.5, float(reading.pixels[image].max()) + 0.5
    t = np.concatenate([[start], times, [end]])
    steps = np.vstack([np.zeros(N_DIGITS), sums, sums[-1:]])
    for digit in np.argsort(np.arange(N_DIGITS) == answer, kind="stable"):  # the answer on top
        colour, width = (RED, 1.9) if digit == answer else (GREY, 0.9)
        axes.step(t, steps[:, digit], where="post", color=colour, lw=width)
    axes.axvline(leads_from, color=style.INK, lw=0.8, ls=(0, (3, 2)), zorder=1)
    late = leads_from > 0.4 * end
    axes.annotate(
        f"{answer} leads from here on",
        (leads_from, 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if late else 4, 0),
        textcoords="offset points",
        ha="right" if late else "left",
        fontsize=8,
        color=style.INK,
    )
    axes.set(xlim=(start, end), ylabel="sum (ms)")
    axes.margins(y=0.12)


def _draw_outputs(axes: Axes, reading: Reading, image: int) -> None:
    """Ten spikes; the first is the answer."""
    outputs, answer = reading.outputs[image], reading.answers[image]
    digits = np.arange(N_DIGITS)
    axes.hlines(digits, 0.0, 1.0, transform=axes.get_yaxis_transform(), color="#eef1f4", lw=0.8, zorder=1)
    colours = [RED if digit == answer else BLUE for digit in digits]
    axes.scatter(outputs, digits, s=70.0, c=colours, marker="|", linewidths=2.2, zorder=3)
    axes.annotate(
        "first",
        (outputs[answer], answer),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=RED,
        fontsize=9,
        fontweight="bold",
    )
    axes.set(ylim=(N_DIGITS - 0.4, -0.6), yticks=digits, ylabel="output")


def _draw_resolution(
    axes: Axes, presented: Presented, reading: Reading, leads_from: NDArray[np.float64]
) -> None:
    """Cumulative: input spikes arrived, tables resolved, answers in the lead; all images, without jitter."""
    pixels, resolved = reading.pixels[: presented.images], reading.resolved[: presented.images]
    first = pixels.min(axis=1, keepdims=True)
    curves = (
        ("answer leads for good", leads_from - first[:, 0], RED, 1.9),
        ("input spikes arrived", (pixels - first).ravel(), GREY, 1.5),
        ("tables resolved", (resolved - first).ravel(), BLUE, 1.9),
    )
    end = max(float(values.max()) for _, values, _, _ in curves)
    for label, values, colour, width in curves:
        times, counts = np.unique(values, return_counts=True)
        share = np.concatenate([[0.0], counts.cumsum() / values.size, [1.0]])
        t = np.concatenate([[0.0], times, [1.03 * end]])
        axes.step(t, 100 * share, where="post", color=colour, lw=width, label=label)
    axes.set(xlim=(-0.03 * end, 1.03 * end), ylim=(0, 102), ylabel="so far (%)")
    axes.set_xlabel("time after an image's first spike (ms)")
    axes.set_title("Answers lead long before all is read")
    axes.legend(loc="upper left", borderaxespad=0.2)


def _draw_jitter(axes: Axes, presented: Presented, reading: Reading) -> None:
    """Accuracy by jitter, event-driven and of other classifiers on the same latencies."""
    sigmas = presented.sigmas
    curves = (
        ("3 nearest neighbours", [each["nearest_3"] for each in presented.baselines], GREY, "s", 1.2),
        ("linear classifier", [each["linear"] for each in presented.baselines], style.MUTED, "^", 1.2),
        ("look-up tables, event by event", presented.accuracies(reading.answers), BLUE, "o", 1.9),
    )
    for label, accuracies, colour, marker, width in curves:
        percent = 100 * np.asarray(accuracies)
        axes.plot(sigmas, percent, color=colour, marker=marker, ms=5, lw=width, label=label, clip_on=False)
    axes.set(xlabel="jitter of the input spikes, s.d. (ms)", ylabel="right answers (%)")
    axes.set(xlim=(-0.03 * max(sigmas), 1.03 * max(sigmas) or 1.0), ylim=(None, 100))
    axes.set_title("Accuracy with jittered input spikes")
    axes.legend(loc="lower left", reverse=True, borderaxespad=0.2)


def _draw_mistakes(figure: SubFigure, presented: Presented, reading: Reading) -> None:
    """The images that were misread, without jitter, the clearest mistakes first."""
    from networks.digits import lead_ms

    labels, answers = presented.digits.y_test, reading.answers[: presented.images]
    wrong = np.flatnonzero(answers != labels)
    wrong = wrong[np.argsort(-lead_ms(reading.outputs[wrong]), kind="stable")]
    shown = wrong[:MOST_MISTAKES]
    grid = figure.subplots(3, 4, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, image in zip(grid.flat, shown, strict=False):
        _draw_image(axes, reading.pixels[image])
        axes.set_axis_on()
        axes.set_title(f"{labels[image]}, read as {answers[image]}", fontsize=8, fontweight="normal", pad=3)
    which = (
        f"The {wrong.size} mistakes" if shown.size == wrong.size else f"{shown.size} of {wrong.size} mistakes"
    )
    figure.suptitle(which, fontsize=10, fontweight="bold", color=style.INK, x=0.03, ha="left")


def _ink() -> Colormap:
    """Dark for ink (early), pale for paper (late)."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("ink", ["#0f2942", BLUE, "#9cc3ea", "#d9e3ee"])
