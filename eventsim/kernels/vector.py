"""Sixteen float32 or int32 numbers as one value: rows of tables are read, added and multiplied by whole vectors.

Numba's compiler vectorises a sum only where it may reorder it (fastmath), turns choices into branches and never keeps a
row of an array in registers.  These are LLVM's own vector operations instead.  Each rounds as the scalar one does, and
`total` adds in one fixed order, so the bits are the same on every machine.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

LANES = 16
BYTES = 4 * LANES

_I32 = ir.IntType(32)
_FLOATS, _INTS = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(_I32, LANES)


class Float32x16(types.Type):  # type: ignore[misc]
    """The Numba type of sixteen float32 numbers."""


class Int32x16(types.Type):  # type: ignore[misc]
    """The Numba type of sixteen int32 numbers."""


F, I = Float32x16("Float32x16"), Int32x16("Int32x16")  # noqa: E741


@register_model(Float32x16)
class _Floats(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _FLOATS)


@register_model(Int32x16)
class _Ints(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _INTS)


def operation(result: Any, arguments: tuple[Any, ...], emit: Callable[..., Any], doc: str) -> Any:
    """An intrinsic of these types, whose instructions `emit` puts into the builder; one, two or four arguments."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = emit(builder, *args)
        return context.get_dummy_value() if result is types.void else value

    def one(typingctx: Any, a: Any) -> Any:
        return result(*arguments), codegen

    def two(typingctx: Any, a: Any, b: Any) -> Any:
        return result(*arguments), codegen

    def four(typingctx: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
        return result(*arguments), codegen

    typing = {1: one, 2: two, 4: four}[len(arguments)]
    typing.__doc__ = doc
    return intrinsic(typing)


def _load(kind: Any) -> Callable[..., Any]:
    return lambda builder, where: builder.load(builder.inttoptr(where, ir.PointerType(kind)), align=4)


def _store(builder: Any, where: Any, value: Any) -> Any:
    return builder.store(value, builder.inttoptr(where, ir.PointerType(value.type)), align=4)


def _splat(kind: Any) -> Callable[..., Any]:
    undefined, every = ir.Constant(kind, ir.Undefined), ir.Constant(_INTS, [0] * LANES)

    def emit(builder: Any, number: Any) -> Any:
        return builder.shuffle_vector(builder.insert_element(undefined, number, _I32(0)), undefined, every)

    return emit


def _less(builder: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", a, b), x, y)


def _size(builder: Any, a: Any) -> Any:
    bits = builder.and_(builder.bitcast(a, _INTS), ir.Constant(_INTS, [0x7FFFFFFF] * LANES))
    return builder.bitcast(bits, _FLOATS)


def _halved(combine: Callable[..., Any]) -> Callable[..., Any]:
    """The lanes reduced to one: the upper half is combined with the lower one until one lane is left."""

    def emit(builder: Any, value: Any) -> Any:
        lanes = LANES
        while lanes > 1:
            lanes //= 2
            undefined, numbers = ir.Constant(value.type, ir.Undefined), ir.VectorType(_I32, lanes)
            low = builder.shuffle_vector(value, undefined, ir.Constant(numbers, list(range(lanes))))
            high = builder.shuffle_vector(
                value, undefined, ir.Constant(numbers, list(range(lanes, 2 * lanes)))
            )
            value = combine(builder, low, high)
        return builder.extract_element(value, _I32(0))

    return emit


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return _less(builder, b, a, a, b)


_WHERE = types.uint64

load = operation(F, (_WHERE,), _load(_FLOATS), "The floats at an address, a multiple of four.")
load_int = operation(I, (_WHERE,), _load(_INTS), "The integers at an address, a multiple of four.")
store = operation(types.void, (_WHERE, F), _store, "Put floats at an address.")
store_int = operation(types.void, (_WHERE, I), _store, "Put integers at an address.")
splat = operation(F, (types.float32,), _splat(_FLOATS), "The same number in every lane.")
splat_int = operation(I, (types.int32,), _splat(_INTS), "The same integer in every lane.")
plus = operation(F, (F, F), lambda builder, a, b: builder.fadd(a, b), "a + b.")
minus = operation(F, (F, F), lambda builder, a, b: builder.fsub(a, b), "a - b.")
times = operation(F, (F, F), lambda builder, a, b: builder.fmul(a, b), "a * b.")
over = operation(F, (F, F), lambda builder, a, b: builder.fdiv(a, b), "a / b.")
size = operation(F, (F,), _size, "|a|.")
larger = operation(F, (F, F), _larger, "The larger of a and b.")
either = operation(I, (I, I), lambda builder, a, b: builder.or_(a, b), "Bits that a or b has.")
differ = operation(I, (I, I), lambda builder, a, b: builder.xor(a, b), "Bits that a or b has, not both.")
choose = operation(F, (F, F, F, F), _less, "x where a < b, else y.")
choose_int = operation(I, (F, F, I, I), _less, "x where a < b, else y.")
total = operation(types.float32, (F,), _halved(lambda builder, a, b: builder.fadd(a, b)), "The lanes' sum.")
largest = operation(types.float32, (F,), _halved(_larger), "The largest lane.")
