"""The comparison of two networks on chips: the perceptron's spikes, and where the lines of power cross."""

import math

import numpy as np
import pytest

from networks.cost_compare import Line, crossing, verdict
from networks.cost_perceptron import Perceptron, Spiking, cheapest, with_spikes


def test_rates_of_the_spiking_perceptron_are_its_activations() -> None:
    """Two lines, two hidden units, two outputs: with subtractive reset the spikes are the sums' whole parts."""
    hidden = np.array([[1.0, 0.0], [0.0, 0.5]])
    output = np.array([[1.0, 0.0], [0.25, 0.75]])
    labels = np.array([3, 7])
    perceptron = Perceptron(hidden, output, np.array([0.0, 0.25]), np.zeros(2), labels)
    values = np.array([[1.0, 0.0], [0.0, 1.0]])
    found = with_spikes(perceptron, values, np.array([3, 3]), spikes=20, sample_ms=20.0)
    assert perceptron.answers(values).tolist() == [3, 7]
    assert found.accuracy == 0.5
    # A neuron fires when V exceeds 1, so the spike of a sum of exactly n comes with the next addition.
    counts = found.run.spike_counts
    assert counts[:3].tolist() == [20, 20, 40]
    assert abs(counts[3] - 20) <= 1
    assert abs(counts[4] - (20 * 0.25 + 20 * 0.75)) <= 2
    # Each line reaches two hidden units, the one that is always on the outputs too; a hidden unit two outputs.
    assert found.events == (2 * 40 + 4 * 40 + 2 * counts[3:5].sum()) / 2
    raster = found.run.results.spikes("lines")  # type: ignore[union-attr]
    assert raster.of(0).max() < 20.0 <= raster.of(1).min()  # sample after sample


def test_the_cheapest_of_equal_accuracy_is_taken() -> None:
    """Of 100 samples: a standard error of 0.04 at 0.8."""
    found = [_spiking(0.9, 70.0), _spiking(0.77, 50.0), _spiking(0.7, 10.0)]
    assert cheapest(iter(found), 0.8).events == 50.0
    assert cheapest(iter(found), 0.99).events == 70.0


def _spiking(accuracy: float, events: float) -> Spiking:
    return Spiking(None, 1, None, 100, accuracy, events)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tables", "perceptron", "text"),
    [
        (
            (1.0, 1.0, 9.0),
            (2.0, 2.0, 9.0),
            "look-up tables at any rate: 0.5 of the perceptron's power at rest, 0.5",
        ),
        (
            (3.0, 1.0, 8.0),
            (2.0, 1.0, 9.0),
            "perceptron at any rate: 1.5 of the perceptron's power at rest, 1.1 at 8",
        ),
        (
            (1.0, 3.0, 9.0),
            (2.0, 1.0, 9.0),
            "look-up tables below 0.5 samples a second, perceptron above: 0.5 of",
        ),
        ((2.0, 1.0, 9.0), (1.0, 1.5, 9.0), "perceptron below 2 samples a second, look-up tables above: 2 of"),
        (
            (2.0, 2.0, 8.0),
            (2.0, 1.0, 9.0),
            "perceptron at any rate: 1 of the perceptron's power at rest, 1.8 at 8",
        ),
        (
            (1.0, 3.0, 0.4),
            (2.0, 1.0, 9.0),
            "look-up tables at any rate: 0.5 of the perceptron's power at rest, 0.917",
        ),
        ((1.0, 1.0, 5.0), (1.0, 1.0, 9.0), "both draw the same, within a hundredth, up to 5 samples"),
    ],
)
def test_verdicts(
    tables: tuple[float, float, float], perceptron: tuple[float, float, float], text: str
) -> None:
    """Static W, J a sample, the most samples a second."""
    assert verdict(Line(*tables), Line(*perceptron)).startswith(text)


def test_lines_cross_where_both_draw_the_same() -> None:
    a, b = Line(1.0, 3.0, 9.0), Line(2.0, 1.0, math.inf)
    rate = crossing(a, b)
    assert rate is not None
    assert a.at(rate) == b.at(rate)
    assert crossing(Line(1.0, 3.0, 0.4), b) is None
