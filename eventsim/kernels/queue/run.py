"""The priority-queue engine: any delays, zero included, one entry a spike and projection.

The total order of events is (time, kind, serial).  At one instant, in this order:

0. changes of currents, and sources that spike;
1. neurons' own events: crossings without input, steps of integrators; in order of id;
2. arrivals over synapses, in order of (serial of the spike, projection, rank in the row), then of the Poisson drive;
   the threshold is tested here under the rule "arrival";
3. under the rule "instant" the threshold of every neuron that something reached, once; in order of id.

Spikes get their serial numbers in the order in which they came up.  They are sent off after 3; what arrives with zero
delay makes another round at the same instant.  Nothing in this order depends on where things lie in memory.

A spike stays one entry of the queue while it moves along its row of synapses, which is sorted by delay; what is known
of its arrivals when a slice of time begins has been written down and sorted (``plan``), the rest goes through the heap
``near``.  The kernel comes back when an array is full and goes on where it was when called again: all its state is in
the record ``q``.
"""

import math

from numba import int64

from eventsim.kernels.heap import put, take_top, top_item, top_when
from eventsim.kernels.jit import inlined, inner, kernel
from eventsim.kernels.layout import (
    ADVANCE,
    DONE,
    EMIT,
    ENDLESS,
    FLIGHT,
    FULL,
    GATHER,
    LINK,
    NEED_FIRED,
    NEED_FLIGHTS,
    NEED_SEGMENTS,
    PAUSED,
    RECORDED,
    SETTLE,
    START,
    STRETCH,
    TRAVEL,
)
from eventsim.kernels.memory import f8, i8, record_at, u1, u2, u4
from eventsim.kernels.neuron import (
    arrive,
    carry,
    deliver_row,
    look_at_all,
    own_event,
    set_current,
    settle,
    settle_row,
)
from eventsim.kernels.queue.lone import lone_events
from eventsim.kernels.queue.ordering import order_by_id
from eventsim.kernels.travel import arrival_time, next_way
from eventsim.kernels.upcoming import (
    home,
    is_watched,
    move_on,
    next_current,
    next_drive,
    next_planned,
    next_source,
    next_time,
    note,
    reached_until,
)


@inner
def _take_off(number, first, last, departure, wiring, q, near):
    """Start a spike on its way along synapses ``first`` to ``last - 1`` of projection ``number``.

    departure: from when its delays count; with noise on the projection, which has no other delay, when it arrives.
    """
    slot = q.n_flights
    q.n_flights = slot + 1
    flight = record_at(q.flight, slot, FLIGHT)
    flight.emitted = departure
    flight.next = first
    flight.end = last
    flight.link = number
    link = record_at(wiring.links, number, LINK)
    arrival = departure + f8(link.delays)[first * link.delay_stride]
    if arrival <= q.slice_end:
        put(near, slot, arrival)


@inner
def _take_off_with_noise(number, first, last, neuron, source, wiring, q, near):
    """The same where noise acts on the projection: one after the other to what is reached at one time."""
    link = record_at(wiring.links, number, LINK)
    travel = record_at(link.travel, 0, TRAVEL)
    k, which = first, 0
    while k < last:
        until, end, which = next_way(travel, link, 0, first, last, k, which)
        arrival = arrival_time(travel, q.now, source, i8(q.spike_counts)[neuron], k, end, which)
        if arrival < math.inf:
            _take_off(number, k, until, arrival, wiring, q, near)
        k = until


@inner
def _send_off(neuron, table_row, population, wiring, q, near):
    """Start a spike along every projection of its population: its own row, or the one its model names in tables."""
    own_row = neuron - i8(wiring.first_id)[population]
    for k in range(i8(wiring.outgoing_start)[population], i8(wiring.outgoing_start)[population + 1]):
        number = i8(wiring.outgoing)[k]
        link = record_at(wiring.links, number, LINK)
        row = table_row if link.dense != 0 else own_row
        row_start = i8(link.row_start)
        first, last = row_start[row], row_start[row + 1]
        if first == last:
            continue
        if link.travel == 0:
            _take_off(number, first, last, q.now, wiring, q, near)
        else:
            _take_off_with_noise(number, first, last, neuron, own_row, wiring, q, near)


