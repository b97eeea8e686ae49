"""The scenario ``digits``: real scanned digits, classified by the order of spikes, in exact time.

Each pixel spikes once an image, the brighter the earlier; a look-up-table network, trained by the published rule, is
simulated spike by spike on images that it has not seen, as they are and with jittered input spikes.  The digit whose
output spikes first is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut.encoding import jittered
from eventsim.lut.network import LUTNetwork
from eventsim.lut.population import (
    Intervals,
    LatencyRange,
    add_stack,
    add_volleys,
    intervals_for,
    latency_ranges,
)
from eventsim.network import Network
from eventsim.scenario.experiment import Experiment
from eventsim.simulation.stopwatch import Stopwatch
from networks.lut_classifier import (
    ClassifierSettings,
    Digits,
    baseline_accuracies,
    digit_data,
    train_classifier,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results

PIXELS, OUTPUTS = "pixels", "digits"


def build(
    *,
    seed: int,
    n_tables: int = 1024,
    n_comparisons: int = 6,
    hidden: tuple[int, ...] = (),
    epochs: int = 40,
    rate_scale: float = 0.25,
    shift_px: float = 0.7,
    train_jitter_ms: float = 1.5,
    jitter_ms: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0),
    wire_ms: float = 0.0,
    test_images: int | None = None,
) -> Experiment:
    """Train a classifier (see `ClassifierSettings`) and present the held-out images to it, one in each interval.

    jitter_ms: standard deviations of Gaussian noise on the input spikes; after the images as they are, all come again
    with each of these.  wire_ms: how long spikes take from layer to layer, and by how much the intervals are longer on
    either side: room for noise on the wires.  test_images: how many of the held-out images; all by default.
    """
    if test_images is not None and test_images < 1:
        raise InputError("test_images", test_images, "must be at least 1")
    for k, sigma in enumerate(jitter_ms):
        if not 0.0 <= sigma < np.inf:
            raise InputError("jitter_ms", sigma, "must not be negative", k)
    settings = ClassifierSettings(
        n_tables, n_comparisons, hidden, epochs, rate_scale, shift_px, train_jitter_ms
    )
    digits = digit_data(seed)
    digits = digits._replace(x_test=digits.x_test[:test_images], y_test=digits.y_test[:test_images])
    with Stopwatch().running() as watch:
        losses: list[float] = []
        stack = train_classifier(digits, settings, seed, lambda epoch, epochs, loss: losses.append(loss))

    sigmas = (0.0, *jitter_ms)
    x = np.concatenate([jittered(digits.x_test, sigma, seed) for sigma in sigmas])
    inputs = LatencyRange(float(x.min()), float(x.max()))
    ranges = latency_ranges(stack, inputs)
    intervals = intervals_for([LatencyRange(low - wire_ms, high + wire_ms) for low, high in ranges])
    network = Network(seed)
    pixels = add_volleys(network, PIXELS, x, intervals)
    network.record_spikes(pixels)
    names = [*(f"hidden {k + 1}" for k in range(len(hidden))), OUTPUTS]
    add_stack(network, pixels, stack, intervals, names, inputs, wire_ms)
    presented = Presented(
        seed, digits, sigmas, stack, intervals, wire_ms, f"{names[0]} tables", tuple(losses)
    )
    return Experiment(
        network,
        duration_ms=intervals.after(wire_ms * len(names)).duration_ms(len(x), len(names)),
        measure=presented.measure,
        figures=presented.figures,
        train_s=watch.rest_s,
    )


class Reading(NamedTuple):
    """What the raster says, a volley (image as presented) in each row; latencies in ms, inf where no spike was.

    pixels: (n, 64).  outputs: (n, 10).  answers: (n,), the output that spiked first, of simultaneous ones the lower.
    resolved: (n, n_tables), when the first layer's tables were resolved, in the time of the input; (n, 0) if these
    were not recorded.
    """

    pixels: NDArray[np.float64]
    outputs: NDArray[np.float64]
    answers: NDArray[np.int64]
    resolved: NDArray[np.float64]


class RunningSums(NamedTuple):
    """When rows were read, (k,) ms in ascending order; the outputs' sums from then on, (k, 10) ms; rows read, (k,)."""

    times: NDArray[np.float64]
    sums: NDArray[np.float64]
    rows_read: NDArray[np.int64]


