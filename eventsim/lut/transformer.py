"""A transformer of look-up tables that predicts bytes: its settings, its arrays, and steps of training.

Izhikevich, "Spiking Manifesto", arXiv 2512.11843 (2025).  ``z`` is the embedding of each byte; in each layer every head
adds, for positions j < i, the row of its tables that query bits of z_i, key bits of z_j and bits of the distance i - j
name; a feed-forward layer adds its rows; an unembedding layer gives the logits.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.kernels.lut.attention import Aimed
from eventsim.kernels.lut.layers import Found
from eventsim.kernels.lut.transformer import PARTS, Options, Own, Shared, Team, Weights, run_texts
from eventsim.kernels.vector import LANES
from eventsim.lut.encoding import generator
from eventsim.lut.layer import LUTLayer, draw_anchors
from eventsim.lut.pages import zeros
from eventsim.lut.team import work_together
from eventsim.lut.text import SYMBOLS

MOST_INDEX_BITS = 26


@dataclass(frozen=True)
class TransformerSettings:
    """Sizes and choices; the sizes' defaults are the smaller of the two settings with published losses.

    context: positions.  latencies: neurons a position (n).  tables: of each head, of each feed-forward layer and of the
    unembedding (n_t).  comparisons: of an index (n_c).  place_bits: of a distance (p).

    feed_forward: False for attention only.  shared_anchors: queries and keys compare the same pairs, as released, or
    each their own.  places: a distance's bits are the signs of learned numbers (``"sign"``, as released) or compare
    learned latencies (``"order"``).  train_embedding: the embedding learns, or stays as drawn, as released.
    """

    context: int = 16
    latencies: int = 16
    layers: int = 2
    heads: int = 1
    tables: int = 10
    comparisons: int = 4
    place_bits: int = 4
    feed_forward: bool = True
    shared_anchors: bool = True
    places: Literal["sign", "order"] = "sign"
    train_embedding: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "int" and not value >= 1:
                raise InputError(field.name, value, "must be at least 1")
        if self.context < 2:
            raise InputError("context", self.context, "must be at least 2")
        if self.latencies < 2:
            raise InputError("latencies", self.latencies, "a comparison needs two different inputs")
        if self.places not in ("sign", "order"):
            raise InputError("places", self.places, "must be 'sign' or 'order'")
        if self.index_bits > MOST_INDEX_BITS:
            raise InputError("comparisons", self.comparisons, f"indices of more than {MOST_INDEX_BITS} bits")

    @property
    def index_bits(self) -> int:
        """Of a table of attention: query, key and distance."""
        return 2 * self.comparisons + self.place_bits

    @property
    def attention_tables(self) -> int:
        """Of a layer, over all heads."""
        return self.heads * self.tables

    @property
    def table_entries(self) -> int:
        """Numbers in all tables."""
        attention = self.layers * self.attention_tables * (1 << self.index_bits) * self.latencies
        rows = self.tables * (1 << self.comparisons)
        forward = self.layers * rows * self.latencies if self.feed_forward else 0
        return attention + forward + rows * SYMBOLS


RELEASED = TransformerSettings(context=32, latencies=32, layers=6, heads=4, tables=16, comparisons=6)
"""The settings of the author's released program: 805.8 million table entries."""


