"""Arrays by address: what the hot loops need of an array, and no more.

Numba counts references to an array whenever one is passed on or taken out of a tuple, with atomic instructions.  In
an engine whose functions share some thirty arrays and handle one event in tens of nanoseconds, that alone was over a
microsecond an event.  So the engine's arrays are described to the kernel by one structured record of addresses and
scalars, in C terms a pointer to a struct; Python keeps the arrays alive.  Index checks are off, as in any kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numpy.typing import NDArray


def address(array: NDArray[Any]) -> int:
    """Where a contiguous array's first element lies."""
    if not array.flags.c_contiguous:
        raise ValueError("a kernel needs a contiguous array")
    return int(array.ctypes.data)


def _pointer_to(number: Any, doc: str) -> Any:
    """An intrinsic that takes an address for a pointer to numbers of a type; indexing it loads and stores."""
    target = types.CPointer(number)

    def pointer(typingctx: Any, where: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(target))

        return target(types.uint64), codegen

    pointer.__doc__ = doc
    return intrinsic(pointer)


f8 = _pointer_to(types.float64, "float64 numbers at an address.")
f4 = _pointer_to(types.float32, "float32 numbers at an address.")
i8 = _pointer_to(types.int64, "int64 numbers at an address.")
u4 = _pointer_to(types.uint32, "uint32 numbers at an address.")
u2 = _pointer_to(types.uint16, "uint16 numbers at an address.")
u1 = _pointer_to(types.uint8, "uint8 numbers at an address.")


@intrinsic
def record_at(typingctx: Any, where: Any, index: Any, dtype: Any) -> Any:
    """Element ``index`` of the structured array at the address ``where``."""
    record = dtype.dtype

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        offset = builder.mul(args[1], ir.Constant(args[1].type, record.size))
        pointer = builder.inttoptr(builder.add(args[0], offset), context.get_value_type(record))
        return impl_ret_borrowed(context, builder, record, pointer)

    return record(types.uint64, types.int64, dtype), codegen


def _prefetch(locality: int, doc: str) -> Any:
    """An intrinsic that asks for a line of the cache."""

    def ask(typingctx: Any, where: Any, offset: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            byte, number = ir.PointerType(ir.IntType(8)), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
            hint = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
            pointer = builder.inttoptr(builder.add(args[0], args[1]), byte)
            builder.call(hint, [pointer, number(0), number(locality), number(1)])
            return context.get_dummy_value()

        return types.void(types.uint64, types.int64), codegen

    ask.__doc__ = doc
    return intrinsic(ask)


prefetch = _prefetch(
    3, "Ask for the cache line ``offset`` bytes behind an address; a hint, harmless wherever it points."
)
prefetch_near = _prefetch(
    2,
    "The same, into the near cache alone and not into the nearest, which could not take that much at a time.",
)


@intrinsic
def copy_24(typingctx: Any, target: Any, source: Any) -> Any:
    """Copy twenty-four u2 numbers from the address ``source`` to ``target``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        to, of = (
            builder.inttoptr(where, ir.PointerType(ir.VectorType(ir.IntType(16), 24))) for where in args
        )
        builder.store(builder.load(of, align=2), to, align=2)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64), codegen


class Block:
    """A record of addresses and scalars with the arrays that it points to, kept alive.

    ``record`` (1,) is what a kernel takes; ``arrays`` are the arrays by name.
    """

    def __init__(self, dtype: np.dtype[Any], arrays: dict[str, NDArray[Any]], **scalars: float) -> None:
        self.record: NDArray[Any] = np.zeros(1, dtype)
        self.arrays: dict[str, NDArray[Any]] = {}
        for name, array in arrays.items():
            self.point(name, array)
        for name, value in scalars.items():
            self.record[name] = value

    def point(self, name: str, array: NDArray[Any]) -> None:
        """Let a field be the address of an array."""
        self.record[name] = address(array)
        self.arrays[name] = array

    def scalar(self, name: str) -> Any:
        """The value of a scalar field."""
        return self.record[name][0]

    def scalars(self) -> dict[str, Any]:
        """All scalar fields."""
        return {name: self.scalar(name) for name in self.record.dtype.names or () if name not in self.arrays}

    def lengthen(self, name: str, length: int) -> None:
        """Give an array room for more elements."""
        old = self.arrays[name]
        longer = np.zeros(length, old.dtype)
        longer[: old.size] = old
        self.point(name, longer)
