"""A meeting point of threads that run the same kernel, where everyone waits until all have come; and claims on what one
of them works on at a time.

Waiting spins for some microseconds, which is how long the others are usually away, and then lets other processes have
the core, so that a busy machine is not slowed down by those who wait.
"""

from typing import Any

from llvmlite import ir
from numba import int64, types
from numba.core import cgutils
from numba.extending import intrinsic

from eventsim.kernels.jit import inner

SPINS = 10_000
_WORD = ir.IntType(64)


@intrinsic
def added(typingctx: Any, where: Any, amount: Any) -> Any:
    """Add to the int64 at an address and return what it was before, in one step for all threads."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], ir.PointerType(_WORD))
        return builder.atomic_rmw("add", pointer, args[1], "seq_cst")

    return types.int64(types.uint64, types.int64), codegen


@intrinsic
def _seen(typingctx: Any, where: Any) -> Any:
    """The int64 at an address as it is now: looking again and again takes its line of the cache from nobody."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], ir.PointerType(_WORD)), "acquire", 8)

    return types.int64(types.uint64), codegen


@intrinsic
def _yield_core(typingctx: Any) -> Any:
    """POSIX sched_yield."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield"
        )
        return builder.call(function, [])

    return types.int32(), codegen


@intrinsic
def claimed(typingctx: Any, where: Any) -> Any:
    """Set the int64 at an address to 1; if it was 0, whoever asked has what it stands for to itself, until `leave`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], ir.PointerType(_WORD))
        before = builder.atomic_rmw("xchg", pointer, _WORD(1), "seq_cst")
        return builder.icmp_unsigned("==", before, _WORD(0))

    return types.boolean(types.uint64), codegen


@intrinsic
def leave(typingctx: Any, where: Any) -> Any:
    """Let others claim what the int64 at an address stands for; they see all that was written before."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], ir.PointerType(_WORD))
        builder.store_atomic(_WORD(0), pointer, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.uint64), codegen


@inner
def meet(arrivals, threads):
    """Wait for the others; ``arrivals`` is the address of an int64 that counts, 0 before the first meeting."""
    if threads == 1:
        return
    needed = (added(arrivals, int64(1)) // threads + 1) * threads
    waited = 0
    while _seen(arrivals) < needed:
        waited += 1
        if waited > SPINS:
            _yield_core()
