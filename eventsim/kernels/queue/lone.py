"""Rounds of one arrival and no more, which most are, without the ceremony that simultaneous events need."""

from numba import int64

from eventsim.kernels.heap import top_item, top_when
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import ADVANCE, FLIGHT, GATHER, LINK, STRETCH
from eventsim.kernels.memory import f8, i8, prefetch, record_at, u2, u4
from eventsim.kernels.neuron import deliver_row, reach, settle_row, weight_at
from eventsim.kernels.upcoming import (
    drive_after,
    home,
    move_on,
    next_current,
    next_drive,
    next_planned,
    next_source,
    note,
    planned_after,
    reached_until,
)

_STRETCH_BYTES = STRETCH.itemsize
_AHEAD = 12  # arrivals between asking for a stretch and its turn: longer than memory takes


@inlined
def _lone_near(groups, wiring, q, near, checks):
    """A round that is one spike's arrival and no more; if another turns out to come with it, go on as usual."""
    flight = record_at(q.flight, top_item(near), FLIGHT)
    number = flight.link
    link = record_at(wiring.links, number, LINK)
    first, last = flight.next, reached_until(flight, link, q.now)
    move_on(flight, link, last, q, near)
    deliver_row(groups, link.group, number, first, last, wiring, q, checks)
    q.synaptic_events += last - first
    if top_when(near) == q.now:
        note(number, first, last, q)
        q.phase = GATHER
    else:
        q.n_ordered = q.n_fired
        settle_row(groups, link.group, number, first, last, wiring, q, checks)


@inlined
def _lone_planned(groups, wiring, q, checks):
    """The same for an arrival that was planned, and that is known to be alone."""
    if q.next_planned + _AHEAD < q.n_planned:
        prefetch(q.stretches, u4(q.planned_labels)[q.next_planned + _AHEAD] * _STRETCH_BYTES)
    stretch = record_at(q.stretches, u4(q.planned_labels)[q.next_planned], STRETCH)
    number = int64(stretch.link)
    link = record_at(wiring.links, number, LINK)
    q.next_planned += 1
    if stretch.whole != 0:
        first, last = stretch.first, stretch.first + int64(stretch.number)
        deliver_row(groups, link.group, number, first, last, wiring, q, checks)
        q.n_ordered = q.n_fired
        settle_row(groups, link.group, number, first, last, wiring, q, checks)
        q.synaptic_events += last - first
        return
    local = link.target_first + int64(stretch.number)
    weight = weight_at(link.weights, link.single, link.weight_stride, stretch.first)
    reach(groups, link.group, local, weight, link.receptor, q, checks)
    q.synaptic_events += 1


@inlined
def _lone_drive(groups, wiring, q, checks, inputs):
    """A round that is one arrival from the drive and no more."""
    neuron = int64(u4(inputs.drive_ids)[inputs.next_drive])
    drive = u2(inputs.drive_numbers)[inputs.next_drive]
    weight, receptor = f8(inputs.drive_weights)[drive], i8(inputs.drive_receptors)[drive]
    inputs.next_drive += 1
    q.external_events += 1
    group, local = home(wiring, neuron)
    reach(groups, group, local, weight, receptor, q, checks)


@inner
def lone_events(groups, wiring, q, near, checks, inputs, t_stop):
    """Rounds of a single arrival, which most are, without the ceremony of `_gather`; until one ends in a spike."""
    if q.longest_row > q.fired_capacity:
        return
    outside = min(next_source(inputs), next_current(inputs))
    while q.n_fired == 0 and q.phase == ADVANCE and q.round + q.synaptic_events < q.pause_at:
        planned, drive, heap = next_planned(q), next_drive(inputs), top_when(near)
        t = min(min(planned, drive), heap)
        others = min(top_when(checks), outside)
        if t > t_stop or t >= others or t == q.now:
            return
        if (planned == t) + (drive == t) + (heap == t) > 1:
            return
        if min(planned_after(q), drive_after(inputs)) == t:
            return
        q.now, q.at_once = t, 0
        q.round += 1
        if planned == t:
            _lone_planned(groups, wiring, q, checks)
        elif drive == t:
            _lone_drive(groups, wiring, q, checks, inputs)
        else:
            _lone_near(groups, wiring, q, near, checks)
