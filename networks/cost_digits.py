"""The scenario ``cost-digits``: held-out scanned digits on three chips, look-up tables beside a spiking perceptron."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.scenario.experiment import Experiment
from eventsim.simulation.stopwatch import Stopwatch
from networks.cost_compare import Comparison, trained
from networks.digits import Presented
from networks.digits import build as lut_digits

SPAN_MS = 10.0
MOVES = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


def build(
    *,
    seed: int,
    n_tables: int = 256,
    n_comparisons: int = 6,
    epochs: int = 40,
    hidden: tuple[int, ...] = (16, 32, 64, 128, 256),
    spikes_an_image: int = 20,
    image_ms: float = 20.0,
    test_images: int = 200,
) -> Experiment:
    """The look-up-table network is simulated by the scenario, the perceptron when the run is measured.

    hidden: sizes of the perceptron; the first that is as accurate as the tables is taken.  spikes_an_image: of a pixel
    of full ink, within `image_ms`.  test_images: how many held-out images both see.
    """
    if spikes_an_image < 1 or not image_ms > 0.0:
        raise InputError(
            "spikes_an_image, image_ms", (spikes_an_image, image_ms), "positive numbers are needed"
        )
    tables = lut_digits(
        seed=seed,
        n_tables=n_tables,
        n_comparisons=n_comparisons,
        epochs=epochs,
        jitter_ms=(),
        test_images=test_images,
    )
    presented: Presented = tables.measure.__self__  # type: ignore[union-attr]
    digits = presented.digits
    wanted = float((presented.stack.predict(digits.x_test) == digits.y_test).mean())
    images = ink_of(digits.x_train).reshape(-1, 8, 8)
    moved = np.concatenate([np.roll(images, move, (1, 2)) for move in MOVES]).reshape(-1, 64)
    values = ink_of(digits.x_test)
    with Stopwatch().running() as watch:
        train = moved, np.tile(digits.y_train, len(MOVES))
        perceptron = trained(train, (values, digits.y_test), hidden, wanted, seed, epochs=30)

    def read(results: object) -> float:
        answers = presented.read(results).answers  # type: ignore[arg-type]
        return float((answers == digits.y_test).mean())

    both = Comparison(
        tables.network, read, perceptron, values, digits.y_test, spikes_an_image, image_ms, "images"
    )
    seconds = tables.train_s + watch.rest_s
    return Experiment(tables.network, tables.duration_ms, both.measure, both.figures, seconds)


def ink_of(latencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intensities from 0 to 1 of latencies: a pixel of full ink spikes first."""
    return np.clip(1.0 - latencies / SPAN_MS, 0.0, 1.0)
