"""Kernels of the connection rules: draws of partners and pairs, and the sorting of synapse rows.

Positions are 0-based within the projection's source and target.  Every draw is a function of the stream's key
and of the counter said in the docstring.  A uniform integer is the upper half of word * n, whose bias
is below n / 2**64.
"""

import math

import numpy as np
from numba import njit, uint32, uint64

from eventsim.kernels.philox import philox_block, to_unit

_LOW_HALF = 0xFFFFFFFF


@njit(error_model="numpy", nogil=True)
def below(word, n):
    """A uniform integer 0..n-1 from a 64-bit word, n < 2**32: the upper 64 bits of the product word * n."""
    n = uint64(n)
    low = ((word & uint64(_LOW_HALF)) * n) >> uint64(32)
    return ((word >> uint64(32)) * n + low) >> uint64(32)


@njit(error_model="numpy", nogil=True)
def _fill_below(key0, key1, element, n, decreasing, out):
    """out[j] = a uniform integer 0..n-1 (0..n-1-j if `decreasing`) from word j mod 4 of block (j div 4,
    element)."""
    j, size, step = uint64(0), uint64(out.size), uint64(1 if decreasing else 0)
    n = uint64(n)
    while j < size:
        words = philox_block(key0, key1, j >> uint64(2), element, 0, 0)
        out[j] = below(words[0], n - step * j)
        if j + uint64(1) < size:
            out[j + uint64(1)] = below(words[1], n - step * (j + uint64(1)))
        if j + uint64(2) < size:
            out[j + uint64(2)] = below(words[2], n - step * (j + uint64(2)))
        if j + uint64(3) < size:
            out[j + uint64(3)] = below(words[3], n - step * (j + uint64(3)))
        j += uint64(4)


@njit(error_model="numpy", nogil=True)
def _deal(deck, hand):
    """Replace hand[j], uniform in 0..deck.size-1-j, by the card j + hand[j] of the deck 0, 1, 2, ... less
    those dealt before (the Fisher-Yates shuffle); the deck is put back in order."""
    for j in range(hand.size):
        chosen = j + hand[j]
        hand[j] = deck[chosen]
        deck[chosen] = deck[j]
    for j in range(hand.size):  # a place beyond the hand changed only if its own card was dealt
        deck[hand[j]] = hand[j]
    for j in range(hand.size):
        deck[j] = j


@njit(cache=True, error_model="numpy", nogil=True)
def choose_partners(key0, key1, first, selves, n_partners, k, multapses, deck, out):
    """k partners of 0..n_partners-1 for each of the choosers first, first + 1, ..., in out (choosers * k,)
    uint32.

    selves: (choosers,) the partner that each chooser may not take, -1 for none.  Counter (draw div 4,
    chooser).
    deck: 0, 1, ..., n_partners - 1 (uint32), needed without multapses, left as it was.
    """
    for c in range(selves.size):
        part = out[c * k : (c + 1) * k]
        self_position = selves[c]
        available = n_partners - (1 if self_position >= 0 else 0)
        _fill_below(key0, key1, first + c, available, not multapses, part)
        if not multapses:
            _deal(deck, part)
        if self_position >= 0:
            for j in range(k):
                if part[j] >= self_position:
                    part[j] += uint32(1)


@njit(cache=True, error_model="numpy", nogil=True)
def draw_pairs(key0, key1, first, n_source, n_target, selves, sources, targets):
    """Uniform pairs number first, first + 1, ... in sources and targets; selves: (n_source,) forbidden
    targets or -1.

    Counter (pair div 2, attempt): a forbidden pair is drawn again.
    """
    block = philox_block(key0, key1, first >> uint64(1), 0, 0, 0)
    for i in range(sources.size):
        pair, attempt = first + uint64(i), uint64(0)
        odd = (pair & uint64(1)) != 0
        if not odd:
            block = philox_block(key0, key1, pair >> uint64(1), 0, 0, 0)
        words = block
        while True:
            source = below(words[2] if odd else words[0], n_source)
            target = below(words[3] if odd else words[1], n_target)
            if selves[source] != target:
                break
            attempt += uint64(1)
            words = philox_block(key0, key1, pair >> uint64(1), attempt, 0, 0)
        sources[i], targets[i] = source, target


