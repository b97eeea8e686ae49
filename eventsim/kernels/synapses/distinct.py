"""Kernels that keep each pair of a stream of drawn pairs once, in little more memory than the pairs themselves.

Either a bit for each pair that there is, or the rows of a table in which synapses drawn in later rounds find the room
that repeats left.  Rows and targets are positions.
"""

from numba import uint64

from eventsim.kernels.jit import kernel

WORD_BITS = 64


@kernel
def mark_pairs(sources, targets, row_of, n_target, bits, missing):
    """Set the bit row * n_target + target of each pair until `missing` bits are new; returns how many remain."""
    for i in range(sources.size):
        if missing == 0:
            return missing
        bit = uint64(row_of[sources[i]]) * uint64(n_target) + uint64(targets[i])
        word, mask = bit >> uint64(6), uint64(1) << (bit & uint64(63))
        if bits[word] & mask == 0:
            bits[word] |= mask
            missing -= 1
    return missing


@kernel
def rows_of_bits(bits, n_target, selves, complement, counts, targets):
    """Fill targets and the number of synapses of each row with the pairs whose bits are set.

    complement: with those whose bits are not set and that are no self instead.  selves: by row.
    """
    place = 0
    for row in range(counts.size):
        before = place
        bit = uint64(row) * uint64(n_target)
        for target in range(n_target):
            is_set = bits[bit >> uint64(6)] >> (bit & uint64(63)) & uint64(1) != 0
            if is_set != complement and not (complement and selves[row] == target):
                targets[place] = target
                place += 1
            bit += uint64(1)
        counts[row] = place - before


@kernel
def make_room(counts, more, cursor, targets):
    """Move the rows, which lie behind each other, apart so that row r can take more[r] synapses from cursor[r] on."""
    source = destination = 0
    for row in range(counts.size):
        source += counts[row]
        destination += counts[row] + more[row]
    for row in range(counts.size - 1, -1, -1):
        destination -= counts[row] + more[row]
        cursor[row] = destination + counts[row]
        source -= counts[row]
        for i in range(counts[row] - 1, -1, -1):
            targets[destination + i] = targets[source + i]


@kernel
def drop_repeats(row_end, counts, targets):
    """Sort each row, keep each target once, and move the rows together; returns how many synapses there are."""
    start = place = 0
    for row in range(counts.size):
        end, before = row_end[row], place
        for i in range(start + 1, end):
            if targets[i - 1] > targets[i]:
                targets[start:end].sort()
                break
        for i in range(start, end):
            if place == before or targets[i] != targets[place - 1]:
                targets[place] = targets[i]
                place += 1
        counts[row] = place - before
        start = end
    return place
