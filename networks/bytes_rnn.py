"""The scenario ``bytes-rnn``: a recurrent network of look-up tables reads text byte by byte, its state carried by
spikes.

It is trained by the published rule on windows of a text, then reads a held-out stretch without a break: the state is a
volley that goes round, once in each interval, and the byte whose output spikes first is the prediction of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut.population import Intervals, LatencyRange, add_volleys, intervals_for
from eventsim.lut.recurrent import Recurrent, RecurrentSettings
from eventsim.lut.recurrent_stages import Loop
from eventsim.lut.text import Bytes
from eventsim.network import Network
from eventsim.plots import style
from eventsim.scenario.experiment import Experiment
from eventsim.simulation.stopwatch import Stopwatch
from networks.lut_text import Trained, cross_entropy, text_of, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eventsim.recording.results import Results

BYTES, STATE, NEXT = "bytes", "state", "next byte"
SHOWN = 24


def build(
    *,
    seed: int,
    text: str | None = None,
    context: int = 32,
    latencies: int = 64,
    tables: int = 64,
    comparisons: int = 10,
    readout_tables: int = 64,
    readout_comparisons: int = 6,
    steps: int = 40_000,
    rate_scale: float = 1.0,
    checkpoints: str | None = None,
    tests: int = 2_000,
    characters: int = 400,
) -> Experiment:
    """Train a recurrent network (see `RecurrentSettings`) and let it read ``characters`` bytes at the end of the text.

    Training leaves out these bytes and windows drawn for the held-out loss.  text: a file of bytes (.gz and .bz2 are
    unpacked); without one, the English that comes with Python.  checkpoints: a folder to go on from.
    """
    settings = RecurrentSettings(context, latencies, tables, comparisons, readout_tables, readout_comparisons)
    if characters < 2:
        raise InputError("characters", characters, "must be at least 2")
    whole = text_of(text, context, seed, 1).data
    if len(whole) < 2 * characters:
        raise InputError("characters", characters, f"too many of a text of {len(whole)} bytes")
    read = whole[len(whole) - characters - 1 :]
    model = Recurrent(settings, seed)
    with Stopwatch().running() as watch:
        trained = _train(model, whole[: len(whole) - len(read)], steps, rate_scale, checkpoints, tests, seed)
    loop = Loop.of(model)
    z = loop.embedding[read[:-1]]
    inputs = LatencyRange(float(loop.embedding.min()), float(loop.embedding.max()))
    intervals = intervals_for(loop.ranges(inputs))
    network = Network(seed)
    source = add_volleys(network, BYTES, z, intervals)
    network.record_spikes(source)
    loop.add(network, source, intervals, inputs)
    presented = Presented(trained, loop, read, intervals)
    return Experiment(
        network,
        duration_ms=intervals.duration_ms(len(z), 2),
        measure=presented.measure,
        figures=presented.figures,
        train_s=watch.rest_s,
    )


def _train(
    model: Recurrent,
    data: Bytes,
    steps: int,
    rate_scale: float,
    checkpoints: str | None,
    tests: int,
    seed: int,
) -> Trained:
    from eventsim.lut.text import Text

    return train(model, Text(data, model.context, seed, tests), steps, rate_scale, 1, checkpoints)


@dataclass(frozen=True)
class Presented:
    """The trained network and the bytes it reads, the last of which it only predicts."""

    trained: Trained
    loop: Loop
    read: Bytes
    intervals: Intervals

    @cached_property
    def expected(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """States and outputs of the direct formula."""
        return self.loop.forward(self.loop.embedding[self.read[:-1]])

    def answers(self, results: Results, name: str, first: int) -> NDArray[np.float64]:
        """The volleys of a population as simulated, (bytes, n); inf where no spike was."""
        raster, size = results.spikes(name), {STATE: self.loop.recurrent.n_out, NEXT: 256}[name]
        return self.intervals.table(raster.times, raster.ids, len(self.read) - 1, size, first)

    def measure(self, results: Results) -> dict[str, Any]:
        """Metrics of the run."""
        states, outputs = self.answers(results, STATE, 1), self.answers(results, NEXT, 2)
        losses, targets = cross_entropy(outputs, self.read[1:]), self.read[1:]
        context, held_out = self.trained.trainer.model.context, self.trained.trainer.held_out_losses()
        return {
            "steps": self.trained.trainer.step,
            "table_entries": self.trained.trainer.model.settings.table_entries,
            "training_loss_nats": float(self.trained.curve[-1, 1]) if len(self.trained.curve) else None,
            "held_out_loss_nats": float(held_out.mean()),
            "bytes_read": len(targets),
            "states_identical": bool(np.array_equal(states, self.expected[0])),
            "logits_identical": bool(np.array_equal(outputs, self.expected[1])),
            "simulated_loss_nats": float(losses.mean()),
            "loss_beyond_the_trained_context_nats": float(losses[context:].mean())
            if len(losses) > context
            else None,
            "simulated_accuracy": float((outputs.argmin(axis=1) == targets).mean()),
            "rows_read": len(results.spikes(f"{STATE} tables")) + len(results.spikes(f"{NEXT} tables")),
        }

    def figures(self, results: Results) -> dict[str, Figure]:
        """Raster of the first intervals, and the losses along the text."""
        with style.styled_figure(11.0, 6.6) as figure:
            top, bottom = figure.subplots(2, 1, height_ratios=(2.2, 1.0))
            length, sizes = (
                self.intervals.length_ms,
                {BYTES: self.loop.recurrent.n_in, STATE: self.loop.recurrent.n_out},
            )
            start, ticks = 0.0, []
            for k, name in enumerate((BYTES, STATE, NEXT)):
                raster, size = results.spikes(name), sizes.get(name, 256)
                soon = raster.times < SHOWN * length
                height = 1.0 if size < 256 else 1.5
                y = start + height * raster.ids[soon] / size
                top.plot(raster.times[soon] / length, y, "|", ms=3, color=style.PALETTE[k], rasterized=True)
                ticks.append(start + height / 2)
                start += height + 0.2
            for t, byte in enumerate(self.read[:SHOWN]):
                top.annotate(_shown(byte), (t + 0.5, -0.12), ha="center", fontsize=8, color=style.INK)
            top.set_yticks(ticks, [BYTES, STATE, NEXT])
            top.set(xlim=(0, SHOWN), ylim=(start, -0.35), xlabel="interval")
            top.set_title("Text read byte by byte; the state goes round as a volley of spikes")
            losses = cross_entropy(self.answers(results, NEXT, 2), self.read[1:])
            mean = np.convolve(losses, np.full(SHOWN, 1 / SHOWN), "valid")
            bottom.plot(losses, ".", ms=3, color="#b4bcc6", label="each byte")
            bottom.plot(
                np.arange(mean.size) + SHOWN / 2, mean, color=style.PALETTE[1], label=f"mean of {SHOWN}"
            )
            bottom.set(xlim=(0, len(losses)), xlabel="byte", ylabel="nats")
            bottom.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
            bottom.set_title(f"Loss: {losses.mean():.2f} nats a byte on text it has not seen")
        return {"bytes-rnn": figure}


def _shown(byte: int) -> str:
    return chr(byte) if 32 < byte < 127 else "·"
