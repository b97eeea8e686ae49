"""How the engine's functions are compiled."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


class _LowerApart(Lower):  # type: ignore[misc]
    def pre_lower(self):
        super().pre_lower()
        self.function.attributes.add("noinline")


@register_pass(mutates_CFG=True, analysis_only=False)
class _LoweringApart(NativeLowering):  # type: ignore[misc]
    _name = "native_lowering_apart"

    @property
    def lowering_class(self):
        return _LowerApart


class _CompilerApart(CompilerBase):  # type: ignore[misc]
    def define_pipelines(self):
        builder = DefaultPassBuilder.define_nopython_pipeline(self.state)
        builder.passes = [
            (_LoweringApart if each is NativeLowering else each, why) for each, why in builder.passes
        ]
        builder.finalize()
        return [builder]


_NO_WAY_IN = _OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_INNER = _NO_WAY_IN | {"forceinline": False}  # said outright, or else inherited from a caller that is inlined

SOURCES = sorted(Path(__file__).parent.rglob("*.py"))
SOURCES_DIGEST = hashlib.blake2b(b"".join(path.read_bytes() for path in SOURCES), digest_size=8).hexdigest()
"""Of all kernels' sources.  Numba looks for a change in a kernel's own file alone; but what it calls, and the layout of
the records that it works on, are in others, and stale machine code reads and writes where nothing is."""


def kernel(function: Callable[..., Any]) -> Any:
    """Called from Python; kept on disk for as long as no kernel's source changes."""
    dispatcher = njit(cache=True, **_OPTIONS)(function)
    dispatcher._cache._cache_file._source_stamp = SOURCES_DIGEST
    return dispatcher


inner = njit(**_INNER)
"""Called from kernels alone, so no way in from Python is compiled."""

inlined = njit(forceinline=True, **_NO_WAY_IN)
"""The same, and small: part of every function that calls it."""

spliced = njit(inline="always", **_NO_WAY_IN)
"""Part of its one caller before anything is compiled: each level of calls that is compiled by itself has LLVM go
through all that it calls once more."""

apart = njit(pipeline_class=_CompilerApart, forceinline=False, **_OPTIONS)
"""Never part of its callers: for what is big and called from many places, which LLVM would compile anew in each."""
