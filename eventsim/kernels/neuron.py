"""What happens to a neuron, in the terms of its model's handlers; every engine goes through these functions.

A neuron whose model can fire without input, or must be touched by its integrator, stands in the heap ``checks`` at a
time not later than that.  Looking at it there changes nothing unless the time has come: it fires at ``crossing``, or
is carried on at ``step``; both are functions of the state after the last event alone.  So how often a neuron is looked
at, which differs from engine to engine, has no influence on the result.
"""

import math

from numba import float64, int64

from eventsim.kernels.handlers import (
    CURRENT,
    bound,
    crossing,
    flow,
    jump,
    on_group,
    parameters_at,
    reset,
    row,
    set_threshold,
    show,
    state_at,
    step,
)
from eventsim.kernels.heap import planned, put_earlier
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK, THRESHOLD
from eventsim.kernels.memory import f4, f8, i8, record_at, u1, u4
from eventsim.kernels.noise import threshold_shift, unit


@inlined
def look_again(group, local, when, q, checks):
    """See to it that the neuron is looked at not later than ``when``."""
    if when < math.inf:
        neuron = i8(group.ids)[local]
        if when < planned(checks, neuron):
            put_earlier(checks, neuron, max(when, q.now))


@inner
def move_threshold(group, p, local):
    """Noise on thresholds: a new one after a spike."""
    threshold = record_at(group.thresholds, local, THRESHOLD)
    if threshold.std > 0.0:
        threshold.number += 1
        u = unit(threshold.key0, threshold.key1, threshold.neuron, threshold.number, 0, 0)
        set_threshold(group.model, p, threshold.mean + threshold_shift(threshold.std, u))


@inner
def _fire(group, local, q, checks):
    """The neuron fires now: enter it among those that fired, reset it, and see when to look at it again."""
    p = parameters_at(group.model, group.params, int64(u4(group.which)[local]))
    s = state_at(group.model, group.state, local)
    neuron = i8(group.ids)[local]
    i8(q.fired)[q.n_fired] = neuron
    i8(q.rows)[q.n_fired] = row(group.model, p, s)
    i8(q.last_fired)[neuron] = q.round
    q.n_fired += 1
    reset(group.model, p, s)
    if group.thresholds != 0:
        move_threshold(group, p, local)
    look_again(group, local, bound(group.model, p, s), q, checks)


@inlined
def _next_own(group, p, s):
    """When the neuron is to be looked at if nothing arrives, exactly."""
    return min(crossing(group.model, p, s), step(group.model, p, s))


@inner
def _own_event(group, local, q, checks):
    """Look at a neuron just taken out of ``checks``: fire it, carry it on, or put it back for later."""
    p = parameters_at(group.model, group.params, int64(u4(group.which)[local]))
    s = state_at(group.model, group.state, local)
    spike = crossing(group.model, p, s)
    if spike > q.now:
        touch = step(group.model, p, s)
        if touch > q.now:
            look_again(group, local, min(spike, touch), q, checks)
            return
        flow(group.model, p, s, q.now)
        q.own_events += 1
        if crossing(group.model, p, s) > q.now:
            look_again(group, local, _next_own(group, p, s), q, checks)
            return
    else:
        flow(group.model, p, s, q.now)
        q.own_events += 1
    _fire(group, local, q, checks)


@inlined
def _arrive(group, local, weight, receptor, q, checks):
    """An arrival now; the threshold is tested here only under the rule "arrival"."""
    p = parameters_at(group.model, group.params, int64(u4(group.which)[local]))
    s = state_at(group.model, group.state, local)
    flow(group.model, p, s, q.now)
    jump(group.model, p, s, weight, receptor)
    if group.per_arrival == 0 or u1(group.per_arrival)[local] == 0:
        return
    if bound(group.model, p, s) <= q.now and crossing(group.model, p, s) <= q.now:
        _fire(group, local, q, checks)


@inlined
def _settle(group, local, q, checks):
    """After all arrivals of a round: fire if above threshold, once a round; else see when to look again."""
    p = parameters_at(group.model, group.params, int64(u4(group.which)[local]))
    s = state_at(group.model, group.state, local)
    when = bound(group.model, p, s)
    if when > q.now:
        look_again(group, local, when, q, checks)
        return
    when = _next_own(group, p, s)  # the bound may be as early as now although the neuron does not fire
    if when <= q.now and i8(q.last_fired)[i8(group.ids)[local]] != q.round:
        _fire(group, local, q, checks)
    else:
        look_again(group, local, when, q, checks)


@inner
def _reach(group, local, weight, receptor, q, checks):
    """An arrival that is alone in its round."""
    _arrive(group, local, weight, receptor, q, checks)
    _settle(group, local, q, checks)


@inlined
def weight_at(weights, single, stride, k):
    """The weight of synapse ``k``, from these fields of its projection; a loop over a row reads them once."""
    return float64(f4(weights)[k]) if single != 0 else f8(weights)[k * stride]


@inner
def _deliver_row(group, number, first, last, wiring, q, checks):
    """A spike reaches the synapses ``first`` to ``last - 1`` of projection ``number``."""
    link = record_at(wiring.links, number, LINK)
    targets, weights, single, stride = u4(link.targets), link.weights, link.single, link.weight_stride
    for k in range(first, last):
        target = k - first if link.dense != 0 else int64(targets[k])
        weight = weight_at(weights, single, stride, k)
        _arrive(group, link.target_first + target, weight, link.receptor, q, checks)


@inner
def _settle_row(group, number, first, last, wiring, q, checks):
    """Test the thresholds behind these synapses."""
    link = record_at(wiring.links, number, LINK)
    targets = u4(link.targets)
    for k in range(first, last):
        target = k - first if link.dense != 0 else int64(targets[k])
        _settle(group, link.target_first + target, q, checks)


@inner
def _set_current(group, local, value, q, checks):
    """The external current is ``value`` from now on."""
    p = parameters_at(group.model, group.params, int64(u4(group.which)[local]))
    s = state_at(group.model, group.state, local)
    flow(group.model, p, s, q.now)
    jump(group.model, p, s, value, CURRENT)
    look_again(group, local, bound(group.model, p, s), q, checks)


@inner
def _look_at_all(group, q, checks):
    """Enter every neuron that can fire, or must be touched, without input."""
    for local in range(group.size):
        p = parameters_at(group.model, group.params, int64(u4(group.which)[local]))
        s = state_at(group.model, group.state, local)
        look_again(group, local, bound(group.model, p, s), q, checks)


@inner
def _carry(group, states, locals_, n, t):
    """Carry copies of the states of some neurons to ``t``; the neurons themselves are left alone."""
    for k in range(n):
        p = parameters_at(group.model, group.params, int64(u4(group.which)[i8(locals_)[k]]))
        s = state_at(group.model, states, k)
        flow(group.model, p, s, t)
        show(group.model, p, s)


own_event = on_group(_own_event)
arrive = on_group(_arrive)
reach = on_group(_reach)
settle = on_group(_settle)
deliver_row = on_group(_deliver_row)
settle_row = on_group(_settle_row)
set_current = on_group(_set_current)
look_at_all = on_group(_look_at_all)
carry = on_group(_carry)
