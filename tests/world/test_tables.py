"""Look-up tables served by injected spikes: a layer is asked volley by volley."""

from __future__ import annotations

import numpy as np

from eventsim import Network, SpikeTrains, World
from eventsim.lut.lattice import snap
from eventsim.lut.layer import LUTLayer
from eventsim.lut.network import LUTNetwork
from eventsim.lut.population import LatencyRange, add_stack, intervals_for, latency_ranges
from tests.lut import naive


def test_a_layer_answers_injected_volleys_as_the_formula_does():
    draw = np.random.default_rng(5)
    anchors, tables = naive.random_layer(draw, 12, 5, 20, 4, np.float64)
    stack = LUTNetwork([LUTLayer(12, anchors, snap(tables))], (False,))
    inputs = LatencyRange(0.0, 10.0)
    intervals = intervals_for(latency_ranges(stack, inputs))
    net = Network()
    source = net.source("input", SpikeTrains(np.zeros((12, 0))))
    (layer,) = add_stack(net, source, stack, intervals, ["layer"], inputs)
    world, x = World(net, "queue"), snap(draw.uniform(0.0, 10.0, (6, 12)))
    times = intervals.spike_times(x, np.arange(6))

    def ask():
        for each in times:
            yield world.at(each.min())
            world.inject(source, at=each)

    world.process(ask())
    world.run(intervals.duration_ms(6, 1))
    raster = world.results().spikes(layer.name)
    answers = intervals.table(raster.times, raster.ids, 6, layer.size, 1)
    np.testing.assert_array_equal(answers, stack.forward(x))
