"""Which neurons of a list are marked: thirty-two at once, where the processor has instructions for that.

Few are, but every arrival of a window has to be asked.  A tile's marks are also a bit for each neuron, so few bytes
that vector registers hold them: one instruction of AVX-512 looks thirty-two neurons up in 64 words of 16 bits.  LLVM
has no such operation of its own, so on other processors they are looked up one by one; what is found is the same.
"""

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import config, int64, types
from numba.core import cgutils
from numba.extending import intrinsic

from eventsim.kernels.jit import inner
from eventsim.kernels.memory import u2, u4

AT_ONCE = 32
"""Neurons that are looked up together."""

MOST_NEURONS = 4096
"""In a tile whose marks can be looked up many at once."""

_NEEDED = ("avx512bw", "avx512vbmi2")
_AVAILABLE: bool = (
    config.CPU_NAME is None
    and config.CPU_FEATURES is None
    and all(llvmlite.binding.get_host_cpu_features().get(name, False) for name in _NEEDED)
)
_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_WORDS, _PLACES = ir.VectorType(_I16, AT_ONCE), ir.VectorType(_I32, AT_ONCE)
_LANES = ir.Constant(_WORDS, list(range(AT_ONCE)))


def _every(value: int) -> Any:
    return ir.Constant(_WORDS, [value] * AT_ONCE)


def _splat(builder: Any, number: Any, kind: Any) -> Any:
    """A number in every lane of a vector, to as many bits as it has."""
    undefined, first = ir.Constant(kind, ir.Undefined), ir.Constant(_PLACES, [0] * AT_ONCE)
    one = builder.insert_element(undefined, builder.trunc(number, kind.element), _I32(0))
    return builder.shuffle_vector(one, undefined, first)


def _pointer(builder: Any, first: Any, k: Any, size: int, kind: Any) -> Any:
    """To element ``k`` of an array of elements of ``size`` bytes."""
    return builder.inttoptr(builder.add(first, builder.mul(k, _I64(size))), ir.PointerType(kind))


def _instruction(builder: Any, name: str, result: Any, *args: Any) -> Any:
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


def _read(builder: Any, neurons: Any, k: Any, there: Any) -> Any:
    """Thirty-two neurons from the ``k``-th on; only those that are there are fetched."""
    where = _pointer(builder, neurons, k, 2, _WORDS)
    return _instruction(builder, "llvm.masked.load.v32i16.p0", _WORDS, where, _I32(2), there, _every(0))


def _hits(builder: Any, words: list[Any], neurons: Any) -> Any:
    """Which of thirty-two neurons are among the 4,096 bits that are eight lines of words."""
    place = builder.lshr(neurons, _every(4))  # of which an instruction takes six bits
    found = [
        _instruction(builder, "llvm.x86.avx512.vpermi2var.hi.512", _WORDS, low, place, high)
        for low, high in zip(words[::2], words[1::2], strict=True)
    ]
    for bit in (1 << 10, 1 << 11):
        second = builder.icmp_unsigned("!=", builder.and_(neurons, _every(bit)), _every(0))
        found = [builder.select(second, b, a) for a, b in zip(found[::2], found[1::2], strict=True)]
    own = builder.shl(_every(1), builder.and_(neurons, _every(15)))
    return builder.icmp_unsigned("!=", builder.and_(found[0], own), _every(0))


@intrinsic
def _find(typingctx: Any, bits: Any, neurons: Any, first: Any, end: Any, found: Any) -> Any:
    """`find_marked` of a tile's bits; bits, neurons and found are addresses.

    What is found of thirty-two is written down at once, packed to the front, and what lies behind it is written over by
    the next: a branch for those in which something is found could not be predicted.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits, neurons, first, end, found = args
        lines = [builder.load(_pointer(builder, bits, _I64(k), 64, _WORDS), align=64) for k in range(8)]
        m = cgutils.alloca_once_value(builder, _I64(0))
        with cgutils.for_range_slice(builder, first, end, _I64(AT_ONCE), _I64) as (k, _):
            left = builder.sub(end, k)
            left = builder.select(builder.icmp_signed("<", left, _I64(AT_ONCE)), left, _I64(AT_ONCE))
            there = builder.icmp_unsigned("<", _LANES, _splat(builder, left, _WORDS))
            hits = builder.and_(_hits(builder, lines, _read(builder, neurons, k, there)), there)
            packed = _instruction(
                builder, "llvm.x86.avx512.mask.compress.v32i16", _WORDS, _LANES, _every(0), hits
            )
            places = builder.add(builder.zext(packed, _PLACES), _splat(builder, k, _PLACES))
            so_far = builder.load(m)
            builder.store(places, _pointer(builder, found, so_far, 4, _PLACES), align=4)
            number = builder.zext(builder.ctpop(builder.bitcast(hits, _I32)), _I64)
            builder.store(builder.add(so_far, number), m)
        return builder.load(m)

    return types.int64(*[types.uint64] * 2, *[types.int64] * 2, types.uint64), codegen


def _of_bits(emit: Any, doc: str) -> Any:
    """An intrinsic of 32 bits."""

    def number(typingctx: Any, bits: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.zext(emit(builder, args[0]), _I64)

        return types.int64(types.uint32), codegen

    number.__doc__ = doc
    return intrinsic(number)


lowest = _of_bits(
    lambda builder, bits: builder.cttz(bits, ir.Constant(ir.IntType(1), 1)),
    "The number of the lowest bit that is set, of a number that is not 0.",
)
ones = _of_bits(lambda builder, bits: builder.ctpop(bits), "How many bits are set.")


@inner
def find_marked(tile, neurons, first, end, found):
    """Write down which of the neurons ``first`` to ``end - 1`` of a list are marked; returns how many.

    neurons: u2, an address.  found: u4, an address with room for all of them and `AT_ONCE` more.
    """
    if _AVAILABLE and tile.n <= MOST_NEURONS:
        return _find(tile.bits, neurons, first, end, found)
    marks, numbers, places, m = u2(tile.marks), u2(neurons), u4(found), int64(0)
    for k in range(first, end):  # without branches, which nobody could predict
        places[m] = k
        m += marks[numbers[k]] != 0
    return m
