"""The arrivals of a window at single neurons, those that are marked, in the order in which they come."""

from numba import int64, uint32, uint64

from eventsim.kernels.growing import reallocated
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import LINK
from eventsim.kernels.memory import f8, i8, record_at, u2, u4
from eventsim.kernels.neuron import weight_at
from eventsim.kernels.windows.ahead import AHEAD, ask_for_arrivals
from eventsim.kernels.windows.doubles import LANES, above, load, splat
from eventsim.kernels.windows.layout import ARRIVAL, BATCH, DELIVERY, FEED, RUN
from eventsim.kernels.windows.marked import AT_ONCE, find_marked, ones
from eventsim.kernels.windows.tile_batches import is_within, weight_in

_ARRIVAL = ARRIVAL.itemsize
_MOST_RANKED = 128  # arrivals: of more, each is compared with too many
DRIVEN = 1 << 62
"""``serial`` of an arrival from the drive, after all arrivals of spikes; its ``link`` is the drive's number."""


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
        tile.keys = reallocated(tile.keys, (tile.room_unsorted + LANES) * 8)
        tile.places = reallocated(tile.places, tile.room_unsorted * 4)
    arrival = record_at(tile.unsorted, n, ARRIVAL)
    arrival.time, arrival.weight, arrival.serial = time, weight, serial
    arrival.link, arrival.receptor = number, receptor
    u4(tile.owners)[n] = i
    tile.n_unsorted = n + 1


@inlined
def _find(tile, batch, first, end):
    """Write down which of the arrivals ``first`` to ``end - 1`` of a batch are at marked neurons."""
    batch.first_found = tile.n_found
    batch.n_found = _find_in(tile, batch.neurons, first, end)
    tile.n_found += batch.n_found


@inlined
def _find_in(tile, neurons, first, end):
    """Write down, behind what is found, which neurons of a list are marked; returns how many."""
    needed = tile.n_found + (end - first) + AT_ONCE
    if needed > tile.room_found:
        tile.room_found = 2 * needed
        tile.found = reallocated(tile.found, 4 * tile.room_found)
    return find_marked(tile, neurons, first, end, tile.found + uint64(4 * tile.n_found))


@inner
def find(tile):
    """Which arrivals in the open batches and from the drives drawn in the tile are at marked neurons."""
    tile.n_found = 0
    for k in range(tile.n_open):
        batch = record_at(tile.open, k, BATCH)
        _find(tile, batch, int64(0), batch.n)
    for k in range(tile.n_feeds):
        feed = record_at(tile.feeds, k, FEED)
        _find(tile, record_at(feed.batch, 0, BATCH), feed.first, feed.last)


@inlined
def _leave_marked(tile, batch):
    """Of what was found in a batch only that at marked neurons; without branches, which nobody could predict."""
    neurons, found, marks, kept = u2(batch.neurons), found_in(tile, batch), u2(tile.marks), int64(0)
    for j in range(batch.n_found):
        found[kept] = found[j]
        kept += marks[neurons[found[j]]] != 0
    batch.n_found = kept


@inner
def find_less(tile):
    """Forget what `find` found at neurons that are marked no longer."""
    for k in range(tile.n_open):
        _leave_marked(tile, record_at(tile.open, k, BATCH))
    for k in range(tile.n_feeds):
        _leave_marked(tile, record_at(record_at(tile.feeds, k, FEED).batch, 0, BATCH))


@inlined
def found_in(tile, batch):
    """The arrivals of a batch that `find` found."""
    return u4(tile.found + uint64(4 * batch.first_found))


@inlined
def find_in_row(tile, link, delivery):
    """Which synapses of a row lead to marked neurons, and how many; until something else is found."""
    n = _find_in(tile, link.targets, delivery.first, delivery.end)
    return n, u4(tile.found + uint64(4 * tile.n_found))


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
    n, found = find_in_row(tile, link, delivery)
    for j in range(n):
        k = int64(found[j])
        _gather_synapse(tile, link, delivery, k, int64(targets[k]))


@inner
def _gather_synapse(tile, link, delivery, k, i):
    """The arrival over synapse ``k`` at neuron ``i``."""
    time = delivery.emitted + f8(link.delays)[k * link.delay_stride]
    weight = weight_at(link.weights, link.single, link.weight_stride, k)
    _arrives(tile, i, time, weight, delivery.serial, link.order, link.receptor)


@inlined
def _serial_at(batch, run, k):
    """The run in which arrival ``k`` of a batch lies, not before ``run``, and its serial number."""
    while run + 1 < batch.n_runs and record_at(batch.runs, run + 1, RUN).first <= k:
        run += 1
    return run, record_at(batch.runs, run, RUN).serial


@inner
def _gather_open(tile, w, wiring, each, everyone):
    """The arrivals of an open batch at marked neurons; or at everyone, who is marked then."""
    batch = record_at(tile.open, each, BATCH)
    link = record_at(wiring.links, batch.link, LINK)
    times, neurons, found = f8(batch.times), u2(batch.neurons), found_in(tile, batch)
    run = int64(0)
    for j in range(batch.n if everyone else batch.n_found):
        k = j if everyone else int64(found[j])
        if tile.in_part == 0 or is_within(w, times[k]):
            i = int64(neurons[k])
            run, serial = _serial_at(batch, run, k)
            if everyone:
                mark(tile, i)
            _arrives(tile, i, times[k], weight_in(batch, k), serial, link.order, link.receptor)


