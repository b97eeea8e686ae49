"""Sixteen float32 numbers as one value: rows of tables are read, added and multiplied by whole vectors.

Numba's compiler vectorises a sum only where it may reorder it (fastmath), and never keeps a row of an array in registers.
These are the plain vector operations of LLVM instead; each rounds as the scalar one does, and `total` adds in one fixed
order, so the bits are the same on every machine.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

LANES = 16
BYTES = 4 * LANES

_VECTOR = ir.VectorType(ir.FloatType(), LANES)


class Float32x16(types.Type):  # type: ignore[misc]
    """The Numba type of a vector."""

    def __init__(self) -> None:
        super().__init__(name="Float32x16")


_TYPE = Float32x16()


@register_model(Float32x16)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


@intrinsic
def load(typingctx: Any, where: Any) -> Any:
    """The vector at an address, which needs to be a multiple of four alone."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], ir.PointerType(_VECTOR)), align=4)

    return _TYPE(types.uint64), codegen


@intrinsic
def store(typingctx: Any, where: Any, value: Any) -> Any:
    """Put a vector at an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[1], builder.inttoptr(args[0], ir.PointerType(_VECTOR)), align=4)
        return context.get_dummy_value()

    return types.void(types.uint64, _TYPE), codegen


def _lane_by_lane(operation: str, doc: str) -> Any:
    def operate(typingctx: Any, one: Any, other: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, operation)(args[0], args[1])

        return _TYPE(_TYPE, _TYPE), codegen

    operate.__doc__ = doc
    return intrinsic(operate)


plus = _lane_by_lane("fadd", "The sum, lane by lane.")
minus = _lane_by_lane("fsub", "The difference, lane by lane.")
times = _lane_by_lane("fmul", "The product, lane by lane.")


@intrinsic
def splat(typingctx: Any, number: Any) -> Any:
    """The same float32 number in every lane."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), args[0], ir.IntType(32)(0))
        every = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(first, ir.Constant(_VECTOR, ir.Undefined), every)

    return _TYPE(types.float32), codegen


def _halved(combine: Any, doc: str) -> Any:
    """Reduce the lanes to one: the upper half is combined with the lower until one lane is left."""

    def reduce(typingctx: Any, vector: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value, lanes = args[0], LANES
            while lanes > 1:
                lanes //= 2
                undefined = ir.Constant(value.type, ir.Undefined)
                numbers = ir.VectorType(ir.IntType(32), lanes)
                low = builder.shuffle_vector(value, undefined, ir.Constant(numbers, list(range(lanes))))
                high = builder.shuffle_vector(value, undefined, ir.Constant(numbers, list(range(lanes, 2 * lanes))))
                value = combine(builder, low, high)
            return builder.extract_element(value, ir.IntType(32)(0))

        return types.float32(_TYPE), codegen

    reduce.__doc__ = doc
    return intrinsic(reduce)


def _larger(builder: Any, one: Any, other: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", one, other), one, other)


@intrinsic
def larger(typingctx: Any, one: Any, other: Any) -> Any:
    """The larger number, lane by lane."""
    return _TYPE(_TYPE, _TYPE), lambda context, builder, signature, args: _larger(builder, *args)


total = _halved(lambda builder, low, high: builder.fadd(low, high), "The sum of the lanes, in one fixed order.")
largest = _halved(_larger, "The largest of the lanes.")
