"""Recurrent networks of look-up tables: training against an oracle, and the spiking loop against the formula."""

import math

import numpy as np
import pytest

from eventsim import Network, simulate
from eventsim.lut.population import LatencyRange, add_volleys, intervals_for
from eventsim.lut.recurrent import Recurrent, RecurrentSettings
from eventsim.lut.recurrent_stages import Loop
from eventsim.lut.text_training import TextTrainer
from tests.lut import naive
from tests.lut.test_transformer import text

SMALL = RecurrentSettings(5, 6, 7, 3, 4, 2)


def filled(seed):
    model, draw = Recurrent(SMALL, seed), np.random.default_rng(seed)
    model.weights.tables[..., :6] = draw.normal(0.0, 0.2, (7, 8, 6))
    model.weights.readout_tables[:] = draw.normal(0.0, 0.3, (4, 4, 256))
    return model


def oracle_step(a, tokens, rate):
    """One step in plain floats on the arrays ``a``; the mean loss before it."""
    states = []
    for token in tokens[:5]:
        z = a["embedding"][token][:6].tolist()
        states.append(naive.forward(a["anchors"], a["tables"][..., :6], states[-1], z) if states else z)
    grads, loss, logit_grads = [], 0.0, []
    for h, target in zip(states, tokens[1:], strict=True):
        logits = naive.forward(a["readout_anchors"], a["readout_tables"], h)
        powers = [math.exp(each) for each in logits]
        loss += math.log(sum(powers)) - logits[target]
        logit_grads.append([power / sum(powers) for power in powers])
        logit_grads[-1][target] -= 1.0
    grads = [[0.0] * 6 for _ in states]
    for i in range(len(a["readout_tables"])):  # table by table, as the order of steps matters
        anchors, tables = a["readout_anchors"][i : i + 1], a["readout_tables"][i : i + 1]
        for c, h in enumerate(states):
            grads[c] = naive.input_gradient(anchors, tables, h, logit_grads[c], grads[c])
            tables[0, naive.index_and_nearest(anchors, h)[0][0]] -= rate * np.array(logit_grads[c])
    for c in range(4, 0, -1):
        tables = a["tables"][..., :6]
        passed = naive.input_gradient(a["anchors"], tables, states[c - 1], grads[c], grads[c - 1])
        for table, row in zip(tables, naive.index_and_nearest(a["anchors"], states[c - 1])[0], strict=True):
            table[row] -= rate * np.array(grads[c])
        grads[c - 1] = passed
    return loss / 5


def test_steps_are_those_of_the_oracle():
    model, data = filled(1), text()
    arrays = {name: array.copy() for name, array in model.arrays().items()}
    arrays |= {name: arrays[name].astype(float) for name in ("tables", "readout_tables")}
    trainer = TextTrainer(model, data)
    trainer.done[0] = 4000
    for tokens in data.training(4000, 4).tolist():
        losses = []
        trainer.run(trainer.step + 1, lambda step, loss, losses=losses: losses.append(loss))
        assert losses[0] == pytest.approx(oracle_step(arrays, tokens, 1 / math.sqrt(4001)), rel=1e-5)
    for name in ("tables", "readout_tables"):
        np.testing.assert_allclose(model.arrays()[name], arrays[name], rtol=0, atol=2e-5)


def test_the_state_goes_round_as_the_formula_says():
    loop, data = Loop.of(filled(2)), text(3)
    z = loop.embedding[data.data[:40]]
    inputs = LatencyRange(-1.0, 1.0)
    intervals = intervals_for(loop.ranges(inputs))
    network = Network()
    loop.add(network, add_volleys(network, "bytes", z, intervals), intervals, inputs)
    results = simulate(network, intervals.duration_ms(40, 2))
    states, outputs = loop.forward(z)
    for name, expected, first in (("state", states, 1), ("next byte", outputs, 2)):
        raster = results.spikes(name)
        got = intervals.table(raster.times, raster.ids, 40, expected.shape[1], first)
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(states[0], z[0])
    naive_state = naive.forward(loop.recurrent.anchors, loop.recurrent.tables, z[0].tolist(), z[1].tolist())
    np.testing.assert_array_equal(states[1], naive_state)


def test_the_loss_of_the_last_byte_is_that_of_the_formula():
    model, data = filled(4), text(5)
    for tokens, loss in zip(data.tested(5), TextTrainer(model, data).held_out_losses(5), strict=True):
        loop = Loop.of(model)
        logits = -loop.forward(loop.embedding[tokens[:-1]])[1][-1]
        assert loss == pytest.approx(np.log(np.exp(logits).sum()) - logits[tokens[-1]], rel=1e-5)
