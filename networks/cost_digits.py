"""The scenario ``cost-digits``: a look-up-table classifier and an ordinary spiking one of equal accuracy, priced alike.

Both read the same held-out scanned digits, one at a time.  The look-up tables decide by the order of single spikes.  The
ordinary network is a perceptron with one hidden layer, trained on the same images, whose units are integrate-and-fire
neurons with subtractive reset: pixels spike at rates that follow their ink, and the output that fires most is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError, MissingDataError
from eventsim.hardware.costing import Cost, cost
from eventsim.hardware.run import Run, run_of
from eventsim.models import IF
from eventsim.network import AllToAll, Network, SpikeTrains
from eventsim.recording.memory import MemorySink
from eventsim.recording.results import Results
from eventsim.recording.simulate import population_table
from eventsim.scenario.experiment import Experiment
from eventsim.simulation import Simulation
from eventsim.simulation.stopwatch import Stopwatch
from networks.digits import Presented
from networks.digits import build as lut_digits
from networks.lut_classifier import Digits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHIPS = ("loihi", "spinnaker2", "generic45")
SPAN_MS = 10.0


@dataclass(frozen=True)
class Perceptron:
    """Weights of a trained perceptron: hidden (64, n), output (n, 10), and the biases of both."""

    hidden: NDArray[np.float64]
    output: NDArray[np.float64]
    hidden_bias: NDArray[np.float64]
    output_bias: NDArray[np.float64]
    accuracy: float

    def scaled(self, ink: NDArray[np.float64]) -> Perceptron:
        """The same answers with the largest activation of the hidden layer 1: rates then stay below the input's."""
        largest = float(np.maximum(ink @ self.hidden + self.hidden_bias, 0.0).max())
        return Perceptron(
            self.hidden / largest,
            self.output,
            self.hidden_bias / largest,
            self.output_bias / largest,
            self.accuracy,
        )


def build(
    *,
    seed: int,
    n_tables: int = 512,
    n_comparisons: int = 6,
    epochs: int = 40,
    hidden: int = 128,
    spikes_an_image: int = 20,
    image_ms: float = 20.0,
    test_images: int = 200,
) -> Experiment:
    """The look-up-table network is the scenario's own; the ordinary one is simulated when the run is measured.

    hidden: units of the perceptron.  spikes_an_image: of a pixel of full ink.  image_ms: an image's share of time.
    test_images: how many held-out images both see.
    """
    if spikes_an_image < 1 or not image_ms > 0.0 or hidden < 1:
        raise InputError("spikes_an_image", spikes_an_image, "positive numbers are needed")
    tables = lut_digits(
        seed=seed,
        n_tables=n_tables,
        n_comparisons=n_comparisons,
        epochs=epochs,
        train_jitter_ms=1.5,
        jitter_ms=(),
        test_images=test_images,
    )
    presented: Presented = tables.measure.__self__  # type: ignore[union-attr]
    with Stopwatch().running() as watch:
        perceptron = trained(presented.digits, hidden, seed)
    both = Both(tables, presented, perceptron, seed, spikes_an_image, image_ms)
    return Experiment(
        tables.network, tables.duration_ms, both.measure, both.figures, tables.train_s + watch.rest_s
    )


