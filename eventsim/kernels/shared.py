"""Memory that grows within a kernel, and what threads share."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from eventsim.kernels.jit import inlined

SPINS = 20_000
"""Looks at a counter, some ten microseconds, before a waiting thread offers its core to others."""

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


@intrinsic
def added(typingctx: Any, where: Any, value: Any) -> Any:
    """Add to the int64 at an address, all threads seeing it at once; what it was before."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], _WORD.as_pointer())
        return builder.atomic_rmw("add", pointer, args[1], "seq_cst")

    return types.int64(types.uint64, types.int64), codegen


@intrinsic
def seen(typingctx: Any, where: Any) -> Any:
    """The int64 at an address as other threads last left it; unlike `added` it does not take the line from them."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], _WORD.as_pointer()), "seq_cst", 8)

    return types.int64(types.uint64), codegen


@intrinsic
def give_way(typingctx: Any) -> Any:
    """Let another thread run (``sched_yield``)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield"
        )
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), codegen


@inlined
def meet(counter, generation, n_threads):
    """Wait until all threads are here.  ``counter``, ``generation``: addresses of int64, 0 at first."""
    if n_threads == 1:
        return
    now = seen(generation)
    if added(counter, 1) == n_threads - 1:
        added(counter, -n_threads)
        added(generation, 1)
        return
    waited = 0
    while seen(generation) == now:
        waited += 1
        if waited > SPINS:  # with fewer cores than threads the others need this one
            give_way()
