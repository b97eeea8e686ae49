"""Transformers of look-up tables beside some of matrices (PyTorch), on the same bytes, held-out windows and context."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import MissingPeer
from eventsim.lut.operations import Operations, PaperCounts, matrix_operations, table_operations
from eventsim.lut.text import SYMBOLS, Text, read_text
from eventsim.lut.text_training import TextTrainer
from eventsim.lut.transformer import Transformer, TransformerSettings
from eventsim.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BYTES_SEEN = (80_000, 160_000, 320_000, 640_000)
TABLES = {
    "tables: n 16, 10 of 4 comparisons": TransformerSettings(),
    "tables: n 32, 16 of 6 comparisons": TransformerSettings(latencies=32, tables=16, comparisons=6),
}


@dataclass(frozen=True)
class Matrices:
    """A pre-norm transformer of the usual kind, trained by AdamW on batches of windows, all positions at once."""

    width: int
    layers: int = 2
    heads: int = 2
    batch: int = 4
    rate: float = 2e-3

    @property
    def name(self) -> str:
        return f"matrices: width {self.width}"


MATRICES = (Matrices(16), Matrices(64))


class Point(NamedTuple):
    """Held-out nats a byte after so many bytes, and the CPU seconds of training."""

    seen: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class Curve:
    """A network's training.  operations: of tables, or the multiply-accumulates, for the newest byte; size: entries of
    tables or parameters."""

    points: list[Point]
    operations: Operations | int
    size: int

    @property
    def counted(self) -> int:
        """Operations for the newest byte: comparisons and additions of what is read, or multiply-accumulates."""
        if isinstance(self.operations, int):
            return self.operations
        return self.operations.comparisons + self.operations.additions


def measure(text_file: Path, tiny: bool) -> tuple[dict[str, Curve], list[str]]:
    """A curve for each network; and a line for what is missing."""
    points = BYTES_SEEN[:1] if tiny else BYTES_SEEN
    text = Text(read_text(text_file), TransformerSettings().context, seed=1)
    curves = {name: _tables(settings, text, points) for name, settings in TABLES.items()}
    missing: dict[str, None] = {}
    for matrices in MATRICES:
        try:
            curves[matrices.name] = _matrices(matrices, text, points)
        except MissingPeer as why:
            missing[f"matrices: not measured: {why}"] = None
    return curves, list(missing)


def table(curves: Mapping[str, Curve]) -> list[str]:
    """Markdown lines: losses, operations, and what the paper counts."""
    context = TransformerSettings().context
    lines = [
        f"**bytes predicted by tables and by matrices**: held-out nats a byte, context {context}, one thread",
        "",
        "| network | bytes seen | loss | training, CPU s |",
        "|---|---|---|---|",
    ]
    for name, curve in curves.items():
        lines += [
            f"| {name} | {each.seen:,} | {each.loss:.3f} | {each.seconds:.1f} |" for each in curve.points
        ]
    lines += [
        "",
        "Operations for the newest byte, what earlier bytes leave being remembered:",
        "",
        "| network | comparisons | rows read | values read | additions | multiply-accumulates | entries, parameters |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, curve in curves.items():
        lines.append(f"| {name} | {_counts(curve.operations)} | {curve.size:,} |")
    return [*lines, "", *_paper()]


def _counts(operations: Operations | int) -> str:
    if isinstance(operations, int):
        return f"| | | | {operations:,}"
    o = operations
    return f"{o.comparisons:,} | {o.rows_read:,} | {o.values_read:,} | {o.additions:,} | "


def _paper() -> list[str]:
    """The paper's own figures, and the ratios that follow from its formula."""
    short, long = PaperCounts(), PaperCounts(context=2048)
    lines = [
        f"The paper's layer (n {short.latencies}, {short.tables} tables of {short.comparisons} comparisons, one head): "
        f"{short.footprint:,} values in tables, {short.compared} comparisons, {short.context_total:,} comparisons and "
        f"values over a context of {short.context}.",
        "",
        "| operations of matrices for one of tables | as claimed | by the whole formula | with the values read |",
        "|---|---|---|---|",
    ]
    for counts in (short, long):
        ratios = counts.ratios()
        lines.append(
            f"| context {counts.context:,} | {ratios['claimed']:,.0f} | {ratios['whole_formula']:.0f} "
            f"| {ratios['with_values_read']:.0f} |"
        )
    return lines


