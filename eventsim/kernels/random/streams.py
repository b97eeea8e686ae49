"""Event generators of the external inputs: Poisson processes by inversion, and volleys at regular times.

A Poisson process of piecewise-constant rate is a unit-rate process seen through the inverse of its cumulative rate
L(t): event k is at t_k = L^-1(x_k), x_k = x_(k-1) + e_k, with e_k exponential of mean one.  e_k is a function of
(seed, key of the stream, element, k) alone: -log of the unit double in word k % 4 of Philox block k // 4.  So the
times of an element depend neither on how a run is cut into slices nor on any other element.
"""

import math
from typing import Any, NamedTuple

from numba import uint64

from eventsim.kernels.jit import inlined, inner, kernel
from eventsim.kernels.random.philox import philox_block, to_unit

CHUNK = (
    64  # slots that share one entry of `PoissonState.chunk_next`, so that 64 silent ones cost one comparison
)

# Columns of a row of `PoissonTable.segments`, a piece of constant rate: from START (ms), where the cumulative rate is
# BASE, to UNTIL, where it is END; INTERVAL is the mean time between events (ms, infinite for rate zero).  The last
# piece has END = UNTIL = infinity.
START, BASE, INTERVAL, UNTIL, END = range(5)


class PoissonTable(NamedTuple):
    """What does not change of a set of Poisson processes ("slots"); a chunk is a range of slots with one key."""

    seed: Any  # uint64
    chunk_key: Any  # uint64 (chunks,) second Philox key
    chunk_start: Any  # int64 (chunks + 1,) slots of chunk c: chunk_start[c] .. chunk_start[c + 1] - 1
    elements: Any  # uint32 (slots,) index that enters the random counter
    labels: Any  # uint32 (slots,) label of the slot's events
    segments: Any  # float64 (n, 5) consecutive rows for each rate function


class PoissonState(NamedTuple):
    """Where each slot stands: everything that a restored run needs."""

    number: Any  # int64 (slots,) number k of the next event
    next_time: Any  # float64 (slots,) its time, ms
    segment: Any  # uint32 (slots,) row of `PoissonTable.segments` it lies in
    upcoming: Any  # float64 (slots, 4) positions x of the events of block k // 4
    chunk_next: Any  # float64 (chunks,) least next_time of the chunk


@inlined
def _draw_block(keys, element, block, position):
    """Positions of the four events of a block, the event before being at `position`; keys = (seed, stream key)."""
    words = philox_block(keys[0], keys[1], block, element, 0, 0)
    x0 = position - math.log(to_unit(words[0]))
    x1 = x0 - math.log(to_unit(words[1]))
    x2 = x1 - math.log(to_unit(words[2]))
    x3 = x2 - math.log(to_unit(words[3]))
    return x0, x1, x2, x3


@inlined
def _piece_at(segments, row, position):
    """First row from `row` on that reaches the position, and its fields; rate zero only if nothing follows."""
    row = uint64(row)
    while position > segments[row, END]:
        row += uint64(1)
    return row, (
        segments[row, START],
        segments[row, BASE],
        segments[row, INTERVAL],
        segments[row, UNTIL],
        segments[row, END],
    )


@inlined
def _time_at(piece, position):
    """Time (ms) at which the cumulative rate reaches the position; rounding must not carry it past the piece."""
    time = piece[START] + (position - piece[BASE]) * piece[INTERVAL]
    return time if time < piece[UNTIL] else piece[UNTIL]


@inlined
def _four_times(piece, block):
    """Times of the four positions of a block that lies in one piece."""
    return (
        _time_at(piece, block[0]),
        _time_at(piece, block[1]),
        _time_at(piece, block[2]),
        _time_at(piece, block[3]),
    )


@inner
def _four_times_across(segments, row, block):
    """Times of the four positions of a block, from `row` on."""
    row, piece0 = _piece_at(segments, row, block[0])
    row, piece1 = _piece_at(segments, row, block[1])
    row, piece2 = _piece_at(segments, row, block[2])
    row, piece3 = _piece_at(segments, row, block[3])
    return (
        _time_at(piece0, block[0]),
        _time_at(piece1, block[1]),
        _time_at(piece2, block[2]),
        _time_at(piece3, block[3]),
    )


@inlined
def _next_event(segments, place):
    """Row and time of the event that comes next at a place."""
    number, row, block = place
    k = number & uint64(3)
    position = (
        block[0]
        if k == uint64(0)
        else block[1]
        if k == uint64(1)
        else block[2]
        if k == uint64(2)
        else block[3]
    )
    row, piece = _piece_at(segments, row, position)
    return row, _time_at(piece, position)


