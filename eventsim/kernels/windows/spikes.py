"""The spikes of an interval: those of all tiles and sources together, put into the one order of events (`queue`)."""

from numba import int64, uint64

from eventsim.kernels.growing import copy_bytes, reallocated
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.layout import RECORDED
from eventsim.kernels.memory import f8, i8, prefetch, record_at, u1, u2, u4
from eventsim.kernels.upcoming import is_watched, next_source
from eventsim.kernels.windows.layout import SPIKE, TILE

_SPIKE = SPIKE.itemsize


@inlined
def _reserve(w, n):
    """Room for so many more spikes."""
    if w.n_spikes + n > w.room_spikes:
        w.room_spikes = max(256, 2 * (w.n_spikes + n))
        w.spikes = reallocated(w.spikes, w.room_spikes * _SPIKE)
        w.sorting = reallocated(w.sorting, w.room_spikes * _SPIKE)


@inlined
def _copy(source, i, target, j):
    a, b = record_at(source, i, SPIKE), record_at(target, j, SPIKE)
    b.time, b.rank, b.serial, b.link, b.neuron, b.row = a.time, a.rank, a.serial, a.link, a.neuron, a.row


@inlined
def _before(a, b):
    """Whether spike a comes before spike b, or in the same place."""
    if a.time != b.time:
        return a.time < b.time
    if a.rank != b.rank:
        return a.rank < b.rank
    if a.serial != b.serial:
        return a.serial < b.serial
    if a.link != b.link:
        return a.link < b.link
    return a.neuron <= b.neuron


@inlined
def _run_end(spikes, start, n):
    """Where the run of spikes in order that begins at ``start`` ends."""
    end = min(start + 1, n)
    while end < n and _before(record_at(spikes, end - 1, SPIKE), record_at(spikes, end, SPIKE)):
        end += 1
    return end


@inlined
def _merge(spikes, left, middle, stop, target):
    """Put two runs of spikes that follow each other into the same places of another list, as one run."""
    k, right = left, middle
    while left < middle and right < stop:
        is_left = _before(record_at(spikes, left, SPIKE), record_at(spikes, right, SPIKE))
        _copy(spikes, left if is_left else right, target, k)
        left += int64(is_left)
        right += int64(not is_left)
        k += 1
    rest, n = (left, middle - left) if left < middle else (right, stop - right)
    copy_bytes(target + uint64(k * _SPIKE), spikes + uint64(rest * _SPIKE), n * _SPIKE)


@inner
def sort_spikes(owner, first):
    """Put the spikes of a tile or of an interval into order, from the one at ``first`` on: runs that are in order are
    merged two by two."""
    n = owner.n_spikes
    while _run_end(owner.spikes, first, n) < n:
        start = first
        while start < n:
            middle = _run_end(owner.spikes, start, n)
            stop = _run_end(owner.spikes, middle, n)
            _merge(owner.spikes, start, middle, stop, owner.sorting)
            start = stop
        if first == 0:
            owner.spikes, owner.sorting = owner.sorting, owner.spikes
        else:
            at = uint64(first * _SPIKE)
            copy_bytes(owner.spikes + at, owner.sorting + at, (n - first) * _SPIKE)


@inner
def _collect_sources(w, wiring, inputs):
    """Spikes of sources in this interval."""
    while next_source(inputs) < w.end:
        source = int64(u4(inputs.source_ids)[inputs.next_source])
        if u1(wiring.dead)[source] == 0:
            _reserve(w, int64(1))
            spike = record_at(w.spikes, w.n_spikes, SPIKE)
            spike.time, spike.rank, spike.serial, spike.link = next_source(inputs), 0, 0, 0
            spike.neuron, spike.row = source, -1
            w.n_spikes += 1
        inputs.next_source += 1


@inner
def collect(w, wiring, inputs):
    """The spikes of all tiles and sources in this interval, in order; those of each tile are already."""
    w.n_spikes = 0
    _collect_sources(w, wiring, inputs)
    for number in range(w.n_tiles):
        tile = record_at(w.tiles, number, TILE)
        _reserve(w, tile.n_spikes)
        for k in range(tile.n_spikes):
            neuron = record_at(tile.spikes, k, SPIKE).neuron
            if u1(wiring.dead)[neuron] == 0:
                prefetch(w.spike_counts, 8 * neuron)
                _copy(tile.spikes, k, w.spikes, w.n_spikes)
                w.n_spikes += 1
        tile.n_spikes = 0
    sort_spikes(w, int64(0))


@inner
def number_and_record(w, wiring):
    """Number the spikes, count them, and keep what is to be recorded."""
    for k in range(w.n_spikes):
        spike = record_at(w.spikes, k, SPIKE)
        spike.number = i8(w.spike_counts)[spike.neuron]
        i8(w.spike_counts)[spike.neuron] += 1
        population = int64(u2(wiring.population_of)[spike.neuron])
        if u1(wiring.recorded)[population] & RECORDED != 0 or is_watched(wiring, population, spike.neuron):
            if w.n_times == w.room_times:
                w.room_times = max(1024, 2 * w.room_times)
                w.times = reallocated(w.times, w.room_times * 8)
                w.ids = reallocated(w.ids, w.room_times * 4)
            f8(w.times)[w.n_times] = spike.time
            u4(w.ids)[w.n_times] = spike.neuron
            w.n_times += 1
    w.serial += w.n_spikes
