"""Two networks of equal accuracy on three chips: look-up tables that decide by the order of single spikes, and a
perceptron of one hidden layer whose units are integrate-and-fire neurons with subtractive reset.

The lines of the perceptron's input spike at rates that follow their values; the output that fires most is the answer.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
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
from eventsim.simulation import Simulation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHIPS = ("loihi", "spinnaker2", "generic45")
TABLES, PERCEPTRON = "look-up tables", "perceptron"
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Perceptron:
    """Weights of a trained perceptron: hidden (m, n), output (n, classes), the biases of both; its test accuracy."""

    hidden: Floats
    output: Floats
    hidden_bias: Floats
    output_bias: Floats
    accuracy: float

    def scaled(self, values: Floats) -> Perceptron:
        """The same answers with the largest activation of the hidden layer 1: rates stay below the input's."""
        largest = float(np.maximum(values @ self.hidden + self.hidden_bias, 0.0).max())
        biases = self.hidden_bias / largest, self.output_bias / largest
        return Perceptron(self.hidden / largest, self.output, *biases, self.accuracy)


def trained(
    train: tuple[Floats, Ints],
    test: tuple[Floats, Ints],
    hidden: tuple[int, ...],
    wanted: float,
    seed: int,
    epochs: int,
) -> Perceptron:
    """The smallest perceptron of these hidden sizes whose test accuracy is at least `wanted`, else the best one.

    train, test: values (n, m) from 0 to 1 and labels (n,).  Raises MissingDataError without scikit-learn.
    """
    try:
        from sklearn.neural_network import MLPClassifier
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingDataError(
            "this scenario needs scikit-learn: pip install 'eventsim[scenarios]'"
        ) from error
    if not hidden or min(hidden) < 1:
        raise InputError("hidden", hidden, "sizes of at least 1 are needed")
    best: Perceptron | None = None
    for size in hidden:
        model = MLPClassifier((size,), random_state=seed % 2**32, max_iter=epochs, alpha=1e-3, batch_size=64)
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that more epochs would still improve it
            model.fit(*train)
            accuracy = float(model.score(*test))
        (first, second), (b1, b2) = model.coefs_, model.intercepts_
        if best is None or accuracy > best.accuracy:
            best = Perceptron(first, second, b1, b2, accuracy).scaled(train[0])
        if accuracy >= wanted:
            break
    assert best is not None
    return best


def spiking(perceptron: Perceptron, values: Floats, spikes: int, sample_ms: float) -> Network:
    """The perceptron as spiking neurons reading one sample (m,): its lines, and one for the biases, spike regularly."""
    lines = np.append(values, 1.0)
    trains: Any = []
    for line, n in enumerate(np.rint(lines * spikes).astype(np.int64)):
        phase = 0.5 + 0.4 * np.sin(
            7.0 * line
        )  # each line has its own, so that spikes do not all come at once
        trains.append(0.9 * sample_ms * (np.arange(n) + phase) / max(n, 1))
    network = Network()
    inputs = network.source("lines", SpikeTrains(trains), lines.size)
    hidden = network.population("hidden", perceptron.hidden.shape[1], IF(v_th=1.0, reset="subtract"))
    output = network.population("outputs", perceptron.output.shape[1], IF(v_th=1.0, reset="subtract"))
    network.record_spikes(inputs)
    weights = np.vstack([perceptron.hidden, perceptron.hidden_bias])
    network.connect(inputs, hidden, AllToAll(), weight=weights, delay=0.01)
    network.connect(hidden, output, AllToAll(), weight=perceptron.output, delay=0.01)
    network.connect(
        inputs[lines.size - 1 :], output, AllToAll(), weight=perceptron.output_bias[np.newaxis], delay=0.01
    )
    return network


def run_samples(perceptron: Perceptron, values: Floats, spikes: int, sample_ms: float) -> tuple[Run, Ints]:
    """One run of all samples (n, m), each from rest, as a chip's states are cleared between samples; and the answers:
    the output that fired most, of equal ones that which stands highest at the end."""
    network = spiking(perceptron, values[0], spikes, sample_ms)
    everything, answers = MemorySink(population_table(network)), []
    for k, sample in enumerate(values):
        one = spiking(perceptron, sample, spikes, sample_ms)
        sink = MemorySink(population_table(one))
        simulation = Simulation(one, "queue", sink)
        simulation.run(sample_ms)
        results = sink.results(sample_ms, simulation.counts)
        votes = results.spikes("outputs").counts() + 0.0
        hidden = results.spikes("hidden").counts()
        total = hidden @ perceptron.output + spikes * perceptron.output_bias
        answers.append(int(np.argmax(votes + 1e-6 * total)))
        parts = [(results.spikes(name), info.first) for name, info in results.populations.items()]
        times = np.concatenate([raster.times for raster, _ in parts])
        ids = np.concatenate([raster.ids + first for raster, first in parts])
        order = np.lexsort((ids, times))
        everything.spikes(times[order] + k * sample_ms, ids[order].astype(np.uint32))
    return run_of(network, everything.results(len(values) * sample_ms, {})), np.array(answers)


