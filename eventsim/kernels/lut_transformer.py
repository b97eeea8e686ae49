"""Training steps of a transformer of look-up tables in float32, on one thread or several with the same bits.

Izhikevich, "Spiking Manifesto", arXiv 2512.11843 (2025), and its released program.  In each layer all heads read z and
add to it (attention), then the feed-forward layer does; an unembedding layer gives the logits; plain gradient descent
on the cross entropy of every position's next byte.

On the way forward each thread sums for positions of its own.  On the way back each has tables of its own: these are
divided into `PARTS`, whatever the number of threads, each part has its own gradients, and they are added up in order.
"""

from typing import Any, NamedTuple

from numba import float32, njit

from eventsim.kernels.barrier import meet
from eventsim.kernels.jit import kernel
from eventsim.kernels.lut_attention import Aimed, attend, learn_pairs
from eventsim.kernels.lut_layers import (
    Found,
    clear,
    compare,
    embed,
    learn_rows,
    part_of,
    sum_rows,
    turn,
)
from eventsim.kernels.lut_loss import learning_rate, softmax_loss
from eventsim.kernels.vector import LANES

PARTS = 4
LOGIT_BLOCKS = (0,) * (256 // LANES)

spliced = njit(inline="always", error_model="numpy", nogil=True)
"""Put into its callers before anything is compiled: what is only called, LLVM optimises anew for each caller."""


class Weights(NamedTuple):
    """Everything that is trained or fixed; L layers, T tables over all heads, F feed-forward tables, U of the readout.

    embedding: float32 (256, width).  query_anchors, key_anchors: int32 (L, T, n_c, 2).  tables: float32 (L, T, 2**(2
    n_c + p), width).  positions: float32 (L, context, w), what distances are compared by, from the largest to 0:
    place_anchors int32 (L, T, p, 2). forward_anchors (L, F, n_c, 2) and forward_tables (L, F, 2**n_c, width).
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
    """What threads share.  All `Found`; latencies, gradients and steps of the positions, and the sums of the parts.

    z, grad, step: float32 (positions, width).  logits, logit_step: (positions, 256).  sums: (L + 1, 2, PARTS,
    positions, width), gradients of attention and of feed-forward layers, the last of the readout.  place_pulls: (L,
    T, positions). arrivals: int64 (1,), see `barrier`.
    """

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
    sums: Any
    place_pulls: Any
    losses: Any
    arrivals: Any


class Own(NamedTuple):
    """A thread's own work space: transposes (width, positions) and (w, context), and that of attention."""

    columns: Any
    place_columns: Any
    aimed: Aimed
    pulls: Any


class Options(NamedTuple):
    """blocks: see `lut_layers`.  key_bits, place_bits: of an index.  places_by_sign: the second anchor of a distance's
    comparison is a fixed 0.  train_embedding: the embedding learns too."""

    blocks: tuple[int, ...]
    key_bits: int
    place_bits: int
    places_by_sign: bool
    train_embedding: bool


class Team(NamedTuple):
    """Which thread this is, of how many."""

    thread: int
    threads: int


@spliced
def _together(shared, team):
    meet(shared.arrivals.ctypes.data, team.threads)


@spliced
def layer_of(found, k):
    """What was found in layer k."""
    return Found(found.row[k], found.near[k], found.slope[k], found.which[k], found.flip[k])


@spliced
def _attention(weights, options, shared, own, k, team):
    """z += attention of layer k."""
    n_tables = weights.tables.shape[1]
    query, key, place = layer_of(shared.query, k), layer_of(shared.key, k), layer_of(shared.place, k)
    turn(shared.z, own.columns)
    turn(weights.positions[k], own.place_columns)
    first, last = part_of(n_tables, team.threads, team.thread)
    compare(weights.query_anchors[k], own.columns, first, last, options.key_bits + options.place_bits, query)
    compare(weights.key_anchors[k], own.columns, first, last, options.place_bits, key)
    compare(weights.place_anchors[k], own.place_columns, first, last, 0, place)
    _together(shared, team)
    attend(
        weights.tables[k], options.blocks, team.thread, team.threads, query, key, place, own.aimed, shared.z
    )
    _together(shared, team)


@spliced
def _look_up(anchors, tables, blocks, shared, own, found, team, y):
    """y += the layer's rows for z."""
    turn(shared.z, own.columns)
    first, last = part_of(tables.shape[0], team.threads, team.thread)
    compare(anchors, own.columns, first, last, 0, found)
    _together(shared, team)
    sum_rows(tables, blocks, team.thread, team.threads, found, y)
    _together(shared, team)


@spliced
def _forward(weights, options, shared, own, tokens, team):
    """The logits for the bytes ``tokens`` (at least as many as positions)."""
    embed(weights.embedding, options.blocks, tokens, team.thread, team.threads, shared.z)
    clear(shared.logits, LOGIT_BLOCKS, team.thread, team.threads)
    _together(shared, team)
    for k in range(weights.tables.shape[0]):
        _attention(weights, options, shared, own, k, team)
        if weights.forward_tables.shape[1] > 0:
            anchors, tables = weights.forward_anchors[k], weights.forward_tables[k]
            found = layer_of(shared.forward, k)
            _look_up(anchors, tables, options.blocks, shared, own, found, team, shared.z)
    anchors, tables = weights.readout_anchors, weights.readout_tables
    _look_up(anchors, tables, LOGIT_BLOCKS, shared, own, shared.readout, team, shared.logits)


@spliced
def _collect(sums, shared, rate, team):
    """Add the gradients of the parts (PARTS, positions, width) to ``grad``, in order; ``step`` is the rate times it."""
    grad, step = shared.grad, shared.step
    for c in range(team.thread, grad.shape[0], team.threads):
        for k in range(grad.shape[1]):
            value = grad[c, k]
            for part in range(PARTS):
                value += sums[part, c, k]
            grad[c, k] = value
            step[c, k] = rate * value
    _together(shared, team)


@spliced
def _learn_layer(anchors, tables, blocks, shared, found, grad_y, step, sums, rate, team):
    """Back through a layer: a step of its tables, and what reaches its input is added to ``grad``."""
    learn_rows(anchors, tables, blocks, team.thread, team.threads, found, grad_y, step, sums)
    _together(shared, team)
    _collect(sums, shared, rate, team)


@spliced
def _learn_attention(weights, options, shared, own, k, rate, team):
    """Back through attention k; nobody asks for the gradient below the first layer unless the embedding learns."""
    wanted = k > 0 or options.train_embedding
    found = layer_of(shared.query, k), layer_of(shared.key, k), layer_of(shared.place, k)
    anchors = weights.query_anchors[k], weights.key_anchors[k]
    sums = shared.sums[k, 0]
    learn_pairs(
        weights.tables[k], options.blocks, anchors, team.thread, team.threads, wanted, found, own.aimed,
        shared.grad, shared.step, own.pulls, sums, shared.place_pulls[k],
    )  # fmt: skip
    _together(shared, team)
    if wanted:
        _collect(sums, shared, rate, team)
    _learn_positions(weights, options, shared, k, rate, team)


@spliced
def _learn_positions(weights, options, shared, k, rate, team):
    """A step of what the distances are compared by; each thread has distances of its own."""
    positions, anchors = weights.positions[k], weights.place_anchors[k]
    which, pulls = shared.place.which[k], shared.place_pulls[k]
    for d in range(team.thread, positions.shape[0] - 1, team.threads):  # the last is distance 0
        for i in range(anchors.shape[0]):
            amount = rate * pulls[i, d]
            positions[d, anchors[i, which[i, d], 0]] -= amount
            if not options.places_by_sign:
                positions[d, anchors[i, which[i, d], 1]] += amount


@spliced
def _learn(weights, options, shared, own, tokens, rate, team):
    """Back from the logits' gradients; everything takes a step."""
    clear(shared.grad, options.blocks, team.thread, team.threads)
    n_layers = weights.tables.shape[0]
    anchors, tables, sums = weights.readout_anchors, weights.readout_tables, shared.sums[n_layers, 0]
    grad, step = shared.logits, shared.logit_step
    _learn_layer(anchors, tables, LOGIT_BLOCKS, shared, shared.readout, grad, step, sums, rate, team)
    for above in range(n_layers):
        k = n_layers - 1 - above
        if weights.forward_tables.shape[1] > 0:
            anchors, tables, sums = weights.forward_anchors[k], weights.forward_tables[k], shared.sums[k, 1]
            found = layer_of(shared.forward, k)
            grad, step = shared.grad, shared.step
            _learn_layer(anchors, tables, options.blocks, shared, found, grad, step, sums, rate, team)
        _learn_attention(weights, options, shared, own, k, rate, team)
    if options.train_embedding and team.thread == 0:
        for c in range(shared.step.shape[0]):
            for k in range(shared.step.shape[1]):
                weights.embedding[tokens[c], k] -= shared.step[c, k]
    _together(shared, team)


@kernel
def run_texts(weights, options, shared, own, texts, learns, first_step, rate_scale, team, losses, done):
    """The losses of ``texts`` (n, context + 1) bytes, in order, and where ``learns`` a step on each of them.

    losses: float64 (n,): if it learns, the mean cross entropy in nats over the positions of a text, before its step;
    else that of its last byte, given those before it.  ``done`` (1,) counts the texts; it is right whenever a text is
    finished. Every thread calls this with the same arguments but ``own`` and ``team``.
    """
    positions = shared.z.shape[0]
    for s in range(texts.shape[0]):
        rate = learning_rate(first_step + s, rate_scale) if learns else float32(0.0)
        _forward(weights, options, shared, own, texts[s], team)
        first = team.thread if learns else positions - 1
        softmax_loss(shared.logits, texts[s, 1:], rate, shared.logit_step, first, team.threads, shared.losses)
        _together(shared, team)
        if team.thread == 0:
            losses[s] = shared.losses.mean() if learns else shared.losses[positions - 1]
        if learns:
            _learn(weights, options, shared, own, texts[s], rate, team)
        if team.thread == 0:
            done[0] += 1
