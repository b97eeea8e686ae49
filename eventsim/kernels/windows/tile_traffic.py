"""Spikes on their way to a tile: they take off, and what they reach in a window is found."""

import math

from numba import int64, uint64

from eventsim.kernels.growing import reallocated
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK, TRAVEL
from eventsim.kernels.memory import f8, i8, prefetch, record_at, u2, u4
from eventsim.kernels.travel import arrival_time, next_way
from eventsim.kernels.windows.ahead import ask_for_arrivals
from eventsim.kernels.windows.layout import BATCH, DAY, DELIVERY, LANE, LEG, RUN, SPIKE
from eventsim.kernels.windows.tile_batches import is_within
from eventsim.kernels.windows.tile_calendar import day_of, enter_legs, last_day, next_entered, recall

_BATCH, _DELIVERY, _LEG, _RUN = BATCH.itemsize, DELIVERY.itemsize, LEG.itemsize, RUN.itemsize
_MANY = 1000  # legs that have arrived


# --- taking off


@inlined
def _leg(tile, emitted, serial, number, first, end):
    """One more spike on its way."""
    if tile.n_legs == tile.room_legs:
        tile.room_legs = max(64, 2 * tile.room_legs)
        tile.legs = reallocated(tile.legs, tile.room_legs * _LEG)
    leg = record_at(tile.legs, tile.n_legs, LEG)
    leg.emitted, leg.serial, leg.link = emitted, serial, number
    leg.next, leg.entered, leg.end = first, first, end
    tile.n_legs += 1


@inner
def _legs_with_noise(tile, spike, serial, source, number, link, first, end):
    """The legs of a spike where noise acts on the projection: one to what is reached at one time."""
    travel = record_at(link.travel, 0, TRAVEL)
    k, which = first, 0
    while k < end:
        until, target, which = next_way(travel, link, tile.first, first, end, k, which)
        arrival = arrival_time(travel, spike.time, source, spike.number, k, target, which)
        if arrival < math.inf:
            _leg(tile, arrival, serial, number, k, until)
        k = until


@inlined
def _start(link, row):
    """The first synapse of a row."""
    return int64(u4(link.row_start)[row]) if link.short_starts != 0 else i8(link.row_start)[row]


@inlined
def _leads(tile, w, link, number, member):
    """Whether a projection, of this number, may lead from a member of its source population to the tile."""
    return i8(w.target_of)[number] == tile.population and link.first_source <= member < link.end_source


@inner
def _ask_for_starts(tile, w, wiring):
    """Have the beginnings of the spikes' rows fetched from memory, all before the first is needed."""
    n_tiles = i8(w.tiles_of)[tile.population]
    for k in range(w.n_spikes):
        neuron = record_at(w.spikes, k, SPIKE).neuron
        source = int64(u2(wiring.population_of)[neuron])
        member = neuron - i8(wiring.first_id)[source]
        for each in range(i8(wiring.outgoing_start)[source], i8(wiring.outgoing_start)[source + 1]):
            number = i8(wiring.outgoing)[each]
            link = record_at(wiring.links, number, LINK)
            if link.dense == 0 and _leads(tile, w, link, number, member):
                row = member * n_tiles + tile.number
                prefetch(link.row_start, row * (4 if link.short_starts != 0 else 8))


@inner
def take_off(tile, w, wiring):
    """Start the spikes of the interval before on their way to this tile, in the order of their serial numbers, once."""
    if tile.launched == w.serial:
        return
    _ask_for_starts(tile, w, wiring)
    if tile.first_leg > _MANY and 2 * tile.first_leg > tile.n_legs:
        _drop_arrived(tile)
    serial = w.serial - w.n_spikes
    n_tiles = i8(w.tiles_of)[tile.population]
    for k in range(max(int64(0), tile.launched - serial), w.n_spikes):
        spike = record_at(w.spikes, k, SPIKE)
        source = int64(u2(wiring.population_of)[spike.neuron])
        own_row = spike.neuron - i8(wiring.first_id)[source]
        for each in range(i8(wiring.outgoing_start)[source], i8(wiring.outgoing_start)[source + 1]):
            number = i8(wiring.outgoing)[each]
            link = record_at(wiring.links, number, LINK)
            if not _leads(tile, w, link, number, own_row):
                continue
            if link.dense != 0:
                first = i8(link.row_start)[spike.row] + tile.first
                _leg(tile, spike.time, serial + k, number, first, first + tile.n)
                continue
            row = own_row * n_tiles + tile.number
            first, end = _start(link, row), _start(link, row + 1)
            if link.travel != 0:
                _legs_with_noise(tile, spike, serial + k, own_row, number, link, first, end)
            elif first < end:
                _leg(tile, spike.time, serial + k, number, first, end)
    tile.launched = w.serial


@inner
def _drop_arrived(tile):
    """Let the list of spikes on their way begin with the first that is, where all have one delay."""
    kept = tile.n_legs - tile.first_leg
    for k in range(kept):
        old, new = record_at(tile.legs, tile.first_leg + k, LEG), record_at(tile.legs, k, LEG)
        new.emitted, new.serial, new.link = old.emitted, old.serial, old.link
        new.next, new.entered, new.end = old.next, old.entered, old.end
    tile.n_legs, tile.first_leg = kept, 0


