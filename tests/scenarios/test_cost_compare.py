"""The comparison of two networks on chips: the perceptron's spikes, and where the lines of power cross."""

import numpy as np
import pytest

from networks.cost_compare import Perceptron, run_samples, verdict


def test_rates_of_the_spiking_perceptron_are_its_activations() -> None:
    """Two lines, two hidden units, two outputs: with subtractive reset the spikes are the sums' whole parts."""
    hidden = np.array([[1.0, 0.0], [0.0, 0.5]])
    output = np.array([[1.0, 0.0], [0.25, 0.75]])
    perceptron = Perceptron(hidden, output, np.array([0.0, 0.25]), np.zeros(2), accuracy=1.0)
    values = np.array([[1.0, 0.0], [0.0, 1.0]])
    run, answers = run_samples(perceptron, values, spikes=20, sample_ms=20.0)
    assert answers.tolist() == [0, 1]
    # A neuron fires when V exceeds 1, so the spike of a sum of exactly n comes with the next addition.
    counts = run.spike_counts
    first, second = 20, 20 * 0.25 + 20 * 0.75
    assert counts[:3].tolist() == [20, 20, 40]
    assert abs(counts[3] - first) <= 1
    assert abs(counts[4] - second) <= 2


@pytest.mark.parametrize(
    ("tables", "perceptron", "text"),
    [
        ((1.0, 1.0), (2.0, 2.0), "look-up tables at any rate"),
        ((3.0, 1.0), (2.0, 1.0), "perceptron at any rate"),
        ((1.0, 3.0), (2.0, 1.0), "look-up tables below 0.5 samples a second, perceptron above"),
        ((2.0, 1.0), (1.0, 1.5), "perceptron below 2 samples a second, look-up tables above"),
        ((1.0, 1.0), (1.0, 1.0), "both draw the same at any rate"),
    ],
)
def test_verdicts(tables: tuple[float, float], perceptron: tuple[float, float], text: str) -> None:
    """Power is static W + J a sample x samples a second."""
    assert verdict(tables, perceptron) == text
