"""How much excitation a neuron in sums certainly bears for a stretch of time: its limit.

Of jumps of V the sum of excitation is u itself, of currents x.  Limits are worked out for eight neurons at once
(`doubles`), whether they lie behind each other or not.
"""

import math
from collections import namedtuple

from eventsim.kernels.jit import inlined
from eventsim.kernels.memory import record_at
from eventsim.kernels.sums import ABSENT, SLACK, built_up, growth
from eventsim.kernels.windows.doubles import choose, larger, size, smaller, splat
from eventsim.kernels.windows.layout import SUMS

HELD = 0.5 * ABSENT
"""What lies below is the sum of a neuron whose V is held."""

Jumps = namedtuple("Jumps", "at_start at_end far")
Currents = namedtuple("Currents", "e ex inh left built rate h per_h slack scale far far_x held zero none")
"""What limits need of a stretch of time, the same for all neurons."""


@inlined
def of_jumps(tile, start, until, far):
    """For neurons with jumps of V, whose u must not lie beyond ``far``."""
    c = record_at(tile.sums, 0, SUMS)
    at_start = growth((start - tile.ref) * c.rate) - SLACK
    at_end = growth((until - tile.ref) * c.rate) + SLACK
    return Jumps(splat(at_start), splat(at_end), splat(far))


@inlined
def jumps_limit(s, below):
    """The lowest that u must exceed in the stretch, or what is far off.

    Where V_th lies ``below`` over V_inf, that is below exp((t - ref) / tau_m) at the start or, if V_inf lies over V_th,
    at the end: the smaller of the two.
    """
    return smaller(s.far, smaller(below * s.at_start, below * s.at_end))


@inlined
def of_currents(tile, start, until, far, far_x):
    """For neurons with exponential currents; |u| and x must not lie beyond ``far`` and ``far_x``."""
    c = record_at(tile.sums, 0, SUMS)
    h = until - start
    e_ex, e_in = growth((start - tile.ref_x) * c.rate_ex), growth((start - tile.ref_y) * c.rate_in)
    e, inh = 1.0 / growth((start - tile.ref) * c.rate), built_up(c.gap_in, start - tile.ref_y) / e_in
    left, built = math.exp(-h * c.rate_in) / e_in, built_up(c.gap_ex, start - tile.ref_x)
    scale = c.rounding / 96.0  # of the potentials, to which sums are rounded
    return Currents(
        splat(e),
        splat(1.0 / e_ex),
        splat(inh),
        splat(left),
        splat(built),
        splat(c.rate),
        splat(h),
        splat(e_ex / h),
        splat(SLACK),
        splat(scale),
        splat(far),
        splat(far_x),
        splat(HELD),
        splat(0.0),
        splat(-math.inf),
    )


@inlined
def currents_limit(s, x, u, y, below):
    """How large x may become; none at all is borne where u lies far off.

    While V is above v, its value at the start, V' <= (V_inf - v)/tau_m + I_ex + I_in, with the inhibition that is left
    at the end, and each new current adds no more than itself to the slope.  So V stays below V_th if
    v + h max(0, slope) + h (sum of the new excitatory currents) does.
    """
    current = x * s.ex
    v = u * s.e + (current * s.built + y * s.inh)
    room = below - v - s.h * larger(s.zero, current + y * s.left - v * s.rate)
    bears = x + (room - s.slack * (size(below) + size(v) + s.scale)) * s.per_h
    bears = smaller(bears, s.far_x)  # the latter as well where no threshold makes it inf - inf
    bears = choose(s.far, size(u), s.none, bears)
    return choose(s.held, u, bears, s.far_x)
