"""Which neurons of a list are marked: thirty-two at once, where the processor has instructions for that.

Few are, but every arrival of a window has to be asked.  A tile's marks are also a bit for each neuron, so few bytes
that vector registers hold them: one instruction of AVX-512 looks thirty-two neurons up in 64 words of 16 bits, another
puts the places of those that are found together, so that no branch depends on them.  LLVM has no such look-up of its
own, so on other processors they are looked up one by one; what is found is the same.
"""

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import config, int64, types, uint64
from numba.core import cgutils
from numba.extending import intrinsic

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import u2, u4
from eventsim.kernels.windows.doubles import D, load

MOST_NEURONS = 4096
"""In a tile whose marks can be looked up many at once."""

AT_ONCE = 32
_AVAILABLE: bool = (
    config.CPU_NAME is None
    and config.CPU_FEATURES is None
    and llvmlite.binding.get_host_cpu_features().get("avx512bw", False)
)
_I1, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (1, 16, 32, 64))
_WORDS, _PLACES = ir.VectorType(_I16, AT_ONCE), ir.VectorType(_I32, AT_ONCE // 2)
_LOOK_UP, _COMPRESS = "llvm.x86.avx512.vpermi2var.hi.512", "llvm.x86.avx512.mask.compress.v16i32"
_MARKS = types.UniTuple(D, MOST_NEURONS // 512)


def _function(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)


def _every(value: int) -> Any:
    return ir.Constant(_WORDS, [value] * AT_ONCE)


@intrinsic
def _marked(typingctx: Any, marks: Any, neurons: Any) -> Any:
    """Bit k: whether the k-th of 32 u2 neurons at an address is among the marks, 4,096 bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        look_up = _function(builder, _LOOK_UP, _WORDS, [_WORDS] * 3)
        lines = [builder.bitcast(each, _WORDS) for each in cgutils.unpack_tuple(builder, args[0])]
        numbers = builder.load(builder.inttoptr(args[1], ir.PointerType(_WORDS)), align=2)
        place = builder.lshr(numbers, _every(4))  # of which six bits count
        words = [
            builder.call(look_up, [low, place, high])
            for low, high in zip(lines[::2], lines[1::2], strict=True)
        ]
        for bit in (1 << 10, 1 << 11):
            second = builder.icmp_unsigned("!=", builder.and_(numbers, _every(bit)), _every(0))
            words = [builder.select(second, b, a) for a, b in zip(words[::2], words[1::2], strict=True)]
        own = builder.shl(_every(1), builder.and_(numbers, _every(15)))
        hit = builder.icmp_unsigned("!=", builder.and_(words[0], own), _every(0))
        return builder.bitcast(hit, _I32)

    return types.uint32(_MARKS, types.uint64), codegen


@intrinsic
def _write_places(typingctx: Any, bits: Any, first: Any, found: Any) -> Any:
    """Write ``first`` + k for each bit k, and what is worth nothing behind it: 32 u4 in all; returns how many bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        compress = _function(
            builder, _COMPRESS, _PLACES, [_PLACES, _PLACES, ir.VectorType(_I1, AT_ONCE // 2)]
        )
        count = _function(builder, "llvm.ctpop.i16", _I16, [_I16])
        bits, first, found = args
        number = builder.insert_element(
            ir.Constant(_PLACES, ir.Undefined), builder.trunc(first, _I32), _I32(0)
        )
        number = builder.shuffle_vector(number, number, ir.Constant(_PLACES, [0] * (AT_ONCE // 2)))
        written = _I64(0)
        for half in (0, AT_ONCE // 2):
            own = builder.trunc(builder.lshr(bits, _I32(half)), _I16)
            places = builder.add(number, ir.Constant(_PLACES, list(range(half, half + AT_ONCE // 2))))
            mask = builder.bitcast(own, ir.VectorType(_I1, AT_ONCE // 2))
            chosen = builder.call(compress, [places, ir.Constant(_PLACES, None), mask])
            where = builder.add(found, builder.shl(written, _I64(2)))
            builder.store(chosen, builder.inttoptr(where, ir.PointerType(_PLACES)), align=4)
            written = builder.add(written, builder.zext(builder.call(count, [own]), _I64))
        return written

    return types.int64(types.uint32, types.int64, types.uint64), codegen


@intrinsic
def lowest(typingctx: Any, bits: Any) -> Any:
    """The number of the lowest bit that is set, of a number that is not 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.cttz(args[0], ir.Constant(_I1, 1)), _I64)

    return types.int64(types.uint32), codegen


@intrinsic
def ones(typingctx: Any, bits: Any) -> Any:
    """How many bits of a number are set."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.call(_function(builder, "llvm.ctpop.i32", _I32, [_I32]), args), _I64)

    return types.int64(types.uint32), codegen


@inlined
def _marks(bits):
    """The marks of a tile's neurons, an address, in registers."""
    return (
        load(bits),
        load(bits + uint64(64)),
        load(bits + uint64(128)),
        load(bits + uint64(192)),
        load(bits + uint64(256)),
        load(bits + uint64(320)),
        load(bits + uint64(384)),
        load(bits + uint64(448)),
    )


@inner
def find_marked(tile, neurons, first, end, found):
    """Write down which of the neurons ``first`` to ``end - 1`` of a list are marked; returns how many.

    neurons: u2, an address.  found: u4, an address with room for all of them and `AT_ONCE` more.
    """
    k, m = first, int64(0)
    if _AVAILABLE and tile.n <= MOST_NEURONS:
        marks = _marks(tile.bits)
        while k + AT_ONCE <= end:
            bits = _marked(marks, neurons + uint64(2 * k))
            m += _write_places(bits, k, found + uint64(4 * m))
            k += AT_ONCE
    is_marked, numbers, places = u2(tile.marks), u2(neurons), u4(found)
    while k < end:  # without branches, which nobody could predict
        places[m] = k
        m += is_marked[numbers[k]] != 0
        k += 1
    return m
