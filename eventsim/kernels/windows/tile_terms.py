"""What arrivals add to the sums of a tile: one alone, or many at once in loops that a compiler makes eight at a time.

A term is a weight times exponentials of the arrival's time, rounded to the sum's quantum (`sums`); one worked out alone
and one of many are the same to the last bit.
"""

from collections import namedtuple

from numba import uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import f8, record_at
from eventsim.kernels.sums import carried, growth, growth_alone, growth_near, near, rounded, taken
from eventsim.kernels.windows.layout import SUMS


@inlined
def jump_term(tile, t, weight):
    """What an arrival adds to u where V jumps."""
    c = record_at(tile.sums, 0, SUMS)
    return rounded(weight * growth((t - tile.ref) * c.rate), c.rounding)


Current = namedtuple("Current", "ref rate gap per_gap rounding across")
"""What terms need of the currents of one sign: where their epoch begins, their parameters, and `carried`."""


@inlined
def current_of(tile, upwards):
    """Those of excitation or of inhibition in this window."""
    c = record_at(tile.sums, 0, SUMS)
    if upwards:
        across = carried(tile.ref_x - tile.ref, c.rate)
        return Current(tile.ref_x, c.rate_ex, c.gap_ex, c.per_gap_ex, c.rounding_ex, across)
    across = carried(tile.ref_y - tile.ref, c.rate)
    return Current(tile.ref_y, c.rate_in, c.gap_in, c.per_gap_in, c.rounding_in, across)


@inlined
def terms_of(tile, currents, t, weight):
    """What an arrival over these currents takes from u, and what it adds to its current."""
    c = record_at(tile.sums, 0, SUMS)
    e, e_syn = growth((t - tile.ref) * c.rate), growth((t - currents.ref) * currents.rate)
    current = weight * c.per_c_m
    to_u = current * taken(currents.gap, currents.per_gap, e, e_syn, currents.across, t - currents.ref)
    return rounded(to_u, c.rounding), rounded(current * e_syn, currents.rounding)


@inlined
def current_terms(tile, t, weight):
    """The same for one arrival."""
    return terms_of(tile, current_of(tile, weight > 0.0), t, weight)


@inner
def _growths(w, times, n, ref, rate, found):
    """exp((t - ref) rate) at ``n`` times of a window, which seldom need more than two entries of the table."""
    entries, last = near((w.start - ref) * rate), (w.end - ref) * rate
    if last < entries.switch:
        for k in range(n):
            found[k] = growth_alone(entries, (times[k] - ref) * rate)
    elif last < entries.end:
        for k in range(n):
            found[k] = growth_near(entries, (times[k] - ref) * rate)
    else:
        for k in range(n):
            found[k] = growth((times[k] - ref) * rate)


@inlined
def jump_terms(tile, w, batch, first, n, own, to_u):
    """`jump_term` of the arrivals of a batch from ``first`` on; own: whether they have weights of their own."""
    c = record_at(tile.sums, 0, SUMS)
    weights, common = f8(batch.weights + uint64(8 * first)), batch.weight
    _growths(w, f8(batch.times + uint64(8 * first)), n, tile.ref, c.rate, to_u)
    for k in range(n):
        to_u[k] = rounded((weights[k] if own else common) * to_u[k], c.rounding)


@inlined
def many_current_terms(tile, w, batch, first, n, own, upwards, to_u, to_current):
    """`current_terms` of the arrivals of a batch from ``first`` on, of one sign."""
    c = record_at(tile.sums, 0, SUMS)
    ref, rate, gap, per_gap, rounding, across = current_of(tile, upwards)
    times = f8(batch.times + uint64(8 * first))
    _growths(w, times, n, tile.ref, c.rate, to_u)
    _growths(w, times, n, ref, rate, to_current)
    if per_gap != 0.0:  # apart, as the other way of `taken` cannot be done many at a time
        _weigh_currents(c, batch, first, n, own, times, ref, across, gap, per_gap, rounding, to_u, to_current)
    else:
        _weigh_currents(c, batch, first, n, own, times, ref, across, gap, 0.0, rounding, to_u, to_current)


@inlined
def _weigh_currents(c, batch, first, n, own, times, ref, across, gap, per_gap, rounding, to_u, to_current):
    """The terms, where ``to_u`` and ``to_current`` hold the exponentials of membrane and current."""
    weights, common = f8(batch.weights + uint64(8 * first)), batch.weight * c.per_c_m
    for k in range(n):
        current = weights[k] * c.per_c_m if own else common
        to_u[k] = rounded(
            current * taken(gap, per_gap, to_u[k], to_current[k], across, times[k] - ref), c.rounding
        )
        to_current[k] = rounded(current * to_current[k], rounding)
