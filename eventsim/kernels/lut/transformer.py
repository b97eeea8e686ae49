"""Training steps of a transformer of look-up tables in float32, on one thread or several with the same bits.

Izhikevich, "Spiking Manifesto", arXiv 2512.11843 (2025), and its released program.  In each layer all heads read z and
add to it (attention), then the feed-forward layer does; an unembedding layer gives the logits; plain gradient descent
on the cross entropy of every position's next byte.

The tables of every layer are divided into `PARTS`, whatever the number of threads, and a part's rows are read, and
later learnt, by one thread alone: no row moves between two cores.  Each part has sums of its own, of rows on the way
forward and of gradients on the way back, which are all that threads share: they meet when these are there, once a
layer and way, and then everyone adds them up in order for itself.
"""

from typing import Any, NamedTuple

from numba import float32

from eventsim.kernels.barrier import meet
from eventsim.kernels.jit import kernel, spliced
from eventsim.kernels.lut.attention import Aimed, attend, learn_pairs
from eventsim.kernels.lut.layers import (
    Found,
    clear,
    compare,
    embed,
    gather,
    learn_rows,
    scale,
    sum_rows,
    turn,
)
from eventsim.kernels.lut.loss import learning_rate, softmax_loss
from eventsim.kernels.vector import LANES

