"""The scenario ``requests``: an asynchronous network that is asked, by nobody's clock.

Scanned digits arrive at random times and wait in line for one spiking network.  It begins with the next one as soon
as it is free: pixels spike, the more often the more ink, ten neurons add up what they get, and whichever first reaches
its threshold is the answer, at whatever time that is.  So a clear digit takes less time than a doubtful one, and the
line is a queue of one server with general service times, M/G/1, about which there is a theory to compare with.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut.encoding import generator
from eventsim.models import IF
from eventsim.network import AllToAll, FromMatrix, Network, SpikeTrains
from eventsim.scenario.experiment import Experiment
from networks.lut_classifier import N_DIGITS, digit_data

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results
    from eventsim.world import World

PIXELS, ANSWERS, CLEAR = "pixels", "answers", "clear"

IMAGE_MS = 10.0  # in which a pixel of full ink spikes 16 times
SLICE_MS = 0.5  # pixels are asked for their spikes slice by slice, until there is an answer; less than their interval
DELAY_MS = 0.1
CLEAR_MS = 1.5 * DELAY_MS  # from when all is quiet to when all is back to 0
SPAN_MS, LEVELS = 10.0, 16


Spikes = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Times (ms) and pixels, (n,) each."""


class Served(NamedTuple):
    """What became of a request; times in ms, `done` when the network is free again."""

    image: int
    arrived: float
    begun: float
    answered: float
    done: float
    answer: int


def build(
    *,
    seed: int,
    load: float = 0.7,
    requests: int = 1000,
    threshold: float = 2.0,
    hurry: float = 0.0,
) -> Experiment:
    """A linear classifier, trained on scanned digits, that is sent `requests` held-out ones at random.

    load: the fraction of time for which the network is busy, on average, if it has no `hurry`.  threshold: how far the
    evidence (nats) must go before there is an answer.  hurry: with n requests in line the threshold is divided by
    1 + hurry n.
    """
    if not 0.0 < load < math.inf:
        raise InputError("load", load, "must be greater than 0")
    if requests < 1:
        raise InputError("requests", requests, "must be at least 1")
    if not 0.0 < threshold < math.inf:
        raise InputError("threshold", threshold, "must be greater than 0")
    if not 0.0 <= hurry < math.inf:
        raise InputError("hurry", hurry, "must not be negative")
    digits = digit_data(seed)
    ink = [np.rint(LEVELS * (1.0 - x / SPAN_MS)).astype(np.int64) for x in (digits.x_train, digits.x_test)]
    weights = trained(ink[0] / LEVELS, digits.y_train) / LEVELS
    network = Network(seed)
    pixels = network.source(PIXELS, SpikeTrains(np.zeros((weights.shape[0], 0))))
    clear = network.source(CLEAR, SpikeTrains(np.zeros((1, 0))))
    answers = network.population(ANSWERS, N_DIGITS, IF(v_th=threshold, c_m=1.0))
    network.connect(pixels, answers, FromMatrix(weights), delay=DELAY_MS)
    network.connect(clear, answers, AllToAll(), weight=1e6, delay=DELAY_MS)
    expected = [alone(image, weights.astype(np.float32), threshold) for image in ink[1]]
    service, answered = (np.array(column) for column in zip(*expected, strict=True))
    line = Line(seed, load, requests, threshold, hurry, ink[1], digits.y_test, service, answered)
    return Experiment(
        network, duration_ms=line.duration_ms, measure=line.measure, figures=line.figures, world=line.open
    )