def figure(curves: Mapping[str, Curve]) -> Figure:
    """Loss against bytes seen, against time, against operations and against size."""
    with style.styled_figure(11.0, 7.0) as drawn:
        axes = drawn.subplots(2, 2)
        _draw(axes[0, 0], curves, "bytes seen", lambda curve, point: point.seen)
        _draw(axes[0, 1], curves, "training, CPU s", lambda curve, point: point.seconds)
        _draw(axes[1, 0], curves, "operations for the newest byte", lambda curve, point: curve.counted)
        _draw(axes[1, 1], curves, "entries of tables, or parameters", lambda curve, point: curve.size)
        axes[0, 0].legend(fontsize=7.5)
    return drawn


def _draw(axes: Axes, curves: Mapping[str, Curve], label: str, x: Callable[[Curve, Point], float]) -> None:
    """A line for each network, one marker a number of bytes."""
    for (name, curve), colour in zip(curves.items(), style.PALETTE, strict=False):
        marker = "o" if name in TABLES else "s"
        where = [x(curve, point) for point in curve.points]
        axes.plot(
            where, [point.loss for point in curve.points], marker=marker, ms=5, color=colour, label=name
        )
    axes.margins(x=0.06)
    axes.set(xscale="log", xlabel=label, ylabel="held-out nats a byte")


def _curve(
    points: tuple[int, ...], train_to: Callable[[int], None], loss: Callable[[], float]
) -> list[Point]:
    """A point at each number of bytes seen; testing is outside the time."""
    found, seconds = [], 0.0
    for seen in points:
        started = time.process_time()
        train_to(seen)
        seconds += time.process_time() - started
        found.append(Point(seen, loss(), seconds))
    return found


def _tables(settings: TransformerSettings, text: Text, points: tuple[int, ...]) -> Curve:
    trainer = TextTrainer(Transformer(settings, seed=1), text)
    trainer.held_out_losses(1)  # compiles
    found = _curve(
        points,
        lambda seen: trainer.run(seen // settings.context),
        lambda: float(trainer.held_out_losses().mean()),
    )
    counts = table_operations(settings)
    return Curve(found, counts, counts.table_entries)


def _matrices(matrices: Matrices, text: Text, points: tuple[int, ...]) -> Curve:
    """Raises `MissingPeer` without PyTorch."""
    try:
        import torch
    except ImportError:
        raise MissingPeer("no PyTorch; pip install 'eventsim[torch]'") from None
    torch.manual_seed(1)
    torch.set_num_threads(1)
    model = _network(torch, matrices, text.context)
    optimiser = torch.optim.AdamW(model.parameters(), lr=matrices.rate)
    done = 0

    def losses(windows: NDArray[np.uint8]) -> Any:
        data = torch.from_numpy(windows.astype(np.int64))
        logits = model(data[:, :-1])
        return torch.nn.functional.cross_entropy(logits.transpose(1, 2), data[:, 1:], reduction="none")

    def train_to(seen: int) -> None:
        nonlocal done
        while (done + 1) * matrices.batch * text.context <= seen:
            optimiser.zero_grad()
            losses(text.training(done * matrices.batch, matrices.batch)).mean().backward()
            optimiser.step()
            done += 1

    def loss() -> float:
        with torch.no_grad():
            return float(losses(text.tested())[:, -1].mean())

    operations = matrix_operations(text.context, matrices.width, matrices.layers)
    size = sum(each.numel() for each in model.parameters())
    return Curve(_curve(points, train_to, loss), operations, size)


def _network(torch: Any, matrices: Matrices, context: int) -> Any:
    """Embedding and learned positions, causal pre-norm layers, unembedding."""
    nn = torch.nn

    class Network(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            width = matrices.width
            self.embedding, self.places = nn.Embedding(SYMBOLS, width), nn.Embedding(context, width)
            layer = nn.TransformerEncoderLayer(
                width, matrices.heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True
            )
            self.layers = nn.TransformerEncoder(layer, matrices.layers, enable_nested_tensor=False)
            self.norm, self.readout = nn.LayerNorm(width), nn.Linear(width, SYMBOLS)
            self.mask = nn.Transformer.generate_square_subsequent_mask(context)

        def forward(self, data: Any) -> Any:
            z = self.embedding(data) + self.places.weight
            return self.readout(self.norm(self.layers(z, mask=self.mask, is_causal=True)))

    return Network()
