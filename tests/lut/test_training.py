from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.errors import InputError
from eventsim.kernels.lut import table as kernels
from eventsim.lut.layer import LUTLayer
from eventsim.lut.network import LUTNetwork
from eventsim.lut.train import Trainer

from . import naive


def stack(seed, sizes, dtype=np.float32, residual=(), n_tables=6, n_comparisons=3):
    draw = np.random.default_rng(seed)
    layers = [
        LUTLayer(n, *naive.random_layer(draw, n, m, n_tables, n_comparisons, dtype))
        for n, m in pairwise(sizes)
    ]
    return LUTNetwork(layers, residual)


def samples(seed, network, n):
    draw = np.random.default_rng(seed)
    x = np.where(draw.random((n, network.n_in)) < 0.3, 1.0, draw.random((n, network.n_in)))  # some ties
    return x, draw.integers(0, network.n_out, n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("sizes", "residual"),
    [
        ((5, 4), ()),
        ((5, 7, 4), ()),
        ((5, 5, 5, 3), (True, True, False)),
        ((6, 4, 4, 3), (False, True, False)),
    ],
)
def test_training_equals_the_oracle_bit_for_bit(sizes, residual, dtype):
    network = stack(1, sizes, dtype, residual)
    copies = [(layer.anchors, layer.tables.copy()) for layer in network.layers]
    x, labels = samples(2, network, 60)
    loss = Trainer(network, rate_scale=2.0, step=500).run(x, labels)
    losses = naive.train(copies, network.residual, x, labels, scale=2.0, step=500)
    assert loss == sum(losses) / len(losses)
    for layer, (_, tables) in zip(network.layers, copies, strict=True):
        np.testing.assert_array_equal(layer.tables, tables)


def _body(kernel, jitted):
    return kernel if jitted else getattr(kernel, "py_func", kernel)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_jitted_and_plain_kernels_give_the_same_bits(seed):
    layer = stack(seed, (6, 4)).layers[0]
    draw = np.random.default_rng(seed)
    x, grad_y = draw.integers(0, 5, 6) * 1.0, draw.standard_normal(4)
    results = []
    for jitted in (True, False):
        body = partial(_body, jitted=jitted)
        tables, y, grad_x = layer.tables.copy(), np.zeros(4), np.zeros(6)
        index, nearest = np.zeros(6, np.int64), np.zeros(6, np.int64)
        body(kernels.resolve)(layer.anchors, x, index, nearest)
        body(kernels.read)(tables, index, y)
        body(kernels.pass_back)(layer.anchors, tables, x, index, nearest, grad_y, grad_x)
        body(kernels.learn)(tables, index, grad_y, 0.1)
        results.append((index, nearest, y, grad_x, tables))
    for compiled, plain in zip(*results, strict=True):
        np.testing.assert_array_equal(compiled, plain)


def test_the_gradient_is_the_slope_of_the_blend_with_the_nearest_row():
    """Between two flips ``y(x) = sum_i S[j] + U(u*) (S[jbar] - S[j])`` is smooth; its slope is what is passed back."""
    layer = stack(4, (6, 3), np.float64).layers[0]
    x, grad_y = np.random.default_rng(5).random(6), np.array([0.3, -1.0, 0.7])
    rows, nearest = naive.index_and_nearest(layer.anchors, x)

    def blended(point):
        total = 0.0
        for i, (row, r) in enumerate(zip(rows, nearest, strict=True)):
            a, b = layer.anchors[i, r]
            here, there = layer.tables[i, row], layer.tables[i, row ^ 2**r]
            total += grad_y @ (here + naive.uncertainty(point[a] - point[b]) * (there - here))
        return total

    step = 1e-6
    slopes = [(blended(x + step * unit) - blended(x - step * unit)) / (2 * step) for unit in np.eye(6)]
    grad_x = np.zeros(6)
    index, nearest_of = np.array(rows), np.array(nearest)
    kernels.pass_back(layer.anchors, layer.tables, x, index, nearest_of, grad_y, grad_x)
    np.testing.assert_allclose(grad_x, slopes, atol=1e-8)