def trained(x: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights (pixels, digits) of multinomial logistic regression without a constant, in nats."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=2000).fit(x, y)
    weights: NDArray[np.float64] = model.coef_.T
    return weights


def volley(ink: NDArray[np.int64]) -> Spikes:
    """The spikes of an image in `IMAGE_MS`: a pixel of ink k spikes k times, at regular intervals; in order."""
    pixels = np.repeat(np.arange(ink.size), ink)
    ranks = np.arange(pixels.size) - np.repeat(np.cumsum(ink) - ink, ink)
    times = (ranks + 0.5) / ink[pixels] * IMAGE_MS
    order = np.lexsort((pixels, times))
    return times[order], pixels[order]


def slices(ink: NDArray[np.int64]) -> Iterator[Spikes]:
    """The same slice by slice, again and again, for as long as the image is shown; times from the beginning on."""
    times, pixels = volley(ink)
    cuts = np.searchsorted(times, np.arange(round(IMAGE_MS / SLICE_MS) + 1) * SLICE_MS)
    for shown in itertools.count():
        for first, last in itertools.pairwise(cuts):
            yield times[first:last] + shown * IMAGE_MS, pixels[first:last]


def alone(ink: NDArray[np.int64], weights: NDArray[np.float32], threshold: float) -> tuple[float, int]:
    """How long an image keeps the network busy (ms), and the answer: the sums, spike by spike, without the network."""
    times, pixels = volley(ink)
    last_of_instant = np.append(np.diff(times) > 0.0, True)
    steps, sums, shown = weights[pixels].astype(np.float64), np.zeros(N_DIGITS), 0
    while True:
        path = np.cumsum(np.vstack([sums, steps]), axis=0)[1:]
        reached = np.flatnonzero((path > threshold).any(axis=1) & last_of_instant)
        if reached.size:
            k = reached[0]
            taken = math.floor((times[k] + shown * IMAGE_MS + DELAY_MS) / SLICE_MS) + 1
            return taken * SLICE_MS + DELAY_MS + CLEAR_MS, int(np.argmax(path[k] > threshold))
        sums, shown = path[-1], shown + 1


@dataclass
class Line:
    """The queue before the network; `served` is of one run, from `open` to the next.

    service_ms, answers: (images,) how long each keeps the network busy if nobody hurries, and the answer then.
    """

    seed: int
    load: float
    requests: int
    threshold: float
    hurry: float
    ink: NDArray[np.int64]
    labels: NDArray[np.int64]
    service_ms: NDArray[np.float64]
    answers: NDArray[np.int64]
    served: list[Served] = field(default_factory=list)

    @property
    def arrivals(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """When requests arrive (ms), a Poisson process, and of which images."""
        draw = generator(self.seed, "arrivals", "requests")
        waits = draw.exponential(1.0, self.requests) * self.service_ms.mean() / self.load
        return np.cumsum(waits), draw.integers(0, self.labels.size, self.requests)

    @property
    def duration_ms(self) -> float:
        """Until the last request is served: a bound, whoever hurries is done before."""
        times, images = self.arrivals
        return float(math.ceil(finished(times, self.service_ms[images])[-1] + 1.0))

    def open(self, world: World) -> None:
        """Let requests arrive and be served."""
        self.served = []
        line = simpy.Store(world.env)
        world.process(self._arrive(world, line))
        world.process(self._serve(world, line))

    def _arrive(self, world: World, line: simpy.Store) -> Generator[Any, Any, None]:
        for time, image in zip(*self.arrivals, strict=True):
            yield world.at(float(time))
            line.put((world.now, int(image)))

    def _serve(self, world: World, line: simpy.Store) -> Generator[Any, Any, None]:
        while True:
            arrived, image = yield line.get()
            if self.hurry:
                world.set_parameters(ANSWERS, v_th=self.threshold / (1.0 + self.hurry * len(line.items)))
            begun = world.now
            answering = world.spike(ANSWERS)
            shown, coming = 0.0, slices(self.ink[image])
            while not answering.triggered:
                times, pixels = next(coming)
                if times.size:  # of each pixel one at most
                    world.inject(world.network[PIXELS][pixels], at=begun + times)
                shown += SLICE_MS
                yield world.at(begun + shown)
            answer: Any = answering.value
            yield world.timeout(DELAY_MS)  # what was under way has arrived
            world.inject(CLEAR)
            yield world.timeout(CLEAR_MS)
            self.served.append(Served(image, arrived, begun, answer.time, world.now, int(answer.members[0])))

    def measure(self, results: Results) -> dict[str, Any]:
        """The metrics of the summary: the line, beside what theory says of it."""
        waits = np.array([each.begun - each.arrived for each in self.served])
        service = np.array([each.done - each.begun for each in self.served])
        right = np.array([each.answer == self.labels[each.image] for each in self.served])
        rate, mean, square = (
            self.load / self.service_ms.mean(),
            self.service_ms.mean(),
            (self.service_ms**2).mean(),
        )
        theory = rate * square / (2.0 * (1.0 - self.load)) if self.load < 1.0 else math.inf
        low, high = interval(waits)
        as_computed = np.mean([each.answer == self.answers[each.image] for each in self.served])
        return {
            "served": len(self.served),
            "load": self.load,
            "requests_a_s": 1e3 * rate,
            "busy": float(service.sum() / results.duration_ms),
            "service_ms": float(service.mean()),
            "service_std_ms": float(service.std()),
            "wait_ms": float(waits.mean()),
            "wait_low_ms": low,
            "wait_high_ms": high,
            "wait_95_percent_ms": float(np.quantile(waits, 0.95)),
            "wait_mg1_ms": theory,
            "wait_md1_ms": theory * mean**2 / square,
            "accuracy": float(right.mean()),
            "accuracy_unhurried": float((self.answers == self.labels).mean()),
            "answers_as_computed": float(as_computed),
            "longest_line": int(self.in_line()[1].max()),
            "pixel_spikes_a_request": int(results.counts["source_spikes"]) / len(self.served),
        }

    def in_line(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Requests that wait, from each change on: times (ms) and how many."""
        times = np.array([t for each in self.served for t in (each.arrived, each.begun)])
        steps = np.tile([1, -1], len(self.served))
        order = np.lexsort((-steps, times))
        return times[order], np.cumsum(steps[order])

    def figures(self, results: Results) -> dict[str, Figure]:
        """The picture of the scenario."""
        from networks.requests_figure import requests_figure

        return {"requests": requests_figure(self, results)}


def finished(arrivals: NDArray[np.float64], service: NDArray[np.float64]) -> NDArray[np.float64]:
    """When each of the requests, served in order of arrival, is done with (ms): Lindley's recursion."""
    done = np.empty(arrivals.size)
    free = 0.0
    for k, (arrival, length) in enumerate(zip(arrivals, service, strict=True)):
        free = max(free, arrival) + length
        done[k] = free
    return done


def interval(waits: NDArray[np.float64], batches: int = 20) -> tuple[float, float]:
    """The mean of waits that depend on each other: about 95 %, from the means of batches."""
    means = np.array([batch.mean() for batch in np.array_split(waits, min(batches, waits.size))])
    half = 2.09 * means.std(ddof=1) / math.sqrt(means.size) if means.size > 1 else math.inf
    return float(waits.mean() - half), float(waits.mean() + half)