@kernel
def start_poisson(table, state):
    """Set every slot to its event 0; state.segment holds the first row of each slot's rate function."""
    for c in range(uint64(table.chunk_key.size)):
        keys = (table.seed, table.chunk_key[c])
        state.chunk_next[c] = math.inf
        for slot in range(uint64(table.chunk_start[c]), uint64(table.chunk_start[c + uint64(1)])):
            block = _draw_block(keys, table.elements[slot], 0, 0.0)
            row, time = _next_event(table.segments, (uint64(0), uint64(state.segment[slot]), block))
            for k in range(4):
                state.upcoming[slot, k] = block[k]
            state.number[slot], state.segment[slot], state.next_time[slot] = 0, row, time
            state.chunk_next[c] = min(state.chunk_next[c], time)


@inner
def _run_slots(table, state, c, until, events, n):
    """Append the events up to `until` of chunk c, as far as there is room; returns as `run_poisson`.

    Each event is written, and counted if it is wanted: a branch would be hard to predict.  The arrays are taken out of
    their tuples once and used here alone: Numba counts references at each unpacking and each call.
    """
    seed, chunk_key, chunk_start, elements, slot_labels, segments = table
    numbers, next_times, rows, upcoming, _ = state
    times, labels = events
    key, room = chunk_key[c], uint64(times.size) - uint64(4)
    least = math.inf
    for slot in range(uint64(chunk_start[c]), uint64(chunk_start[c + uint64(1)])):
        time = next_times[slot]
        if time <= until and n <= room:
            label, number, row = slot_labels[slot], uint64(numbers[slot]), uint64(rows[slot])
            block = (upcoming[slot, 0], upcoming[slot, 1], upcoming[slot, 2], upcoming[slot, 3])
            piece = (segments[row, 0], segments[row, 1], segments[row, 2], segments[row, 3], segments[row, 4])
            skip = number & uint64(3)  # events of the block that were handed out before
            while True:
                if block[3] <= piece[END]:
                    four = _four_times(piece, block)
                else:
                    four = _four_times_across(segments, row, block)
                first = n
                for k in range(4):
                    times[n], labels[n] = four[k], label
                    n += uint64((four[k] <= until) & (skip <= uint64(k)))
                number += n - first
                if four[3] > until:
                    break
                skip = uint64(0)
                block = _draw_block((seed, key), elements[slot], number >> uint64(2), block[3])
                if block[0] > piece[END]:
                    row, piece = _piece_at(segments, row, block[0])
                if n > room:
                    break
            row, time = _next_event(segments, (number, row, block))
            numbers[slot], rows[slot], next_times[slot] = number, row, time
            for k in range(4):
                upcoming[slot, k] = block[k]
        least = time if time < least else least
    return n, least


@kernel
def run_poisson(table, state, until, events, n):
    """Append to the first n events those up to `until` (ms), slot by slot; the buffer has room for four at least.

    Returns the new n and the time of the next event; where that is not after `until`, the buffer was too short: call
    again with a longer one.
    """
    n = uint64(n)
    following = math.inf
    chunk_next = state.chunk_next
    for c in range(uint64(chunk_next.size)):
        least = chunk_next[c]
        if least <= until:
            n, least = _run_slots(table, state, c, until, events, n)
            chunk_next[c] = least
        following = least if least < following else following
    return n, following


class Volleys(NamedTuple):
    """Regular sources: row j has the labels first_label .. first_label + size - 1 fire at start + k interval < stop."""

    start: Any  # float64
    interval: Any  # float64
    stop: Any  # float64
    first_label: Any  # uint32
    size: Any  # int64
    number: Any  # int64, k of the next volley: the only array that changes


@kernel
def run_volleys(volleys, until, events, n):
    """Append to the first n events the volleys up to `until` (ms) that there is room for; returns as `run_poisson`."""
    following = math.inf
    for j in range(volleys.start.size):
        size = volleys.size[j]
        while True:
            time = volleys.start[j] + volleys.number[j] * volleys.interval[j]
            if time >= volleys.stop[j] or time > until or n + size > events.times.size:
                break
            for k in range(size):
                events.times[n + k], events.labels[n + k] = time, volleys.first_label[j] + k
            n += size
            volleys.number[j] += 1
        if time < volleys.stop[j]:
            following = min(following, time)
    return n, following


@kernel
def look_up_labels(labels, neurons, numbers, out_neurons, out_numbers):
    """out_neurons[k] = neurons[labels[k]] and out_numbers[k] = numbers[labels[k]], for every label."""
    for k in range(uint64(labels.size)):
        label = uint64(labels[k])
        out_neurons[k] = neurons[label]
        out_numbers[k] = numbers[label]
