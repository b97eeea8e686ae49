"""A layer of plain neurons computes what the look-up tables do."""

import numpy as np
import pytest

from eventsim import Network, SpikeTrains, simulate
from eventsim.errors import InputError
from eventsim.lut.layer import LUTLayer
from networks.lut_neurons import add_table_neurons
from tests.lut import naive


@pytest.mark.parametrize("seed", range(12))
def test_comparators_and_coincidence_find_the_row(seed):
    draw = np.random.default_rng(seed)
    anchors, tables = naive.random_layer(draw, 9, 4, 5, 6, np.float64)
    layer = LUTLayer(9, anchors, np.round(tables * 2.0**12) / 2.0**12).snapped()  # synapses keep float32
    x = draw.uniform(0.5, 10.0, 9)
    network, order = Network(), np.argsort(x)
    source = network.source("input", SpikeTrains(x[order], order.astype(np.uint32), 9))
    neurons = add_table_neurons(network, source, layer, "plain")
    network.record_state(neurons.sums, "v", [11.0])
    results = simulate(network, 12.0)
    bits = layer.indices(x)[:, None] >> np.arange(6) & 1
    fired = np.zeros(30, bool)
    fired[results.spikes("plain b first").ids] = True
    np.testing.assert_array_equal(fired.reshape(5, 6), bits == 1)
    rows = results.spikes("plain rows")
    assert sorted(rows.ids.tolist()) == (np.arange(5) * 64 + layer.indices(x)).tolist()
    earlier = x[layer.anchors].min(axis=2).max(axis=1)  # the first of each pair, the last of these
    np.testing.assert_array_equal(np.sort(rows.times), np.sort(earlier))
    np.testing.assert_array_equal(results.states(0).values.ravel(), layer.forward(x))


def test_the_weights_are_for_six_comparisons():
    network = Network()
    source = network.source("input", SpikeTrains(np.zeros(0), np.zeros(0, np.uint32), 4))
    with pytest.raises(InputError, match="n_comparisons = 5"):
        add_table_neurons(network, source, LUTLayer.random(4, 1, 2, 5, seed=0), "plain")