def test_a_tie_passes_back_the_slope_of_a_first():
    layer = LUTLayer(2, np.array([[[0, 1]]]), np.array([[[1.0], [3.0]]]))
    grad_x = np.zeros(2)
    zero = np.zeros(1, np.int64)
    kernels.pass_back(layer.anchors, layer.tables, np.zeros(2), zero, zero, np.array([1.0]), grad_x)
    assert grad_x.tolist() == [1.0, -1.0]  # g = 2, U'(0) = 0.5


def test_loss_is_the_cross_entropy_of_the_first_spike():
    latency, grad = np.array([1.0, -2.0, 0.5]), np.zeros(3)
    loss = kernels.first_spike_loss(latency, 3, 2, grad)
    chance = np.exp(-latency) / np.exp(-latency).sum()
    assert loss == pytest.approx(-np.log(chance[2]), rel=1e-14)
    np.testing.assert_allclose(grad, [-chance[0], -chance[1], 1 - chance[2]], rtol=1e-14)
    assert abs(grad.sum()) < 1e-15


def test_schedule_rises_to_its_peak_and_falls():
    assert kernels.learning_rate(0) == 0.0
    assert kernels.learning_rate(100) == pytest.approx(100 / 4000**1.5)
    assert kernels.learning_rate(40000) == pytest.approx(1 / 200, rel=1e-4)
    assert max(range(10000), key=kernels.learning_rate) in (3999, 4000)


def test_layers_of_a_stack_equal_the_direct_formula():
    network = stack(7, (6, 6, 4, 3), np.float32, (True, False, False)).snapped()
    x, _ = samples(8, network, 25)
    states = network.latencies(x)
    np.testing.assert_array_equal(states[0], x)
    for k, layer in enumerate(network.layers):
        added = states[k] + layer.forward(states[k]) if k == 0 else layer.forward(states[k])
        if k:
            np.testing.assert_array_equal(states[k + 1], added)
        else:
            np.testing.assert_allclose(states[k + 1], added, rtol=0, atol=1e-14)  # x is off the lattice here
    np.testing.assert_array_equal(network.predict(x), states[-1].argmin(axis=1))


def test_cut_training_equals_whole_training():
    whole, cut = stack(9, (5, 5, 3), residual=(True, False)), stack(9, (5, 5, 3), residual=(True, False))
    x, labels = samples(10, whole, 90)
    Trainer(whole).run(x, labels)
    trainer = Trainer(cut)
    for part in (slice(0, 1), slice(1, 40), slice(40, 90)):
        trainer.run(x[part], labels[part])
    assert trainer.step == 90
    assert whole == cut


@pytest.mark.parametrize(("hidden", "residual"), [((), ()), ((8,), ()), ((6, 6), (True, True, False))])
def test_stacks_learn_which_input_spikes_first(hidden, residual):
    sizes = (6, *hidden, 6)
    layers = [LUTLayer.random(n, m, 40, 5, seed=2, name=f"{k}") for k, (n, m) in enumerate(pairwise(sizes))]
    network = LUTNetwork(layers, residual)
    x = np.random.default_rng(3).random((6500, 6))
    Trainer(network).run(x[:6000], x[:6000].argmin(axis=1))
    assert network.accuracy(x[6000:], x[6000:].argmin(axis=1)) > 0.8  # by chance 0.17


def test_mistakes_are_named():
    network = stack(1, (5, 4))
    x, labels = samples(2, network, 3)
    with pytest.raises(InputError, match=r"labels\[1\] = 4: must be from 0 to 3"):
        Trainer(network).run(x, np.array([0, 4, 1]))
    with pytest.raises(InputError, match=r"x\[2\] = nan"):
        network.forward(np.array([x[0], x[1], np.full(5, np.nan)]))
    with pytest.raises(InputError, match=r"\(n, 5\)"):
        network.forward(x[:, :3])
    with pytest.raises(InputError, match="one a sample"):
        Trainer(network).run(x, labels[:2])
    first, other = network.layers[0], stack(1, (3, 4)).layers[0]
    with pytest.raises(InputError, match=r"layers\[1\] = 3: inputs, but 4 outputs before it"):
        LUTNetwork([first, other])
    with pytest.raises(InputError, match=r"residual\[0\]"):
        LUTNetwork([first], [True])
