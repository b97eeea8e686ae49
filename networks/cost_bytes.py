"""The scenario ``cost-bytes``: the next byte of a text on three chips, look-up tables beside a spiking perceptron.

Both read the last bytes: the tables as the latencies of each byte's embedding, drawn once, the perceptron as one line a
byte and place.
"""

from __future__ import annotations

import gzip

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut.encoding import generator
from eventsim.lut.lattice import snap
from eventsim.lut.layer import LUTLayer
from eventsim.lut.network import LUTNetwork
from eventsim.lut.population import LatencyRange, add_stack, add_volleys, intervals_for, latency_ranges
from eventsim.lut.train import Trainer
from eventsim.network import Network
from eventsim.recording.results import Results
from eventsim.scenario.data import data_path
from eventsim.scenario.experiment import Experiment
from eventsim.simulation.stopwatch import Stopwatch
from networks.cost_compare import Comparison
from networks.cost_perceptron import cheapest, search

SPAN_MS = 10.0
ORIGIN = "https://github.com/karpathy/char-rnn (data/tinyshakespeare), gzipped"


def build(
    *,
    seed: int,
    context: int = 4,
    embedding: int = 12,
    n_tables: int = 128,
    n_comparisons: int = 8,
    train_bytes: int = 200_000,
    test_bytes: int = 1_000,
    rate_scale: float = 0.25,
    hidden: tuple[int, ...] = (16, 32, 64, 128),
    spikes: tuple[int, ...] = (4, 8, 16, 32),
    byte_ms: float = 20.0,
    perceptron_epochs: int = 4,
) -> Experiment:
    """Train both on the beginning of TinyShakespeare, and present `test_bytes` places of its end.

    context: bytes read.  embedding: latencies a byte.  The tables see each of `train_bytes` places once, the perceptron
    `perceptron_epochs` times.  hidden, spikes: sizes of the perceptron and spikes of a line that is on, within
    `byte_ms`; of all pairs as accurate as the tables on the same places (`cheapest`) the one of fewest synaptic events
    is taken.
    """
    if context < 1 or embedding < 2 or test_bytes < 1:
        raise InputError("context, embedding, test_bytes", (context, embedding, test_bytes), "too few")
    path = data_path("text_bytes", "tinyshakespeare.txt.gz", origin=ORIGIN, beside=__file__)
    text = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8)
    alphabet, symbols = np.unique(text, return_inverse=True)
    places = context + np.arange(min(train_bytes, len(text) // 2))
    held_out = np.linspace(0.9 * len(text), len(text) - 1, test_bytes).astype(np.int64)
    codes = snap(generator(seed, "embedding", "bytes").uniform(0.0, SPAN_MS, (alphabet.size, embedding)))

    def read_by_tables(at: NDArray[np.int64]) -> NDArray[np.float64]:
        before = symbols[at[:, np.newaxis] - np.arange(context, 0, -1)]
        latencies: NDArray[np.float64] = codes[before].reshape(len(at), -1)
        return latencies

    def lines(at: NDArray[np.int64]) -> NDArray[np.float64]:
        before = symbols[at[:, np.newaxis] - np.arange(context, 0, -1)]
        on: NDArray[np.float64] = np.eye(alphabet.size)[before].reshape(len(at), -1)
        return on

    with Stopwatch().running() as watch:
        layer = LUTLayer.random(context * embedding, alphabet.size, n_tables, n_comparisons, seed)
        trainer = Trainer(LUTNetwork([layer]), rate_scale)
        order = generator(seed, "order", "bytes").permutation(places)
        trainer.run(read_by_tables(order), symbols[order])
        stack = trainer.network.snapped()
        x = read_by_tables(held_out)
        wanted = float((stack.predict(x) == symbols[held_out]).mean())
        train, test = (lines(order), symbols[order]), (lines(held_out), symbols[held_out])
        ordinary = cheapest(search(train, test, hidden, spikes, byte_ms, seed, perceptron_epochs), wanted)
    inputs = LatencyRange(0.0, SPAN_MS)
    intervals = intervals_for(latency_ranges(stack, inputs))
    network = Network(seed)
    source = add_volleys(network, "bytes", x, intervals)
    network.record_spikes(source)
    add_stack(network, source, stack, intervals, ["next byte"], inputs)

    def read(results: Results) -> float:
        raster = results.spikes("next byte")
        latencies = intervals.table(raster.times, raster.ids, len(held_out), raster.size, 1)
        return float((latencies.argmin(axis=1) == symbols[held_out]).mean())

    both = Comparison(network, read, ordinary, "bytes")
    duration_ms = intervals.duration_ms(len(held_out))
    return Experiment(network, duration_ms, both.measure, both.figures, watch.rest_s)
