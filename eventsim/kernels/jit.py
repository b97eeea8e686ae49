"""How the engine's functions are compiled."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_INNER = _OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_SOURCES = sorted(Path(__file__).parent.glob("*.py"))
SOURCES_DIGEST = hashlib.blake2b(b"".join(path.read_bytes() for path in _SOURCES), digest_size=8).hexdigest()
"""Of all kernels' sources.  Numba looks for a change in a kernel's own file alone; but what it calls, and the layout of
the records that it works on, are in others, and stale machine code reads and writes where nothing is."""


def kernel(function: Callable[..., Any]) -> Any:
    """Called from Python; kept on disk for as long as no kernel's source changes."""
    dispatcher = njit(cache=True, **_OPTIONS)(function)
    dispatcher._cache._cache_file._source_stamp = SOURCES_DIGEST
    return dispatcher


inner = njit(**_INNER)
"""Called from kernels alone, so no way in from Python is compiled."""

inlined = njit(forceinline=True, **_INNER)
"""The same, and small: part of every function that calls it."""
