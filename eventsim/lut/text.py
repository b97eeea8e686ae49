"""Text as bytes: a file's or the English that comes with Python, windows held out of training, windows drawn for it."""

from __future__ import annotations

import bz2
import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError, MissingDataError
from eventsim.lut.encoding import generator

SYMBOLS = 256
BLOCK = 1024
"""Windows of this many steps are drawn at a time, each block by a generator of its own."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Text:
    """Bytes, and which windows of them are held out.

    data: uint8 (n,).  context: bytes from which the next is predicted.  held_out: int64 (tests,), where windows of
    ``context + 1`` bytes begin that no training window begins within ``context`` of; drawn from ``seed``.
    Raises `InputError` for a text that is too short.
    """

    data: Bytes
    context: int
    seed: int
    tests: int = 10_000

    def __post_init__(self) -> None:
        if self.starts < 4 * self.context:
            raise InputError("text", len(self.data), f"bytes are too few for a context of {self.context}")
        drawn = generator(self.seed, "held out", "text").integers(0, self.starts, self.tests)
        reserved = np.zeros(self.starts, bool)
        for shift in range(-self.context, self.context + 1):
            reserved[np.clip(drawn + shift, 0, self.starts - 1)] = True
        if reserved.mean() > 0.9:
            raise InputError("tests", self.tests, f"held-out windows leave nothing of {len(self.data)} bytes")
        object.__setattr__(self, "held_out", drawn)
        object.__setattr__(self, "_reserved", reserved)

    held_out: NDArray[np.int64] = None  # type: ignore[assignment]
    _reserved: NDArray[np.bool_] = None  # type: ignore[assignment]

    @property
    def starts(self) -> int:
        """How many windows there are."""
        return len(self.data) - self.context - 1

    def windows(self, starts: NDArray[np.int64]) -> Bytes:
        """Bytes (n, context + 1) from each of ``starts`` (n,) on."""
        windows: Bytes = self.data[starts[:, np.newaxis] + np.arange(self.context + 1)]
        return windows

    def tested(self, n: int | None = None) -> Bytes:
        """The first ``n`` held-out windows, all by default."""
        return self.windows(self.held_out[:n])

    def training(self, step: int, n: int) -> Bytes:
        """The windows of steps ``step`` to ``step + n - 1``: a function of the seed and the step alone."""
        first, last = step // BLOCK, (step + n - 1) // BLOCK
        starts = np.concatenate([self._block(block) for block in range(first, last + 1)])
        return self.windows(starts[step - first * BLOCK :][:n])

    def _block(self, block: int) -> NDArray[np.int64]:
        draw = generator(self.seed, "windows", str(block))
        starts = np.zeros(0, np.int64)
        while starts.size < BLOCK:
            more = draw.integers(0, self.starts, 2 * BLOCK)
            starts = np.concatenate([starts, more[~self._reserved[more]]])
        return starts[:BLOCK]


def read_text(path: str | Path | None = None) -> Bytes:
    """The bytes of a file (.gz and .bz2 are unpacked), or without one the English that ships with Python."""
    if path is None:
        return python_english()
    file = Path(path)
    opener = {".gz": gzip.open, ".bz2": bz2.open}.get(file.suffix, open)
    try:
        with opener(file, "rb") as opened:  # type: ignore[operator]
            return np.frombuffer(opened.read(), np.uint8)
    except FileNotFoundError:
        raise MissingDataError(f"{file}: there is no such text") from None
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise InputError("text", str(file), f"cannot be read: {error}") from None


def python_english() -> Bytes:
    """The language reference that Python's ``help()`` shows, some half a megabyte of English; version by
    version another."""
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise MissingDataError("this Python has no pydoc_data.topics; give a text file") from error
    return np.frombuffer("\n".join(topics[name] for name in sorted(topics)).encode(), np.uint8)
