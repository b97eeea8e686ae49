"""The folder of a run, and what is written there as JSON."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eventsim.files import failures_naming, write_whole


def prepare_directory(path: Path) -> None:
    """Make the folder and try to write in it, before hours of simulation do.  Raises ``FileAccessError``."""
    with failures_naming(path):
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass


def write_json(path: Path, value: object) -> None:
    """Write `to_json` of ``value``, whole or not at all.  Raises ``FileAccessError``."""
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
