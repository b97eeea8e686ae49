"""An ordinary network to compare with: a perceptron of one hidden layer, trained as usual and run with spikes.

Its lines spike regularly, as often as their values say; its hidden units are integrate-and-fire neurons with
subtractive reset, whose rates are the rectified sums; its outputs add up what comes and do not spike: the one whose
potential stands highest at the end is the answer.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError, MissingDataError
from eventsim.hardware.run import Run, run_of
from eventsim.models import IF
from eventsim.network import AllToAll, Explicit, Network, SpikeTrains
from eventsim.recording.memory import MemorySink
from eventsim.recording.results import Results
from eventsim.recording.simulate import population_table
from eventsim.simulation import Simulation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DELAY_MS = 0.01
COPIES = 100
"""Samples simulated side by side."""


@dataclass(frozen=True)
class Perceptron:
    """Weights of a trained perceptron: hidden (m, n), output (n, k), the biases of both, and what each output stands
    for: labels (k,), those that were seen in training."""

    hidden: Floats
    output: Floats
    hidden_bias: Floats
    output_bias: Floats
    labels: Ints

    def scaled(self, values: Floats) -> Perceptron:
        """The same answers with the largest activation of the hidden layer 1: rates stay below the input's."""
        largest = float(np.maximum(values @ self.hidden + self.hidden_bias, 0.0).max())
        biases = self.hidden_bias / largest, self.output_bias / largest
        return Perceptron(self.hidden / largest, self.output, *biases, self.labels)

    def answers(self, values: Floats) -> Ints:
        """The labels of values (n, m) by the formula, without spikes."""
        return self.read(np.maximum(values @ self.hidden + self.hidden_bias, 0.0), 1)

    def read(self, rates: Floats | Ints, spikes: int) -> Ints:
        """The labels at the highest potentials after hidden units (n, hidden) spiked so often, the biases `spikes`
        times."""
        answers: Ints = self.labels[(rates @ self.output + spikes * self.output_bias).argmax(axis=1)]
        return answers


@dataclass(frozen=True)
class Spiking:
    """A perceptron run with spikes: the samples one after the other, and what it answered.

    spikes: of a line whose value is 1, in a sample.  accuracy: with spikes.  events: synaptic events of a sample.
    """

    perceptron: Perceptron
    spikes: int
    run: Run
    samples: int
    accuracy: float
    events: float


def trained(train: tuple[Floats, Ints], size: int, seed: int, epochs: int) -> Perceptron:
    """A perceptron of `size` hidden units fitted to values (n, m) from 0 to 1 and labels (n,).

    Raises MissingDataError without scikit-learn.
    """
    try:
        from sklearn.neural_network import MLPClassifier
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingDataError(
            "this scenario needs scikit-learn: pip install 'eventsim[scenarios]'"
        ) from error
    model = MLPClassifier((size,), random_state=seed % 2**32, max_iter=epochs, alpha=1e-3, batch_size=64)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that more epochs would still improve it
        model.fit(*train)
    (first, second), (b1, b2) = model.coefs_, model.intercepts_
    return Perceptron(first, second, b1, b2, model.classes_).scaled(train[0])


def cheapest(candidates: Iterator[Spiking], wanted: float) -> Spiking:
    """Of those as accurate as `wanted`, by no more than its standard error below it on as many samples, the one of
    fewest synaptic events; if none is, the most accurate."""
    found = list(candidates)
    enough = [each for each in found if each.accuracy >= wanted - standard_error(wanted, each.samples)]
    if enough:
        return min(enough, key=lambda each: each.events)
    return max(found, key=lambda each: (each.accuracy, -each.events))


def standard_error(accuracy: float, samples: int) -> float:
    """Of a fraction of right answers."""
    return float(np.sqrt(accuracy * (1.0 - accuracy) / samples))


def search(
    train: tuple[Floats, Ints],
    test: tuple[Floats, Ints],
    hidden: tuple[int, ...],
    spikes: tuple[int, ...],
    sample_ms: float,
    seed: int,
    epochs: int,
) -> Iterator[Spiking]:
    """Perceptrons of every hidden size with every number of spikes, run on the test values and labels."""
    for name, values in (("hidden", hidden), ("spikes", spikes)):
        if not values or min(values) < 1:
            raise InputError(name, values, "at least one number, and none below 1, is needed")
    for size in hidden:
        perceptron = trained(train, size, seed, epochs)
        for each in spikes:
            yield with_spikes(perceptron, *test, each, sample_ms)


