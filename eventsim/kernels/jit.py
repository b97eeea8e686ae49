"""How the engine's functions are compiled."""

from typing import Any

from numba import njit
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


class _LowerApart(Lower):
    def pre_lower(self):
        super().pre_lower()
        self.function.attributes.add("noinline")


@register_pass(mutates_CFG=True, analysis_only=False)
class _LoweringApart(NativeLowering):
    _name = "native_lowering_apart"

    @property
    def lowering_class(self):
        return _LowerApart


class _CompilerApart(CompilerBase):
    def define_pipelines(self):
        builder = DefaultPassBuilder.define_nopython_pipeline(self.state)
        builder.passes = [
            (_LoweringApart if each is NativeLowering else each, why) for each, why in builder.passes
        ]
        builder.finalize()
        return [builder]


_INNER = _OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

kernel = njit(cache=True, **_OPTIONS)
"""Called from Python; kept on disk."""

inner = njit(**_INNER)
"""Called from kernels alone, so no way in from Python is compiled."""

inlined = njit(forceinline=True, **_INNER)
"""The same, and small: part of every function that calls it."""

apart = njit(pipeline_class=_CompilerApart, **_OPTIONS)
"""Never part of its callers: for what is big and called from many places, which LLVM would compile anew in each."""
