"""Look-up-table layers in both engines: the same spikes, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.lut.lattice import LATTICE_MS
from eventsim.lut.layer import LUTLayer
from eventsim.lut.population import Intervals, LatencyRange, add_layer, add_volleys
from eventsim.network import Network
from eventsim.simulation.oracle.engine import SimPyEngine
from eventsim.simulation.queue_engine import QueueEngine
from tests.engines.runs import run

LATENCIES = st.integers(-4, 4).map(lambda k: k / 2) | st.just(np.inf)  # coarse: many ties; inf: no spike


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(LATENCIES, min_size=6, max_size=6), min_size=1, max_size=4),
    st.integers(0, 2**32),
    st.sampled_from([None, LatencyRange(-10.0, 10.0)]),
)
def test_layers_agree_bit_for_bit(volleys, seed, residual):
    """Two layers, one behind the other, with ties and with inputs that stay silent."""
    network, rng = Network(), np.random.default_rng(seed)
    intervals = Intervals(length_ms=40.0, offset_ms=20.0)
    source = add_volleys(network, "input", np.array(volleys), intervals)
    for name in ("first", "second"):
        layer = LUTLayer.random(6, 6, n_tables=3, n_comparisons=2, seed=seed, name=name, dtype=np.float64)
        layer.tables[:] = rng.integers(-(2**25), 2**25, layer.tables.shape) * LATTICE_MS
        source = add_layer(network, source, layer, intervals, name, residual)
    end = (len(volleys) + 3) * intervals.length_ms
    queue, simpy = run(QueueEngine, network, end), run(SimPyEngine, network, end)
    np.testing.assert_array_equal(queue.ids, simpy.ids)
    np.testing.assert_array_equal(queue.times, simpy.times)
    if np.isfinite(volleys).all():
        assert queue.ids.size == 2 * (3 + 6) * len(volleys)
