"""The pairs that each connection rule makes, in the order of its numbers, chunk by chunk.

A chunk is (number of the first synapse, source positions, target positions).  What is not made this way, and why, is
in `different_pairs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels.synapses import connect
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
)

CHUNK = 1 << 13  # synapses that are made at a time

Positions = NDArray[np.uint32]
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


def all_to_all(rule: AllToAll, ends: Ends) -> Pairs:
    """Every target for every source but itself."""
    selves = ends.selves(rule.autapses)
    number = 0
    for first in range(0, ends.source.size * ends.target.size, CHUNK):
        last = min(first + CHUNK, ends.source.size * ends.target.size)
        sources, targets = np.divmod(np.arange(first, last), ends.target.size)
        kept = selves[sources] != targets
        yield number, sources[kept].astype(np.uint32), targets[kept].astype(np.uint32)
        number += int(kept.sum())


def one_to_one(rule: OneToOne, ends: Ends) -> Pairs:
    """Target i for source i."""
    for first in range(0, ends.source.size, CHUNK):
        positions = np.arange(first, min(first + CHUNK, ends.source.size), dtype=np.uint32)
        yield first, positions, positions


def from_matrix(rule: FromMatrix, ends: Ends) -> Pairs:
    """The stored elements of each row."""
    row_start, columns = rule.matrix.indptr, rule.matrix.indices
    for first in range(0, columns.size, CHUNK):
        last = min(first + CHUNK, columns.size)
        top, bottom = np.searchsorted(row_start, [first, last - 1], side="right") - 1
        in_row = np.diff(np.clip(row_start[top : bottom + 2], first, last))
        sources = np.repeat(np.arange(top, bottom + 1, dtype=np.uint32), in_row)
        yield first, sources, columns[first:last].astype(np.uint32)


def pairwise_bernoulli(rule: PairwiseBernoulli, ends: Ends) -> Pairs:
    """The targets that each source finds."""
    if rule.p == 0.0:
        return
    selves, number, source = ends.selves(rule.autapses), 0, 0
    sources = np.empty(CHUNK + ends.target.size, np.uint32)
    targets = np.empty_like(sources)
    draw = ends.key0, ends.key1, rule.p, ends.target.size, selves
    while source < ends.source.size:
        count, source = connect.bernoulli_pairs(*draw, source, sources, targets)
        yield number, sources[:count], targets[:count]
        number += count


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


def fixed_outdegree(rule: FixedOutdegree, ends: Ends) -> Pairs:
    """k targets for each source."""
    for first, choosers, partners in _choose(rule, ends, ends.target.size, ends.selves(rule.autapses)):
        yield first * rule.k, choosers, partners


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
    return draws(ends, ends.selves(rule.autapses), 0, rule.n)


def draws(ends: Ends, selves: NDArray[np.int64], first: int, last: int) -> Pairs:
    """The pairs number `first` to `last` - 1 of the rule's stream; no source has its element of `selves`."""
    for number in range(first, last, CHUNK):
        sources = np.empty(min(CHUNK, last - number), np.uint32)
        targets = np.empty_like(sources)
        sizes = ends.source.size, ends.target.size
        connect.draw_pairs(ends.key0, ends.key1, np.uint64(number), *sizes, selves, sources, targets)
        yield number, sources, targets
