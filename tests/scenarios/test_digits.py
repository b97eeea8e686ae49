"""The scenario ``digits`` as a user runs it, its metrics recomputed from the raster file alone."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

pytest.importorskip("sklearn")

from eventsim.errors import InputError
from networks.digits import build
from networks.lut_classifier import ClassifierSettings, digit_data, train_classifier

ROOT = Path(__file__).parents[2]
TRAINED = {"n_tables": 48, "n_comparisons": 4, "epochs": 3, "rate_scale": 1.0}
SMALL = TRAINED | {"train_jitter_ms": 0.5, "test_images": 25, "jitter_ms": [0.5, 2.0]}
VOLLEYS = 3 * 25


def run(folder: Path, *arguments: str, **parameters: object) -> dict:
    """The summary of ``eventsim run`` on the small setting."""
    settings = [f"--set=parameters.{name}={value}" for name, value in (SMALL | parameters).items()]
    command = [Path(sys.executable).with_name("eventsim"), "run", "scenarios/digits.toml", "--json"]
    done = subprocess.run(
        [*command, "--out", folder, *settings, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    return folder, run(folder)


def spikes(folder: Path, population: str):
    with h5py.File(folder / "raster.h5") as file:
        group = file["spikes"][population]
        return group["timestamps"][...], group["node_ids"][...]


def test_the_run_leaves_a_raster_a_summary_and_a_picture(small):
    folder, summary = small
    assert {path.name for path in folder.iterdir()} == {"raster.h5", "summary.json", "digits.png"}
    assert (folder / "digits.png").stat().st_size > 50_000
    assert json.loads((folder / "summary.json").read_text()) == summary
    assert summary["train_s"] > 0.0


def test_predictions_are_the_first_output_spikes_and_those_of_the_direct_formula(small):
    folder, summary = small
    metrics, digits = summary["metrics"], digit_data(0)
    stack = train_classifier(digits, ClassifierSettings(**TRAINED, jitter_ms=0.5), 0)
    times, ids = spikes(folder, "digits")
    assert len(times) == VOLLEYS * 10
    answers = ids.reshape(VOLLEYS, 10)[:, 0]  # the raster is in order of (time, id)
    right = (answers.reshape(3, 25) == digits.y_test[:25]).mean(axis=1)
    assert metrics["test_accuracy"] == right[0]
    assert [each["accuracy"] for each in metrics["accuracy_by_jitter"]] == right.tolist()
    assert [each["jitter_ms"] for each in metrics["accuracy_by_jitter"]] == [0.0, 0.5, 2.0]
    np.testing.assert_array_equal(answers[:25], stack.predict(digits.x_test[:25]))
    assert metrics["test_accuracy_direct_formula"] == stack.accuracy(digits.x_test[:25], digits.y_test[:25])
    assert metrics["predictions_identical"] is True
    assert metrics["latencies_identical"] is True


def test_every_pixel_spikes_and_every_table_is_read_once_an_image(small):
    folder, summary = small
    metrics = summary["metrics"]
    pixel_times, pixels = spikes(folder, "pixels")
    table_times, tables = spikes(folder, "digits tables")
    assert metrics["missing_input_spikes"] == 0
    assert np.bincount(pixels.astype(int)).tolist() == [VOLLEYS] * 64
    assert np.bincount(tables.astype(int)).tolist() == [VOLLEYS] * 48
    assert metrics["rows_read"] == len(table_times)
    assert summary["spikes"] == len(table_times) + 10 * VOLLEYS
    assert metrics["synaptic_events_an_image"] == 48 * (2 * 4 + 10)
    by_image = table_times.reshape(3, 25, 48)
    volleys = pixel_times.reshape(3, 25, 64)
    since_first = by_image - volleys[:, :, :1]
    assert metrics["resolution_ms"]["min"] == since_first[0].min()
    assert metrics["resolution_ms"]["median"] == np.median(since_first[0])
    assert metrics["resolution_ms"]["max"] == since_first[0].max()
    assert metrics["resolved_before_last_input_spike"] == (by_image < volleys[:, :, -1:])[0].mean()
    assert metrics["resolution_by_jitter"][2]["max"] == since_first[2].max()
    assert metrics["answer_leads_for_good_ms"]["min"] >= 0.0
    assert metrics["answer_leads_for_good_ms"]["max"] <= since_first[0].max()


def test_the_seed_is_all_that_decides(small, tmp_path):
    folder, summary = small
    again = run(tmp_path / "again")
    assert again["metrics"] == summary["metrics"]
    first = (folder / "raster.h5").read_bytes()
    assert (tmp_path / "again" / "raster.h5").read_bytes() == first
    run(tmp_path / "other", "--seed", "1")
    assert (tmp_path / "other" / "raster.h5").read_bytes() != first


def test_hidden_layers_are_simulated_too(tmp_path):
    metrics = run(tmp_path, "--set=record.populations=['pixels', 'digits']", hidden=[64, 32])["metrics"]
    assert metrics["latencies_identical"] is True
    assert "rows_read" not in metrics  # the tables are not in the raster
    assert not (tmp_path / "digits.png").exists()


def test_an_untrained_network_is_drawn_too(tmp_path):
    metrics = run(tmp_path, epochs=0, test_images=1, jitter_ms=[])["metrics"]
    assert metrics["training_loss_nats"] is None
    assert metrics["latencies_identical"] is True
    assert (tmp_path / "digits.png").exists()


def test_unusable_parameters_are_refused_before_training():
    with pytest.raises(InputError, match="test_images"):
        build(seed=0, test_images=0)
    with pytest.raises(InputError, match=r"jitter_ms\[1\] = -1.0"):
        build(seed=0, jitter_ms=(0.5, -1.0))
