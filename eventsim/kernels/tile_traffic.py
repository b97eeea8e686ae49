"""What arrives in a tile: spikes take off, move on from window to window, and are gathered for single neurons."""

import math

from numba import int64, uint64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK, TRAVEL
from eventsim.kernels.marked import STRETCH, find_marked_u2, find_marked_u4
from eventsim.kernels.memory import f8, i8, prefetch, record_at, u2, u4
from eventsim.kernels.neuron import weight_at
from eventsim.kernels.shared import reallocated
from eventsim.kernels.travel import arrival_time, next_way
from eventsim.kernels.window_layout import ARRIVAL, BATCH, DELIVERY, FEED, LEG, SPIKE

_LEG, _DELIVERY, _ARRIVAL = LEG.itemsize, DELIVERY.itemsize, ARRIVAL.itemsize
_LINE = 64  # bytes of memory that are fetched together
AHEAD = 12  # spikes between asking for synapses and their turn: longer than memory takes
DRIVEN = 1 << 62
"""``serial`` of an arrival from the drive, after all arrivals of spikes; its ``link`` is the drive's number."""


@inlined
def _leg(tile, emitted, serial, number, first, end):
    """One more spike on its way."""
    if tile.n_legs == tile.room_legs:
        tile.room_legs = max(64, 2 * tile.room_legs)
        tile.legs = reallocated(tile.legs, tile.room_legs * _LEG)
    leg = record_at(tile.legs, tile.n_legs, LEG)
    leg.emitted, leg.serial, leg.link, leg.next, leg.end = emitted, serial, number, first, end
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
    """Start the spikes of the window before on their way to this tile, in the order of their serial numbers."""
    _ask_for_starts(tile, w, wiring)
    serial = w.serial - w.n_spikes
    n_tiles = i8(w.tiles_of)[tile.population]
    for k in range(w.n_spikes):
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


@inlined
def _reached_before(delays, stride, emitted, k, end, limit):
    """End of the synapses that are reached before ``limit``."""
    if stride == 0:
        return end
    k += 1
    while k < end and emitted + delays[k] < limit:
        k += 1
    return k


@inlined
def _ask_for(wiring, number, k, end):
    """Have a spike's next synapses fetched from memory: rows lie far apart, and each window reads a bit of each."""
    link = record_at(wiring.links, number, LINK)
    if link.delay_stride != 0:
        prefetch(link.delays, 8 * k)
        prefetch(link.delays, 8 * min(k + 8, end))
    if link.dense == 0:
        prefetch(link.targets, 2 * k)
    if link.single != 0:
        prefetch(link.weights, 4 * k)


@inlined
def ask_for_lines(column, size, first, end):
    """Have the elements ``first`` to ``end - 1``, of ``size`` bytes each, fetched from memory."""
    for where in range(size * first, size * end, _LINE):
        prefetch(column, where)
    prefetch(column, size * end - 1)


@inlined
def ask_for_arrivals(link, first, end):
    """The same for all synapses of a delivery."""
    if link.delay_stride != 0:
        ask_for_lines(link.delays, 8, first, end)
    if link.dense == 0:
        ask_for_lines(link.targets, 2, first, end)
    if link.single != 0:
        ask_for_lines(link.weights, 4, first, end)


@inlined
def _deliver(tile, leg, first, end):
    """A spike reaches these synapses in this window."""
    delivery = record_at(tile.deliveries, tile.n_deliveries, DELIVERY)
    delivery.emitted, delivery.serial, delivery.link = leg.emitted, leg.serial, leg.link
    delivery.first, delivery.end = first, end
    tile.n_deliveries += 1
    tile.synaptic_events += end - first


@inner
def drop_arrived(tile):
    """Let the list of spikes on their way begin with the first that is."""
    kept = tile.n_legs - tile.first_leg
    for k in range(kept):
        old, new = record_at(tile.legs, tile.first_leg + k, LEG), record_at(tile.legs, k, LEG)
        new.emitted, new.serial, new.link, new.next, new.end = (
            old.emitted,
            old.serial,
            old.link,
            old.next,
            old.end,
        )
    tile.n_legs, tile.first_leg = kept, 0


@inner
def _move_on_in_order(tile, w, wiring):
    """Where all synapses have one delay, spikes arrive in the order in which they were emitted, each at once."""
    k = tile.first_leg
    while k < tile.n_legs:
        leg = record_at(tile.legs, k, LEG)
        arrival = leg.emitted + f8(record_at(wiring.links, leg.link, LINK).delays)[0]
        if arrival >= w.end:
            tile.next = arrival
            break
        _deliver(tile, leg, leg.next, leg.end)
        k += 1
    else:
        tile.next = math.inf
    tile.first_leg = k
    if k > 1000 and 2 * k > tile.n_legs:
        drop_arrived(tile)


