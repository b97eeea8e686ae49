"""What a byte costs: operations as the Spiking Manifesto counts them, and as they are.

Side by side: comparisons, rows read, values read, additions and footprint of the tables, and the multiply-accumulates
of a transformer of matrices.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from eventsim.lut.text import SYMBOLS
from eventsim.lut.transformer import TransformerSettings


@dataclass(frozen=True)
class Operations:
    """For one byte, the newest of its context: all earlier indices are remembered."""

    comparisons: int
    rows_read: int
    values_read: int
    additions: int
    table_entries: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def table_operations(s: TransformerSettings) -> Operations:
    """Of a transformer of look-up tables at the last position of its context."""
    heads, earlier, n = s.layers * s.attention_tables, s.context - 1, s.latencies
    indices = 1 if s.shared_anchors else 2
    forward = s.layers * s.tables if s.feed_forward else 0
    comparisons = (heads * indices + forward + s.tables) * s.comparisons
    rows = heads * earlier + forward + s.tables
    values = (heads * earlier + forward) * n + s.tables * SYMBOLS
    return Operations(comparisons, rows, values, values, s.table_entries)


def matrix_operations(context: int, width: int, layers: int, hidden: int | None = None) -> int:
    """Multiply-accumulates of a transformer of matrices for the newest byte, keys and values remembered.

    Of each layer queries, keys, values and output (4 w**2), scores and weighted values (2 N w) and two feed-forward
    matrices; then the unembedding.
    """
    hidden = 4 * width if hidden is None else hidden
    return layers * (4 * width**2 + 2 * context * width + 2 * width * hidden) + width * SYMBOLS


@dataclass(frozen=True)
class PaperCounts:
    """One layer with one head, n = 16 and 10 tables, counted as the paper does, at a context of N positions.

    It sets 2 n_t n_c = 120 comparisons (the index of attention and that of the feed-forward layer), and 3 n_t = 30
    operations a pair, against a matrix layer of 1,048,576 + 576 N; "10,000 times" leaves out both terms with N.
    """

    context: int = 32
    latencies: int = 16
    tables: int = 10
    comparisons: int = 6
    place_bits: int = 4

    @property
    def footprint(self) -> int:
        """Values in the tables of attention and of the feed-forward layer: 10,496,000."""
        rows = (1 << (2 * self.comparisons + self.place_bits)) + (1 << self.comparisons)
        return self.tables * self.latencies * rows

    @property
    def compared(self) -> int:
        """Comparisons a position: 120."""
        return 2 * self.tables * self.comparisons

    @property
    def context_total(self) -> int:
        """Comparisons and values read over a context in which every position reads a row from each of the N and the
        feed-forward row: N (120 + 160 (N + 1)), 172,800 for N = 32 (our reading: the paper does not derive it)."""
        row = self.tables * self.latencies
        return self.context * (self.compared + row * (self.context + 1))

    @property
    def matrices(self) -> int:
        """What the paper counts for the newest position of a layer of matrices."""
        return 1_048_576 + 576 * self.context

    @property
    def looked_up(self) -> int:
        """What the paper counts for the newest position of a layer of tables."""
        return self.compared + 3 * self.tables * self.context

    def ratios(self) -> dict[str, float]:
        """Operations of matrices for one of tables: as claimed, by the whole formula, and with the values read."""
        values = self.tables * self.latencies * self.context
        return {
            "claimed": 1_048_576 / self.compared,
            "whole_formula": self.matrices / self.looked_up,
            "with_values_read": self.matrices / (self.looked_up + values),
        }
