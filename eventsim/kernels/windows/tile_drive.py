"""The Poisson drive of a tile, drawn where it is used: a span of cells at a time, of which a window takes its part."""

import math

from numba import int64, uint64

from eventsim.kernels.growing import reallocated
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import f8, i8, record_at, u2
from eventsim.kernels.random.drive import BLOCK, DRIVE, count_in_cell, draw_cell
from eventsim.kernels.windows.layout import BATCH
from eventsim.kernels.windows.tile_batches import reserve


@inlined
def _room(feed, n):
    """Room for the arrivals of a cell."""
    batch = record_at(feed.batch, 0, BATCH)
    if n > batch.room:
        reserve(batch, 2 * n)
        if feed.parts > 1:
            feed.drawn_times = reallocated(feed.drawn_times, 8 * batch.room)
            feed.drawn_neurons = reallocated(feed.drawn_neurons, 2 * batch.room)


@inner
def _draw(feed, drive, span):
    """The arrivals of a span, cell by cell and block by block; neurons by their number in the tile."""
    first_cell, first_block = span * feed.cells, feed.first_block
    n = int64(0)
    for cell in range(first_cell, first_cell + feed.cells):
        for block in range(first_block, first_block + feed.n_blocks):
            n += count_in_cell(drive, block, cell)
    _room(feed, n)
    batch = record_at(feed.batch, 0, BATCH)
    apart = feed.parts > 1
    times, neurons = (feed.drawn_times, feed.drawn_neurons) if apart else (batch.times, batch.neurons)
    n = int64(0)
    for cell in range(first_cell, first_cell + feed.cells):
        for block in range(first_block, first_block + feed.n_blocks):
            where = neurons + uint64(2 * n)
            count = draw_cell(drive, block, cell, times + uint64(8 * n), where)
            shift = (block - first_block) * BLOCK
            if shift != 0:
                for j in range(count):
                    u2(where)[j] += shift
            n += count
    feed.n = n


@inlined
def _part_of(t, begin, per_part):
    """The part of a span from ``begin`` in which a time lies."""
    return int64((t - begin) * per_part)


@inner
def _part(feed, begin, width):
    """Put the arrivals of each part of the span together."""
    batch = record_at(feed.batch, 0, BATCH)
    starts, times, neurons = i8(feed.starts), f8(feed.drawn_times), u2(feed.drawn_neurons)
    for k in range(feed.parts + 1):
        starts[k] = 0
    per_part = 1.0 / width
    for k in range(feed.n):
        starts[_part_of(times[k], begin, per_part) + 1] += 1
    for k in range(feed.parts):
        starts[k + 1] += starts[k]
    for k in range(feed.n):
        part = _part_of(times[k], begin, per_part)
        f8(batch.times)[starts[part]] = times[k]
        u2(batch.neurons)[starts[part]] = neurons[k]
        starts[part] += 1
    for k in range(feed.parts, 0, -1):
        starts[k] = starts[k - 1]
    starts[0] = 0


@inner
def feed_window(feed, drives, start, end):
    """Find this window's arrivals: ``first`` to ``last - 1`` of the feed's batch.

    A window lies within a part of a span; if it is not all of it, its arrivals are put in front of the part's others.
    """
    drive = record_at(drives, feed.number, DRIVE)
    span_ms = drive.cell_ms * feed.cells
    span = int64(math.floor(start / span_ms))
    begin, width = span * span_ms, span_ms / feed.parts
    if span != feed.span:
        _draw(feed, drive, span)
        if feed.parts > 1:
            _part(feed, begin, width)
        feed.span = span
    part = int64((start - begin) / width)
    feed.first = i8(feed.starts)[part] if feed.parts > 1 else int64(0)
    feed.last = i8(feed.starts)[part + 1] if feed.parts > 1 else feed.n
    if start > begin + part * width or end < begin + (part + 1) * width:
        _choose(feed, start, end)


@inner
def _choose(feed, start, end):
    """Exchange places until the arrivals within the window come first."""
    batch = record_at(feed.batch, 0, BATCH)
    times, neurons = f8(batch.times), u2(batch.neurons)
    k = feed.first
    for j in range(feed.first, feed.last):
        if start <= times[j] < end:
            times[j], times[k] = times[k], times[j]
            neurons[j], neurons[k] = neurons[k], neurons[j]
            k += 1
    feed.last = k


@inner
def next_fed(feed, drives, t):
    """A time not before ``t`` before which the feed has no arrival, as far as is drawn."""
    span_ms = record_at(drives, feed.number, DRIVE).cell_ms * feed.cells
    span = int64(math.floor(t / span_ms))
    if span != feed.span:
        return t
    begin, width = span * span_ms, span_ms / feed.parts
    part = int64((t - begin) / width)
    if feed.parts == 1:
        return t if feed.n > 0 else begin + span_ms
    following = i8(feed.starts)[part]  # the first arrival in this part or a later one
    if following == feed.n:
        return begin + span_ms
    arrival = f8(record_at(feed.batch, 0, BATCH).times)[following]
    return max(t, begin + _part_of(arrival, begin, 1.0 / width) * width)