@dataclass(frozen=True)
class Comparison:
    """The look-up tables' network and how a raster is read, the perceptron, and the samples that both see.

    values: (n, m) what the perceptron reads.  labels: (n,).  unit: what a sample is called, in the plural.
    """

    network: Network
    read: Callable[[Results], float]
    perceptron: Perceptron
    values: Floats
    labels: Ints
    spikes: int
    sample_ms: float
    unit: str

    def costs(self, results: Results) -> tuple[dict[str, dict[str, Cost]], dict[str, float]]:
        """Costs by chip and network, and accuracies by network."""
        ordinary, answers = run_samples(self.perceptron, self.values, self.spikes, self.sample_ms)
        accuracies = {TABLES: self.read(results), PERCEPTRON: float(np.mean(answers == self.labels))}
        runs = {TABLES: run_of(self.network, results), PERCEPTRON: ordinary}
        found = {
            chip: {name: cost(run, chip, "hilbert", chips="auto") for name, run in runs.items()}
            for chip in CHIPS
        }
        return found, accuracies

    def measure(self, results: Results) -> dict[str, Any]:
        """Energy of a sample on each chip, power without any, and the rate at which either network wins."""
        costs, accuracies = self.costs(results)
        n = len(self.labels)
        return {
            "accuracy": accuracies,
            "perceptron_accuracy_not_spiking": self.perceptron.accuracy,
            "perceptron_hidden_units": self.perceptron.hidden.shape[1],
            self.unit: n,
            "chips": {
                chip: {
                    **{name: _figures(each, n) for name, each in pair.items()},
                    "verdict": verdict(line(pair[TABLES], n), line(pair[PERCEPTRON], n), self.unit),
                }
                for chip, pair in costs.items()
            },
        }

    def figures(self, results: Results) -> dict[str, Figure]:
        """Power against samples a second, for both networks on each chip."""
        from networks.cost_figure import crossing_figure

        costs, _ = self.costs(results)
        n = len(self.labels)
        lines = {chip: {name: line(each, n) for name, each in pair.items()} for chip, pair in costs.items()}
        return {"cost": crossing_figure(lines, f"{self.unit} a second")}


def line(priced: Cost, samples: int) -> tuple[float, float]:
    """Power as a function of samples a second: (static W, J a sample).

    On a chip with time steps the updates of neurons follow the clock, and are part of what is drawn without samples.
    """
    bill = priced.bill
    clocked = priced.chip.timing.tick_ms is not None
    updates = sum(part.joules for part in bill.parts if clocked and "updates" in part.price.of)
    static = bill.static_watts + (updates / bill.seconds if bill.seconds else 0.0)
    return static, (bill.dynamic_joules - updates) / samples


def verdict(tables: tuple[float, float], ordinary: tuple[float, float], unit: str = "samples") -> str:
    """Which of two networks draws less power, and from how many samples a second on."""
    names = TABLES, PERCEPTRON
    (s1, e1), (s2, e2) = tables, ordinary
    if (s1 - s2) * (e1 - e2) >= 0.0:
        if (s1, e1) == (s2, e2):
            return "both draw the same at any rate"
        return f"{names[0] if (s1, e1) < (s2, e2) else names[1]} at any rate"
    rate = (s2 - s1) / (e1 - e2)
    low = names[0] if s1 < s2 else names[1]
    high = names[1] if low == names[0] else names[0]
    return f"{low} below {rate:.4g} {unit} a second, {high} above"


def _figures(priced: Cost, samples: int) -> dict[str, Any]:
    static, each = line(priced, samples)
    totals = priced.counts.totals
    return {
        "chips": priced.chip.n_chips,
        "cores_used": int(np.unique(priced.placed.core_of).size),
        "synaptic_events_a_sample": totals["synaptic_events"] / samples,
        "read_words_a_sample": totals["sram_read_words"] / samples,
        "footprint_bytes": int(priced.placed.layout.bits.sum()) / 8,
        "microjoules_a_sample": each * 1e6,
        "power_without_samples_mw": static * 1e3,
        "unpriced": [name for name, _ in priced.bill.unpriced],
    }
