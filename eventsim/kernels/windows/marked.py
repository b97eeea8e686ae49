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

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import u2, u4

STRETCH = 2048
"""Neurons of a list that are asked for in one call, at most."""

FOUND = STRETCH + 32
"""Room for what is found of them, which is written down thirty-two at once."""

MOST_NEURONS = 4096
"""In a tile whose marks can be looked up many at once."""

_AT_ONCE = 32
_NEEDED = ("avx512bw", "avx512vbmi2")
_AVAILABLE: bool = (
    config.CPU_NAME is None
    and config.CPU_FEATURES is None
    and all(llvmlite.binding.get_host_cpu_features().get(name, False) for name in _NEEDED)
)
_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_WORDS, _FLAGS = ir.VectorType(_I16, _AT_ONCE), ir.VectorType(ir.IntType(1), _AT_ONCE)
_LANES = ir.Constant(_WORDS, list(range(_AT_ONCE)))


def _every(value: int) -> Any:
    return ir.Constant(_WORDS, [value] * _AT_ONCE)


def _splat(builder: Any, number: Any) -> Any:
    """A number in every lane, to 16 bits."""
    undefined, first = (
        ir.Constant(_WORDS, ir.Undefined),
        ir.Constant(ir.VectorType(_I32, _AT_ONCE), [0] * _AT_ONCE),
    )
    one = builder.insert_element(undefined, builder.trunc(number, _I16), _I32(0))
    return builder.shuffle_vector(one, undefined, first)


def _pointer(builder: Any, first: Any, k: Any, size: int, kind: Any) -> Any:
    """To element ``k`` of an array of elements of ``size`` bytes."""
    return builder.inttoptr(builder.add(first, builder.mul(k, _I64(size))), ir.PointerType(kind))


def _instruction(builder: Any, name: str, result: Any, *args: Any) -> Any:
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


def _read(builder: Any, neurons: Any, k: Any, size: int, there: Any) -> Any:
    """Thirty-two neurons from the ``k``-th on, as 16-bit numbers; only those that are there are fetched."""
    kind = ir.VectorType(ir.IntType(8 * size), _AT_ONCE)
    where, none = _pointer(builder, neurons, k, size, kind), ir.Constant(kind, [0] * _AT_ONCE)
    read = _instruction(builder, f"llvm.masked.load.v32i{8 * size}.p0", kind, where, _I32(size), there, none)
    return builder.trunc(read, _WORDS) if size > 2 else read


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


def _look_up(size: int) -> Any:
    """An intrinsic of a tile's bits, n neurons of ``size`` bytes and ``found``; the first and last are addresses.

    What is found of thirty-two is written down at once, packed to the front, and what lies behind it is written over by
    the next: a branch for those in which something is found could not be predicted.
    """

    def marked(typingctx: Any, bits: Any, neurons: Any, n: Any, found: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            bits, neurons, n, found = args
            lines = [builder.load(_pointer(builder, bits, _I64(k), 64, _WORDS), align=64) for k in range(8)]
            m = cgutils.alloca_once_value(builder, _I64(0))
            with cgutils.for_range_slice(builder, _I64(0), n, _I64(_AT_ONCE), _I64) as (k, _):
                left = builder.sub(n, k)
                left = builder.select(builder.icmp_signed("<", left, _I64(_AT_ONCE)), left, _I64(_AT_ONCE))
                there = builder.icmp_unsigned("<", _LANES, _splat(builder, left))
                hits = builder.and_(_hits(builder, lines, _read(builder, neurons, k, size, there)), there)
                places = builder.add(_LANES, _splat(builder, k))
                packed = _instruction(
                    builder, "llvm.x86.avx512.mask.compress.v32i16", _WORDS, places, _every(0), hits
                )
                so_far = builder.load(m)
                builder.store(packed, _pointer(builder, found, so_far, 2, _WORDS), align=2)
                number = builder.zext(builder.ctpop(builder.bitcast(hits, _I32)), _I64)
                builder.store(builder.add(so_far, number), m)
            return builder.load(m)

        return types.int64(types.uint64, types.uint64, types.int64, types.uint64), codegen

    return intrinsic(marked)


_marked_u2, _marked_u4 = _look_up(2), _look_up(4)


@intrinsic
def lowest(typingctx: Any, bits: Any) -> Any:
    """The number of the lowest bit that is set, of a number that is not 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.cttz(args[0], ir.Constant(ir.IntType(1), 1)), ir.IntType(64))

    return types.int64(types.uint32), codegen


@inlined
def _find(tile, neurons, short, n, found):
    if _AVAILABLE and tile.n <= MOST_NEURONS:
        if short:
            return _marked_u2(tile.bits, neurons, n, found)
        return _marked_u4(tile.bits, neurons, n, found)
    places, m = u2(found), int64(0)
    for k in range(n):  # without branches, which nobody could predict
        i = int64(u2(neurons)[k]) if short else int64(u4(neurons)[k])
        places[m] = k
        m += u2(tile.marks)[i] != 0
    return m


@inner
def find_marked_u2(tile, neurons, n, found):
    """Write down the places of the marked ones among n neurons of u2 (an address), n <= `STRETCH`; returns how many.

    found: u2, an address with room for `FOUND`.
    """
    return _find(tile, neurons, True, n, found)


@inner
def find_marked_u4(tile, neurons, n, found):
    """The same for neurons of u4."""
    return _find(tile, neurons, False, n, found)
