"""What networks of look-up tables cost by their sizes alone: footprint, rows, comparisons, bandwidth.

Izhikevich, "Spiking Manifesto", arXiv 2512.11843 (2025).  A layer has n_t tables of n_c comparisons and rows of n
values; a transformer's head reads, for each pair of positions i > j, a row addressed by the bits of i, those of j and
p bits of their distance.  Its bits are worked out once a position.
"""

from __future__ import annotations

from dataclasses import dataclass

from eventsim.errors import InputError


@dataclass(frozen=True)
class LayerSizes:
    """A layer: n_tables tables of n_comparisons comparisons, n_out values a row."""

    n_tables: int
    n_comparisons: int
    n_out: int

    def __post_init__(self) -> None:
        for field in ("n_tables", "n_comparisons", "n_out"):
            if getattr(self, field) < 1:
                raise InputError(field, getattr(self, field), "must be at least 1")

    @property
    def footprint(self) -> int:
        """Values in the tables."""
        return (self.n_tables << self.n_comparisons) * self.n_out

    @property
    def comparisons(self) -> int:
        """Of one input vector."""
        return self.n_tables * self.n_comparisons

    @property
    def row_values(self) -> int:
        """Values read, and added, for one input vector."""
        return self.n_tables * self.n_out

    @property
    def bandwidth(self) -> int:
        """Values moved for one input vector: two spikes a comparison, and the rows."""
        return 2 * self.comparisons + self.row_values


@dataclass(frozen=True)
class TransformerSizes:
    """A look-up-table transformer (the sizes of the paper's section on them).

    width: n.  positional_bits: p.  outputs: of the unembedder, 0 for none, and as many rows in the embedding.
    """

    context: int
    width: int
    layers: int
    heads: int
    n_tables: int
    n_comparisons: int
    positional_bits: int
    outputs: int = 0

    @property
    def feed_forward(self) -> LayerSizes:
        return LayerSizes(self.n_tables, self.n_comparisons, self.width)

    @property
    def unembedder(self) -> LayerSizes | None:
        return LayerSizes(self.n_tables, self.n_comparisons, self.outputs) if self.outputs else None

    @property
    def all_heads(self) -> int:
        return self.layers * self.heads

    @property
    def table_values(self) -> int:
        """Values in all tables."""
        address = 2 * self.n_comparisons + self.positional_bits
        head = (self.n_tables << address) * self.width
        last = self.unembedder.footprint if self.unembedder else 0
        return self.all_heads * head + self.layers * self.feed_forward.footprint + last

    @property
    def parameters(self) -> int:
        """Table values, the embedding and the positional vectors."""
        positional = self.all_heads * self.context * self.n_tables * self.positional_bits
        return self.table_values + self.outputs * self.width + positional

    @property
    def row_values(self) -> int:
        """Values read in one pass over the context; a position attends to those before it."""
        pairs = self.context * (self.context - 1) // 2
        attention = self.all_heads * pairs * self.n_tables * self.width
        last = self.unembedder.row_values if self.unembedder else 0
        return attention + self.context * (self.layers * self.feed_forward.row_values + last)

    @property
    def pair_comparisons(self) -> int:
        """Comparisons of two spikes in one pass: once a position and head, layer and unembedder."""
        blocks = self.all_heads + self.layers + (1 if self.outputs else 0)
        return blocks * self.context * self.feed_forward.comparisons

    @property
    def positional_comparisons(self) -> int:
        """Signs of the positional vectors, once a distance."""
        return self.all_heads * self.context * self.n_tables * self.positional_bits

    @property
    def published_operations(self) -> int:
        """As the paper's table IV counts one pass: every pair of positions, i <= j included, and what follows it."""
        rows = self.all_heads * self.context**2 + self.layers * self.context
        blocks = self.all_heads + self.layers
        return rows * self.n_tables * self.width + blocks * self.context * self.feed_forward.comparisons