@njit(cache=True, error_model="numpy", nogil=True)
def bernoulli_rows(key0, key1, p, n_target, selves, row_start, targets):
    """The targets that each source finds with probability 0 < p <= 1, ascending, by geometric skips.

    With `targets` empty only counts: row_start[source + 1] = the number of them.  Counter (skip div 4,
    source).
    """
    counting = targets.size == 0
    log_q = math.log1p(-p)
    for source in range(selves.size):
        self_position = selves[source]
        available = n_target - (1 if self_position >= 0 else 0)
        place = 0 if counting else row_start[source]
        position, skip_number = -1, uint64(0)
        words = philox_block(key0, key1, 0, source, 0, 0)
        while True:
            lane = skip_number & uint64(3)
            if lane == 0 and skip_number > 0:
                words = philox_block(key0, key1, skip_number >> uint64(2), source, 0, 0)
            word = words[0] if lane == 0 else words[1] if lane == 1 else words[2] if lane == 2 else words[3]
            skip = math.log(to_unit(word)) / log_q
            if skip >= available - position - 1:
                break
            position += 1 + int(skip)
            if not counting:
                targets[place] = position + (1 if 0 <= self_position <= position else 0)
            place += 1
            skip_number += uint64(1)
        if counting:
            row_start[source + 1] = place


@njit(cache=True, error_model="numpy", nogil=True)
def drop_repeats(keys):
    """Keep each of the sorted keys once, at the front and in order; returns how many there are."""
    kept = 0
    for i in range(keys.size):
        if i == 0 or keys[i] != keys[i - 1]:
            keys[kept] = keys[i]
            kept += 1
    return kept


@njit(cache=True, error_model="numpy", nogil=True)
def rows_of_keys(keys, n_target, selves, complement, counts, targets):
    """Fill targets and the number of synapses of each row from sorted pair keys source * n_target + target.

    complement: the pairs are all those that are not among the keys and are no self instead.
    """
    place, taken = 0, 0
    n_source = selves.size
    for source in range(n_source):
        before = place
        base = uint64(source) * uint64(n_target)
        if complement:
            for target in range(n_target):
                if taken < keys.size and keys[taken] == base + uint64(target):
                    taken += 1
                elif selves[source] != target:
                    targets[place] = target
                    place += 1
        else:
            while taken < keys.size and keys[taken] < base + uint64(n_target):
                targets[place] = keys[taken] - base
                taken += 1
                place += 1
        counts[source] = place - before


@njit(cache=True, error_model="numpy", nogil=True)
def count_rows(sources, row_of, counts):
    """Add the number of synapses of each row to counts; row_of: the row of each source position."""
    for i in range(sources.size):
        counts[row_of[sources[i]]] += 1


@njit(cache=True, error_model="numpy", nogil=True)
def place_synapses(pairs, row_of, target_of, cursor, columns):
    """Write each synapse to the next free place of its row, and move the cursor of the row on.

    pairs: the source and target positions, weights and delays of a chunk.  columns: where the table has
    targets, weights and delays.  Common weights or delays are empty in both.
    """
    sources, targets, weights, delays = pairs
    for i in range(sources.size):
        row = row_of[sources[i]]
        place = cursor[row]
        cursor[row] = place + 1
        columns[0][place] = target_of[targets[i]]
        if weights.size:
            columns[1][place] = weights[i]
        if delays.size:
            columns[2][place] = delays[i]


@njit(error_model="numpy", nogil=True)
def _merge_sort(keys, order, key_scratch, order_scratch):
    """Stable bottom-up merge sort of keys, order moved along; for what the buckets do not spread."""
    n, width = keys.size, 1
    while width < n:
        for start in range(0, n, 2 * width):
            left, middle, end = start, min(start + width, n), min(start + 2 * width, n)
            right = middle
            for i in range(start, end):
                if left < middle and (right >= end or keys[left] <= keys[right]):
                    taken = left
                    left += 1
                else:
                    taken = right
                    right += 1
                key_scratch[i], order_scratch[i] = keys[taken], order[taken]
        for i in range(n):
            keys[i], order[i] = key_scratch[i], order_scratch[i]
        width *= 2


