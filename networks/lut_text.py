"""Training a text model for a scenario: the text, a progress bar, checkpoints, and Ctrl-C that ends training alone."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut.encoding import generator
from eventsim.lut.stages import Stage, forward
from eventsim.lut.text import Bytes, Text, read_text
from eventsim.lut.text_training import Progress, TextModel, TextTrainer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

SAVE_EVERY_S = 300.0
CURVE_POINTS = 60


class Trained(NamedTuple):
    """A trainer after its run, and its curve: steps and mean training losses in nats, (k, 2)."""

    trainer: TextTrainer
    curve: NDArray[np.float64]


def text_of(path: str | None, context: int, seed: int, tests: int) -> Text:
    """The text of a scenario: a file of bytes, or the English that comes with Python."""
    return Text(read_text(path), context, seed, tests)


def train(
    model: TextModel, text: Text, steps: int, rate_scale: float, threads: int, checkpoints: str | None
) -> Trained:
    """Train up to ``steps`` steps, going on from the checkpoint of the same run in the folder ``checkpoints``.

    Ctrl-C ends training, not the scenario: what has been learnt is saved and used.
    """
    if steps < 0:
        raise InputError("steps", steps, "must not be negative")
    trainer = TextTrainer(model, text, rate_scale, threads)
    file = None if checkpoints is None else _file_of(trainer, Path(checkpoints))
    if file is not None and file.exists():
        trainer.resume(file)
    points: list[tuple[float, float]] = []
    saved = time.monotonic()

    def report(step: int, loss: float) -> None:
        nonlocal saved
        points.append((step, loss))
        shown(step, loss)
        if file is not None and time.monotonic() - saved > SAVE_EVERY_S:
            trainer.save(file)
            saved = time.monotonic()

    with _bar(trainer.step, steps) as shown:
        try:
            trainer.run(steps, report)
        except KeyboardInterrupt:
            where = f"; it is kept in {file}" if file is not None else ""
            print(f"training stopped at step {trainer.step:,} of {steps:,}{where}", file=sys.stderr)
    if file is not None:
        trainer.save(file)
    return Trained(trainer, _thinned(np.array(points).reshape(-1, 2)))


def _file_of(trainer: TextTrainer, folder: Path) -> Path:
    """Each model, text and seed has a file of its own."""
    named = json.dumps(trainer.identity(), sort_keys=True).encode()
    return folder / f"{trainer.model.kind}-{hashlib.blake2b(named, digest_size=4).hexdigest()}.h5"


def _thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over stretches of the curve, at most `CURVE_POINTS`."""
    stretches = [part for part in np.array_split(points, CURVE_POINTS) if len(part)]
    return np.array([(part[-1, 0], part[:, 1].mean()) for part in stretches]).reshape(-1, 2)


@contextmanager
def _bar(step: int, steps: int) -> Iterator[Progress]:
    """On a terminal: steps, loss, steps a second, time left."""
    if not sys.stderr.isatty():
        yield lambda step, loss: None
        return
    started, first = time.monotonic(), step
    with _new_bar() as bar:
        task = bar.add_task("training", total=steps, completed=step, loss="", rate="")

        def show(step: int, loss: float) -> None:
            rate = (step - first) / max(time.monotonic() - started, 1e-9)
            bar.update(task, completed=step, loss=f"{loss:.3f} nats", rate=f"{rate:,.0f} steps/s")

        yield show


def _new_bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[loss]}"))
    more = (TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    return Bar(*columns, *more, console=Console(stderr=True), transient=True, refresh_per_second=4)


def cross_entropy(latencies: NDArray[np.float64], targets: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Nats of the bytes ``targets`` (n,) under softmax(-latency) of (n, 256); a missing spike is as late as the
    last."""
    last = np.where(np.isfinite(latencies), latencies, -np.inf).max(axis=-1, keepdims=True)
    logits = -np.where(np.isfinite(latencies), latencies, np.where(np.isfinite(last), last, 0.0))
    logits -= logits.max(axis=-1, keepdims=True)
    losses: NDArray[np.float64] = (
        np.log(np.exp(logits).sum(axis=-1)) - logits[np.arange(len(targets)), targets.astype(np.int64)]
    )
    return losses


def generate(
    stages: list[Stage],
    embedding: NDArray[np.float64],
    prompt: Bytes,
    n: int,
    seed: int,
    temperature: float = 0.4,
) -> str:
    """``prompt`` and ``n`` bytes drawn one after the other from softmax(logits / temperature), as text."""
    draw, data = generator(seed, "generated", "text"), list(prompt)
    for _ in range(n):
        latencies = forward(stages, embedding[np.array(data[-len(prompt) :])][np.newaxis])[-1][0, -1]
        powers = np.exp((latencies.min() - latencies) / temperature)
        chances = powers.cumsum() / powers.sum()
        data.append(min(int(np.searchsorted(chances, draw.random())), 255))
    return bytes(data).decode("utf-8", "replace")