@dataclass(frozen=True)
class Presented:
    """The trained network and the volleys presented to it: all test images once with each of the sigmas (ms)."""

    seed: int
    digits: Digits
    sigmas: tuple[float, ...]
    stack: LUTNetwork
    intervals: Intervals
    wire_ms: float
    tables: str
    losses: tuple[float, ...]

    @property
    def images(self) -> int:
        return len(self.digits.y_test)

    def read(self, results: Results) -> Reading:
        """The latencies in the raster."""
        n = self.images * len(self.sigmas)

        def latencies(name: str, first: int, wires: int) -> NDArray[np.float64]:
            raster = results.spikes(name)
            intervals = self.intervals.after(wires * self.wire_ms)
            return intervals.table(raster.times, raster.ids, n, raster.size, first)

        layers = len(self.stack.layers)
        outputs = latencies(OUTPUTS, layers, layers)
        resolved = latencies(self.tables, 0, 1) if self.tables in results.populations else np.empty((n, 0))
        return Reading(latencies(PIXELS, 0, 0), outputs, outputs.argmin(axis=1), resolved)

    def is_direct(self, reading: Reading) -> bool:
        """Whether the outputs are those of the direct formula: they are not under noise on the wires."""
        return np.array_equal(reading.outputs, self.stack.forward(reading.pixels))

    def accuracies(self, answers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Fraction of right answers (n,) for each of the sigmas."""
        right = answers.reshape(len(self.sigmas), -1) == self.digits.y_test
        fractions: NDArray[np.float64] = right.mean(axis=1)
        return fractions

    @cached_property
    def baselines(self) -> list[dict[str, float]]:
        """Accuracy of other classifiers on the same images, for each of the sigmas; see `baseline_accuracies`."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(1):  # these problems are so small that threads make them slower by far
            volleys = (jittered(self.digits.x_test, sigma, self.seed) for sigma in self.sigmas)
            return [baseline_accuracies(self.digits._replace(x_test=x)) for x in volleys]

    def measure(self, results: Results) -> dict[str, Any]:
        """The metrics of the summary.  Times are in ms after the first input spike of an image."""
        reading = self.read(results)
        direct = self.stack.forward(reading.pixels)
        accuracies = self.accuracies(reading.answers)
        direct_accuracies = self.accuracies(direct.argmin(axis=1))
        volleys = len(reading.answers)
        return {
            "test_accuracy": accuracies[0],
            "answers_changed": float((reading.answers != direct.argmin(axis=1)).mean()),
            "test_accuracy_direct_formula": direct_accuracies[0],
            "predictions_identical": bool((reading.answers == direct.argmin(axis=1)).all()),
            "latencies_identical": bool(np.array_equal(reading.outputs, direct)),
            **{f"{name}_accuracy": accuracy for name, accuracy in self.baselines[0].items()},
            "training_images": len(self.digits.y_train),
            "epochs": len(self.losses),
            "training_loss_nats": self.losses[-1] if self.losses else None,
            "test_images": self.images,
            "volleys": volleys,
            "missing_input_spikes": int(np.isinf(reading.pixels).sum()),
            "synaptic_events_an_image": int(results.counts["synaptic_events"]) / volleys,
            "output_spikes": int(np.isfinite(reading.outputs).sum()),
            **self._resolution(reading),
            "lead_of_first_output_ms": spread(lead_ms(reading.outputs[: self.images])),
            "accuracy_by_jitter": [
                {"jitter_ms": sigma, "accuracy": accuracy, "direct_formula": direct_accuracy, **others}
                for sigma, accuracy, direct_accuracy, others in zip(
                    self.sigmas, accuracies, direct_accuracies, self.baselines, strict=True
                )
            ],
        }

    def _resolution(self, reading: Reading) -> dict[str, Any]:
        """When the first layer's tables were resolved, if the raster has it; without jitter where not said."""
        if reading.resolved.size == 0:
            return {}
        rows_read = int(np.isfinite(reading.resolved).sum())
        first, last = (bound(reading.pixels, axis=1, keepdims=True) for bound in (np.min, np.max))
        after_first = (reading.resolved - first).reshape(len(self.sigmas), -1)
        before_last = (reading.resolved < last).reshape(len(self.sigmas), -1).mean(axis=1)
        measured: dict[str, Any] = {
            "rows_read": rows_read,
            "rows_read_an_image": rows_read / len(reading.pixels),
            "resolution_ms": spread(after_first[0]),
            "resolved_before_last_input_spike": before_last[0],
            "resolution_by_jitter": [
                {"jitter_ms": sigma, **spread(times), "before_last_input_spike": share}
                for sigma, times, share in zip(self.sigmas, after_first, before_last, strict=True)
            ],
        }
        if len(self.stack.layers) == 1 and self.is_direct(reading):
            decided, rows = self.decided(reading)
            measured["answer_leads_for_good_ms"] = spread(decided - first[: self.images, 0])
            measured["rows_read_by_then"] = spread(rows)
        return measured

    def running_sums(self, reading: Reading, image: int) -> RunningSums:
        """How the sums of the only layer's outputs grew as its rows were read."""
        layer, times = self.stack.layers[0], reading.resolved[image]
        order = np.argsort(times, kind="stable")
        rows = layer.indices(reading.pixels[image])
        sums = layer.tables[order, rows[order]].cumsum(axis=0, dtype=np.float64)
        last_of_instant = np.flatnonzero(np.append(np.diff(times[order]) > 0.0, True))
        return RunningSums(times[order][last_of_instant], sums[last_of_instant], last_of_instant + 1)

    def decided(self, reading: Reading) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """From when on the output that was to spike first led the sums, (images,) ms, and the rows read by then."""
        moments, rows = np.empty(self.images), np.empty(self.images, dtype=np.int64)
        for image in range(self.images):
            times, sums, rows_read = self.running_sums(reading, image)
            behind = np.flatnonzero(sums.argmin(axis=1) != reading.answers[image])
            # With delays on the way to the tables, rows may be others than these, and the answer never lead.
            ahead = min(behind[-1] + 1, times.size - 1) if behind.size else 0
            moments[image], rows[image] = times[ahead], rows_read[ahead]
        return moments, rows

    def figures(self, results: Results) -> dict[str, Figure]:
        """The picture of the scenario; none where the tables were not recorded or are not those of the outputs, nor
        under noise on the wires."""
        reading = self.read(results)
        if reading.resolved.size == 0 or len(self.stack.layers) > 1 or not self.is_direct(reading):
            return {}
        from networks.digits_figure import digits_figure

        return {"digits": digits_figure(self, reading)}


def lead_ms(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much earlier than the second output the first one spiked, (n,)."""
    two = np.partition(outputs, 1, axis=1)[:, :2]
    lead: NDArray[np.float64] = two[:, 1] - two[:, 0]
    return lead


def spread(values: NDArray[np.float64] | NDArray[np.int64]) -> dict[str, float]:
    """Least, quartiles and greatest; NaN between two that are infinite, such as times of what never happened."""
    names = ("min", "lower_quartile", "median", "upper_quartile", "max")
    with np.errstate(invalid="ignore"):
        found = np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0))
    return dict(zip(names, found.tolist(), strict=True))
