"""The scenario ``cost-digits``: held-out scanned digits on three chips, look-up tables beside a spiking perceptron."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventsim.recording.results import Results
from eventsim.scenario.experiment import Experiment
from eventsim.simulation.stopwatch import Stopwatch
from networks.cost_compare import Comparison
from networks.cost_perceptron import cheapest, search
from networks.digits import Presented
from networks.digits import build as lut_digits

SPAN_MS = 10.0
EPOCHS = 30
MOVES = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


def build(
    *,
    seed: int,
    n_tables: int = 256,
    n_comparisons: int = 6,
    epochs: int = 40,
    hidden: tuple[int, ...] = (16, 32, 64, 128),
    spikes: tuple[int, ...] = (4, 8, 16, 32),
    image_ms: float = 20.0,
    test_images: int | None = None,
) -> Experiment:
    """The look-up-table network is simulated by the scenario, the perceptron while it is built.

    hidden, spikes: sizes of the perceptron and spikes of a pixel of full ink within `image_ms`; of all pairs
    as accurate as the tables on the same images (`cheapest`) the one of fewest synaptic events is taken.  test_images:
    how many held-out images both see; all by default.
    """
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
    with Stopwatch().running() as watch:
        train = moved, np.tile(digits.y_train, len(MOVES))
        test = ink_of(digits.x_test), digits.y_test
        ordinary = cheapest(search(train, test, hidden, spikes, image_ms, seed, EPOCHS), wanted)

    def read(results: Results) -> float:
        return float((presented.read(results).answers == digits.y_test).mean())

    both = Comparison(tables.network, read, ordinary, "images")
    seconds = tables.train_s + watch.rest_s
    return Experiment(tables.network, tables.duration_ms, both.measure, both.figures, seconds)


def ink_of(latencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intensities from 0 to 1 of latencies: a pixel of full ink spikes first."""
    return np.clip(1.0 - latencies / SPAN_MS, 0.0, 1.0)
