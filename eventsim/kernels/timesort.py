"""Sorting of events by (time, label), in place: two counting passes over time, then an insertion pass.

The first pass splits the events into about a thousandth as many coarse buckets as there are events, the second splits
each coarse bucket, now in the first-level cache, into fine buckets of about one event; what is left is put right by
insertion.  The index of a bucket is a non-decreasing function of the time, also in floating point, so that equal
times meet in one bucket and the label decides.  Where times cluster so much that insertion would be slow, the coarse
bucket is merge sorted instead: n log n comparisons at worst.
"""

import math
from typing import Any, NamedTuple

from numba import int64, uint32, uint64

from eventsim.kernels.jit import inlined, inner, kernel

COARSE_LOAD = (
    1024  # events a coarse bucket holds on average: 12 kB, twice (source and destination), in a 32 kB cache
)
FINE_BUCKETS = 4096
INSERTION_MOVES = 8  # moves an event, on average over a coarse bucket, before insertion gives way to merging


class Events(NamedTuple):
    """A buffer of events: equally long ``times`` (float64, ms) and ``labels`` (uint32, the order within an instant)."""

    times: Any
    labels: Any


class SortScratch(NamedTuple):
    """What `sort_events` needs beside the events: nothing in it survives a call."""

    times: Any  # float64, as long as the events' buffer
    labels: Any  # uint32, as long as the events' buffer
    coarse: Any  # uint32, at least length // COARSE_LOAD + 2
    fine: Any  # uint32, FINE_BUCKETS + 1


@inlined
def _bucket(time, low, scale, last):
    """Bucket of a time: non-decreasing in time where time >= low, and within 0..last whatever the time."""
    return min(uint64(int64((time - low) * scale)), last)


@inner
def _scale(low, high, n_buckets):
    """Buckets a ms; zero (everything in one bucket) where the span is empty or too small to divide by."""
    scale = float(n_buckets) / (high - low)
    return scale if 0.0 < scale < 1e300 else 0.0


@inner
def _scatter(source, destination, span, first, last, counts):
    """Copy events first..last - 1 to the same range of destination, ordered by bucket, stable.

    span = (low, high, number of buckets); afterwards counts[b] is where bucket b ends, counted from the array's start.
    """
    low, high, n_buckets = span
    scale = _scale(low, high, n_buckets)
    last_bucket = uint64(n_buckets - 1)
    for b in range(uint64(n_buckets)):
        counts[b] = 0
    for k in range(uint64(first), uint64(last)):
        counts[_bucket(source.times[k], low, scale, last_bucket)] += uint32(1)
    place = first
    for b in range(uint64(n_buckets)):
        count = counts[b]
        counts[b] = place
        place += count
    for k in range(uint64(first), uint64(last)):
        time = source.times[k]
        bucket = _bucket(time, low, scale, last_bucket)
        place = uint64(counts[bucket])
        counts[bucket] = uint32(place + uint64(1))
        destination.times[place] = time
        destination.labels[place] = source.labels[k]


@inner
def _insertion(events, first, last):
    """Sort events first..last - 1 by insertion; False when it gave up, with all events still there."""
    times, labels = events.times, events.labels
    moves_left = INSERTION_MOVES * (last - first) + 64
    highest = -math.inf
    for k in range(uint64(first), uint64(last)):
        time = times[k]
        if highest < time:
            highest = time
            continue
        label = labels[k]
        place = k
        while place > uint64(first):
            before = place - uint64(1)
            if times[before] < time or (times[before] == time and labels[before] <= label):
                break
            times[place], labels[place] = times[before], labels[before]
            place = before
        times[place], labels[place] = time, label
        moves_left -= int64(k - place)
        if moves_left < 0:
            return False
    return True


@inner
def _merge(source, destination, first, middle, last):
    """Merge the sorted runs first..middle - 1 and middle..last - 1 of source into destination."""
    left, right = first, middle
    for k in range(first, last):
        take_left = right >= last
        if not take_left and left < middle:
            a, b = source.times[left], source.times[right]
            take_left = a < b or (a == b and source.labels[left] <= source.labels[right])
        if take_left:
            destination.times[k], destination.labels[k] = source.times[left], source.labels[left]
            left += 1
        else:
            destination.times[k], destination.labels[k] = source.times[right], source.labels[right]
            right += 1


@inner
def _merge_sort(events, spare, first, last):
    """Sort events first..last - 1 from the bottom up; spare is overwritten over the same range."""
    width = 1
    while width < last - first:
        for start in range(first, last, 2 * width):
            _merge(events, spare, start, min(start + width, last), min(start + 2 * width, last))
        for k in range(first, last):
            events.times[k], events.labels[k] = spare.times[k], spare.labels[k]
        width *= 2


@kernel
def sort_events(events, n, low, high, scratch):
    """Sort the first n events by (time, label) in place.

    low and high (ms) bound the times; they only spread the buckets, a wrong bound costs time and nothing else.
    """
    spare = Events(scratch.times, scratch.labels)
    n_coarse = n // COARSE_LOAD + 1
    _scatter(events, spare, (low, high, n_coarse), 0, n, scratch.coarse)
    width = (high - low) / n_coarse
    first = 0
    for c in range(n_coarse):
        last = int(scratch.coarse[c])
        n_fine = min(max(2 * (last - first), 1), FINE_BUCKETS)
        _scatter(spare, events, (low + c * width, low + (c + 1) * width, n_fine), first, last, scratch.fine)
        if not _insertion(events, first, last):
            _merge_sort(events, spare, first, last)
        first = last