@inner
def _emit(wiring, q, near):
    """Number, record and send off the spikes of this round."""
    while q.n_emitted < q.n_fired:
        neuron = i8(q.fired)[q.n_emitted]
        population = int64(u2(wiring.population_of)[neuron])
        if u1(wiring.dead)[neuron] != 0:
            q.n_emitted += 1
            continue
        if q.n_flights + i8(wiring.flights)[population] > q.flight_capacity:
            return NEED_FLIGHTS
        watched = is_watched(wiring, population, neuron)
        if watched or u1(wiring.recorded)[population] & RECORDED != 0:
            if q.n_recorded == q.recorded_capacity:
                return FULL
            f8(q.times)[q.n_recorded] = q.now
            u4(q.ids)[q.n_recorded] = neuron
            q.n_recorded += 1
        if watched:
            q.until, q.stopped = q.now, 1
        _send_off(neuron, i8(q.rows)[q.n_emitted], population, wiring, q, near)
        i8(q.spike_counts)[neuron] += 1
        q.serial += 1
        q.n_emitted += 1
    q.at_once += 1 + q.n_fired
    q.n_fired = 0
    q.n_ordered = 0
    q.n_emitted = 0
    return DONE


@inner
def _gather_inputs(groups, wiring, q, checks, inputs):
    """Kind 0: changes of currents, and sources that spike."""
    while next_current(inputs) == q.now:
        neuron = int64(u4(inputs.current_ids)[inputs.next_current])
        value = f8(inputs.current_values)[inputs.next_current]
        group, local = home(wiring, neuron)
        set_current(groups, group, local, value, q, checks)
        inputs.next_current += 1
    while next_source(inputs) == q.now:
        if q.n_fired == q.fired_capacity:
            return NEED_FIRED
        i8(q.fired)[q.n_fired] = u4(inputs.source_ids)[inputs.next_source]
        i8(q.rows)[q.n_fired] = -1
        q.n_fired += 1
        inputs.next_source += 1
    return DONE


@inner
def _gather_own_events(groups, wiring, q, checks):
    """Kind 1.  A neuron that has fired in this round and would again waits for the next one."""
    while top_when(checks) == q.now:
        if q.n_fired == q.fired_capacity:
            return NEED_FIRED
        neuron = take_top(checks)
        if i8(q.last_fired)[neuron] == q.round:
            i8(q.again)[q.n_again] = neuron
            q.n_again += 1
        else:
            group, local = home(wiring, neuron)
            own_event(groups, group, local, q, checks)
    return DONE


@inlined
def _put_back(q, checks):
    """What waited for the next round stands in ``checks`` again."""
    while q.n_again > 0:
        q.n_again -= 1
        put(checks, i8(q.again)[q.n_again], q.now)


@inlined
def _no_room(q, count):
    """Why ``count`` more arrivals cannot be delivered now, or DONE."""
    if q.n_segments == q.segments_capacity:
        return NEED_SEGMENTS
    return NEED_FIRED if q.n_fired + count > q.fired_capacity else DONE


@inner
def _gather_planned(groups, wiring, q, checks):
    """Kind 2, over synapses: what was known at the start of the slice."""
    while next_planned(q) == q.now:
        stretch = record_at(q.stretches, u4(q.planned_labels)[q.next_planned], STRETCH)
        number, first = int64(stretch.link), stretch.first
        count = int64(stretch.number if stretch.whole != 0 else 1)
        status = _no_room(q, count)
        if status != DONE:
            return status
        group = record_at(wiring.links, number, LINK).group
        deliver_row(groups, group, number, first, first + count, wiring, q, checks)
        q.synaptic_events += count
        note(number, first, first + count, q)
        q.next_planned += 1
    return DONE


@inner
def _gather_near(groups, wiring, q, near, checks):
    """Kind 2, over synapses: spikes of this slice, which therefore come after all that was planned."""
    while top_when(near) == q.now:
        flight = record_at(q.flight, top_item(near), FLIGHT)
        number = flight.link
        link = record_at(wiring.links, number, LINK)
        first, last = flight.next, reached_until(flight, link, q.now)
        status = _no_room(q, last - first)
        if status != DONE:
            return status
        move_on(flight, link, last, q, near)
        deliver_row(groups, link.group, number, first, last, wiring, q, checks)
        q.synaptic_events += last - first
        note(number, first, last, q)
    return DONE


