import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.errors import InputError
from eventsim.lut.lattice import LATTICE_MS, snap
from eventsim.lut.layer import LUTLayer

from . import naive


def filled(seed, n_in=9, n_out=5, n_tables=7, n_comparisons=4, dtype=np.float32):
    anchors, tables = naive.random_layer(
        np.random.default_rng(seed), n_in, n_out, n_tables, n_comparisons, dtype
    )
    return LUTLayer(n_in, anchors, tables)


@given(seed=st.integers(0, 10**6), dtype=st.sampled_from([np.float32, np.float64]), levels=st.integers(1, 20))
@settings(max_examples=50, deadline=None)
def test_indices_and_sums_equal_the_oracle(seed, dtype, levels):
    layer = filled(seed, dtype=dtype)
    x = np.random.default_rng(seed + 1).integers(0, levels, (3, layer.n_in)) * 0.5  # few levels: many ties
    for sample, rows, y in zip(x, layer.indices(x), layer.forward(x), strict=True):
        assert rows.tolist() == naive.index_and_nearest(layer.anchors, sample)[0]
        assert y.tolist() == naive.forward(layer.anchors, layer.tables, sample.tolist())
        np.testing.assert_array_equal(layer.forward(sample), y)


def test_a_tie_gives_zero_and_b_first_gives_one():
    layer = LUTLayer(3, np.array([[[0, 1], [1, 2], [2, 0]]]), np.zeros((1, 8, 1)))
    assert layer.indices(np.array([2.0, 2.0, 1.0])).tolist() == [0b010]
    assert layer.indices(np.array([1.0, 1.0, 1.0])).tolist() == [0]


def test_snapped_sums_do_not_depend_on_the_order_of_the_tables():
    layer = filled(3, n_tables=200).snapped()
    x = np.random.default_rng(0).random((20, layer.n_in))
    order = np.random.default_rng(1).permutation(200)
    shuffled = LUTLayer(layer.n_in, layer.anchors[order], layer.tables[order])
    np.testing.assert_array_equal(layer.forward(x), shuffled.forward(x))


def test_snapping_moves_by_half_a_step_at_most():
    layer = filled(5)
    snapped = layer.snapped()
    assert snapped.tables.dtype == layer.tables.dtype
    assert np.abs(snapped.tables - layer.tables).max() <= LATTICE_MS / 2
    assert snapped.snapped() == snapped
    assert layer != snapped


def test_bounds_hold_for_every_choice_of_rows_and_are_reached():
    layer = filled(2, n_tables=3, n_comparisons=2).snapped()
    low, high = layer.latency_bounds()
    choices = np.array(np.meshgrid(*[np.arange(4)] * 3)).reshape(3, -1).T
    sums = layer.tables[np.arange(3), choices].astype(np.float64).sum(axis=1)
    np.testing.assert_array_equal(low, sums.min(axis=0))
    np.testing.assert_array_equal(high, sums.max(axis=0))


def test_drawn_anchors_differ_cover_all_pairs_and_repeat():
    layer = LUTLayer.random(5, 3, n_tables=200, n_comparisons=10, seed=7, name="first")
    a, b = layer.anchors[..., 0].ravel(), layer.anchors[..., 1].ravel()
    assert (a != b).all()
    counts = np.bincount(a * 5 + b, minlength=25).reshape(5, 5)[~np.eye(5, dtype=bool)]
    # Chi-squared with 19 degrees of freedom: 57 is exceeded once in 100,000 seeds.
    assert ((counts - 100) ** 2 / 100).sum() < 57
    assert not layer.tables.any()
    assert not layer.anchors.flags.writeable
    assert layer == LUTLayer.random(5, 3, 200, 10, seed=7, name="first")
    assert layer != LUTLayer.random(5, 3, 200, 10, seed=8, name="first")
    assert layer != LUTLayer.random(5, 3, 200, 10, seed=7, name="second")


@pytest.mark.parametrize(
    ("anchors", "shape", "message"),
    [
        ([[[0, 0]]], (1, 2, 1), "must differ"),
        ([[[0, 3]]], (1, 2, 1), "from 0 to 2"),
        ([[[0, 1]]], (1, 4, 1), r"\(1, 2, 'n_out'\)"),
        ([[0, 1]], (1, 2, 1), "n_comparisons, 2"),
    ],
)
def test_unusable_shapes_are_refused(anchors, shape, message):
    with pytest.raises(InputError, match=message):
        LUTLayer(3, np.array(anchors), np.zeros(shape))


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((4, 3, -3, 2), "n_tables = -3: must be at least 1"),
        ((4, 0, 5, 2), "n_out = 0: must be at least 1"),
        (("4", 3, 5, 2), "n_in = '4': a whole number is needed"),
        ((4, 3, 5, 2.0), "n_comparisons = 2.0: a whole number is needed"),
    ],
)
def test_sizes_that_are_none_are_refused(sizes, said):
    with pytest.raises(InputError, match=said):
        LUTLayer.random(*sizes, seed=1)


def test_an_entry_that_cannot_be_simulated_is_named():
    layer = LUTLayer.random(4, 3, 5, 2, seed=1)
    layer.tables[4, 3, 2] = np.nan
    with pytest.raises(InputError, match=r"tables\[table 4, row 3, output 2\] = nan"):
        layer.snapped()
    layer.tables[4, 3, 2] = snap(0.1) + LATTICE_MS / 4
    with pytest.raises(InputError, match="not a multiple"):
        layer.check()
    many = LUTLayer.random(4, 1, 5000, 1, seed=1)
    with pytest.raises(InputError, match="n_tables = 5000"):
        many.check()
