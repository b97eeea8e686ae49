"""Transformers of look-up tables: training against an oracle, and the event-driven run against the formula."""

import numpy as np
import pytest

from eventsim import Network, simulate
from eventsim.errors import FileFormatError, InputError
from eventsim.lut.population import LatencyRange, add_volleys, intervals_for
from eventsim.lut.stages import add_stages, embedded, forward, ranges, transformer_stages
from eventsim.lut.text import Text, python_english, read_text
from eventsim.lut.text_training import TextTrainer
from eventsim.lut.transformer import RELEASED, Transformer, TransformerSettings
from tests.lut.naive_transformer import NaiveTransformer

TINY = {"context": 5, "latencies": 6, "layers": 2, "heads": 2, "tables": 3, "comparisons": 2, "place_bits": 2}
CHOICES = [
    {},
    {"shared_anchors": False, "places": "order", "train_embedding": True},
    {"feed_forward": False, "latencies": 18},
]


def text(seed=0, context=5, n=4000):
    """A Markov chain on a few bytes, which can be learnt."""
    draw = np.random.default_rng(seed)
    return Text((np.cumsum(draw.integers(1, 3, n)) % 7 + 97).astype(np.uint8), context, seed, tests=20)


def filled(settings, seed=0):
    """A model whose tables are not zero."""
    model, draw = Transformer(settings, seed), np.random.default_rng(seed)
    n = settings.latencies
    for tables in (model.weights.tables, model.weights.forward_tables):
        tables[..., :n] = draw.normal(0.0, 0.1, (*tables.shape[:-1], n))
    model.weights.readout_tables[:] = draw.normal(0.0, 0.3, model.weights.readout_tables.shape)
    return model


@pytest.mark.parametrize("choice", [*CHOICES, {"context": 18, "layers": 1}])
def test_steps_are_those_of_the_oracle(choice):
    settings = TransformerSettings(**TINY | choice)
    model, data = filled(settings), text(context=settings.context)
    oracle = NaiveTransformer(settings, {name: array.copy() for name, array in model.arrays().items()})
    trainer = TextTrainer(model, data)
    trainer.done[0] = 4000  # where the published rate is largest
    rate = 1 / np.sqrt(4001)
    for tokens in data.training(4000, 4).tolist():
        losses = []
        trainer.run(trainer.step + 1, lambda step, loss, losses=losses: losses.append(loss))
        assert losses[0] == pytest.approx(oracle.step(tokens, rate)[1], rel=1e-5)
    for name, expected in oracle.a.items():
        actual = model.arrays()[name]
        if name == "positions":
            actual = actual[:, :, : settings.context].transpose(0, 2, 1)[:, ::-1]
        expected = np.array(expected).reshape(actual.shape)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=6e-5, err_msg=name)
    tokens = data.tested(1)
    assert trainer.held_out_losses(1)[0] == pytest.approx(oracle.step(tokens[0].tolist(), 0.0)[0], rel=1e-5)


@pytest.mark.parametrize("choice", CHOICES)
def test_threads_and_cuts_change_no_bit(choice, tmp_path):
    settings, data = TransformerSettings(**TINY | choice), text()
    whole = TextTrainer(Transformer(settings, 3), data, rate_scale=30.0)
    whole.run(60)
    first = TextTrainer(Transformer(settings, 3), data, rate_scale=30.0)
    for threads, until in ((2, 15), (3, 20), (1, 25)):
        first.choice.next = lambda steps, threads=threads: (threads, steps)
        first.run(until, chunk=7)
    first.save(tmp_path / "model.h5")
    second = TextTrainer(Transformer(settings, 3), data, rate_scale=30.0, threads=2)
    second.resume(tmp_path / "model.h5")
    assert second.step == 25
    second.run(60)
    assert np.abs(whole.model.weights.tables).max() > 0.0
    for name, array in whole.model.arrays().items():
        np.testing.assert_array_equal(array, second.model.arrays()[name], err_msg=name)
    whole.save(tmp_path / "whole.h5")
    second.save(tmp_path / "model.h5")
    assert (tmp_path / "whole.h5").read_bytes() == (tmp_path / "model.h5").read_bytes()


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    trainer = TextTrainer(Transformer(TransformerSettings(**TINY), 3), text())
    trainer.save(tmp_path / "model.h5")
    with pytest.raises(InputError, match=r"seed = 4: the checkpoint .* has 3"):
        TextTrainer(Transformer(TransformerSettings(**TINY), 4), text()).resume(tmp_path / "model.h5")
    (tmp_path / "model.h5").write_bytes((tmp_path / "model.h5").read_bytes()[:2000])
    with pytest.raises(FileFormatError, match="truncated"):
        trainer.resume(tmp_path / "model.h5")


