"""Kernels of the connection rules: draws of partners and pairs.

Positions are 0-based within the projection's source and target.  Every draw is a function of the stream's key
and of the counter said in the docstring.  A uniform integer is the upper half of word * n, whose bias
is below n / 2**64.
"""

import math

from numba import uint32, uint64

from eventsim.kernels.jit import inner, kernel
from eventsim.kernels.random.philox import philox_block, to_unit

_LOW_HALF = 0xFFFFFFFF


@inner
def below(word, n):
    """A uniform integer 0..n-1 from a 64-bit word, n < 2**32: the upper 64 bits of the product word * n."""
    n = uint64(n)
    low = ((word & uint64(_LOW_HALF)) * n) >> uint64(32)
    return ((word >> uint64(32)) * n + low) >> uint64(32)


@inner
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


@inner
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


@kernel
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


@kernel
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


@kernel
def bernoulli_pairs(key0, key1, p, n_target, selves, first, sources, targets):
    """The targets that each source finds with probability 0 < p <= 1, ascending, by geometric skips.

    Whole rows of the sources first, first + 1, ... while there is certainly room for another one; returns the number
    of pairs and the source to go on with.  Counter (skip div 4, source).
    """
    place, source = 0, first
    log_q = math.log1p(-p)
    while source < selves.size and place + n_target <= sources.size:
        self_position = selves[source]
        available = n_target - (1 if self_position >= 0 else 0)
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
            sources[place] = source
            targets[place] = position + (1 if 0 <= self_position <= position else 0)
            place += 1
            skip_number += uint64(1)
        source += 1
    return place, source
