"""The Poisson drive of a tile, drawn where it is used: a cell at a time, whose arrivals a window takes its part of."""

import math

from numba import int64, uint64

from eventsim.kernels.drive import BLOCK, DRIVE, count_in_cell, draw_cell
from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import f8, i8, record_at, u4
from eventsim.kernels.shared import reallocated


@inlined
def _room(feed, n):
    if n > feed.room:
        feed.room = 2 * n
        feed.times = reallocated(feed.times, 8 * feed.room)
        feed.neurons = reallocated(feed.neurons, 4 * feed.room)
        feed.terms = reallocated(feed.terms, 16 * feed.room)
        if feed.parts > 1:
            feed.drawn_times = reallocated(feed.drawn_times, 8 * feed.room)
            feed.drawn_neurons = reallocated(feed.drawn_neurons, 4 * feed.room)


@inner
def _draw(feed, drive, cell):
    """The arrivals of a cell, block by block; neurons by their number in the tile."""
    n = int64(0)
    for block in range(feed.first_block, feed.first_block + feed.n_blocks):
        n += count_in_cell(drive, block, cell)
    _room(feed, n)
    apart = feed.parts > 1
    times, neurons = (feed.drawn_times, feed.drawn_neurons) if apart else (feed.times, feed.neurons)
    n = int64(0)
    for block in range(feed.first_block, feed.first_block + feed.n_blocks):
        where = neurons + uint64(4 * n)
        count = draw_cell(drive, block, cell, times + uint64(8 * n), where)
        shift = (block - feed.first_block) * BLOCK
        if shift != 0:
            for j in range(count):
                u4(where)[j] += shift
        n += count
    feed.n = n


@inner
def _part(feed, begin, width):
    """Put the arrivals of each part of the cell together."""
    starts, times, neurons = i8(feed.starts), f8(feed.drawn_times), u4(feed.drawn_neurons)
    for k in range(feed.parts + 1):
        starts[k] = 0
    per_part = 1.0 / width
    for k in range(feed.n):
        starts[int64((times[k] - begin) * per_part) + 1] += 1
    for k in range(feed.parts):
        starts[k + 1] += starts[k]
    for k in range(feed.n):
        part = int64((times[k] - begin) * per_part)
        f8(feed.times)[starts[part]] = times[k]
        u4(feed.neurons)[starts[part]] = neurons[k]
        starts[part] += 1
    for k in range(feed.parts, 0, -1):
        starts[k] = starts[k - 1]
    starts[0] = 0


@inner
def feed_window(feed, drives, start, end):
    """Find this window's arrivals: ``first`` to ``last - 1`` of the feed's times and neurons, those with start <= t < end.

    A window lies within a part of a cell; if it is not all of it, its arrivals are put in front of the part's others.
    """
    drive = record_at(drives, feed.number, DRIVE)
    cell = int64(math.floor(start / drive.cell_ms))
    begin, width = cell * drive.cell_ms, drive.cell_ms / feed.parts
    if cell != feed.cell:
        _draw(feed, drive, cell)
        if feed.parts > 1:
            _part(feed, begin, width)
        feed.cell = cell
    part = int64((start - begin) / width)
    feed.first = i8(feed.starts)[part] if feed.parts > 1 else int64(0)
    feed.last = i8(feed.starts)[part + 1] if feed.parts > 1 else feed.n
    if start > begin + part * width or end < begin + (part + 1) * width:
        _choose(feed, start, end)


@inner
def _choose(feed, start, end):
    """Exchange places until the arrivals within the window come first."""
    times, neurons = f8(feed.times), u4(feed.neurons)
    k = feed.first
    for j in range(feed.first, feed.last):
        if start <= times[j] < end:
            times[j], times[k] = times[k], times[j]
            neurons[j], neurons[k] = neurons[k], neurons[j]
            k += 1
    feed.last = k