PARTS = 4
LOGIT_BLOCKS = (0,) * (256 // LANES)


class Weights(NamedTuple):
    """Everything that is trained or fixed; L layers, T tables over all heads, F feed-forward tables, U of the readout.

    embedding: float32 (256, width).  query_anchors, key_anchors: int32 (L, T, n_c, 2).  tables: float32 (L, T, 2**(2
    n_c + p), width).  positions: float32 (L, w, places), what distances are compared by, from the largest to 0 and then
    zeros: place_anchors int32 (L, T, p, 2). forward_anchors (L, F, n_c, 2) and forward_tables (L, F, 2**n_c, width).
    readout_anchors (U, n_c, 2) and readout_tables (U, 2**n_c, 256).
    """

    embedding: Any
    query_anchors: Any
    key_anchors: Any
    tables: Any
    positions: Any
    place_anchors: Any
    forward_anchors: Any
    forward_tables: Any
    readout_anchors: Any
    readout_tables: Any


class Shared(NamedTuple):
    """What threads share.  sums: float32 (L, 2, PARTS, positions, width), of attention and of feed-forward layers,
    forward and then backward; readout (PARTS, positions, width) and logits (PARTS, positions, 256), of the unembedding
    backward and forward.  place_pulls: (L, T, positions).  arrivals: int64 (1,), what `barrier.meet` counts."""

    sums: Any
    readout: Any
    logits: Any
    place_pulls: Any
    arrivals: Any


class Own(NamedTuple):
    """A thread's own: what was found in its tables, (L, tables, places) and of the readout (tables, places); latencies,
    gradients and steps (positions, width), logits and their steps (positions, 256), losses (positions,); columns, the
    latencies transposed; work space of attention."""

    query: Found
    key: Found
    place: Found
    forward: Found
    readout: Found
    z: Any
    grad: Any
    step: Any
    logits: Any
    logit_step: Any
    losses: Any
    columns: Any
    aimed: Aimed
    pulls: Any


class Options(NamedTuple):
    """blocks: see `layers`.  key_bits, place_bits: of an index.  places_by_sign: the second anchor of a distance's
    comparison is a fixed 0.  train_embedding: the embedding learns too."""

    blocks: tuple[int, ...]
    key_bits: int
    place_bits: int
    places_by_sign: bool
    train_embedding: bool


class Team(NamedTuple):
    """Which thread this is, of how many; and its parts, the last exclusive."""

    thread: int
    threads: int
    first: int
    last: int


def team_of(thread: int, threads: int) -> Team:
    """A thread's share of the parts."""
    return Team(thread, threads, PARTS * thread // threads, PARTS * (thread + 1) // threads)


@spliced
def _together(shared, team):
    meet(shared.arrivals.ctypes.data, team.threads)


@spliced
def layer_of(found, k):
    """What was found in layer k."""
    return Found(found.row[k], found.near[k], found.slope[k], found.which[k], found.flip[k])


@spliced
def _tables_of(number, team):
    """The first and the last (exclusive) of ``number`` tables that are this thread's; see `lut_layers.part_of`."""
    return number * team.first // PARTS, number * team.last // PARTS


@spliced
def _attention(weights, options, shared, own, k, team):
    """z += attention of layer k."""
    query, key, place = layer_of(own.query, k), layer_of(own.key, k), layer_of(own.place, k)
    begin, end = _tables_of(weights.tables.shape[1], team)
    turn(own.z, own.columns)
    compare(weights.query_anchors[k], own.columns, begin, end, options.key_bits + options.place_bits, query)
    compare(weights.key_anchors[k], own.columns, begin, end, options.place_bits, key)
    if not options.places_by_sign:  # thread 0 learns them all
        begin, end = 0, weights.tables.shape[1]
    compare(weights.place_anchors[k], weights.positions[k], begin, end, 0, place)
    sums = shared.sums[k, 0]
    attend(weights.tables[k], options.blocks, team.first, team.last, query, key, place, own.aimed, sums)
    _together(shared, team)
    gather(own.z, sums)


@spliced
def _look_up(anchors, tables, blocks, shared, own, found, team, sums, y):
    """y += the layer's rows for z."""
    begin, end = _tables_of(tables.shape[0], team)
    turn(own.z, own.columns)
    compare(anchors, own.columns, begin, end, 0, found)
    sum_rows(tables, blocks, team.first, team.last, found, sums)
    _together(shared, team)
    gather(y, sums)


@spliced
def _forward(weights, options, shared, own, tokens, team):
    """The logits for the bytes ``tokens`` (at least as many as positions)."""
    embed(weights.embedding, options.blocks, tokens, own.z)
    for k in range(weights.tables.shape[0]):
        _attention(weights, options, shared, own, k, team)
        if weights.forward_tables.shape[1] > 0:
            anchors, tables = weights.forward_anchors[k], weights.forward_tables[k]
            found, sums = layer_of(own.forward, k), shared.sums[k, 1]
            _look_up(anchors, tables, options.blocks, shared, own, found, team, sums, own.z)
    clear(own.logits)
    anchors, tables = weights.readout_anchors, weights.readout_tables
    _look_up(anchors, tables, LOGIT_BLOCKS, shared, own, own.readout, team, shared.logits, own.logits)


@spliced
def _collect(sums, shared, own, rate, team):
    """When all parts' gradients are there, add them to ``grad``; ``step`` is the rate times it."""
    _together(shared, team)
    gather(own.grad, sums)
    scale(own.grad, rate, own.step)


@spliced
def _learn_attention(weights, options, shared, own, k, rate, team):
    """Back through attention k; nobody asks for the gradient below the first layer unless the embedding learns."""
    wanted = k > 0 or options.train_embedding
    found = layer_of(own.query, k), layer_of(own.key, k), layer_of(own.place, k)
    anchors, sums = (weights.query_anchors[k], weights.key_anchors[k]), shared.sums[k, 0]
    learn_pairs(
        weights.tables[k], options.blocks, anchors, team.first, team.last, wanted, found, own.aimed, own.grad,
        own.step, own.pulls, sums, shared.place_pulls[k],
    )  # fmt: skip
    if options.places_by_sign:
        begin, end = _tables_of(weights.tables.shape[1], team)
        _learn_positions(weights, options, shared, own, k, begin, end, rate)
    if wanted:
        _collect(sums, shared, own, rate, team)


@spliced
def _learn_positions(weights, options, shared, own, k, begin, end, rate):
    """A step of what tables ``begin`` to ``end - 1`` of layer k compare distances by."""
    positions, anchors = weights.positions[k], weights.place_anchors[k]
    which, pulls = own.place.which[k], shared.place_pulls[k]
    for i in range(begin, end):
        for d in range(pulls.shape[1] - 1):  # the last is distance 0
            amount = rate * pulls[i, d]
            positions[anchors[i, which[i, d], 0], d] -= amount
            if not options.places_by_sign:
                positions[anchors[i, which[i, d], 1], d] += amount


@spliced
def _learn(weights, options, shared, own, tokens, rate, team):
    """Back from the logits' gradients; everything takes a step."""
    clear(own.grad)
    n_layers, first, last = weights.tables.shape[0], team.first, team.last
    anchors, tables, sums = weights.readout_anchors, weights.readout_tables, shared.readout
    learn_rows(anchors, tables, LOGIT_BLOCKS, first, last, own.readout, own.logits, own.logit_step, sums)
    _collect(sums, shared, own, rate, team)
    for above in range(n_layers):
        k = n_layers - 1 - above
        if weights.forward_tables.shape[1] > 0:
            anchors, tables, sums = weights.forward_anchors[k], weights.forward_tables[k], shared.sums[k, 1]
            found = layer_of(own.forward, k)
            learn_rows(anchors, tables, options.blocks, first, last, found, own.grad, own.step, sums)
            _collect(sums, shared, own, rate, team)
        _learn_attention(weights, options, shared, own, k, rate, team)
    if not options.places_by_sign:
        _together(shared, team)
        if team.thread == 0:  # a head's tables compare the same latencies
            for k in range(n_layers):
                _learn_positions(weights, options, shared, own, k, 0, weights.tables.shape[1], rate)
    if options.train_embedding and team.thread == 0:
        for c in range(own.step.shape[0]):
            for k in range(own.step.shape[1]):
                weights.embedding[tokens[c], k] -= own.step[c, k]
    _together(shared, team)


@kernel
def run_texts(weights, options, shared, own, texts, learns, first_step, rate_scale, team, losses, done):
    """The losses of ``texts`` (n, context + 1) bytes, in order, and where ``learns`` a step on each of them.

    losses: float64 (n,): if it learns, the mean cross entropy in nats over the positions of a text, before its step;
    else that of its last byte, given those before it.  ``done`` (1,) counts the texts; it is right whenever a text is
    finished. Every thread calls this with the same arguments but ``own`` and ``team``.
    """
    positions = own.z.shape[0]
    first = 0 if learns else positions - 1
    for s in range(texts.shape[0]):
        rate = learning_rate(first_step + s, rate_scale) if learns else float32(0.0)
        _forward(weights, options, shared, own, texts[s], team)
        softmax_loss(own.logits, texts[s, 1:], rate, own.logit_step, first, own.losses)
        if team.thread == 0:
            losses[s] = own.losses[first:].mean()
        if learns:
            _learn(weights, options, shared, own, texts[s], rate, team)
        if team.thread == 0:
            done[0] += 1