@inner
def _move_on_each(tile, w, wiring):
    """Each spike as far as it comes in this window; those that have arrived everywhere are forgotten."""
    kept, soonest = int64(0), math.inf
    for k in range(tile.n_legs):
        if k + AHEAD < tile.n_legs:
            ahead = record_at(tile.legs, k + AHEAD, LEG)
            _ask_for(wiring, ahead.link, ahead.next, ahead.end)
        leg = record_at(tile.legs, k, LEG)
        link = record_at(wiring.links, leg.link, LINK)
        delays, stride = f8(link.delays), link.delay_stride
        emitted, first, end = leg.emitted, leg.next, leg.end
        if emitted + delays[first * stride] < w.end:
            last = _reached_before(delays, stride, emitted, first, end, w.end)
            _deliver(tile, leg, first, last)
            first = last
        if first < end:
            soonest = min(soonest, emitted + delays[first * stride])
            moved = record_at(tile.legs, kept, LEG)
            moved.emitted, moved.serial, moved.link = emitted, leg.serial, leg.link
            moved.next, moved.end = first, end
            kept += 1
    tile.n_legs = kept
    tile.next = soonest


@inner
def move_on(tile, w, wiring):
    """Enter what arrives in this window among the deliveries."""
    tile.n_deliveries = 0
    if tile.n_legs > tile.room_deliveries:
        tile.room_deliveries = 2 * tile.n_legs
        tile.deliveries = reallocated(tile.deliveries, tile.room_deliveries * _DELIVERY)
    if tile.in_order != 0:
        _move_on_in_order(tile, w, wiring)
    else:
        _move_on_each(tile, w, wiring)


@inlined
def mark(tile, i):
    """Neuron ``i`` must be gone through event by event in this window."""
    if u2(tile.marks)[i] == 0:
        u4(tile.marked)[tile.n_marked] = i
        tile.n_marked += 1
        u2(tile.marks)[i] = tile.n_marked
        u2(tile.bits)[i >> 4] |= 1 << (i & 15)


@inlined
def _arrives(tile, i, time, weight, serial, number, receptor):
    """One more arrival at a marked neuron."""
    n = tile.n_unsorted
    if n == tile.room_unsorted:
        tile.room_unsorted = max(256, 2 * n)
        tile.unsorted = reallocated(tile.unsorted, tile.room_unsorted * _ARRIVAL)
        tile.owners = reallocated(tile.owners, tile.room_unsorted * 4)
        tile.arrivals = reallocated(tile.arrivals, tile.room_unsorted * _ARRIVAL)
    arrival = record_at(tile.unsorted, n, ARRIVAL)
    arrival.time, arrival.weight, arrival.serial = time, weight, serial
    arrival.link, arrival.receptor = number, receptor
    u4(tile.owners)[n] = i
    tile.n_unsorted = n + 1


@inner
def _gather_delivery(tile, wiring, delivery, everyone):
    """The arrivals of one spike at marked neurons; or at everyone, who is marked then."""
    link = record_at(wiring.links, delivery.link, LINK)
    if everyone:
        for k in range(delivery.first, delivery.end):
            i = k - delivery.first if link.dense != 0 else int64(u2(link.targets)[k])
            mark(tile, i)
            _gather_synapse(tile, link, delivery, k, i)
        return
    targets = u2(link.targets)
    for first in range(delivery.first, delivery.end, STRETCH):
        n = min(STRETCH, delivery.end - first)
        for j in range(find_marked_u2(tile, link.targets + uint64(2 * first), n, tile.found)):
            k = first + int64(u4(tile.found)[j])
            _gather_synapse(tile, link, delivery, k, int64(targets[k]))


@inner
def _gather_synapse(tile, link, delivery, k, i):
    """The arrival over synapse ``k`` at neuron ``i``."""
    time = delivery.emitted + f8(link.delays)[k * link.delay_stride]
    weight = weight_at(link.weights, link.single, link.weight_stride, k)
    _arrives(tile, i, time, weight, delivery.serial, link.order, link.receptor)