def simulated(stages, x, engine="queue"):
    """What each stage answers, (texts, positions, n) by the raster; and the whole results."""
    inputs = LatencyRange(float(x[np.isfinite(x)].min()), float(x[np.isfinite(x)].max()))
    intervals = intervals_for(ranges(stages, inputs))
    network, volleys = Network(), x.reshape(-1, x.shape[-1])
    names = [f"stage {k}" for k in range(len(stages))]
    source = add_volleys(network, "bytes", volleys, intervals)
    outputs = add_stages(network, source, stages, intervals, names, inputs)
    results = simulate(network, intervals.duration_ms(len(volleys), len(stages)), engine=engine)
    answers = []
    for k, population in enumerate(outputs):
        raster = results.spikes(population.name)
        table = intervals.table(raster.times, raster.ids, len(volleys), population.size, first=k + 1)
        assert np.isfinite(table).sum() == len(raster)
        answers.append(table.reshape(*x.shape[:2], -1))
    return answers, results


@pytest.mark.parametrize("choice", CHOICES)
def test_event_driven_logits_are_those_of_the_formula(choice):
    settings = TransformerSettings(**TINY | choice)
    model = filled(settings, 1)
    model.weights.tables[:] *= 64.0  # sums of rows need more bits than float32 has
    stages, x = transformer_stages(model), embedded(model, text(2).tested(6)[:, :5])
    answers, results = simulated(stages, x)
    for got, expected in zip(answers, forward(stages, x)[1:], strict=True):
        np.testing.assert_array_equal(got, expected)
    reads = 6 * settings.attention_tables * sum(range(settings.context))
    assert len(results.spikes("stage 0 tables")) == reads


def test_the_formula_on_the_lattice_is_what_was_trained():
    settings = TransformerSettings(**TINY)
    model, data = filled(settings, 4), text(5)
    tokens = data.tested(20)
    logits = -forward(transformer_stages(model), embedded(model, tokens[:, :-1]))[-1][:, -1]
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(20), tokens[:, -1]]
    np.testing.assert_allclose(losses, TextTrainer(model, data).held_out_losses(), rtol=1e-5)


def test_missing_spikes_are_answered_alike():
    settings = TransformerSettings(**TINY)
    stages = transformer_stages(filled(settings, 6))
    x = embedded(filled(settings, 6), text(7).tested(8)[:, :5])
    x[np.random.default_rng(8).random(x.shape) < np.linspace(0.0, 0.8, 8)[:, None, None]] = np.inf
    answers, _ = simulated(stages, x)
    for got, expected in zip(answers, forward(stages, x)[1:], strict=True):
        np.testing.assert_array_equal(got, expected)
    assert np.isinf(answers[0]).any()


def test_windows_are_drawn_by_step_and_avoid_what_is_held_out():
    data = text(1, n=3000)
    windows = data.training(1000, 100)
    np.testing.assert_array_equal(windows, np.concatenate([data.training(1000, 30), data.training(1030, 70)]))
    starts = np.concatenate([data._block(k) for k in range(3)])
    assert np.abs(starts[:, None] - data.held_out[None]).min() > data.context
    with pytest.raises(InputError, match="text = 12"):
        Text(np.zeros(12, np.uint8), 5, 0)


def test_texts_come_from_files_and_from_python(tmp_path):
    import gzip

    english = python_english()
    assert len(english) > 300_000
    assert b" the " in english.tobytes()
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"some text"))
    assert read_text(tmp_path / "a.txt.gz").tobytes() == b"some text"


def test_sizes_are_those_published_and_mistakes_are_named():
    assert RELEASED.table_entries == 805_765_120
    for name, value in [("heads", 0), ("context", 1), ("places", "none"), ("comparisons", 12)]:
        with pytest.raises(InputError, match=name):
            TransformerSettings(**{name: value})
