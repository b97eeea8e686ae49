"""What comes next in the queue, and what becomes of a spike when it has been served."""

import math

from numba import int64

from eventsim.kernels.heap import move_top, take_top, top_when
from eventsim.kernels.jit import inlined
from eventsim.kernels.layout import WATCHED
from eventsim.kernels.memory import f8, i8, u1, u4


@inlined
def home(wiring, neuron):
    """A neuron's group and its number there.  As int64, like all indices: each type of argument compiles anew."""
    return int64(u1(wiring.group_of)[neuron]), int64(u4(wiring.local_of)[neuron])


@inlined
def is_watched(wiring, population, neuron):
    """Whether Python waits for a spike of this neuron."""
    return u1(wiring.recorded)[population] >= WATCHED and u1(wiring.watched)[neuron] != 0


@inlined
def next_source(inputs):
    return f8(inputs.source_times)[inputs.next_source] if inputs.next_source < inputs.n_source else math.inf


@inlined
def next_drive(inputs):
    return f8(inputs.drive_times)[inputs.next_drive] if inputs.next_drive < inputs.n_drive else math.inf


@inlined
def next_current(inputs):
    return (
        f8(inputs.current_times)[inputs.next_current] if inputs.next_current < inputs.n_current else math.inf
    )


@inlined
def next_planned(q):
    return f8(q.planned_times)[q.next_planned] if q.next_planned < q.n_planned else math.inf


@inlined
def next_time(q, near, checks, inputs):
    t = min(min(next_planned(q), top_when(near)), top_when(checks))
    return min(min(t, next_source(inputs)), min(next_drive(inputs), next_current(inputs)))


@inlined
def drive_after(inputs):
    """Time of the drive's arrival after the next one."""
    k = inputs.next_drive + 1
    return f8(inputs.drive_times)[k] if k < inputs.n_drive else math.inf


@inlined
def planned_after(q):
    """Time of the planned arrival after the next one."""
    k = q.next_planned + 1
    return f8(q.planned_times)[k] if k < q.n_planned else math.inf


@inlined
def reached_until(flight, link, t):
    """End of the stretch of its row that a spike reaches at ``t``."""
    if link.delay_stride == 0:
        return flight.end
    delays = f8(link.delays)
    k = flight.next + 1
    while k < flight.end and flight.emitted + delays[k] == t:
        k += 1
    return k


@inlined
def move_on(flight, link, last, q, near):
    """The first spike in the heap goes on to its next synapses; the plan of a later slice finds it again."""
    flight.next = last
    arrival = flight.emitted + f8(link.delays)[last] if last < flight.end else math.inf
    if arrival <= q.slice_end:
        move_top(near, arrival)
    else:
        take_top(near)


@inlined
def note(number, first, last, q):
    """Remember what was delivered, for the tests of the threshold."""
    segments = i8(q.segments)
    segments[3 * q.n_segments] = number
    segments[3 * q.n_segments + 1] = first
    segments[3 * q.n_segments + 2] = last
    q.n_segments += 1
