"""A recurrent network of look-up tables that predicts bytes: ``h_t = LUT(h_{t-1}) + z_t``, and an unembedding."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.kernels.lut.layers import Found
from eventsim.kernels.lut.recurrent import RecurrentWeights, Work, run_texts
from eventsim.kernels.vector import LANES
from eventsim.lut.encoding import generator
from eventsim.lut.layer import MOST_COMPARISONS, LUTLayer, draw_anchors
from eventsim.lut.pages import zeros
from eventsim.lut.text import SYMBOLS
from eventsim.lut.transformer import blocks_of, found, padded


@dataclass(frozen=True)
class RecurrentSettings:
    """Sizes; the defaults are the paper's, of about 5 million table entries.

    context: positions that a step of training goes back through.  latencies: neurons (n).  tables, comparisons: of the
    recurrent layer.  readout_tables, readout_comparisons: of the unembedding.
    """

    context: int = 32
    latencies: int = 64
    tables: int = 64
    comparisons: int = 10
    readout_tables: int = 64
    readout_comparisons: int = 6

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 2 if field.name in ("context", "latencies") else 1
            most = MOST_COMPARISONS if "comparisons" in field.name else np.inf
            if not least <= value <= most:
                raise InputError(field.name, value, f"must be from {least} to {most}")

    @property
    def table_entries(self) -> int:
        """Numbers in all tables."""
        recurrent = self.tables * (1 << self.comparisons) * self.latencies
        return recurrent + self.readout_tables * (1 << self.readout_comparisons) * SYMBOLS


class Recurrent:
    """The arrays of a recurrent network; `run` trains them in place.  See `RecurrentWeights`."""

    kind = "recurrent"

    def __init__(self, settings: RecurrentSettings, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.weights = _drawn(settings, seed)
        self._work = _work(settings)

    @property
    def context(self) -> int:
        return self.settings.context

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by name; not copied."""
        return self.weights._asdict()

    def run(
        self, texts: NDArray[np.uint8], learns: bool, step: int, rate_scale: float, threads: int,
        losses: NDArray[np.float64], done: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """The kernel on ``texts`` (n, context + 1); on one thread, whatever ``threads`` says."""
        blocks = blocks_of(self.settings.latencies)
        run_texts(self.weights, blocks, self._work, texts, learns, step, rate_scale, losses, done)

    def recurrent_layer(self) -> LUTLayer:
        """From a state to what is added to the next."""
        n = self.settings.latencies
        return LUTLayer(n, self.weights.anchors, np.ascontiguousarray(self.weights.tables[:, :, :n]))

    def readout_layer(self) -> LUTLayer:
        """The unembedding: logits from a state."""
        return LUTLayer(self.settings.latencies, self.weights.readout_anchors, self.weights.readout_tables)


def _drawn(s: RecurrentSettings, seed: int) -> RecurrentWeights:
    n, width = s.latencies, padded(s.latencies)
    embedding = np.zeros((SYMBOLS, width), np.float32)
    embedding[:, :n] = generator(seed, "latencies", "embedding").uniform(-1.0, 1.0, (SYMBOLS, n))
    return RecurrentWeights(
        embedding,
        draw_anchors(n, (s.tables, s.comparisons), seed, "recurrent"),
        zeros((s.tables, 2**s.comparisons, width)),
        draw_anchors(n, (s.readout_tables, s.readout_comparisons), seed, "unembedding"),
        zeros((s.readout_tables, 2**s.readout_comparisons, SYMBOLS)),
    )


def _work(s: RecurrentSettings) -> Work:
    width, here = padded(s.latencies), (s.context, padded(s.latencies))
    kinds = (np.int32, np.float32, np.float32, np.int32, np.int32)
    at_once = Found(*(np.zeros((s.context, s.tables, LANES), kind) for kind in kinds))
    return Work(
        np.zeros(here, np.float32),
        np.zeros((1, *here), np.float32),
        np.zeros((1, width), np.float32),
        np.zeros((1, 1, width), np.float32),
        np.zeros((width, LANES), np.float32),
        np.zeros((width, padded(s.context)), np.float32),
        at_once,
        found(s.readout_tables, s.context),
        np.zeros((1, s.context, SYMBOLS), np.float32),
        np.zeros((s.context, SYMBOLS), np.float32),
        np.zeros(s.context),
    )