def with_spikes(
    perceptron: Perceptron, values: Floats, labels: Ints, spikes: int, sample_ms: float
) -> Spiking:
    """Run values (n, m), each sample from rest, as a chip's states are cleared between samples."""
    network = priced_network(perceptron, values.shape[1])
    sink, right = MemorySink(population_table(network)), 0
    n_hidden = perceptron.hidden.shape[1]
    for first in range(0, len(values), COPIES):
        some = values[first : first + COPIES]
        results = _side_by_side(perceptron, some, spikes, sample_ms)
        counts = results.spikes("hidden").counts().reshape(len(some), n_hidden)
        right += int((perceptron.read(counts, spikes) == labels[first : first + COPIES]).sum())
        _one_after_the_other(results, first, values.shape[1] + 1, n_hidden, sample_ms, sink)
    run = run_of(network, sink.results(len(values) * sample_ms, {}))
    fan_out = np.concatenate([np.full(values.shape[1], n_hidden), [n_hidden + perceptron.output.shape[1]]])
    fan_out = np.concatenate([fan_out, np.full(n_hidden, perceptron.output.shape[1])])
    events = float(run.spike_counts[: fan_out.size] @ fan_out) / len(values)
    return Spiking(perceptron, spikes, run, len(values), right / len(values), events)


def priced_network(perceptron: Perceptron, n_lines: int) -> Network:
    """The network as it lies on a chip; the last line, which is always on, carries the biases."""
    network = Network()
    lines = network.source("lines", SpikeTrains(np.empty(0), np.empty(0, np.uint32), n_lines + 1))
    hidden = network.population("hidden", perceptron.hidden.shape[1], IF(v_th=1.0, reset="subtract"))
    outputs = network.population("outputs", perceptron.output.shape[1], IF(v_th=1e9))
    network.record_spikes(lines)
    network.connect(lines, hidden, AllToAll(), _with_bias(perceptron), DELAY_MS)
    network.connect(hidden, outputs, AllToAll(), perceptron.output, DELAY_MS)
    network.connect(lines[n_lines:], outputs, AllToAll(), perceptron.output_bias[np.newaxis], DELAY_MS)
    return network


def _with_bias(perceptron: Perceptron) -> Floats:
    return np.vstack([perceptron.hidden, perceptron.hidden_bias])


def _side_by_side(perceptron: Perceptron, values: Floats, spikes: int, sample_ms: float) -> Results:
    """Lines and hidden units of several samples at once, a copy for each, all beginning at 0."""
    weights = _with_bias(perceptron)
    n, (n_lines, n_hidden) = len(values), weights.shape
    times, ids = _line_spikes(np.hstack([values, np.ones((n, 1))]), spikes, sample_ms)
    network = Network()
    lines = network.source("lines", SpikeTrains(times, ids, n * n_lines))
    hidden = network.population("hidden", n * n_hidden, IF(v_th=1.0, reset="subtract"))
    network.record_spikes(lines)
    line, unit = np.divmod(np.arange(weights.size, dtype=np.uint32), np.uint32(n_hidden))
    copy = np.arange(n, dtype=np.uint32)[:, np.newaxis]
    pairs = Explicit((copy * n_lines + line).ravel(), (copy * n_hidden + unit).ravel())
    network.connect(lines, hidden, pairs, np.tile(weights.ravel(), n), DELAY_MS)
    sink = MemorySink(population_table(network))
    simulation = Simulation(network, "queue", sink)
    simulation.run(sample_ms)
    return sink.results(sample_ms, simulation.counts)


def _line_spikes(values: Floats, spikes: int, sample_ms: float) -> tuple[Floats, NDArray[np.uint32]]:
    """Times and lines in order of time: round(value x spikes) at even distances, each line with a phase of its own, so
    that not all spike at once."""
    counts = np.rint(values * spikes).astype(np.int64)
    line = np.broadcast_to(np.arange(values.shape[1]), counts.shape).ravel()
    counts = counts.ravel()
    ids = np.repeat(np.arange(counts.size), counts)
    k = np.arange(ids.size) - np.repeat(np.cumsum(counts) - counts, counts)
    phase = 0.5 + 0.4 * np.sin(7.0 * line)
    times = 0.9 * sample_ms * (k + phase[ids]) / counts[ids]
    order = np.lexsort((ids, times))
    return times[order], ids[order].astype(np.uint32)


def _one_after_the_other(
    results: Results, first: int, n_lines: int, n_hidden: int, sample_ms: float, sink: MemorySink
) -> None:
    """Hand the spikes of copies to `sink` as those of one network reading sample after sample."""
    lines, hidden = results.spikes("lines"), results.spikes("hidden")
    copy = np.concatenate([lines.ids // n_lines, hidden.ids // n_hidden])
    ids = np.concatenate([lines.ids % n_lines, n_lines + hidden.ids % n_hidden])
    times = np.concatenate([lines.times, hidden.times]) + (first + copy) * sample_ms
    order = np.lexsort((ids, times))
    sink.spikes(times[order], ids[order].astype(np.uint32))
