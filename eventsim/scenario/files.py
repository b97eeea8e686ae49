"""Files written whole or not at all: under another name first, then renamed."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def prepare_directory(path: Path) -> None:
    """Make the folder and try to write in it, before hours of simulation do.  Raises ``OSError``."""
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path):
        pass


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write`` with a temporary name beside ``path`` (same suffix) and rename what it wrote.

    Raises ``OSError`` that names ``path``, also where HDF5 could not write.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        with failures_naming(path):
            write(temporary)
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def failures_naming(path: Path) -> Iterator[None]:
    """A full disk and the like as an ``OSError`` about ``path``; HDF5 tells the error number in its text alone."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        told = re.search(r"errno = (\d+)", str(error))
        number = (error.errno if isinstance(error, OSError) else None) or (int(told[1]) if told else None)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def write_json(path: Path, value: object) -> None:
    """Write `to_json` of ``value``, whole or not at all.  Raises ``OSError`` that names ``path``."""
    write_whole(path, lambda temporary: temporary.write_text(to_json(value) + "\n", encoding="utf-8"))


def to_json(value: object) -> str:
    """Indented JSON of ``value``; NumPy's numbers and arrays become plain ones, what is not finite ``null``."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
