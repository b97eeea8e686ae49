"""A transformer of look-up tables beside one of matrices (PyTorch) on the same bytes, held-out windows and context."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import MissingPeer
from eventsim.lut.operations import matrix_operations, table_operations
from eventsim.lut.text import SYMBOLS, Text, python_english
from eventsim.lut.text_training import TextTrainer
from eventsim.lut.transformer import Transformer, TransformerSettings

TABLES = "look-up tables"
BYTES_SEEN = (50_000, 150_000, 500_000, 1_500_000)
TESTED = 2_000


@dataclass(frozen=True)
class Matrices:
    """A pre-norm transformer of the usual kind, trained by AdamW on batches of windows, all positions at once."""

    width: int
    layers: int = 2
    heads: int = 2
    batch: int = 16
    rate: float = 2e-3

    @property
    def name(self) -> str:
        return f"matrices, width {self.width}"


MATRICES = (Matrices(16), Matrices(64))

Row = dict[str, float]


def measure(tiny: bool) -> tuple[dict[str, list[Row]], list[str]]:
    """By network, a row for each number of bytes seen; and a line for what is missing."""
    points = BYTES_SEEN[:1] if tiny else BYTES_SEEN
    settings = TransformerSettings()
    text = Text(python_english(), settings.context, seed=1, tests=TESTED)
    found = {TABLES: _tables(settings, text, points)}
    missing = []
    for matrices in MATRICES:
        try:
            found[matrices.name] = _matrices(matrices, text, points)
        except MissingPeer as why:
            missing.append(f"{matrices.name}: not measured: {why}")
    return found, missing


def table(found: Mapping[str, list[Row]]) -> list[str]:
    """Markdown lines."""
    lines = [
        "**bytes predicted by tables and by matrices**: held-out nats a byte, context 16, one thread",
        "",
        "| network | bytes seen | loss | training s | operations a byte | tables' entries or parameters |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in found.items():
        for row in rows:
            seen, operations, size = (int(row[each]) for each in ("bytes", "operations", "size"))
            lines.append(
                f"| {name} | {seen:,} | {row['loss']:.3f} | {row['seconds']:.1f} | {operations:,} | {size:,} |"
            )
    return [
        *lines,
        "",
        "Operations: of tables the comparisons and the values read and added, of matrices the multiply-accumulates; "
        "for the newest byte, what earlier bytes leave being remembered.",
    ]


def _curve(
    points: tuple[int, ...], train_to: Callable[[int], None], loss: Callable[[], float], facts: Row
) -> list[Row]:
    """A row at each number of bytes seen; testing is outside the time."""
    rows, seconds = [], 0.0
    for seen in points:
        started = time.perf_counter()
        train_to(seen)
        seconds += time.perf_counter() - started
        rows.append({"bytes": seen, "loss": loss(), "seconds": seconds, **facts})
    return rows


def _tables(settings: TransformerSettings, text: Text, points: tuple[int, ...]) -> list[Row]:
    trainer = TextTrainer(Transformer(settings, seed=1), text)
    trainer.held_out_losses(1)  # compiles
    counts = table_operations(settings)
    facts = {
        "operations": float(counts.comparisons + counts.values_read),
        "size": float(counts.table_entries),
    }
    return _curve(
        points,
        lambda seen: trainer.run(seen // settings.context),
        lambda: float(trainer.held_out_losses().mean()),
        facts,
    )


def _matrices(matrices: Matrices, text: Text, points: tuple[int, ...]) -> list[Row]:
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
    return _curve(points, train_to, loss, {"operations": float(operations), "size": float(size)})


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
