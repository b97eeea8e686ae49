"""Where a leaky neuron with two exponential currents first crosses its threshold: found wherever it is.

**No crossing is missed**, also not one between two arrivals that comes down again before the second.  With
h(x) = exp(x/tau_m) (V(x) - V_th), which has the sign of V - V_th, h'(x) = exp(x/tau_m) g(x) and

    g(x) = (V_inf - V_th)/tau_m + (I_ex/C_m) exp(-x/tau_ex) + (I_in/C_m) exp(-x/tau_in).

g has one extremum at most (known in closed form, as I_ex >= 0 >= I_in), so it has two zeros at most, one on each
side.  On each of the up to four pieces between 0, the zeros and the extremum, h is monotone: it is positive
somewhere on a piece only if it is positive at one of its ends.  The pieces are gone through in order, and the
first on which h rises above 0 holds the first crossing, which is solved for to the last bits.
"""

import math

from eventsim.kernels.jit import apart, inlined, inner
from eventsim.kernels.sums import exponential


@inner
def response(x, left, gap, tau_syn):
    """(exp(-x/tau_m) - exp(-x/tau_syn)) / gap, with gap = 1/tau_syn - 1/tau_m; x exp(-x/tau_m) where that is 0.

    The membrane's answer to a unit current step C_m dI/dt that decays with tau_syn.  left = exp(-x/tau_m).
    Written so that no digits cancel however small the gap is, and nothing overflows however long x is.
    """
    if gap == 0.0:
        return x * left
    if gap > 0.0:
        return -math.expm1(-gap * x) / gap * left
    return math.expm1(gap * x) / gap * math.exp(-x / tau_syn)


@inlined
def _response_and_left(x, left, gap, per_gap, tau_syn):
    """R(x), and what is left of a current of 1: exp(-x/tau_syn) = exp(-x/tau_m) - gap R(x).

    per_gap: 1/gap, or 0 where so little lies between the time constants that digits would cancel.
    """
    if per_gap == 0.0:
        r = response(x, left, gap, tau_syn)
        return r, left - gap * r
    left_syn = exponential(-x / tau_syn)
    return (left - left_syn) * per_gap, left_syn


@inner
def _course(p, v_inf, v, ex, inh, x):
    """V - V_th, V' and V'' a time x after V was v, with currents ex and inh (mV/ms) then."""
    left = exponential(-x / p.tau_m)
    r_ex, left_ex = _response_and_left(x, left, p.gap_ex, p.per_gap_ex, p.tau_ex)
    r_in, left_in = r_ex, left_ex
    if p.tau_in != p.tau_ex:
        r_in, left_in = _response_and_left(x, left, p.gap_in, p.per_gap_in, p.tau_in)
    deviation = (v - v_inf) * left + ex * r_ex + inh * r_in
    ex, inh = ex * left_ex, inh * left_in
    slope = ex + inh - deviation * p.rate
    # the constant part apart, so that a threshold equal to V_inf loses no digits
    return (v_inf - p.v_th) + deviation, slope, -(ex * p.rate_ex + inh * p.rate_in) - slope * p.rate


@inner
def excess(p, v_inf, v, ex, inh, x):
    """V - V_th a time x after V was v, with currents ex and inh (mV/ms) then."""
    return _course(p, v_inf, v, ex, inh, x)[0]


@inner
def _push(p, v_inf, ex, inh, x):
    """Slope that V would have at the threshold: where it is negative V cannot cross upwards."""
    left_ex = exponential(-x / p.tau_ex)
    left_in = left_ex if p.tau_in == p.tau_ex else exponential(-x / p.tau_in)
    return (v_inf - p.v_th) / p.tau_m + ex * left_ex + inh * left_in


@apart
def _push_zero(p, v_inf, ex, inh, low, high):
    """Where the push changes its sign between low and high; by bisection to the last bit if the currents differ."""
    if p.tau_ex == p.tau_in:
        x = p.tau_ex * math.log((ex + inh) * p.tau_m / (p.v_th - v_inf))
        return min(max(x, low), high)
    rising = _push(p, v_inf, ex, inh, high) > 0.0
    while True:
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            return high
        if (_push(p, v_inf, ex, inh, middle) > 0.0) == rising:
            high = middle
        else:
            low = middle


@apart
def _crossing_in(p, v_inf, v, ex, inh, low, high):
    """The crossing between low (below) and high (above), where there is one only: Halley's method inside the bracket.

    V'' takes no exponential more, and three or four steps do where Newton's method takes five or six.  They shrink
    cubically, to about s^4 / before^3 after s: once that is below the last bit of x the search ends.  Waiting for a
    step of 0 takes some thirty more, as the rounding of the excess never settles.
    """
    x = low + 0.5 * (high - low)
    before = 0.0
    while True:
        over, slope, curvature = _course(p, v_inf, v, ex, inh, x)
        if over > 0.0:
            high = x
        else:
            low = x
        step = math.inf
        if slope > 0.0:
            step = over / slope
            bend = 0.5 * step * curvature / slope
            if abs(bend) < 0.5:
                step /= 1.0 - bend
        guess = x - step
        if low <= guess <= high and step * step * step * step <= 1e-17 * x * before * before * before:
            return guess
        before = abs(step)
        if not low < guess < high:
            guess, before = 0.5 * (low + high), 0.0
        if guess <= low or guess >= high:
            return high
        x = guess


@inner
def _turn(p, ex, inh):
    """Where the push has its one extremum; 0 where it has none."""
    if ex <= 0.0 or inh >= 0.0 or p.tau_ex == p.tau_in:
        return 0.0
    return max(0.0, math.log(-ex * p.tau_in / (inh * p.tau_ex)) / (1.0 / p.tau_ex - 1.0 / p.tau_in))


@inner
def _far(p, ex, inh):
    """Where no sum changes any more, and V - V_inf, which may decide alone, is not rounded to 0 yet.

    A current that has all but vanished does not count: its time constant may be so long that the rest is 0 by then.
    """
    slowest = p.tau_m
    if ex > 1e-100:
        slowest = max(slowest, p.tau_ex)
    if inh < -1e-100:
        slowest = max(slowest, p.tau_in)
    return 300.0 * slowest


@apart
def first_crossing(p, v_inf, v, ex, inh, after, horizon):
    """The first x with ``after`` <= x <= ``horizon`` (both from 0, where V = v) at which V rises through the threshold.

    V must not lie above the threshold at ``after``.  The pieces begin at 0 all the same: so the answer, to the last
    bit, does not depend on from where one looks.
    """
    far = min(_far(p, ex, inh), horizon)
    turn = min(_turn(p, ex, inh), far)
    low = 0.0
    for piece in range(2):
        end = turn if piece == 0 else far
        if end <= low:
            continue
        starts_up = _push(p, v_inf, ex, inh, low) > 0.0
        ends_up = _push(p, v_inf, ex, inh, end) > 0.0
        middle = end if starts_up == ends_up else _push_zero(p, v_inf, ex, inh, low, end)
        if middle >= after and starts_up and excess(p, v_inf, v, ex, inh, middle) > 0.0:
            return max(after, _crossing_in(p, v_inf, v, ex, inh, low, middle))
        if end >= after and ends_up and excess(p, v_inf, v, ex, inh, end) > 0.0:
            return max(after, _crossing_in(p, v_inf, v, ex, inh, middle, end))
        low = end
    return math.inf
