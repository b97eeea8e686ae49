"""How the engine's functions are compiled."""

import ctypes
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering
from numba.extending import overload

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


class _PartLibrary(JITCodeLibrary):  # type: ignore[misc]
    """A function's code, made into machine code as a part of the kernels that call it and not by itself as well.

    So LLVM goes through a kernel and all that it calls once, and not once for each level of calls.
    """

    def _optimize_final_module(self):
        """Left to the library that it becomes a part of."""

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def get_pointer_to_function(self, name):
        """What a call from Python reaches: with the arguments that it gets, this raises ``TypeError``."""
        return ctypes.cast(ctypes.pythonapi.PyObject_Call, ctypes.c_void_p).value

    @property
    def codegen(self):
        """Whom Numba tells about the function's environment, which only a way in from Python needs."""
        return self

    def set_env(self, name, environment):
        """Nothing needs it."""


@register_pass(mutates_CFG=True, analysis_only=False)
class _LoweringPart(NativeLowering):  # type: ignore[misc]
    _name = "native_lowering_part"

    def run_pass(self, state):
        state.library = _PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        return super().run_pass(state)


class _LowerApart(Lower):  # type: ignore[misc]
    def pre_lower(self):
        super().pre_lower()
        self.function.attributes.add("noinline")


@register_pass(mutates_CFG=True, analysis_only=False)
class _LoweringApart(_LoweringPart):
    _name = "native_lowering_apart"

    @property
    def lowering_class(self):
        return _LowerApart


class _CompilerPart(CompilerBase):  # type: ignore[misc]
    lowering = _LoweringPart

    def define_pipelines(self):
        builder = DefaultPassBuilder.define_nopython_pipeline(self.state)
        builder.passes = [
            (self.lowering if each is NativeLowering else each, why) for each, why in builder.passes
        ]
        builder.finalize()
        return [builder]


class _CompilerApart(_CompilerPart):
    lowering = _LoweringApart


_NO_WAY_IN = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_PART = _OPTIONS | _NO_WAY_IN | {"pipeline_class": _CompilerPart}
_INNER = _PART | {"forceinline": False}  # said outright, or else inherited from a caller that is inlined

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

inner_overload = partial(overload, jit_options=_INNER)
"""The same of a function that is compiled for its arguments' types."""

inlined = njit(**_PART, forceinline=True)
"""The same, and small: part of every function that calls it."""

spliced = njit(inline="always", **_PART)
"""Part of its one caller before anything is compiled: each level of calls that is compiled by itself has LLVM go
through all that it calls once more."""

apart = njit(**_INNER | {"pipeline_class": _CompilerApart})
"""Never part of its callers: for what is big and called from many places, which LLVM would compile anew in each."""
