"""Row usage, rewiring, coarse and dropped tables, anchors from data."""

import numpy as np
import pytest

from eventsim.errors import InputError
from eventsim.lut.layer import draw_anchors
from eventsim.lut.stages import embedded, forward, transformer_stages
from eventsim.lut.study import (
    choose_anchors,
    chosen_anchors,
    quantised,
    rewire,
    unused_comparisons,
    usage_entropy,
    without_tables,
)
from eventsim.lut.transformer import Transformer, TransformerSettings
from tests.lut.test_transformer import TINY, filled, text


def test_entropy_counts_what_rows_are_used():
    x = np.random.default_rng(0).random((4000, 4))
    independent = np.array([[[0, 1], [2, 3]]])
    assert usage_entropy(independent, x)[0] == pytest.approx(2.0, abs=0.01)
    assert usage_entropy(np.array([[[0, 1], [0, 1]]]), x)[0] == pytest.approx(1.0, abs=0.01)
    x[:, 3] += 2.0
    assert usage_entropy(independent, x)[0] == pytest.approx(1.0, abs=0.01)
    assert unused_comparisons(independent, x).tolist() == [[False, True]]


def test_chosen_anchors_use_more_rows():
    draw = np.random.default_rng(1)
    x = draw.random((500, 8)) + np.linspace(0.0, 2.0, 8)
    drawn, chosen = draw_anchors(8, (10, 4), 2, "layer"), chosen_anchors(x, (10, 4), 2, "layer")
    assert (chosen[..., 0] != chosen[..., 1]).all()
    assert usage_entropy(chosen, x).mean() > usage_entropy(drawn, x).mean() + 0.5
    model = Transformer(TransformerSettings(**TINY), 0)
    volleys = forward(transformer_stages(model), embedded(model, text().tested(20)[:, :5]))
    choose_anchors(model, volleys, 3)
    np.testing.assert_array_equal(model.weights.query_anchors, model.weights.key_anchors)
    with pytest.raises(InputError, match="trained"):
        choose_anchors(filled(TransformerSettings(**TINY)), volleys, 3)


def test_rewiring_an_unused_comparison_changes_no_answer():
    model = filled(TransformerSettings(**TINY))
    model.weights.embedding[:, 0] += 8.0  # always the last: every comparison with it is unused
    x = embedded(model, text().tested(20)[:, :5])
    before = forward(transformer_stages(model), x)
    changed = rewire(model, before, seed=1)
    after = forward(transformer_stages(model), x)
    assert changed > 0
    np.testing.assert_array_equal(after[-1], before[-1])


def test_coarse_tables_keep_their_sizes():
    stages = transformer_stages(filled(TransformerSettings(**TINY)))
    x = embedded(filled(TransformerSettings(**TINY)), text().tested(10)[:, :5])
    exact = stages[-1].forward(x)
    for kind, levels, error in (("int8", 255, 0.02), ("ternary", 3, 1.5)):
        coarse = quantised(stages, kind)
        table = coarse[-1].layer.tables[0]
        assert np.unique(table).size <= levels
        assert 0.0 < np.abs(coarse[-1].forward(x) - exact).mean() < error
        coarse[-1].layer.check()
    with pytest.raises(InputError, match="kind"):
        quantised(stages, "int4")


def test_dropped_tables_add_nothing():
    stages = transformer_stages(filled(TransformerSettings(**TINY)))
    thinned = without_tables(stages, 0.5, seed=0)
    dropped = [not each.layer.tables[i].any() for each in thinned[1::2] for i in range(3)]
    assert 0 < sum(dropped) < len(dropped)
    with pytest.raises(InputError, match="fraction"):
        without_tables(stages, 1.0, seed=0)
