"""The sums of a leaky neuron with exponential currents, which only arrivals change, from epoch to epoch."""

import math
from collections import namedtuple

from eventsim.kernels.jit import apart, inlined, inner
from eventsim.kernels.sums import built_up, growth, rounded

Sums = namedtuple("Sums", "u x y ref ref_x ref_y")
"""What a neuron adds up, and the beginnings of its epochs: membrane, excitatory and inhibitory current.

V(t) = V_inf + u exp(-(t - ref)/tau_m) + x R_x(t - ref_x) + y R_y(t - ref_y), with the currents' values x, y (mV/ms) at
their own ref and R the membrane's response to a current (`response`).
"""


@inlined
def fades(term):
    """Whether a term changes with the epochs: it does not once it is 0 (nor if it has overflown)."""
    return 0.0 < abs(term) < math.inf


@inner
def next_epoch(p, sums):
    """When the next epoch begins in which something changes."""
    when = sums.ref + p.epoch if fades(sums.u) else math.inf
    if fades(sums.x):
        when = min(when, sums.ref_x + p.epoch_ex)
    if fades(sums.y):
        when = min(when, sums.ref_y + p.epoch_in)
    return when


@inner
def _at_rest(p, sums, t):
    """What is 0 may be referred to any epoch: take that of ``t``."""
    ref = sums.ref if fades(sums.u) else math.floor(t / p.epoch) * p.epoch
    ref_x = sums.ref_x if fades(sums.x) else math.floor(t / p.epoch_ex) * p.epoch_ex
    ref_y = sums.ref_y if fades(sums.y) else math.floor(t / p.epoch_in) * p.epoch_in
    return Sums(sums.u, sums.x, sums.y, ref, ref_x, ref_y)


@apart
def into_epoch(p, sums, when):
    """The same neuron, referred to the epochs that begin at ``when``."""
    u, x, y, ref, ref_x, ref_y = _at_rest(p, sums, when)
    e = growth((when - ref) * p.rate)
    ends = fades(u) and ref + p.epoch == when
    if fades(x) and ref_x + p.epoch_ex == when:
        u += rounded(x * p.carry_ex * e, p.rounding)
        x, ref_x = rounded(x * p.fade_ex, p.rounding_ex), when
    if fades(y) and ref_y + p.epoch_in == when:
        u += rounded(y * p.carry_in * e, p.rounding)
        y, ref_y = rounded(y * p.fade_in, p.rounding_in), when
    if ends:
        u, ref = rounded(u * p.fade, p.rounding), when
    return Sums(u, x, y, ref, ref_x, ref_y)


@inlined
def _within(ref, epoch, t):
    return ref <= t < ref + epoch


@inlined
def lasts(p, sums, t):
    """Whether all three epochs last at ``t``."""
    return (
        _within(sums.ref, p.epoch, t)
        and _within(sums.ref_x, p.epoch_ex, t)
        and _within(sums.ref_y, p.epoch_in, t)
    )


@inner
def advanced(p, sums, t):
    """The same neuron, referred to the epochs of ``t``."""
    if lasts(p, sums, t):
        return sums
    when = next_epoch(p, sums)
    while when <= t:
        sums = into_epoch(p, sums, when)
        when = next_epoch(p, sums)
    return _at_rest(p, sums, t)


@apart
def values_at(p, sums, t):
    """V - V_inf and the two currents at ``t``, in an epoch of theirs; what `potential` finds, but for the last bits.

    What is 0 has no epoch.
    """
    decayed, ex, inh, by_ex, by_inh = sums.u, 0.0, 0.0, 0.0, 0.0
    if fades(sums.u):
        decayed /= growth((t - sums.ref) * p.rate)
    e_ex, built_ex = 1.0, 0.0
    if fades(sums.x):
        e_ex, built_ex = growth((t - sums.ref_x) * p.rate_ex), built_up(p.gap_ex, t - sums.ref_x)
        ex = sums.x / e_ex
        by_ex = ex * built_ex
    if fades(sums.y):
        e_in, built_in = e_ex, built_ex
        if p.tau_in != p.tau_ex or sums.ref_y != sums.ref_x or not fades(sums.x):
            e_in, built_in = growth((t - sums.ref_y) * p.rate_in), built_up(p.gap_in, t - sums.ref_y)
        inh = sums.y / e_in
        by_inh = inh * built_in
    return decayed + (by_ex + by_inh), ex, inh
