"""What each connection rule makes: whole rows, or pairs in an order of their own.

Row makers return the number of synapses of each source position and their target positions, ordered by
source; in this order the rule numbers its synapses.  Pair makers yield, in the order of the rule's numbers,
chunks of (number of the first synapse, source positions, target positions).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels import connect
from eventsim.network.population import PopulationView, self_positions
from eventsim.network.rules import (
    AllToAll,
    Explicit,
    FixedIndegree,
    FixedOutdegree,
    FixedTotalNumber,
    FromMatrix,
    OneToOne,
    PairwiseBernoulli,
    forbidden_selves,
)

CHUNK = 1 << 13  # synapses that are made at a time

Positions = NDArray[np.uint32]
Rows = tuple[NDArray[np.int64], Positions]
Pairs = Iterator[tuple[int, Positions, Positions]]


class Ends(NamedTuple):
    """What a rule connects, and the Philox key of its draws."""

    source: PopulationView
    target: PopulationView
    key0: np.uint64
    key1: np.uint64

    def selves(self, autapses: bool, of_targets: bool = False) -> NDArray[np.int64]:
        """For each source the target position it may not take, -1 if none (`of_targets`: the other way
        round)."""
        of, among = (self.target, self.source) if of_targets else (self.source, self.target)
        return np.full(of.size, -1) if autapses else self_positions(of, among)


def all_to_all(rule: AllToAll, ends: Ends) -> Rows:
    """Every target for every source but itself."""
    counts = np.full(ends.source.size, ends.target.size)
    targets = np.tile(np.arange(ends.target.size, dtype=np.uint32), ends.source.size)
    if not rule.autapses:
        forbidden = forbidden_selves(ends.source, ends.target, rule.autapses)
        targets = np.delete(targets, forbidden)
        counts -= np.bincount(forbidden // ends.target.size, minlength=counts.size)
    return counts, targets


def one_to_one(rule: OneToOne, ends: Ends) -> Rows:
    """Target i for source i."""
    return np.ones(ends.source.size, np.int64), np.arange(ends.source.size, dtype=np.uint32)


def from_matrix(rule: FromMatrix, ends: Ends) -> Rows:
    """The stored elements of each row."""
    return np.diff(rule.matrix.indptr).astype(np.int64), rule.matrix.indices.astype(np.uint32)


def pairwise_bernoulli(rule: PairwiseBernoulli, ends: Ends) -> Rows:
    """Counts first, then fills: the same draws twice."""
    row_start = np.zeros(ends.source.size + 1, np.int64)
    targets = np.zeros(0, np.uint32)
    if rule.p > 0.0:
        draw = ends.key0, ends.key1, rule.p, ends.target.size, ends.selves(rule.autapses)
        connect.bernoulli_rows(*draw, row_start, targets)
        np.cumsum(row_start, out=row_start)
        targets = np.empty(row_start[-1], np.uint32)
        if targets.size:
            connect.bernoulli_rows(*draw, row_start, targets)
    return np.diff(row_start), targets


def _choose(
    rule: FixedIndegree | FixedOutdegree, ends: Ends, n_partners: int, selves: NDArray[np.int64]
) -> Pairs:
    """Chunks of (first chooser, choosers, partners): k partners for each of the choosers in turn."""
    deck = np.arange(0 if rule.multapses else n_partners, dtype=np.uint32)
    step = max(1, CHUNK // max(rule.k, 1))
    for first in range(0, selves.size, step):
        some = selves[first : first + step]
        partners = np.empty(some.size * rule.k, np.uint32)
        connect.choose_partners(
            ends.key0, ends.key1, np.uint64(first), some, n_partners, rule.k, rule.multapses, deck, partners
        )
        choosers = np.repeat(np.arange(first, first + some.size, dtype=np.uint32), rule.k)
        yield first, choosers, partners


def fixed_outdegree(rule: FixedOutdegree, ends: Ends) -> Rows:
    """k targets for each source."""
    targets = np.empty(ends.source.size * rule.k, np.uint32)
    for first, _, partners in _choose(rule, ends, ends.target.size, ends.selves(rule.autapses)):
        targets[first * rule.k : first * rule.k + partners.size] = partners
    return np.full(ends.source.size, rule.k), targets


def fixed_indegree(rule: FixedIndegree, ends: Ends) -> Pairs:
    """k sources for each target."""
    selves = ends.selves(rule.autapses, of_targets=True)
    for first, choosers, partners in _choose(rule, ends, ends.source.size, selves):
        yield first * rule.k, partners, choosers


def explicit(rule: Explicit, ends: Ends) -> Pairs:
    """The lists as they are."""
    for first in range(0, rule.sources.size, CHUNK):
        yield first, rule.sources[first : first + CHUNK], rule.targets[first : first + CHUNK]


def independent_pairs(rule: FixedTotalNumber, ends: Ends) -> Pairs:
    """n pairs, drawn independently of each other."""
    sizes = ends.source.size, ends.target.size
    selves = ends.selves(rule.autapses)
    for first in range(0, rule.n, CHUNK):
        sources = np.empty(min(CHUNK, rule.n - first), np.uint32)
        targets = np.empty_like(sources)
        connect.draw_pairs(ends.key0, ends.key1, np.uint64(first), *sizes, selves, sources, targets)
        yield first, sources, targets


def different_pairs(rule: FixedTotalNumber, ends: Ends) -> Rows:
    """n different pairs: pairs are drawn until as many different ones are there; if n is more than half of
    all, those left out are drawn instead."""
    selves = ends.selves(rule.autapses)
    pairs = ends.source.size * ends.target.size - int((selves >= 0).sum())
    left_out = rule.n > pairs // 2
    keys = np.empty(pairs - rule.n if left_out else rule.n, np.uint64)
    filled = drawn = 0
    while filled < keys.size:
        for start in range(filled, keys.size, CHUNK):
            sources = np.empty(min(CHUNK, keys.size - start), np.uint32)
            targets = np.empty_like(sources)
            sizes = ends.source.size, ends.target.size
            connect.draw_pairs(ends.key0, ends.key1, np.uint64(drawn), *sizes, selves, sources, targets)
            keys[start : start + sources.size] = sources.astype(np.uint64) * np.uint64(sizes[1]) + targets
            drawn += sources.size
        keys.sort()
        filled = connect.drop_repeats(keys)
    counts, chosen = np.zeros(ends.source.size, np.int64), np.empty(rule.n, np.uint32)
    connect.rows_of_keys(keys, ends.target.size, selves, left_out, counts, chosen)
    return counts, chosen
