"""Finished points, a line each, in a file that any kill leaves readable."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eventsim.scenario.problems import ScenarioError

Row = dict[str, Any]


def read_journal(path: Path) -> dict[str, Row]:
    """The rows of the points in the journal by their keys; what a kill left half-written is none of them."""
    rows: dict[str, Row] = {}
    if not path.exists():
        return rows
    for line in path.read_bytes().splitlines(keepends=True):
        entry = _entry(line)
        if entry is not None:
            rows[entry["key"]] = entry["row"]
    return rows


class Journal:
    """The journal open for appending, by one sweep at a time.

    A line is written by one call and handed to the operating system at once: what is killed is this process, and the
    lines before stay.  Raises ``ScenarioError`` if another process has the journal open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise ScenarioError(f"{path.parent}: another sweep is writing here") from None
        self._cut_torn_line()

    def append(self, line: str) -> None:
        """Add a finished point's line, `line_of`."""
        text = line.encode() + b"\n"
        while text:
            text = text[os.write(self._file, text) :]

    def keep(self, keys: Iterable[str]) -> None:
        """Drop the points that are not among ``keys``."""
        wanted = set(keys)
        lines = [line for line in self.path.read_bytes().splitlines(keepends=True) if _key(line) in wanted]
        os.ftruncate(self._file, 0)
        for line in lines:
            self.append(line.decode().rstrip("\n"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def _cut_torn_line(self) -> None:
        text = self.path.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            os.ftruncate(self._file, whole)


def line_of(key: str, row: Row, log: dict[str, Any]) -> str:
    """A point's line: its row, which the table is made of, and a log (seconds, host) that it is not."""
    return json.dumps({"key": key, "row": row, "log": log}, ensure_ascii=False)


def row_of(line: str) -> tuple[str, Row]:
    """The key and the row in a line."""
    entry = json.loads(line)
    return entry["key"], entry["row"]


def _entry(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    sound = (
        isinstance(entry, dict) and isinstance(entry.get("key"), str) and isinstance(entry.get("row"), dict)
    )
    return entry if sound else None


def _key(line: bytes) -> str | None:
    entry = _entry(line)
    return None if entry is None else entry["key"]
