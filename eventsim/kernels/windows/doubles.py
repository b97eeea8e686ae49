"""Eight float64 numbers as one value, for passes over neurons few of which are found: eight are passed over at once.

And two that lie behind each other, each of which something is added to.
"""

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from eventsim.kernels.jit import inner_overload
from eventsim.kernels.vector import operation

LANES = 8

_DOUBLES, _TWO, _BITS = (
    ir.VectorType(ir.DoubleType(), LANES),
    ir.VectorType(ir.DoubleType(), 2),
    ir.IntType(LANES),
)
_I32 = ir.IntType(32)


class Float64x8(types.Type):  # type: ignore[misc]
    """The Numba type of eight float64 numbers."""


D = Float64x8("Float64x8")


@register_model(Float64x8)
class _Doubles(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _DOUBLES)


def _load(builder: Any, where: Any) -> Any:
    return builder.load(builder.inttoptr(where, ir.PointerType(_DOUBLES)), align=8)


def _store(builder: Any, where: Any, value: Any) -> Any:
    return builder.store(value, builder.inttoptr(where, ir.PointerType(_DOUBLES)), align=8)


def _splat(builder: Any, number: Any) -> Any:
    undefined, every = (
        ir.Constant(_DOUBLES, ir.Undefined),
        ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES),
    )
    return builder.shuffle_vector(builder.insert_element(undefined, number, _I32(0)), undefined, every)


def _less(builder: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", a, b), x, y)


def _size(builder: Any, a: Any) -> Any:
    bits = ir.VectorType(ir.IntType(64), LANES)
    positive = builder.and_(builder.bitcast(a, bits), ir.Constant(bits, [2**63 - 1] * LANES))
    return builder.bitcast(positive, _DOUBLES)


def _above(builder: Any, a: Any, b: Any) -> Any:
    return builder.zext(builder.bitcast(builder.fcmp_ordered(">", a, b), _BITS), _I32)


def _place(builder: Any, where: Any, places: Any, apart: Any, lane: int) -> Any:
    """A pointer to the number of a lane of `gather` and `scatter`."""
    index = builder.load(builder.gep(builder.inttoptr(places, ir.PointerType(_I32)), [_I32(lane)]))
    offset = builder.mul(builder.zext(index, ir.IntType(64)), builder.mul(apart, ir.IntType(64)(8)))
    return builder.inttoptr(builder.add(where, offset), ir.PointerType(ir.DoubleType()))


@intrinsic
def dealt(typingctx: Any, where: Any) -> Any:
    """Of 16 numbers at an address the first of each two, and the second: eight each.  Loaded in whole lines."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        low, high = (
            _load(builder, builder.add(args[0], args[0].type(8 * LANES * line))) for line in range(2)
        )
        places = ir.VectorType(_I32, LANES)
        results = [
            builder.shuffle_vector(low, high, ir.Constant(places, list(range(first, 2 * LANES, 2))))
            for first in range(2)
        ]
        return context.make_tuple(builder, signature.return_type, results)

    return types.UniTuple(D, 2)(types.uint64), codegen


@intrinsic
def gather(typingctx: Any, where: Any, places: Any, apart: Any) -> Any:
    """Eight numbers of an array of which every ``apart``-th counts: those whose numbers (u4) lie at ``places``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = ir.Constant(_DOUBLES, ir.Undefined)
        for lane in range(LANES):
            number = builder.load(_place(builder, args[0], args[1], args[2], lane))
            numbers = builder.insert_element(numbers, number, _I32(lane))
        return numbers

    return D(types.uint64, types.uint64, types.int64), codegen


@intrinsic
def scatter(typingctx: Any, where: Any, places: Any, value: Any) -> Any:
    """Put eight numbers where their numbers (u4) at ``places`` say; of those that meet the last one stays."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where, places, value = args
        for lane in range(LANES):
            pointer = _place(builder, where, places, ir.IntType(64)(1), lane)
            builder.store(builder.extract_element(value, _I32(lane)), pointer)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64, D), codegen


@intrinsic
def add_two(typingctx: Any, where: Any, first: Any, second: Any) -> Any:
    """Add to the two numbers at an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], ir.PointerType(_TWO))
        terms = builder.insert_element(ir.Constant(_TWO, ir.Undefined), args[1], _I32(0))
        terms = builder.insert_element(terms, args[2], _I32(1))
        builder.store(builder.fadd(builder.load(pointer, align=8), terms), pointer, align=8)
        return context.get_dummy_value()

    return types.void(types.uint64, types.float64, types.float64), codegen


@intrinsic
def add_pairs(typingctx: Any, where: Any, places: Any, first: Any, second: Any) -> Any:
    """Add eight pairs, one behind the other, to pairs of an array: those whose numbers (u2) lie at ``places``.

    The pairs are taken out of registers: fetched one by one from where they were worked out, each takes half as long
    again.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        where, places, first, second = args
        numbers = builder.inttoptr(places, ir.PointerType(ir.IntType(16)))
        for lane in range(LANES):
            number = builder.zext(builder.load(builder.gep(numbers, [_I32(lane)])), ir.IntType(64))
            pair = builder.add(where, builder.shl(number, number.type(4)))
            pointer = builder.inttoptr(pair, ir.PointerType(_TWO))
            both = ir.Constant(ir.VectorType(_I32, 2), [lane, LANES + lane])
            terms = builder.shuffle_vector(first, second, both)
            builder.store(builder.fadd(builder.load(pointer, align=8), terms), pointer, align=8)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64, D, D), codegen


_WHERE = types.uint64

load = operation(D, (_WHERE,), _load, "The numbers at an address, a multiple of eight.")
store = operation(types.void, (_WHERE, D), _store, "Put numbers at an address.")
splat = operation(D, (types.float64,), _splat, "The same number in every lane.")
negative = operation(D, (D,), lambda builder, a: builder.fneg(a), "-a.")
size = operation(D, (D,), _size, "|a|.")
smaller = operation(D, (D, D), lambda builder, a, b: _less(builder, a, b, a, b), "The smaller of a and b.")
larger = operation(D, (D, D), lambda builder, a, b: _less(builder, b, a, a, b), "The larger of a and b.")
choose = operation(D, (D, D, D, D), _less, "x where a < b, else y.")
above = operation(types.uint32, (D, D), _above, "Bit k: whether a > b in lane k.")
_plus = operation(D, (D, D), lambda builder, a, b: builder.fadd(a, b), "a + b.")
_minus = operation(D, (D, D), lambda builder, a, b: builder.fsub(a, b), "a - b.")
_times = operation(D, (D, D), lambda builder, a, b: builder.fmul(a, b), "a * b.")


def _as_operator(symbol: Any, combine: Any) -> None:
    """Let two such values be combined by an operator."""

    @inner_overload(symbol)
    def _operator(a, b):
        if isinstance(a, Float64x8) and isinstance(b, Float64x8):
            return lambda a, b: combine(a, b)
        return None


_as_operator(operator.add, _plus)
_as_operator(operator.sub, _minus)
_as_operator(operator.mul, _times)