@inner
def gather(tile, w, wiring, inputs, everyone):
    """All arrivals at marked neurons (or at everyone) in this window, in the order of spikes and synapses."""
    tile.n_unsorted = 0
    for k in range(tile.n_deliveries):
        if k + AHEAD < tile.n_deliveries:
            ahead = record_at(tile.deliveries, k + AHEAD, DELIVERY)
            ask_for_arrivals(record_at(wiring.links, ahead.link, LINK), ahead.first, ahead.end)
        _gather_delivery(tile, wiring, record_at(tile.deliveries, k, DELIVERY), everyone)
    times, neurons, numbers = f8(tile.drive_times), u4(tile.drive_neurons), u2(tile.drive_numbers)
    k = tile.next_drive
    while k < tile.n_drive and times[k] < w.end:
        i, number = int64(neurons[k]), int64(numbers[k])
        if everyone:
            mark(tile, i)
        if u2(tile.marks)[i] != 0:
            weight, receptor = f8(inputs.drive_weights)[number], i8(inputs.drive_receptors)[number]
            _arrives(tile, i, times[k], weight, DRIVEN, number, receptor)
        k += 1
    _gather_feeds(tile, inputs)


@inner
def _gather_feeds(tile, inputs):
    """The arrivals at marked neurons of the drives that are drawn in the tile."""
    for each in range(tile.n_feeds):
        feed = record_at(tile.feeds, each, FEED)
        weight, receptor = f8(inputs.drive_weights)[feed.number], i8(inputs.drive_receptors)[feed.number]
        batch = record_at(feed.batch, 0, BATCH)
        times, neurons = f8(batch.times), u4(batch.neurons)
        for first in range(feed.first, feed.last, STRETCH):
            n = min(STRETCH, feed.last - first)
            for j in range(find_marked_u4(tile, batch.neurons + uint64(4 * first), n, tile.found)):
                k = first + int64(u4(tile.found)[j])
                _arrives(tile, int64(neurons[k]), times[k], weight, DRIVEN, feed.number, receptor)


@inner
def sort_by_neuron(tile):
    """The gathered arrivals, one marked neuron's after the other's, in order: ``ends[m]`` is the end of the m-th's."""
    marks, ends, owners = u2(tile.marks), i8(tile.ends), u4(tile.owners)
    for m in range(tile.n_marked + 1):
        ends[m] = 0
    for k in range(tile.n_unsorted):
        ends[marks[owners[k]]] += 1
    for m in range(tile.n_marked):
        ends[m + 1] += ends[m]
    for k in range(tile.n_unsorted):
        m = marks[owners[k]] - 1
        _copy(tile.unsorted, k, tile.arrivals, ends[m])
        ends[m] += 1
    begin = int64(0)
    for m in range(tile.n_marked):
        if not _insertion_sort(tile, begin, ends[m]):
            _merge_sort(tile, begin, ends[m])
        begin = ends[m]


@inlined
def _copy(source, i, target, j):
    """Element i of a list of arrivals becomes element j of another."""
    a, b = record_at(source, i, ARRIVAL), record_at(target, j, ARRIVAL)
    b.time, b.weight, b.serial, b.link, b.receptor = a.time, a.weight, a.serial, a.link, a.receptor


@inner
def _insertion_sort(tile, begin, end):
    """Stable, by time; gives up after so many moves that merging is better."""
    moves = 0
    for i in range(begin + 1, end):
        time = record_at(tile.arrivals, i, ARRIVAL).time
        j = i
        if record_at(tile.arrivals, j - 1, ARRIVAL).time <= time:
            continue
        _copy(tile.arrivals, i, tile.unsorted, 0)
        while j > begin and record_at(tile.arrivals, j - 1, ARRIVAL).time > time:
            _copy(tile.arrivals, j - 1, tile.arrivals, j)
            j -= 1
        _copy(tile.unsorted, 0, tile.arrivals, j)
        moves += i - j
        if moves > 16 * (end - begin):
            return False
    return True


@inner
def _merge_sort(tile, begin, end):
    """Stable, by time, bottom up."""
    width = int64(1)
    while width < end - begin:
        start = begin
        while start < end:
            middle, stop = min(start + width, end), min(start + 2 * width, end)
            left, right = start, middle
            for k in range(start, stop):
                if left < middle and (
                    right >= stop
                    or record_at(tile.arrivals, left, ARRIVAL).time
                    <= record_at(tile.arrivals, right, ARRIVAL).time
                ):
                    _copy(tile.arrivals, left, tile.unsorted, k)
                    left += 1
                else:
                    _copy(tile.arrivals, right, tile.unsorted, k)
                    right += 1
            start = stop
        for k in range(begin, end):
            _copy(tile.unsorted, k, tile.arrivals, k)
        width *= 2
