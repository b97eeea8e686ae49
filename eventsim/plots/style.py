"""How all figures look: colours, type sizes, spines, and the canvas they are drawn on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

#: Told apart with any colour vision: neighbours differ in lightness too.
PALETTE = ("#2b6cb0", "#d1495b", "#2f9e77", "#e09f3e", "#7b5ea7", "#1b998b", "#8d5a3b", "#e377a2")
INK = "#1f2933"
MUTED = "#6b7785"

RC: dict[str, Any] = {
    "figure.facecolor": "white",
    "figure.dpi": 150,
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.xmargin": 0.0,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.2,
    "lines.linewidth": 1.2,
    "lines.solid_joinstyle": "round",
}


@contextmanager
def styled_figure(width: float, height: float) -> Iterator[Figure]:
    """A figure (inches) with an Agg canvas, and the style in force while it is filled."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each population, in their order."""
    return {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(names)}


def note(axes: Axes, text: str) -> None:
    """A remark in small type above the right corner, such as what a figure leaves out."""
    axes.text(1.0, 1.01, text, transform=axes.transAxes, ha="right", va="bottom", color=MUTED, fontsize=7.5)


def ticks_of_log_axis(axis: Axis, low: float, high: float) -> None:
    """A few plain numbers on a logarithmic axis from ``low`` to ``high``, also where it spans less than a decade."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator, NullFormatter

    decade = (1.0, 2.0, 5.0) if high < 500.0 * low else (1.0,)
    axis.set_major_locator(MaxNLocator(5) if high < 5.0 * low else LogLocator(subs=decade))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_formatter(NullFormatter())


def nothing(axes: Axes, text: str) -> None:
    """Say in an empty panel why it is empty."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED)
    axes.set_xticks([])
    axes.set_yticks([])
