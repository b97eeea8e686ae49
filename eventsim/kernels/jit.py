"""How the engine's functions are compiled."""

from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_INNER = _OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

kernel = njit(cache=True, **_OPTIONS)
"""Called from Python; kept on disk."""

inner = njit(**_INNER)
"""Called from kernels alone, so no way in from Python is compiled."""

inlined = njit(forceinline=True, **_INNER)
"""The same, and small: part of every function that calls it."""
