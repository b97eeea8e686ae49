"""A meeting point of threads that run the same kernel: everyone waits until all have come.

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