@inner
def gather(tile, w, wiring, inputs, everyone):
    """All arrivals at marked neurons (or at everyone) in this window, most of which `find` found."""
    tile.n_unsorted = 0
    for k in range(tile.n_deliveries):
        if k + AHEAD < tile.n_deliveries:
            ahead = record_at(tile.deliveries, k + AHEAD, DELIVERY)
            ask_for_arrivals(record_at(wiring.links, ahead.link, LINK), ahead.first, ahead.end)
        _gather_delivery(tile, wiring, record_at(tile.deliveries, k, DELIVERY), everyone)
    for k in range(tile.n_open):
        _gather_open(tile, w, wiring, k, everyone)
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
        times, neurons, found = f8(batch.times), u2(batch.neurons), found_in(tile, batch)
        for j in range(batch.n_found):
            k = int64(found[j])
            _arrives(tile, int64(neurons[k]), times[k], weight, DRIVEN, feed.number, receptor)


# --- into order


@inner
def sort_by_neuron(tile):
    """The gathered arrivals, one marked neuron's after the other's, in order: ``ends[m]`` is the end of the m-th's."""
    marks, ends, owners = u2(tile.marks), i8(tile.ends), u4(tile.owners)
    keys, places = f8(tile.keys), u4(tile.places)
    for m in range(tile.n_marked + 1):
        ends[m] = 0
    for k in range(tile.n_unsorted):
        ends[marks[owners[k]]] += 1
    for m in range(tile.n_marked):
        ends[m + 1] += ends[m]
    for k in range(tile.n_unsorted):
        m = marks[owners[k]] - 1
        keys[ends[m]], places[ends[m]] = record_at(tile.unsorted, k, ARRIVAL).time, k
        ends[m] += 1
    begin, in_order = int64(0), True
    for m in range(tile.n_marked):
        in_order &= _put_by_rank(tile, begin, ends[m])
        begin = ends[m]
    if not in_order:
        _sort_each(tile)


@inlined
def _put_by_rank(tile, begin, end):
    """Put each arrival of a neuron behind as many as come before it; or, if some come at one time or they are too many
    for that, as they were gathered, and return False.
    """
    n, n_ranks = end - begin, int64(0)
    if n <= _MOST_RANKED:
        for k in range(begin, end):
            rank = _rank(tile, begin, n, f8(tile.keys)[k])
            copy_arrival(tile.unsorted, int64(u4(tile.places)[k]), tile.arrivals, begin + rank)
            n_ranks += rank
        if 2 * n_ranks == n * (n - 1):
            return True
    for k in range(begin, end):
        copy_arrival(tile.unsorted, int64(u4(tile.places)[k]), tile.arrivals, k)
    return False


@inlined
def _rank(tile, begin, n, key):
    """How many of the ``n`` arrivals of a neuron come before a time; what lies behind them is of the next neuron."""
    rank, time = int64(0), splat(key)
    for k in range(0, n, LANES):
        before = above(time, load(tile.keys + uint64(8 * (begin + k))))
        rank += ones(before & uint32((1 << min(LANES, n - k)) - 1))
    return rank


@inner
def _sort_each(tile):
    """Sort each neuron's arrivals that are not in order."""
    begin = int64(0)
    for m in range(tile.n_marked):
        end = i8(tile.ends)[m]
        if not _insertion_sort(tile, begin, end):
            _merge_sort(tile, begin, end)
        begin = end


@inlined
def _is_later(a, b):
    """Whether an arrival comes after another: by time, by the order of spikes, by that of projections."""
    if a.time != b.time:
        return a.time > b.time
    if a.serial != b.serial:
        return a.serial > b.serial
    return a.link > b.link


@inlined
def copy_arrival(source, i, target, j):
    """Element i of a list of arrivals becomes element j of another."""
    a, b = record_at(source, i, ARRIVAL), record_at(target, j, ARRIVAL)
    b.time, b.weight, b.serial, b.link, b.receptor = a.time, a.weight, a.serial, a.link, a.receptor


@inner
def _insertion_sort(tile, begin, end):
    """Stable; gives up after so many moves that merging is better."""
    moves = 0
    for i in range(begin + 1, end):
        if not _is_later(record_at(tile.arrivals, i - 1, ARRIVAL), record_at(tile.arrivals, i, ARRIVAL)):
            continue
        copy_arrival(tile.arrivals, i, tile.unsorted, 0)
        arrival, j = record_at(tile.unsorted, 0, ARRIVAL), i
        while j > begin and _is_later(record_at(tile.arrivals, j - 1, ARRIVAL), arrival):
            copy_arrival(tile.arrivals, j - 1, tile.arrivals, j)
            j -= 1
        copy_arrival(tile.unsorted, 0, tile.arrivals, j)
        moves += i - j
        if moves > 16 * (end - begin):
            return False
    return True


@inner
def _merge_sort(tile, begin, end):
    """Stable, bottom up."""
    width = int64(1)
    while width < end - begin:
        start = begin
        while start < end:
            middle, stop = min(start + width, end), min(start + 2 * width, end)
            left, right = start, middle
            for k in range(start, stop):
                if left < middle and (
                    right >= stop
                    or not _is_later(
                        record_at(tile.arrivals, left, ARRIVAL), record_at(tile.arrivals, right, ARRIVAL)
                    )
                ):
                    copy_arrival(tile.arrivals, left, tile.unsorted, k)
                    left += 1
                else:
                    copy_arrival(tile.arrivals, right, tile.unsorted, k)
                    right += 1
            start = stop
        for k in range(begin, end):
            copy_arrival(tile.unsorted, k, tile.arrivals, k)
        width *= 2
