"""Sums whose result does not depend on the order of their terms, and the exponentials that go into them.

Floating-point addition depends on its order in the last bits, and each engine would add a neuron's arrivals in its own.
So a leaky neuron keeps u = (V - V_inf) exp((t - ref) / tau), which only changes when something arrives, and every term
is rounded to a multiple of one quantum before it is added: sums of such multiples are exact as long as they are below
2^52 quanta, hence the same in any order.  ``ref`` begins an *epoch*: epochs are dyadic intervals of time, the same for
all engines, at whose end u is referred to the next one, so that the exponential stays between 1 and e^2.

The exponentials are computed here from a table and a short polynomial by plain multiplications and additions, which a
compiler may do for several arguments at once with the same bits.
"""

import math
from collections import namedtuple

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels.jit import inlined

_STEPS = 32  # so wide that the arguments of a window seldom need more than two entries
_LAST = 2 * _STEPS
_EXP = np.array([math.exp(k / _STEPS) for k in range(-_LAST, _LAST + 2)])
_EXPM1 = np.array([math.expm1(k / _STEPS) for k in range(-_LAST, _LAST + 2)])
_QUANTA = 46  # bits between the scale of a neuron's potentials and the quantum
_SCALES = 900  # the quantum of a larger or smaller scale might not be a number


def epoch_length(tau: NDArray[np.float64]) -> NDArray[np.float64]:
    """The length (ms) of the epochs of a time constant: the smallest power of two that is not below it.

    At least tau, so that what decays to less than half a quantum in an epoch is rounded to 0, and is gone for good.
    """
    length: NDArray[np.float64] = np.ldexp(1.0, _exponent(tau))
    return length


def _exponent(x: NDArray[np.float64]) -> NDArray[np.int32]:
    """That of the smallest power of two not below x; without logarithms, whose last bit depends on the machine."""
    mantissa, exponent = np.frexp(x)
    above: NDArray[np.int32] = exponent - (mantissa == 0.5)
    return above


def rounding(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """What `rounded` takes, for values of the order of ``scale``: the quantum is 2^-46 of it, the room 2^6 times it.

    Terms below -2^5 scales may be rounded to half a quantum; that is why the room is 2^6 scales, and not 2^7.
    """
    added: NDArray[np.float64] = 1.5 * 2.0**52 * quantum(scale)
    return added


def quantum(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quantum of sums of values of the order of ``scale``; scales beyond 2^900 either way are taken for that."""
    return np.ldexp(1.0, np.clip(_exponent(scale), -_SCALES, _SCALES) - _QUANTA)


@inlined
def rounded(x, rounding):
    """The multiple of the quantum next to ``x``: adding and taking away 1.5 * 2^52 quanta leaves no room for less."""
    return (x + rounding) - rounding


@inlined
def _remainder(x):
    """exp(x) - 1 for |x| <= 1/64, to a third of the last bit of exp(x)."""
    return x * (1.0 + x * (0.5 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120 + x * (1 / 720))))))


@inlined
def growth(x):
    """exp(x) for |x| <= 2."""
    k = int(x * _STEPS + (_LAST + 0.5))
    e = _EXP[np.uint32(k)]
    return e + e * _remainder(x - (k - _LAST) * (1.0 / _STEPS))


@inlined
def exponential(x):
    """exp(x), by `growth` as far as its table reaches."""
    return growth(x) if abs(x) <= 2.0 else math.exp(x)


@inlined
def growth_less_1(x):
    """exp(x) - 1 for |x| <= 2, to 15 digits where x is small."""
    k = int(x * _STEPS + (_LAST + 0.5))
    return _EXPM1[np.uint32(k)] + _EXP[np.uint32(k)] * _remainder(x - (k - _LAST) * (1.0 / _STEPS))


Near = namedtuple("Near", "e step_at switch e_next next_at end")
"""Two neighbouring entries of the table, for arguments that need no other: then no element has to be looked up.

The second serves from ``switch`` on, up to ``end``.
"""


@inlined
def _serves_from(k):
    """The smallest argument, not below 0, for which `growth` takes entry ``k``.

    x _STEPS is exact; what is half a last bit of a sum from 64 on below a whole number is rounded to it.
    """
    return (k - (_LAST + 0.5) - 2.0**-47) / _STEPS


@inlined
def near(x):
    """The entries for ``x`` >= 0 and a little more."""
    k = int(x * _STEPS + (_LAST + 0.5))
    i, j = np.uint32(k), np.uint32(k + 1)
    step_at, next_at = (k - _LAST) * (1.0 / _STEPS), (k + 1 - _LAST) * (1.0 / _STEPS)
    return Near(_EXP[i], step_at, _serves_from(k + 1), _EXP[j], next_at, _serves_from(k + 2))


@inlined
def growth_alone(entries, x):
    """`growth` before ``entries.switch``, with the same bits."""
    return entries.e + entries.e * _remainder(x - entries.step_at)


@inlined
def growth_near(entries, x):
    """`growth` before ``entries.end``, with the same bits."""
    beyond = x >= entries.switch
    e = entries.e_next if beyond else entries.e
    return e + e * _remainder(x - (entries.next_at if beyond else entries.step_at))


@inlined
def built_up(gap, x):
    """exp(x/tau_syn) R(x): what a current that is 1 now has built up since it was exp(x/tau_syn), x before.

    gap = 1/tau_syn - 1/tau_m; R is the membrane's response to a current (`eventsim.models.exp_crossing.response`).
    """
    if gap == 0.0:
        return x
    return (growth_less_1(gap * x) if abs(gap * x) <= 2.0 else math.expm1(gap * x)) * (1.0 / gap)


@inlined
def carried(refs_apart, rate):
    """exp((ref_syn - ref) / tau_m), of the epochs of a current and of the membrane: what `taken` needs of them."""
    return exponential(refs_apart * rate)


@inlined
def taken(gap, per_gap, e, e_syn, across, x):
    """What a current of 1 that arrives takes from u: exp((t - ref)/tau_m) times `built_up`.

    With e = exp((t - ref)/tau_m), e_syn = exp((t - ref_syn)/tau_syn), x = t - ref_syn and ``across`` from `carried`
    it is (e_syn across - e) / gap: no third exponential.  per_gap: 1/gap, or 0 where so little lies between the two
    that digits would cancel.
    """
    return (e_syn * across - e) * per_gap if per_gap != 0.0 else built_up(gap, x) * e


SLACK = 1e-12
"""More than all roundings of a comparison with the threshold together, relative to what is compared."""

ABSENT = -1e300
"""The sum of a neuron whose V is held: whatever arrives, it stays far below the threshold."""


@inlined
def next_sum(u, fade, rounding):
    """A sum, referred to the next epoch."""
    return rounded(u * fade, rounding) if u > 0.5 * ABSENT else ABSENT
