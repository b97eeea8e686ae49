"""Training a model on a text, one window a step: held-out loss, checkpoints that go on with the same bytes, Ctrl-C."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from eventsim.errors import FileFormatError, InputError
from eventsim.files import failures_naming, readable, write_whole
from eventsim.lut.text import Text
from eventsim.lut.thread_choice import ThreadChoice

_FORMAT = "eventsim text model 2"
CHUNK_TEXTS = 256

Progress = Callable[[int, float], None]
"""Called with the steps so far and the mean loss in nats of the last ones."""


class TextModel(Protocol):
    """What can be trained on a text: `Transformer`, `Recurrent`."""

    kind: str
    settings: Any
    seed: int

    @property
    def context(self) -> int: ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that training changes, by name."""
        ...

    def run(
        self, texts: NDArray[np.uint8], learns: bool, step: int, rate_scale: float, threads: int,
        losses: NDArray[np.float64], done: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Losses of ``texts`` (n, context + 1), and where ``learns`` a step on each; ``done`` (1,) counts them."""
        ...


@dataclass
class TextTrainer:
    """Plain gradient descent by the published rule and schedule: step t is on window t of the text.

    The model after a step is a function of its first state, the text, the seed and the step number: neither of how a
    run was cut nor of the number of threads: ``threads`` are used where they are faster than one (`ThreadChoice`).
    """

    model: TextModel
    text: Text
    rate_scale: float = 1.0
    threads: int = 1
    done: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    choice: ThreadChoice = field(init=False)

    def __post_init__(self) -> None:
        if self.text.context != self.model.context:
            raise InputError(
                "text.context", self.text.context, f"the model has {self.model.context} positions"
            )
        if self.threads < 1:
            raise InputError("threads", self.threads, "must be at least 1")
        self.choice = ThreadChoice(self.threads)

    @property
    def step(self) -> int:
        """How many steps have been taken; the kernel counts them, so that an interrupt finds it right."""
        return int(self.done[0])

    def run(self, until: int, progress: Progress | None = None, chunk: int = CHUNK_TEXTS) -> None:
        """Train up to step ``until``, at most ``chunk`` steps at a time; an interrupt is raised between these."""
        while self.step < until:
            threads, n = self.choice.next(min(chunk, until - self.step))
            losses = np.zeros(n)
            texts = self.text.training(self.step, n)
            started = time.perf_counter()
            self.model.run(texts, True, self.step, self.rate_scale, threads, losses, self.done)
            self.choice.took(threads, (time.perf_counter() - started) / n)
            if progress is not None:
                progress(self.step, float(losses.mean()))

    def held_out_losses(self, n: int | None = None) -> NDArray[np.float64]:
        """Cross entropy in nats of the last byte of each of the first ``n`` held-out windows."""
        texts = self.text.tested(n)
        losses = np.zeros(len(texts))
        self.model.run(texts, False, 0, 0.0, 1, losses, np.zeros(1, np.int64))
        return losses

    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree in to be gone on with."""
        return {
            "kind": self.model.kind,
            "settings": asdict(self.model.settings),
            "seed": self.model.seed,
            "text_bytes": len(self.text.data),
            "text_checksum": int(np.bitwise_xor.reduce(_words(self.text.data))),
            "text_seed": self.text.seed,
            "tests": self.text.tests,
            "rate_scale": self.rate_scale,
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything that training goes on from into one HDF5 file; an earlier one is replaced when it is
        whole.  Raises FileAccessError for a path where nothing can be written."""
        target = Path(path)
        with failures_naming(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, self._write)

    def _write(self, path: Path) -> None:
        with h5py.File(path, "w") as file:
            file.attrs["format"] = _FORMAT
            file.attrs["identity"] = json.dumps(self.identity(), sort_keys=True)
            file.attrs["step"] = self.step
            for name, array in self.model.arrays().items():
                file.create_dataset(name, data=array, track_times=False)

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint.

        Raises MissingDataError or FileAccessError for none that can be read, FileFormatError for another file,
        InputError for one of another model, text or seed, naming the first difference.
        """
        path = readable(path)
        try:
            with h5py.File(path) as file:
                if (found := file.attrs.get("format")) != _FORMAT:
                    raise FileFormatError(
                        f"{path}: not a checkpoint of this version ({found!r}, not {_FORMAT!r})"
                    )
                self._check(json.loads(file.attrs["identity"]), path)
                for name, array in self.model.arrays().items():
                    if array.size:
                        file[name].read_direct(array)
                self.done[0] = int(file.attrs["step"])
        except (OSError, KeyError) as error:
            raise FileFormatError(
                f"{path}: not a checkpoint of a text model, or truncated ({error})"
            ) from None

    def _check(self, saved: dict[str, Any], path: str | os.PathLike[str]) -> None:
        mine = json.loads(json.dumps(self.identity()))
        for name, value in mine.items():
            if saved.get(name) != value:
                raise InputError(name, value, f"the checkpoint {path} has {saved.get(name)!r}")


def _words(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The bytes as words, each rotated by its place, so that moved text is another text."""
    whole = np.frombuffer(data[: len(data) // 8 * 8].tobytes(), np.uint64)
    shift = (np.arange(whole.size) % 64).astype(np.uint64)
    return (whole << shift) | (whole >> (np.uint64(63) - shift) >> np.uint64(1))