class Transformer:
    """The arrays of a transformer; `run` trains them in place.

    settings, seed: what they were drawn from.  weights: see `eventsim.kernels.lut.transformer.Weights`; the width of
    rows and latencies is rounded up to a multiple of 16, the rest being zero.
    """

    kind = "transformer"

    def __init__(self, settings: TransformerSettings, seed: int, weights: Weights | None = None) -> None:
        self.settings, self.seed = settings, seed
        self.weights = _drawn(settings, seed) if weights is None else weights
        self._shared: Shared | None = None

    @property
    def context(self) -> int:
        return self.settings.context

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by name, as a checkpoint keeps them; not copied."""
        return self.weights._asdict()

    def run(
        self, texts: NDArray[np.uint8], learns: bool, step: int, rate_scale: float, threads: int,
        losses: NDArray[np.float64], done: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """The kernel on ``texts`` (n, context + 1); ``losses`` (n,) and ``done`` (1,) as it says.  No more than
        four of ``threads`` find work."""
        threads = min(threads, PARTS)
        shared = self._shared = self._shared or _shared(self.settings)
        shared.arrivals[:] = 0
        works = [_own(self.settings) for _ in range(threads)]

        def work(team: Team) -> None:
            run_texts(
                self.weights, self.options, shared, works[team.thread], texts, learns, step, rate_scale, team,
                losses, done,
            )  # fmt: skip

        work_together(work, threads)

    @property
    def options(self) -> Options:
        s = self.settings
        return Options(
            blocks_of(s.latencies), s.comparisons, s.place_bits, s.places == "sign", s.train_embedding
        )

    def forward_layer(self, k: int) -> LUTLayer:
        """The feed-forward layer number ``k``, its tables those of this model."""
        n = self.settings.latencies
        tables = np.ascontiguousarray(self.weights.forward_tables[k, :, :, :n])
        return LUTLayer(n, self.weights.forward_anchors[k], tables)

    def readout_layer(self) -> LUTLayer:
        """The unembedding: logits from latencies."""
        return LUTLayer(self.settings.latencies, self.weights.readout_anchors, self.weights.readout_tables)


def padded(number: int) -> int:
    """The next multiple of the lanes of a vector."""
    return -(-number // LANES) * LANES


def blocks_of(latencies: int) -> tuple[int, ...]:
    """As many numbers as a row of that many latencies has vectors."""
    return (0,) * (padded(latencies) // LANES)


def _drawn(s: TransformerSettings, seed: int) -> Weights:
    """Anchors, embedding and distances as drawn from the seed; tables of zeros."""
    n, width, anchored = s.latencies, padded(s.latencies), (s.layers, s.attention_tables, s.comparisons)
    embedding = np.zeros((SYMBOLS, width), np.float32)
    embedding[:, :n] = generator(seed, "latencies", "embedding").uniform(-1.0, 1.0, (SYMBOLS, n))
    query = draw_anchors(n, anchored, seed, "queries")
    key = query if s.shared_anchors else draw_anchors(n, anchored, seed, "keys")
    positions, place_anchors = _drawn_places(s, seed)
    n_forward = s.tables if s.feed_forward else 0
    return Weights(
        embedding,
        query,
        key,
        zeros((s.layers, s.attention_tables, 2**s.index_bits, width)),
        positions,
        place_anchors,
        draw_anchors(n, (s.layers, n_forward, s.comparisons), seed, "feed-forward"),
        zeros((s.layers, n_forward, 2**s.comparisons, width)),
        draw_anchors(n, (s.tables, s.comparisons), seed, "unembedding"),
        zeros((s.tables, 2**s.comparisons, SYMBOLS)),
    )


def _drawn_places(s: TransformerSettings, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """What distances are compared by (layers, w, places), from the largest to 0, and the pairs compared.

    By sign each comparison has a number of its own, against a zero at the end; by order, those of a head compare pairs
    of as many latencies as a position has.
    """
    draw, shape = generator(seed, "latencies", "distances"), (s.layers, s.attention_tables, s.place_bits)
    if s.places == "sign":
        w = s.attention_tables * s.place_bits
        first = np.broadcast_to(np.arange(w, dtype=np.int32).reshape(shape[1:]), shape)
        anchors = np.stack([first, np.full(shape, w, np.int32)], axis=-1)
    else:
        w = s.heads * s.latencies
        of_head = np.repeat(np.arange(s.heads) * s.latencies, s.tables).astype(np.int32)
        anchors = draw_anchors(s.latencies, shape, seed, "distances") + of_head[:, np.newaxis, np.newaxis]
    positions = np.zeros((s.layers, w + 1, padded(s.context)), np.float32)
    positions[:, :w, : s.context] = draw.uniform(-1.0, 1.0, (s.layers, s.context, w)).transpose(0, 2, 1)
    return positions, np.ascontiguousarray(anchors)


def found(*shape: int) -> Found:
    """Room for what is found at ``shape[-1]`` positions."""
    places = (*shape[:-1], padded(shape[-1]) + LANES)
    kinds = (np.int32, np.float32, np.float32, np.int32, np.int32)
    return Found(*(np.zeros(places, kind) for kind in kinds))


def _shared(s: TransformerSettings) -> Shared:
    def floats(*shape: int) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)

    here = (s.context, padded(s.latencies))
    return Shared(
        floats(s.layers, 2, PARTS, *here), floats(PARTS, *here), floats(PARTS, s.context, SYMBOLS),
        floats(s.layers, s.attention_tables, s.context), np.zeros(1, np.int64),
    )  # fmt: skip


def _own(s: TransformerSettings) -> Own:
    def floats(*shape: int) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)

    width, places, n_forward = padded(s.latencies), padded(s.context), s.tables if s.feed_forward else 0
    here, heads = (s.context, width), (s.layers, s.attention_tables, s.context)
    return Own(
        found(*heads), found(*heads), found(*heads), found(s.layers, n_forward, s.context),
        found(s.tables, s.context), floats(*here), floats(*here), floats(*here), floats(s.context, SYMBOLS),
        floats(s.context, SYMBOLS), np.zeros(s.context), floats(width, places),
        Aimed(*(np.zeros((2, places + LANES), np.uint32) for _ in range(3))), floats(4, places + LANES),
    )  # fmt: skip
