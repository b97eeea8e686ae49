"""Which neurons of a list are marked: thirty-two at once, where the processor has instructions for that.

Few are, but every arrival of a window has to be asked.  A tile's marks are also a bit for each neuron, so few bytes
that vector registers hold them: one instruction of AVX-512 looks thirty-two neurons up in 64 words of 16 bits.  LLVM
has no such operation of its own, so on other processors they are looked up one by one; what is found is the same.
"""

from collections.abc import Callable
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import config, int64, types, uint32, uint64
from numba.core import cgutils
from numba.extending import intrinsic

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import u2, u4

STRETCH = 2048
"""Neurons of a list that are asked for in one call, at most."""

MOST_NEURONS = 4096
"""In a tile whose marks can be looked up many at once."""

_AT_ONCE = 32
_AVAILABLE: bool = (
    config.CPU_NAME is None
    and config.CPU_FEATURES is None
    and llvmlite.binding.get_host_cpu_features().get("avx512bw", False)
)
_I16, _I32 = ir.IntType(16), ir.IntType(32)
_WORDS = ir.VectorType(_I16, _AT_ONCE)
_LOOK_UP = "llvm.x86.avx512.vpermi2var.hi.512"


def _every(value: int) -> Any:
    return ir.Constant(_WORDS, [value] * _AT_ONCE)


def _load(builder: Any, where: Any, kind: Any, alignment: int) -> Any:
    return builder.load(builder.inttoptr(where, ir.PointerType(kind)), align=alignment)


def _found(builder: Any, bits: Any, neurons: Any) -> Any:
    """Bit k of an integer: whether neuron k of 32 is among the 4,096 bits at an address."""
    look_up = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_WORDS, [_WORDS] * 3), _LOOK_UP)
    place = builder.lshr(neurons, _every(4))
    words = []
    for first in range(0, 512, 128):
        low, high = (
            _load(builder, builder.add(bits, ir.Constant(bits.type, first + more)), _WORDS, 64)
            for more in (0, 64)
        )
        words.append(builder.call(look_up, [low, place, high]))  # of the place six bits count
    for bit in (1 << 10, 1 << 11):
        second = builder.icmp_unsigned("!=", builder.and_(neurons, _every(bit)), _every(0))
        words = [builder.select(second, b, a) for a, b in zip(words[::2], words[1::2], strict=True)]
    own = builder.shl(_every(1), builder.and_(neurons, _every(15)))
    hit = builder.icmp_unsigned("!=", builder.and_(words[0], own), _every(0))
    return builder.bitcast(hit, _I32)


def _look_up(read: Callable[[Any, Any], Any], doc: str) -> Any:
    """An intrinsic of the address of a tile's bits and that of 32 neurons, which ``read`` makes 16-bit numbers."""

    def marked(typingctx: Any, bits: Any, neurons: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _found(builder, args[0], read(builder, args[1]))

        return types.uint32(types.uint64, types.uint64), codegen

    marked.__doc__ = doc
    return intrinsic(marked)


_marked_u2 = _look_up(
    lambda builder, where: _load(builder, where, _WORDS, 2),
    "Bit k: whether the k-th of 32 u2 neurons is marked.",
)
_marked_u4 = _look_up(
    lambda builder, where: builder.trunc(_load(builder, where, ir.VectorType(_I32, _AT_ONCE), 4), _WORDS),
    "Bit k: whether the k-th of 32 u4 neurons is marked.",
)


@intrinsic
def lowest(typingctx: Any, bits: Any) -> Any:
    """The number of the lowest bit that is set, of a number that is not 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.cttz(args[0], ir.Constant(ir.IntType(1), 1)), ir.IntType(64))

    return types.int64(types.uint32), codegen


@inlined
def _find(tile, neurons, short, n, found):
    places = u4(found)
    k, m = int64(0), int64(0)
    if _AVAILABLE and tile.n <= MOST_NEURONS:
        while k + _AT_ONCE <= n:
            where = neurons + uint64(2 * k if short else 4 * k)
            bits = _marked_u2(tile.bits, where) if short else _marked_u4(tile.bits, where)
            while bits != 0:
                places[m] = k + lowest(bits)
                m += 1
                bits &= bits - uint32(1)
            k += _AT_ONCE
    while k < n:  # without branches, which nobody could predict
        i = int64(u2(neurons)[k]) if short else int64(u4(neurons)[k])
        places[m] = k
        m += u2(tile.marks)[i] != 0
        k += 1
    return m


@inner
def find_marked_u2(tile, neurons, n, found):
    """Write down the places of the marked ones among n neurons of u2 (an address), n <= `STRETCH`; returns how many.

    found: u4, an address with room for n.
    """
    return _find(tile, neurons, True, n, found)


@inner
def find_marked_u4(tile, neurons, n, found):
    """The same for neurons of u4."""
    return _find(tile, neurons, False, n, found)