def ink_of(latencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intensities from 0 to 1 of latencies: a pixel of full ink spikes first."""
    return np.clip(1.0 - latencies / SPAN_MS, 0.0, 1.0)


def trained(digits: Digits, hidden: int, seed: int) -> Perceptron:
    """A perceptron trained on the ink of the training images, each also moved a pixel each way."""
    try:
        from sklearn.neural_network import MLPClassifier
    except ImportError as error:
        raise MissingDataError("this scenario needs scikit-learn: pip install 'eventsim[scenarios]'") from error
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    images = ink_of(digits.x_train).reshape(-1, 8, 8)
    moves = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)]
    x = np.concatenate([np.roll(images, move, (1, 2)) for move in moves]).reshape(-1, 64)
    y = np.tile(digits.y_train, len(moves))
    with threadpool_limits(1):
        model = MLPClassifier((hidden,), random_state=seed % 2**32, max_iter=60, alpha=1e-3, batch_size=64)
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it would still improve
            model.fit(x, y)
        accuracy = float(model.score(ink_of(digits.x_test), digits.y_test))
    (first, second), (b1, b2) = model.coefs_, model.intercepts_
    return Perceptron(first, second, b1, b2, accuracy).scaled(ink_of(digits.x_train))


def spiking(perceptron: Perceptron, ink: NDArray[np.float64], spikes: int, image_ms: float) -> Network:
    """The perceptron as spiking neurons reading one image (64,): pixels, and a line for the biases, spike regularly."""
    lines = np.append(ink, 1.0)
    trains = []
    for line, n in enumerate(np.rint(lines * spikes).astype(np.int64)):
        phase = 0.5 + 0.4 * np.sin(7.0 * line)  # each line has its own, so that spikes do not all come at once
        trains.append(0.9 * image_ms * (np.arange(n) + phase) / max(n, 1))
    network = Network()
    inputs = network.source("pixels", SpikeTrains(trains), lines.size)
    hidden = network.population("hidden", perceptron.hidden.shape[1], IF(v_th=1.0, reset="subtract"))
    output = network.population("digits", 10, IF(v_th=1.0, reset="subtract"))
    network.record_spikes(inputs)
    weights = np.vstack([perceptron.hidden, perceptron.hidden_bias])
    network.connect(inputs, hidden, AllToAll(), weight=weights, delay=0.01)
    network.connect(hidden, output, AllToAll(), weight=perceptron.output, delay=0.01)
    network.connect(inputs[64:], output, AllToAll(), weight=perceptron.output_bias[np.newaxis], delay=0.01)
    return network


def run_images(
    perceptron: Perceptron, ink: NDArray[np.float64], spikes: int, image_ms: float
) -> tuple[Run, NDArray[np.int64]]:
    """One run of all images (n, 64), each from rest, as a chip's states are cleared between samples; and the answers:
    the output that fired most, of equal ones that which stands highest at the end."""
    network = spiking(perceptron, ink[0], spikes, image_ms)
    everything, answers = MemorySink(population_table(network)), []
    for k, image in enumerate(ink):
        one = spiking(perceptron, image, spikes, image_ms)
        sink = MemorySink(population_table(one))
        simulation = Simulation(one, "queue", sink)
        simulation.run(image_ms)
        results = sink.results(image_ms, simulation.counts)
        votes = results.spikes("digits").counts() + 0.0
        hidden = results.spikes("hidden").counts()
        total = hidden @ perceptron.output + spikes * perceptron.output_bias
        answers.append(int(np.argmax(votes + 1e-6 * total)))
        parts = [(results.spikes(name), info.first) for name, info in results.populations.items()]
        times = np.concatenate([raster.times for raster, _ in parts])
        ids = np.concatenate([raster.ids + first for raster, first in parts])
        order = np.lexsort((ids, times))
        everything.spikes(times[order] + k * image_ms, ids[order].astype(np.uint32))
    return run_of(network, everything.results(len(ink) * image_ms, {})), np.array(answers)


@dataclass(frozen=True)
class Both:
    """The two networks, their answers, and what they cost on the chips."""

    tables: Experiment
    presented: Presented
    perceptron: Perceptron
    seed: int
    spikes: int
    image_ms: float

    def ordinary(self) -> tuple[Run, float]:
        """The run of the spiking perceptron and its accuracy."""
        ink = ink_of(self.presented.digits.x_test)
        run, answers = run_images(self.perceptron, ink, self.spikes, self.image_ms)
        return run, float(np.mean(answers == self.presented.digits.y_test))

    def costs(self, results: Results) -> tuple[dict[str, dict[str, Cost]], dict[str, float]]:
        """Costs by chip and network, and accuracies by network."""
        ordinary, accuracy = self.ordinary()
        tables = run_of(self.tables.network, results)
        measured = self.presented.measure(results)
        accuracies = {"look-up tables": float(measured["test_accuracy"]), "perceptron": accuracy}
        runs = {"look-up tables": tables, "perceptron": ordinary}
        found = {
            chip: {name: cost(run, chip, "hilbert", chips="auto") for name, run in runs.items()}
            for chip in CHIPS
        }
        return found, accuracies

    def measure(self, results: Results) -> dict[str, Any]:
        """Energy of an image on each chip, dynamic and static, and the rate at which either network wins."""
        costs, accuracies = self.costs(results)
        images = len(self.presented.digits.y_test)
        return {
            "accuracy": accuracies,
            "perceptron_accuracy_not_spiking": self.perceptron.accuracy,
            "images": images,
            "chips": {
                chip: {
                    **{name: _figures(each, images) for name, each in pair.items()},
                    "verdict": verdict(*(_line(pair[name], images) for name in accuracies)),
                }
                for chip, pair in costs.items()
            },
        }

    def figures(self, results: Results) -> dict[str, Figure]:
        """Power against images a second, for both networks on each chip."""
        from networks.cost_figure import crossing_figure

        costs, _ = self.costs(results)
        images = len(self.presented.digits.y_test)
        lines = {chip: {n: _line(c, images) for n, c in pair.items()} for chip, pair in costs.items()}
        return {"cost": crossing_figure(lines, "images a second")}


def _line(priced: Cost, samples: int) -> tuple[float, float]:
    """Power as a function of samples a second: (static W, J a sample).

    On a chip with time steps the updates of neurons follow the clock, and are part of what is drawn without samples.
    """
    bill = priced.bill
    clocked = priced.chip.timing.tick_ms is not None
    updates = sum(part.joules for part in bill.parts if clocked and "updates" in part.price.of)
    static = bill.static_watts + (updates / bill.seconds if bill.seconds else 0.0)
    return static, (bill.dynamic_joules - updates) / samples


def verdict(tables: tuple[float, float], ordinary: tuple[float, float]) -> str:
    """Which of two networks draws less power, and from how many samples a second on."""
    names = "look-up tables", "perceptron"
    (s1, e1), (s2, e2) = tables, ordinary
    if (s1 - s2) * (e1 - e2) >= 0.0:
        if (s1, e1) == (s2, e2):
            return "both draw the same at any rate"
        return f"{names[0] if (s1, e1) < (s2, e2) else names[1]} at any rate"
    rate = (s2 - s1) / (e1 - e2)
    low = names[0] if s1 < s2 else names[1]
    high = names[1] if low == names[0] else names[0]
    return f"{low} below {rate:.4g} a second, {high} above"


def _figures(priced: Cost, images: int) -> dict[str, Any]:
    static, each = _line(priced, images)
    totals = priced.counts.totals
    return {
        "chips": priced.chip.n_chips,
        "cores_used": int(np.unique(priced.placed.core_of).size),
        "synaptic_events_an_image": totals["synaptic_events"] / images,
        "read_words_an_image": totals["sram_read_words"] / images,
        "footprint_bytes": int(priced.placed.layout.bits.sum()) / 8,
        "microjoules_an_image": each * 1e6,
        "power_without_images_mw": static * 1e3,
        "unpriced": [name for name, _ in priced.bill.unpriced],
    }
