"""Cross entropy of the logits of all positions in float32, and the schedule of the learning rate."""

import math
from typing import Any

from llvmlite import ir
from numba import float32, int32, types, uint64
from numba.extending import intrinsic

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.lut.layers import place_of
from eventsim.kernels.vector import BYTES, LANES, larger, largest, load, plus, total

_LOG2_E = float32(1.4426950408889634)
_LN2_HIGH, _LN2_LOW = float32(0.693359375), float32(-2.12194440e-4)
_LEAST = float32(-87.0)


@intrinsic
def _power_of_two(typingctx: Any, n: Any) -> Any:
    """2**n as float32, n int32 from -126 to 127: n becomes the exponent's bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        exponent = builder.add(args[0], ir.Constant(args[0].type, 127))
        bits = builder.shl(exponent, ir.Constant(args[0].type, 23))
        return builder.bitcast(bits, ir.FloatType())

    return types.float32(types.int32), codegen


@inlined
def _exp(x):
    """e to the power of x <= 0 to 2 units in the last place (Cephes' expf): a loop over it is vectorised.

    Below -87 it is e**-87: no more than 1e-38 from the truth.
    """
    x = max(x, _LEAST)
    n = int32(x * _LOG2_E - float32(0.5))
    whole = float32(n)
    x -= whole * _LN2_HIGH
    x -= whole * _LN2_LOW
    p = float32(1.9875691500e-4)
    p = p * x + float32(1.3981999507e-3)
    p = p * x + float32(8.3334519073e-3)
    p = p * x + float32(4.1665795894e-2)
    p = p * x + float32(1.6666665459e-1)
    p = p * x + float32(5.0000001201e-1)
    return (p * x * x + x + float32(1.0)) * _power_of_two(n)


@inner
def softmax_loss(logits, targets, rate, step, first, losses):
    """``losses`` (positions,) becomes the cross entropy in nats of ``logits`` (positions, 256) at ``targets``, and
    ``logits`` their gradient; ``step`` becomes the rate times the gradient.  From position
    ``first`` on alone."""
    width = logits.shape[1]
    for c in range(first, logits.shape[0]):
        start = place_of(logits, c, 0)
        highest = load(start)
        for block in range(1, width // LANES):
            highest = larger(highest, load(start + uint64(block * BYTES)))
        top = largest(highest)
        loss = top - logits[c, targets[c]]
        for k in range(width):
            logits[c, k] = _exp(logits[c, k] - top)
        sums = load(start)
        for block in range(1, width // LANES):
            sums = plus(sums, load(start + uint64(block * BYTES)))
        whole = total(sums)
        losses[c] = loss + math.log(whole)
        part = float32(1.0) / whole
        for k in range(width):
            logits[c, k] *= part
        logits[c, targets[c]] -= float32(1.0)
        for k in range(width):
            step[c, k] = rate * logits[c, k]


@inlined
def learning_rate(step, scale):
    """The published schedule ``min(1 / sqrt(1 + t), t / (4000 sqrt(4000)))``, scaled."""
    return float32(scale * min(1.0 / math.sqrt(1.0 + step), step / (4000.0 * math.sqrt(4000.0))))
