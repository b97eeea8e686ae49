"""Memory that grows within a kernel."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)


@intrinsic
def reallocated(typingctx: Any, where: Any, size: Any) -> Any:
    """C's ``realloc``: the block at the address ``where`` (0: none yet) of ``size`` bytes; 0 if there is no memory."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_BYTE.as_pointer(), [_BYTE.as_pointer(), _WORD])
        function = cgutils.get_or_insert_function(builder.module, kind, "realloc")
        block = builder.call(function, [builder.inttoptr(args[0], _BYTE.as_pointer()), args[1]])
        return builder.ptrtoint(block, _WORD)

    return types.uint64(types.uint64, types.int64), codegen


@intrinsic
def copy_bytes(typingctx: Any, target: Any, source: Any, size: Any) -> Any:
    """C's ``memcpy`` of ``size`` bytes between two addresses."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        to, of = (builder.inttoptr(arg, _BYTE.as_pointer()) for arg in args[:2])
        cgutils.raw_memcpy(builder, to, of, args[2], 1)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64, types.int64), codegen
