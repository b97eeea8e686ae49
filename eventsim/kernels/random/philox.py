"""Philox4x64-10, the counter-based generator: the same draw for the same (seed, stream, element, number).

Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.  A block is a pure
function of a 128-bit key and a 256-bit counter, so that noise depends neither on threads nor on the order of calls.
Bit for bit the generator behind ``numpy.random.Philox`` (NumPy increments its counter before the first block).
"""

from typing import Any

from llvmlite import ir
from numba import types, uint64
from numba.extending import intrinsic

from eventsim.kernels.jit import inner

_MULTIPLIER_0 = 0xD2E7470EE14C6C93
_MULTIPLIER_1 = 0xCA5A826395121157
_WEYL_0 = 0x9E3779B97F4A7C15
_WEYL_1 = 0xBB67AE8584CAA73B
_TWO_TO_MINUS_53 = 2.0**-53


@intrinsic
def _multiply_high(typingctx: Any, a: Any, b: Any) -> Any:
    """Upper 64 bits of the 128-bit product: one machine instruction, which Numba's own types cannot express."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), codegen


@intrinsic
def float_of_bits(typingctx: Any, bits: Any) -> Any:
    """The double of these 64 bits.  With an exponent put in front, 52 random bits are a double in [1, 2)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), codegen


@inner
def philox_block(key0, key1, c0, c1, c2, c3):
    """The four 64-bit words of the block with counter (c0, c1, c2, c3) under the key (key0, key1); all uint64."""
    k0, k1 = uint64(key0), uint64(key1)
    x0, x1, x2, x3 = uint64(c0), uint64(c1), uint64(c2), uint64(c3)
    for _ in range(10):
        high0, low0 = _multiply_high(uint64(_MULTIPLIER_0), x0), uint64(_MULTIPLIER_0) * x0
        high1, low1 = _multiply_high(uint64(_MULTIPLIER_1), x2), uint64(_MULTIPLIER_1) * x2
        x0, x1, x2, x3 = high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0
        k0 += uint64(_WEYL_0)
        k1 += uint64(_WEYL_1)
    return x0, x1, x2, x3


@inner
def to_unit(word):
    """A double in the open interval (0, 1) from a 64-bit word: the upper 52 bits and a half, never 0 and never 1."""
    return (float(uint64(word) >> uint64(12)) + 0.5) * (2.0 * _TWO_TO_MINUS_53)