@inner
def settle(tile, wiring, now):
    """Let the spikes on their way be all there is, with what they have not reached before ``now``."""
    if tile.in_order != 0:
        _drop_arrived(tile)
    else:
        recall(tile, wiring, now)


# --- arriving


@inlined
def _deliver(tile, spike, link, first, end):
    """A spike, a leg or a row, reaches these synapses of its link in this window: have them fetched from memory."""
    ask_for_arrivals(link, first, end)
    if tile.n_deliveries == tile.room_deliveries:
        tile.room_deliveries = max(64, 2 * tile.room_deliveries)
        tile.deliveries = reallocated(tile.deliveries, tile.room_deliveries * _DELIVERY)
    delivery = record_at(tile.deliveries, tile.n_deliveries, DELIVERY)
    delivery.emitted, delivery.serial, delivery.link = spike.emitted, spike.serial, spike.link
    delivery.first, delivery.end = first, end
    tile.n_deliveries += 1
    tile.n_arriving += end - first


@inner
def _move_on_in_order(tile, w, wiring):
    """Where all synapses have one delay, spikes arrive in the order in which they were emitted, each at once."""
    k = tile.first_leg
    while k < tile.n_legs:
        leg = record_at(tile.legs, k, LEG)
        link = record_at(wiring.links, leg.link, LINK)
        arrival = leg.emitted + f8(link.delays)[0]
        if arrival >= w.end:
            tile.next = arrival
            break
        _deliver(tile, leg, link, leg.next, leg.end)
        k += 1
    else:
        tile.next = math.inf
    tile.first_leg = k


@inner
def _count_part(w, batch):
    """How many arrivals of a batch are of this window, and when the first comes after it."""
    n, rest = int64(0), math.inf
    for k in range(batch.n):
        time = f8(batch.times)[k]
        if is_within(w, time):
            n += 1
        elif time >= w.end:
            rest = min(rest, time)
    return n, rest


@inner
def _open_lane(tile, w, wiring, lane, day):
    """What arrives on a day over a projection; returns when the first comes after the window."""
    if tile.n_open == tile.room_open:
        tile.room_open = max(8, 2 * tile.room_open)
        tile.open = reallocated(tile.open, tile.room_open * _BATCH)
    batch, link = record_at(tile.open, tile.n_open, BATCH), record_at(wiring.links, lane.link, LINK)
    at = uint64(day * lane.room)
    batch.n, batch.times, batch.neurons = i8(lane.n)[day], lane.times + 8 * at, lane.neurons + 2 * at
    batch.own, batch.weights, batch.weight = link.weight_stride, lane.weights + 8 * at, f8(link.weights)[0]
    batch.link, batch.n_runs = lane.link, i8(lane.n_runs)[day]
    batch.runs = lane.runs + uint64(_RUN * day * lane.room_runs)
    n, rest = batch.n, math.inf
    if tile.in_part != 0:
        n, rest = _count_part(w, batch)
    if n > 0:
        tile.n_open += 1
        tile.n_arriving += n
    return rest


@inner
def _open_day(tile, w, wiring, number):
    """What arrives on a day, as far as it is of this window; returns when the first comes after it."""
    day, rest = record_at(tile.days, number, DAY), math.inf
    for k in range(day.n_rows):
        row = record_at(day.rows, k, DELIVERY)
        link = record_at(wiring.links, row.link, LINK)
        time = row.emitted + f8(link.delays)[0]
        if is_within(w, time):
            _deliver(tile, row, link, row.first, row.end)
        elif time >= w.end:
            rest = min(rest, time)
    for k in range(tile.n_lanes):
        rest = min(rest, _open_lane(tile, w, wiring, record_at(tile.lanes, k, LANE), number))
    return rest


@inner
def _open_days(tile, w, wiring):
    """The days of the calendar that the window reaches."""
    if tile.next >= w.end:
        return
    first, last, rest = day_of(w, w.start), last_day(w), math.inf
    whole = max(w.start, w.fresh) <= first * w.day_ms and w.end >= (last + 1) * w.day_ms
    tile.in_part = 0 if whole else 1
    for day in range(first, last + 1):
        rest = min(rest, _open_day(tile, w, wiring, day - tile.first_day))
    tile.next = min(rest, next_entered(tile, w))


@inner
def receive(tile, w, wiring):
    """Let the spikes of the interval before take off, so that what they reach is known; once more changes nothing."""
    take_off(tile, w, wiring)
    if tile.in_order == 0:
        enter_legs(tile, w, wiring)


@inner
def move_on(tile, w, wiring):
    """Find what arrives in this window: rows among the deliveries, the rest in the open batches of the calendar."""
    tile.n_deliveries = tile.n_open = tile.n_arriving = 0
    if tile.in_order != 0:
        _move_on_in_order(tile, w, wiring)
    else:
        _open_days(tile, w, wiring)
    tile.synaptic_events += tile.n_arriving