@inner
def _gather_drive(groups, wiring, q, checks, inputs):
    """Kind 2, from the Poisson drive."""
    while next_drive(inputs) == q.now:
        if q.n_segments == q.segments_capacity:
            return NEED_SEGMENTS
        if q.n_fired == q.fired_capacity:
            return NEED_FIRED
        neuron = int64(u4(inputs.drive_ids)[inputs.next_drive])
        drive = u2(inputs.drive_numbers)[inputs.next_drive]
        weight, receptor = f8(inputs.drive_weights)[drive], i8(inputs.drive_receptors)[drive]
        group, local = home(wiring, neuron)
        arrive(groups, group, local, weight, receptor, q, checks)
        note(int64(-1), neuron, neuron, q)
        q.external_events += 1
        inputs.next_drive += 1
    return DONE


@inner
def _settle_all(groups, wiring, q, checks):
    """Kind 3, over everything delivered in this round."""
    segments = i8(q.segments)
    while q.n_settled < q.n_segments:
        number = segments[3 * q.n_settled]
        first, last = segments[3 * q.n_settled + 1], segments[3 * q.n_settled + 2]
        if q.n_fired + max(last - first, 1) > q.fired_capacity:
            return NEED_FIRED
        if number < 0:
            group, local = home(wiring, first)
            settle(groups, group, local, q, checks)
        else:
            link = record_at(wiring.links, number, LINK)
            settle_row(groups, link.group, number, first, last, wiring, q, checks)
        q.n_settled += 1
    q.n_segments = 0
    q.n_settled = 0
    return DONE


@inner
def _gather(groups, wiring, q, near, checks, inputs):
    status = _gather_inputs(groups, wiring, q, checks, inputs)
    if status == DONE:
        status = _gather_own_events(groups, wiring, q, checks)
    if status == DONE:
        status = _gather_planned(groups, wiring, q, checks)
    if status == DONE:
        status = _gather_near(groups, wiring, q, near, checks)
    if status == DONE:
        status = _gather_drive(groups, wiring, q, checks, inputs)
    return status


@kernel
def sample(groups, g, states, locals_, n, t):
    """Carry ``n`` copied states of group ``g`` (at an address; whose they are, i8) to ``t``, after all events there."""
    carry(groups, g, states, locals_, n, t)


@kernel
def run_until(groups, wiring_array, q_array, near_array, checks_array, inputs_array, most_at_once):
    """Simulate all events up to and including ``until`` (ms); return why it came back (``layout``).

    The instant at which a watched neuron fires becomes ``until``.

    More than ``most_at_once`` rounds and spikes at one instant are taken for a cycle that never ends.
    """
    wiring, q, inputs = wiring_array[0], q_array[0], inputs_array[0]
    near, checks = near_array[0], checks_array[0]
    if q.phase == START:
        for g in range(len(groups)):
            look_at_all(groups, g, q, checks)
        q.phase = ADVANCE
    while True:
        if q.phase == EMIT:
            status = _emit(wiring, q, near)
            if status != DONE:
                return status
            q.phase = ADVANCE
        if q.phase == ADVANCE:
            _put_back(q, checks)
            lone_events(groups, wiring, q, near, checks, inputs, q.until)
            if q.phase == GATHER:
                continue
            if q.n_fired > 0:
                order_by_id(q)
                q.phase = EMIT
                continue
            t = next_time(q, near, checks, inputs)
            if t > q.until:
                return DONE
            if q.round + q.synaptic_events >= q.pause_at:
                return PAUSED
            if t > q.now:
                q.at_once = 0
            elif q.at_once > most_at_once:
                return ENDLESS
            q.now = t
            q.round += 1
            q.phase = GATHER
        if q.phase == GATHER:
            status = _gather(groups, wiring, q, near, checks, inputs)
            if status != DONE:
                return status
            q.n_ordered = q.n_fired
            q.phase = SETTLE
        if q.phase == SETTLE:
            status = _settle_all(groups, wiring, q, checks)
            if status != DONE:
                return status
            order_by_id(q)
            q.phase = EMIT