@njit(error_model="numpy", nogil=True)
def _insertion_sort(keys, order, allowed_moves):
    """Stable insertion sort; gives up and returns False after the allowed number of moves."""
    moves = 0
    for i in range(1, keys.size):
        key, item, j = keys[i], order[i], i
        while j > 0 and keys[j - 1] > key:
            keys[j], order[j] = keys[j - 1], order[j - 1]
            j -= 1
        keys[j], order[j] = key, item
        moves += i - j
        if moves > allowed_moves:
            return False
    return True


@njit(error_model="numpy", nogil=True)
def _to_buckets(keys, low, scale, sorted_keys, order, ends):
    """Distribute keys to the buckets (key - low) * scale, 0..n-1, each in the order of the keys."""
    n = keys.size
    for b in range(n + 1):
        ends[b] = 0
    for i in range(n):
        ends[int((keys[i] - low) * scale) + 1] += 1
    for b in range(n):
        ends[b + 1] += ends[b]
    for i in range(n):
        bucket = int((keys[i] - low) * scale)
        place = ends[bucket]
        ends[bucket] = place + 1
        sorted_keys[place], order[place] = keys[i], i


@njit(error_model="numpy", nogil=True)
def stable_order(keys, sorted_keys, order, key_scratch, order_scratch, ends):
    """Find the stable ascending order of finite keys; False, and nothing done, if they are sorted already.

    n buckets of equal width and an insertion sort: O(n) for keys that spread, O(n log n) for any others.
    sorted_keys, key_scratch: float64 (n,).  order, order_scratch: uint32 (n,).  ends: int64 (n + 1,).
    """
    n = keys.size
    low, high, sorted_already = keys[0], keys[0], True
    for i in range(1, n):
        sorted_already &= keys[i - 1] <= keys[i]
        low, high = min(low, keys[i]), max(high, keys[i])
    if sorted_already:
        return False
    scale = (n - 1) / (high - low)
    _to_buckets(keys, low, scale if scale < math.inf else 0.0, sorted_keys, order, ends)
    if not _insertion_sort(sorted_keys, order, 4 * n):
        _merge_sort(sorted_keys, order, key_scratch, order_scratch)
    return True


@njit(error_model="numpy", nogil=True)
def _permute(values, start, order, scratch):
    """values[start + i] = values[start + order[i]] for all i at once."""
    for i in range(order.size):
        scratch[i] = values[start + order[i]]
    for i in range(order.size):
        values[start + i] = scratch[i]


@njit(error_model="numpy", nogil=True)
def _sort_rows_by(column, row_start, targets, weights, delays):
    """Bring each row into the stable order of a column, which may be the targets or the delays."""
    longest = 0
    for row in range(row_start.size - 1):
        longest = max(longest, row_start[row + 1] - row_start[row])
    keys, sorted_keys, values = np.empty(longest), np.empty(longest), np.empty(longest)
    order, indices, ends = (
        np.empty(longest, np.uint32),
        np.empty(longest, np.uint32),
        np.empty(longest + 1, np.int64),
    )
    for row in range(row_start.size - 1):
        start = row_start[row]
        n = row_start[row + 1] - start
        for i in range(n):
            keys[i] = column[start + i]
        if n > 1 and stable_order(keys[:n], sorted_keys[:n], order[:n], values[:n], indices[:n], ends):
            _permute(targets, start, order[:n], indices)
            if weights.size:
                _permute(weights, start, order[:n], values)
            if delays.size:
                _permute(delays, start, order[:n], values)


@njit(cache=True, error_model="numpy", nogil=True)
def sort_rows_by_target(row_start, targets, weights, delays):
    """Sort each row by target; synapses of the same target stay as they were.

    weights, delays: (synapses,), or empty where they are common.
    """
    _sort_rows_by(targets, row_start, targets, weights, delays)


@njit(cache=True, error_model="numpy", nogil=True)
def sort_rows_by_delay(row_start, targets, weights, delays):
    """Sort each row by delay; synapses of the same delay stay as they were.

    weights: (synapses,), or empty where they are common.
    """
    _sort_rows_by(delays, row_start, targets, weights, delays)
