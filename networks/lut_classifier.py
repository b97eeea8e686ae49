"""Scanned digits classified by the order of spikes: the data as latencies, and training by the published rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError, MissingDataError
from eventsim.lut.encoding import generator, intensity_to_latency
from eventsim.lut.layer import LUTLayer
from eventsim.lut.network import LUTNetwork
from eventsim.lut.train import Trainer

SIDE = 8
N_DIGITS = 10
BRIGHTEST = 16.0


class Digits(NamedTuple):
    """Latencies in ms (n, 64) on the lattice and labels (n,), 0 to 9, of the training and the held-out images."""

    x_train: NDArray[np.float64]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


@dataclass(frozen=True)
class ClassifierSettings:
    """A classifier of latencies: its layers and how they are trained.

    Each layer has ``n_tables`` tables of ``n_comparisons`` comparisons; ``hidden`` holds the sizes of the layers before
    the readout, and one as large as its input is residual.  Each epoch shows every image moved by up to ``shift_px``
    pixels each way (uniform, interpolated) and with Gaussian noise of ``jitter_ms`` on every spike.
    """

    n_tables: int = 1024
    n_comparisons: int = 6
    hidden: tuple[int, ...] = ()
    epochs: int = 60
    rate_scale: float = 0.25
    shift_px: float = 0.7
    jitter_ms: float = 1.0

    def __post_init__(self) -> None:
        if self.epochs < 0:
            raise InputError("epochs", self.epochs, "must not be negative")
        if not 0.0 <= self.shift_px <= 1.0:
            raise InputError("shift_px", self.shift_px, "must be from 0 to 1")
        if not 0.0 <= self.jitter_ms < np.inf:
            raise InputError("jitter_ms", self.jitter_ms, "must not be negative")


def digit_data(seed: int, span_ms: float = 10.0, test_fraction: float = 0.3) -> Digits:
    """scikit-learn's 1,797 scanned digits, split at random with the same fraction of each class held out.

    A pixel of full ink spikes at 0 ms, an empty one at ``span_ms``.  Raises `MissingDataError` without scikit-learn.
    """
    if not 0.0 < test_fraction < 1.0:
        raise InputError("test_fraction", test_fraction, "must be between 0 and 1")
    scans = _scans()
    latencies, labels = (
        intensity_to_latency(scans[:, :-1] / BRIGHTEST, span_ms),
        scans[:, -1].astype(np.int64),
    )
    draw = generator(seed, "split", "digits")
    held_out = np.zeros(labels.size, dtype=bool)
    for digit in range(N_DIGITS):
        of_class = draw.permutation(np.flatnonzero(labels == digit))
        held_out[of_class[: round(test_fraction * of_class.size)]] = True
    return Digits(latencies[~held_out], labels[~held_out], latencies[held_out], labels[held_out])


def _scans() -> NDArray[np.float64]:
    """The images' pixels and, last, their labels (n, 65): scikit-learn's file, as to import it would take a second."""
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise MissingDataError("the digits come with scikit-learn: pip install 'eventsim[scenarios]'")
    file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if file.is_file():
        return np.loadtxt(file, delimiter=",")
    from sklearn.datasets import load_digits  # whose place for it is its own affair

    return np.column_stack(load_digits(return_X_y=True))


def train_classifier(
    digits: Digits,
    settings: ClassifierSettings,
    seed: int,
    progress: Callable[[int, int, float], None] | None = None,
) -> LUTNetwork:
    """A network trained on the training part, on the lattice of latencies; the same bytes for the same arguments.

    ``progress`` is called after each epoch with its number (from 1), the number of epochs and the mean loss in nats.
    """
    trainer = Trainer(untrained_classifier(settings, seed), settings.rate_scale)
    background_ms = float(digits.x_train.max())
    for epoch in range(settings.epochs):
        draw = generator(seed, "epoch", str(epoch))
        order = draw.permutation(len(digits.x_train))
        x = _shifted(digits.x_train[order], settings.shift_px, background_ms, draw)
        x += settings.jitter_ms * draw.standard_normal(x.shape)
        loss = trainer.run(x, digits.y_train[order])
        if progress is not None:
            progress(epoch + 1, settings.epochs, loss)
    return trainer.network.snapped()


def untrained_classifier(settings: ClassifierSettings, seed: int) -> LUTNetwork:
    """Layers of the given sizes with anchors drawn from ``seed`` and tables of zeros."""
    sizes = (SIDE * SIDE, *settings.hidden, N_DIGITS)
    layers = [
        LUTLayer.random(n_in, n_out, settings.n_tables, settings.n_comparisons, seed, f"layer {k}")
        for k, (n_in, n_out) in enumerate(pairwise(sizes))
    ]
    return LUTNetwork(layers, [layer.n_in == layer.n_out for layer in layers])


def baseline_accuracies(digits: Digits) -> dict[str, float]:
    """Test accuracy of a linear classifier and of the three nearest neighbours on the same latencies and split."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    scale = digits.x_train.max()
    models = {"linear": LogisticRegression(max_iter=5000), "nearest_3": KNeighborsClassifier(3)}
    accuracies = {}
    for name, model in models.items():
        model.fit(digits.x_train / scale, digits.y_train)
        accuracies[name] = float(model.score(digits.x_test / scale, digits.y_test))
    return accuracies


def _shifted(
    x: NDArray[np.float64], most_px: float, background: float, draw: np.random.Generator
) -> NDArray[np.float64]:
    """Each image of ``x`` (n, 64) moved by its own uniform part of a pixel each way, interpolated bilinearly."""
    padded = np.pad(x.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)), constant_values=background)
    shift = draw.uniform(-most_px, most_px, (2, len(x), 1, 1))
    for axis in (1, 2):
        ahead, behind = np.roll(padded, -1, axis), np.roll(padded, 1, axis)
        amount = shift[axis - 1]
        padded = padded + np.abs(amount) * (np.where(amount > 0, ahead, behind) - padded)
    return padded[:, 1:-1, 1:-1].reshape(x.shape)
