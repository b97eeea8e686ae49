"""The published counts, and the honest ones by counting a network that was simulated."""

import pytest

from eventsim.lut.operations import PaperCounts, matrix_operations, table_operations
from eventsim.lut.transformer import RELEASED, TransformerSettings


def test_the_published_counts_come_out():
    counts = PaperCounts()
    assert (counts.footprint, counts.compared, counts.context_total) == (10_496_000, 120, 172_800)
    assert counts.ratios()["claimed"] == pytest.approx(8738, abs=1)
    assert counts.ratios()["whole_formula"] == pytest.approx(988, abs=0.5)
    assert counts.ratios()["with_values_read"] == pytest.approx(172, abs=0.5)
    long = PaperCounts(context=2048).ratios()
    assert long["whole_formula"] == pytest.approx(36, abs=0.5)
    assert long["with_values_read"] == pytest.approx(6, abs=0.5)


def test_counts_of_a_byte():
    counts = table_operations(
        TransformerSettings(context=5, latencies=6, layers=2, heads=2, tables=3, comparisons=2)
    )
    assert counts.comparisons == (2 * 6 + 2 * 3 + 3) * 2
    assert counts.rows_read == 2 * 6 * 4 + 2 * 3 + 3
    assert counts.values_read == counts.additions == (2 * 6 * 4 + 2 * 3) * 6 + 3 * 256
    assert table_operations(RELEASED).table_entries == 805_765_120
    assert matrix_operations(context=16, width=8, layers=1) == 4 * 64 + 2 * 16 * 8 + 2 * 8 * 32 + 8 * 256
