"""The scenario ``bytes``: a transformer of look-up tables predicts the next byte, in exact time and under noise.

It is trained by the published rule on windows of a text; then held-out contexts are simulated spike by spike: the
bytes of a context are volleys, a position an interval, each layer answering in the next.  The byte whose output
spikes first is the prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut.noise import VolleyNoise
from eventsim.lut.operations import PaperCounts, matrix_operations, table_operations
from eventsim.lut.population import Intervals, LatencyRange, add_volleys, intervals_for
from eventsim.lut.stages import (
    AttentionStage,
    Stage,
    add_stages,
    embedded,
    forward,
    ranges,
    transformer_stages,
)
from eventsim.lut.study import quantised, usage_entropy, without_tables
from eventsim.lut.text import Bytes
from eventsim.lut.transformer import Transformer, TransformerSettings
from eventsim.network import Network
from eventsim.scenario.experiment import Experiment
from eventsim.simulation.stopwatch import Stopwatch
from networks.lut_text import Trained, cross_entropy, generate, text_of, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results

BYTES, LOGITS = "bytes", "next byte"


def build(
    *,
    seed: int,
    text: str | None = None,
    context: int = 16,
    latencies: int = 16,
    layers: int = 2,
    heads: int = 1,
    tables: int = 10,
    comparisons: int = 4,
    place_bits: int = 4,
    feed_forward: bool = True,
    shared_anchors: bool = True,
    places: Literal["sign", "order"] = "sign",
    train_embedding: bool = False,
    steps: int = 200_000,
    rate_scale: float = 1.0,
    threads: int = 2,
    checkpoints: str | None = None,
    tests: int = 5_000,
    simulated: int = 40,
    noisy: int = 200,
    jitter_ms: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0),
    lost: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3),
    tick_ms: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0),
    dropped: tuple[float, ...] = (0.1, 0.3),
    generated: int = 160,
) -> Experiment:
    """Train a transformer (see `TransformerSettings`) and present held-out contexts to it, one byte in each interval.

    text: a file of bytes (.gz and .bz2 are unpacked); without one, the English that comes with Python.  checkpoints: a
    folder; the same run goes on from there.  tests: held-out windows for the loss, of which ``simulated`` are simulated
    and ``noisy`` are put through each of the noises, and through coarse tables (int8, ternary) and tables of which the
    fractions ``dropped`` are gone.  generated: bytes of text written after a held-out context.
    """
    for name, number in (("simulated", simulated), ("noisy", noisy)):
        if not 1 <= number <= tests:
            raise InputError(name, number, f"must be from 1 to {tests}, as many as are held out")
    if generated < 0:
        raise InputError("generated", generated, "must not be negative")
    noises = [VolleyNoise(jitter_ms=each) for each in jitter_ms]
    noises += [VolleyNoise(lost=each) for each in lost] + [VolleyNoise(tick_ms=each) for each in tick_ms]
    settings = TransformerSettings(
        context, latencies, layers, heads, tables, comparisons, place_bits, feed_forward, shared_anchors, places,
        train_embedding,
    )  # fmt: skip
    model, data = Transformer(settings, seed), text_of(text, context, seed, tests)
    with Stopwatch().running() as watch:
        trained = train(model, data, steps, rate_scale, threads, checkpoints)
    stages, windows = transformer_stages(model), data.tested(simulated)
    x = embedded(model, windows[:, :-1])
    inputs = LatencyRange(float(x.min()), float(x.max()))
    intervals = intervals_for(ranges(stages, inputs))
    network = Network(seed)
    source = add_volleys(network, BYTES, x.reshape(-1, latencies), intervals)
    network.record_spikes(source)
    kinds = ("attention", "feed-forward") if feed_forward else ("attention",)
    names = [*(f"{kind} {k + 1}" for k in range(layers) for kind in kinds), LOGITS]
    add_stages(network, source, stages, intervals, names, inputs)
    presented = Presented(
        seed, trained, model, stages, windows, intervals, names, noises, tuple(dropped), noisy, generated
    )
    return Experiment(
        network,
        duration_ms=intervals.duration_ms(windows[:, :-1].size, len(stages)),
        measure=presented.measure,
        figures=presented.figures,
        train_s=watch.rest_s,
    )


class Early(NamedTuple):
    """The last byte of each context, (n,): when the first and the last table of the unembedding were resolved, and from
    when on the prediction led; ms after the first spike of the volley; and the rows read by then."""

    first_ms: NDArray[np.float64]
    last_ms: NDArray[np.float64]
    leads_ms: NDArray[np.float64]
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class Presented:
    """The trained transformer and the contexts presented to it."""

    seed: int
    trained: Trained
    model: Transformer
    stages: list[Stage]
    windows: Bytes
    intervals: Intervals
    names: list[str]
    noises: list[VolleyNoise]
    dropped: tuple[float, ...]
    noisy: int
    generated: int

    @cached_property
    def expected(self) -> list[NDArray[np.float64]]:
        """The volleys of the direct formula: input and every stage, (contexts, positions, n)."""
        return forward(self.stages, embedded(self.model, self.windows[:, :-1]))

    def answers(self, results: Results, k: int) -> NDArray[np.float64]:
        """The volleys of stage ``k`` as simulated, (contexts, positions, n); inf where no spike was."""
        raster, shape = results.spikes(self.names[k]), self.expected[k + 1].shape
        volleys = shape[0] * shape[1]
        return self.intervals.table(raster.times, raster.ids, volleys, shape[2], first=k + 1).reshape(shape)

    def measure(self, results: Results) -> dict[str, Any]:
        """Metrics of the run; what has no value is left out."""
        simulated = [self.answers(results, k) for k in range(len(self.names))]
        logits, targets = simulated[-1][:, -1], self.windows[:, -1]
        settings, trainer = self.model.settings, self.trained.trainer
        early = self.early(results)
        return {
            "steps": trainer.step,
            "training_bytes": trainer.step * settings.context,
            "training_loss_nats": float(self.trained.curve[-1, 1]) if len(self.trained.curve) else None,
            "held_out_loss_nats": self.held_out_loss,
            "held_out_bits_a_byte": self.held_out_loss / np.log(2),
            "contexts_simulated": len(self.windows),
            "logits_identical": bool(np.array_equal(simulated[-1], self.expected[-1])),
            "layers_identical": all(
                np.array_equal(one, other) for one, other in zip(simulated, self.expected[1:], strict=True)
            ),
            "simulated_loss_nats": float(cross_entropy(logits, targets).mean()),
            "simulated_accuracy": float((logits.argmin(axis=1) == targets).mean()),
            "rows_read": self.rows_read(results),
            "last_volley_spread_ms": _quartiles(np.ptp(self.expected[-2][:, -1], axis=1)),
            "tables_resolved_ms": _quartiles(early.last_ms),
            "prediction_leads_from_ms": _quartiles(early.leads_ms),
            "rows_read_by_then": _quartiles(early.rows),
            "by_noise": self.by_noise,
            "by_tables": self.by_tables(),
            "row_entropy_bits": self.row_entropy(),
            "operations_a_byte": table_operations(settings).as_dict(),
            "operations_of_matrices": matrix_operations(
                settings.context, settings.latencies, settings.layers
            ),
            "published_ratios": PaperCounts(settings.context).ratios(),
            "generated": self.text(),
        }

    @cached_property
    def held_out_loss(self) -> float:
        """Nats a byte over all held-out windows."""
        return float(self.trained.trainer.held_out_losses().mean())

    def rows_read(self, results: Results) -> int:
        """Spikes of all tables."""
        return sum(len(results.spikes(f"{name} tables")) for name in self.names)

    def early(self, results: Results) -> Early:
        """How early the prediction after each context was known, from the raster of the unembedding's tables."""
        stage, last = self.stages[-1], len(self.names) - 1
        layer = stage.layer  # type: ignore[attr-defined]
        raster, shape = results.spikes(f"{LOGITS} tables"), self.expected[-2].shape
        volleys = shape[0] * shape[1]
        resolved = self.intervals.table(raster.times, raster.ids, volleys, layer.n_tables, first=last)
        resolved = resolved.reshape(*shape[:2], -1)[:, -1]
        x = self.expected[-2][:, -1]
        resolved = resolved - x.min(axis=1, keepdims=True)
        rows, order = layer.indices(x), np.argsort(resolved, axis=1, kind="stable")
        leads, read = np.empty(len(x)), np.empty(len(x), np.int64)
        for c in range(len(x)):
            sums = layer.tables[order[c], rows[c, order[c]]].cumsum(axis=0, dtype=np.float64)
            behind = np.flatnonzero(sums.argmin(axis=1) != sums[-1].argmin())
            ahead = int(behind[-1]) + 1 if behind.size else 0
            leads[c], read[c] = resolved[c, order[c, ahead]], ahead + 1
        return Early(resolved.min(axis=1), resolved.max(axis=1), leads, read)

    @cached_property
    def by_noise(self) -> list[dict[str, float]]:
        """Loss and accuracy with each noise on every volley between layers; by the direct formula."""
        windows = self.trained.trainer.text.tested(self.noisy)
        rows = []
        for noise in [VolleyNoise(), *self.noises]:
            latencies = noisy_forward(self.stages, embedded(self.model, windows[:, :-1]), noise, self.seed)
            named = {"jitter_ms": noise.jitter_ms, "lost": noise.lost, "tick_ms": noise.tick_ms}
            rows.append(named | _scored(latencies[:, -1], windows[:, -1]))
        return rows

    def by_tables(self) -> list[dict[str, Any]]:
        """Loss and accuracy with coarse tables, and without some, on the contexts that noise is measured on."""
        windows = self.trained.trainer.text.tested(self.noisy)
        changed = {"int8": quantised(self.stages, "int8"), "ternary": quantised(self.stages, "ternary")}
        for each in self.dropped:
            changed[f"{each:g} dropped"] = without_tables(self.stages, each, self.seed)
        rows: list[dict[str, Any]] = []
        for name, stages in changed.items():
            latencies = forward(stages, embedded(self.model, windows[:, :-1]))[-1]
            rows.append({"tables": name} | _scored(latencies[:, -1], windows[:, -1]))
        return rows

    def row_entropy(self) -> dict[str, float]:
        """By stage, the mean over its tables of the entropy of the row used, in bits; of attention, of the query."""
        found = {}
        for name, stage, x in zip(self.names, self.stages, self.expected, strict=False):
            attention = isinstance(stage, AttentionStage)
            anchors = stage.query_anchors if attention else stage.layer.anchors  # type: ignore[attr-defined]
            found[name] = float(usage_entropy(anchors, x).mean())
        return found

    def text(self) -> str:
        """A held-out context and what the model writes after it."""
        embedding = embedded(self.model, np.arange(256, dtype=np.uint8))
        return generate(self.stages, embedding, self.windows[0, :-1], self.generated, self.seed)

    def figures(self, results: Results) -> dict[str, Figure]:
        from networks.bytes_figure import bytes_figure

        return {"bytes": bytes_figure(self, results)}


def noisy_forward(
    stages: list[Stage], x: NDArray[np.float64], noise: VolleyNoise, seed: int
) -> NDArray[np.float64]:
    """The last stage's volleys for ``x`` (texts, positions, n), with noise on the volley that each stage receives."""
    for k, stage in enumerate(stages):
        x = stage.forward(noise.on(x, seed, k))
    return x


def _scored(latencies: NDArray[np.float64], targets: NDArray[np.uint8]) -> dict[str, float]:
    """Of answers (n, 256) to contexts that ``targets`` follow."""
    losses, right = cross_entropy(latencies, targets), latencies.argmin(axis=1) == targets
    return {"loss_nats": float(losses.mean()), "accuracy": float(right.mean())}


def _quartiles(values: NDArray[np.float64] | NDArray[np.int64]) -> dict[str, float]:
    found = np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0))
    return dict(
        zip(("min", "lower_quartile", "median", "upper_quartile", "max"), found.tolist(), strict=True)
    )
