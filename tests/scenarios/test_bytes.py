"""The scenarios ``bytes`` and ``bytes-rnn`` as a user runs them, and what Ctrl-C and checkpoints do."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from eventsim.errors import InputError
from eventsim.lut.text import Text
from eventsim.lut.text_training import TextTrainer
from eventsim.lut.transformer import Transformer, TransformerSettings
from networks.bytes import build
from networks.lut_text import cross_entropy, train

ROOT = Path(__file__).parents[2]
SIZES = {
    "context": 5,
    "latencies": 6,
    "layers": 2,
    "heads": 2,
    "tables": 3,
    "comparisons": 2,
    "place_bits": 2,
}
SMALL = SIZES | {"steps": 300, "tests": 40, "simulated": 4, "noisy": 6, "generated": 5, "rate_scale": 10.0}
NOISES = {"jitter_ms": [0.5], "lost": [0.2, 1.0], "tick_ms": [1e-6]}


def run(scenario: str, folder: Path, **parameters: object) -> dict:
    """The summary of ``eventsim run``."""
    settings = [f"--set=parameters.{name}={json.dumps(value)}" for name, value in parameters.items()]
    command = [Path(sys.executable).with_name("eventsim"), "run", f"scenarios/{scenario}.toml", "--json"]
    done = subprocess.run(
        [*command, "--out", folder, *settings], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bytes")
    text = folder / "text.txt"
    text.write_bytes(b"the cat sat on the mat and the dog lay by the log. " * 60)
    return folder, run("bytes", folder, text=str(text), checkpoints=str(folder / "kept"), **SMALL, **NOISES)


def test_a_run_leaves_what_it_says(small):
    folder, summary = small
    metrics = summary["metrics"]
    assert {path.name for path in folder.iterdir()} == {
        "raster.h5", "summary.json", "bytes.png", "text.txt", "kept"
    }  # fmt: skip
    assert metrics["steps"] == 300
    assert metrics["logits_identical"] is True
    assert metrics["layers_identical"] is True
    assert metrics["training_loss_nats"] < np.log(256)
    assert metrics["operations_a_byte"]["rows_read"] == 2 * 6 * 4 + 2 * 3 + 3
    # four contexts of five positions: 10 pairs a table of attention, a row a position of every other
    assert metrics["rows_read"] == 4 * (2 * 6 * 10 + 2 * 3 * 5 + 3 * 5)
    with h5py.File(folder / "raster.h5") as file:
        assert len(file["spikes"]["next byte"]["timestamps"]) == 4 * 5 * 256


def test_noise_is_in_the_table(small):
    clean, jitter, lost, none, tick = small[1]["metrics"]["by_noise"]
    assert (jitter["jitter_ms"], lost["lost"], tick["tick_ms"]) == (0.5, 0.2, 1e-6)
    assert none["loss_nats"] == pytest.approx(np.log(256))  # nothing arrives at all
    assert tick["loss_nats"] == pytest.approx(clean["loss_nats"], abs=0.05)
    assert lost["loss_nats"] != clean["loss_nats"]


def test_tables_are_studied(small):
    metrics = small[1]["metrics"]
    clean = metrics["by_noise"][0]["loss_nats"]
    int8, ternary, *dropped = metrics["by_tables"]
    assert int8["loss_nats"] == pytest.approx(clean, abs=0.05)
    assert abs(ternary["loss_nats"] - clean) > abs(int8["loss_nats"] - clean)
    assert [each["tables"] for each in dropped] == ["0.1 dropped", "0.3 dropped"]
    assert list(metrics["row_entropy_bits"])[-1] == "next byte"
    assert all(0.0 <= bits <= 2.0 for bits in metrics["row_entropy_bits"].values())


def test_the_recurrent_network_reads_on(tmp_path, small):
    sizes = {"context": 5, "latencies": 6, "tables": 7, "comparisons": 3, "readout_tables": 4}
    parameters = sizes | {"readout_comparisons": 2, "steps": 200, "tests": 20, "characters": 30}
    text = str(small[0] / "text.txt")
    metrics = run("bytes-rnn", tmp_path, text=text, checkpoints=str(tmp_path), **parameters)["metrics"]
    assert metrics["states_identical"] is True
    assert metrics["logits_identical"] is True
    assert metrics["bytes_read"] == 30
    assert metrics["simulated_loss_nats"] < np.log(256)
    assert (tmp_path / "bytes-rnn.png").exists()


class Interrupted:
    """A model whose training is interrupted in its third chunk."""

    def __init__(self, model):
        self._model, self._chunks = model, 0

    def __getattr__(self, name):
        return getattr(self._model, name)

    def run(self, texts, *arguments):
        self._chunks += 1
        if self._chunks == 3:
            self._model.run(texts[:10], *arguments)
            raise KeyboardInterrupt
        self._model.run(texts, *arguments)


def test_ctrl_c_ends_training_and_keeps_the_work(tmp_path, capsys):
    settings = TransformerSettings(**SIZES)
    text = Text(np.random.default_rng(0).integers(97, 105, 3000).astype(np.uint8), 5, 0, tests=10)
    stopped = train(Interrupted(Transformer(settings, 0)), text, 5000, 1.0, 1, str(tmp_path)).trainer
    assert stopped.step == 2 * 256 + 10
    (file,) = tmp_path.iterdir()
    assert f"stopped at step 522 of 5,000; it is kept in {file}" in capsys.readouterr().err
    resumed = train(Transformer(settings, 0), text, 600, 1.0, 1, str(tmp_path)).trainer
    whole = TextTrainer(Transformer(settings, 0), text)
    whole.run(600)
    assert resumed.step == 600
    for name, array in whole.model.arrays().items():
        np.testing.assert_array_equal(array, resumed.model.arrays()[name])


def test_the_loss_of_missing_spikes():
    latencies = np.array([[0.0, 1.0, np.inf], [np.inf] * 3])
    losses = cross_entropy(latencies, np.array([2, 0], np.uint8))
    assert losses.tolist() == pytest.approx([1.0 + np.log(1 + 2 * np.exp(-1)), np.log(3)])


def test_mistakes_are_named_before_training(tmp_path):
    for name, value in [
        ("simulated", 0),
        ("noisy", 10**6),
        ("generated", -1),
        ("steps", -1),
        ("lost", (2.0,)),
    ]:
        with pytest.raises(InputError, match=name):
            build(seed=0, **{"tests": 200, "steps": 10**9, name: value})
