"""Training steps of a transformer of look-up tables in float32, on one thread or several with the same bits.

Izhikevich, "Spiking Manifesto", arXiv 2512.11843 (2025), and its released program.  In each layer all heads read z and
add to it (attention), then the feed-forward layer does; an unembedding layer gives the logits; plain gradient descent on
the cross entropy of every position's next byte.

The tables of a layer are divided into `PARTS`, whatever the number of threads: each part sums into an array of its own,
and these are added in order.  A thread has its own copy of everything between layers; tables are touched by the thread
that has their part alone.  Threads meet after each part-wise sum.
"""

from typing import Any, NamedTuple

from numba import float32

from eventsim.kernels.barrier import meet
from eventsim.kernels.jit import inner, kernel
from eventsim.kernels.lut_attention import Aimed, attend, learn_pairs
from eventsim.kernels.lut_layers import (
    Found,
    compare,
    learn_rows,
    part_of,
    scale,
    sum_rows,
    turn,
)
from eventsim.kernels.lut_loss import learning_rate, softmax_loss

PARTS = 4


class Weights(NamedTuple):
    """Everything that is trained or fixed; L layers, T tables over all heads, F feed-forward tables, U of the readout.

    embedding: float32 (256, width).  query_anchors, key_anchors: int32 (L, T, n_c, 2).  tables: float32 (L, T, 2**(2 n_c
    + p), width).  positions: float32 (L, context, w), what distances are compared by: place_anchors int32 (L, T, p, 2).
    forward_anchors (L, F, n_c, 2) and forward_tables (L, F, 2**n_c, width).  readout_anchors (U, n_c, 2) and
    readout_tables (U, 2**n_c, 256).
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


class Common(NamedTuple):
    """What threads share: all `Found`, and the sums of the parts.

    sums: float32 (L + 1, 2, PARTS, positions, width), of attention and feed-forward of a layer, and of their gradients;
    the last those of the readout.  logits: (PARTS, positions, 256).  place_pulls: float32 (L, T, positions).  arrivals: int64 (1,), see `barrier`.
    """

    query: Found
    key: Found
    place: Found
    forward: Found
    readout: Found
    sums: Any
    logits: Any
    place_pulls: Any
    arrivals: Any


class Own(NamedTuple):
    """A thread's own arrays: latencies, gradients and steps (positions, width), their transposes, and work space."""

    z: Any
    columns: Any
    place_columns: Any
    grad: Any
    step: Any
    logits: Any
    logit_step: Any
    aimed: Aimed
    pulls: Any


class Options(NamedTuple):
    """places_by_sign: the second anchor of a distance's comparison is a fixed 0.  shared_anchors: keys have the queries' anchors.  train_embedding: the embedding learns too."""

    key_bits: int
    place_bits: int
    places_by_sign: bool
    shared_anchors: bool
    train_embedding: bool


@inner
def layer_of(found, k):
    """What was found in layer k."""
    return Found(found.row[k], found.near[k], found.slope[k], found.which[k], found.flip[k])


@inner
def _add_up(sums, y):
    """Add the sums of the parts (PARTS, positions, width) to ``y``, in order."""
    for part in range(sums.shape[0]):
        for c in range(y.shape[0]):
            for k in range(y.shape[1]):
                y[c, k] += sums[part, c, k]


@inner
def _attention(weights, options, common, own, k, thread, threads):
    """z += attention of layer k."""
    n_tables = weights.tables.shape[1]
    query, key, place = layer_of(common.query, k), layer_of(common.key, k), layer_of(common.place, k)
    turn(own.z, own.columns)
    turn(weights.positions[k], own.place_columns)
    for part in range(thread, PARTS, threads):
        first, last = part_of(n_tables, PARTS, part)
        compare(weights.query_anchors[k], own.columns, first, last, query)
        if not options.shared_anchors:
            compare(weights.key_anchors[k], own.columns, first, last, key)
        compare(weights.place_anchors[k], own.place_columns, first, last, place)
        sums = common.sums[k, 0, part]
        sums[:] = float32(0.0)
        bits = (options.key_bits, options.place_bits)
        attend(weights.tables[k], first, last, bits, query, key, place, own.aimed, sums)
    meet(common.arrivals.ctypes.data, threads)
    _add_up(common.sums[k, 0], own.z)


@inner
def _feed_forward(weights, common, own, k, thread, threads):
    """z += feed-forward layer k of z."""
    n_tables = weights.forward_tables.shape[1]
    if n_tables == 0:
        return
    found = layer_of(common.forward, k)
    turn(own.z, own.columns)
    for part in range(thread, PARTS, threads):
        first, last = part_of(n_tables, PARTS, part)
        compare(weights.forward_anchors[k], own.columns, first, last, found)
        sums = common.sums[k, 1, part]
        sums[:] = float32(0.0)
        sum_rows(weights.forward_tables[k], first, last, found, sums)
    meet(common.arrivals.ctypes.data, threads)
    _add_up(common.sums[k, 1], own.z)


@inner
def _readout(weights, common, own, thread, threads):
    """The logits of all positions."""
    turn(own.z, own.columns)
    for part in range(thread, PARTS, threads):
        first, last = part_of(weights.readout_tables.shape[0], PARTS, part)
        compare(weights.readout_anchors, own.columns, first, last, common.readout)
        sums = common.logits[part]
        sums[:] = float32(0.0)
        sum_rows(weights.readout_tables, first, last, common.readout, sums)
    meet(common.arrivals.ctypes.data, threads)
    own.logits[:] = float32(0.0)
    _add_up(common.logits, own.logits)


@inner
def _forward(weights, options, common, own, tokens, thread, threads):
    """The logits for the bytes ``tokens`` (at least as many as positions)."""
    for c in range(own.z.shape[0]):
        own.z[c] = weights.embedding[tokens[c]]
    for k in range(weights.tables.shape[0]):
        _attention(weights, options, common, own, k, thread, threads)
        _feed_forward(weights, common, own, k, thread, threads)
    _readout(weights, common, own, thread, threads)


@inner
def _learn_readout(weights, common, own, thread, threads):
    """Back from the logits' gradient to that of z, and a step of the unembedding tables."""
    sums = common.sums[weights.tables.shape[0], 0]
    for part in range(thread, PARTS, threads):
        first, last = part_of(weights.readout_tables.shape[0], PARTS, part)
        sums[part] = float32(0.0)
        anchors, tables = weights.readout_anchors, weights.readout_tables
        learn_rows(
            anchors, tables, first, last, common.readout, own.logits, own.logit_step, True, sums[part]
        )
    meet(common.arrivals.ctypes.data, threads)
    own.grad[:] = float32(0.0)
    _add_up(sums, own.grad)


@inner
def _learn_feed_forward(weights, common, own, k, rate, thread, threads):
    """Back through feed-forward layer k."""
    n_tables = weights.forward_tables.shape[1]
    if n_tables == 0:
        return
    scale(own.grad, rate, own.step)
    sums, found = common.sums[k, 1], layer_of(common.forward, k)
    anchors, tables = weights.forward_anchors[k], weights.forward_tables[k]
    for part in range(thread, PARTS, threads):
        first, last = part_of(n_tables, PARTS, part)
        sums[part] = float32(0.0)
        learn_rows(anchors, tables, first, last, found, own.grad, own.step, True, sums[part])
    meet(common.arrivals.ctypes.data, threads)
    _add_up(sums, own.grad)


@inner
def _learn_attention(weights, options, common, own, k, rate, thread, threads):
    """Back through attention k; nobody asks for the gradient below the first layer unless the embedding learns."""
    n_tables = weights.tables.shape[1]
    wanted = k > 0 or options.train_embedding
    scale(own.grad, rate, own.step)
    found = layer_of(common.query, k), layer_of(common.key, k), layer_of(common.place, k)
    anchors = weights.query_anchors[k], weights.key_anchors[k]
    bits, sums = (options.key_bits, options.place_bits), common.sums[k, 0]
    for part in range(thread, PARTS, threads):
        first, last = part_of(n_tables, PARTS, part)
        sums[part] = float32(0.0)
        learn_pairs(
            weights.tables[k], anchors, first, last, bits, wanted, found, own.aimed,
            own.grad, own.step, own.pulls, sums[part], common.place_pulls[k],
        )  # fmt: skip
    meet(common.arrivals.ctypes.data, threads)
    if wanted:
        _add_up(sums, own.grad)
    _learn_positions(weights, options, common, k, rate, thread, threads)


@inner
def _learn_positions(weights, options, common, k, rate, thread, threads):
    """A step of what the distances are compared by; each thread has distances of its own."""
    positions, anchors = weights.positions[k], weights.place_anchors[k]
    which, pulls = common.place.which[k], common.place_pulls[k]
    for d in range(1 + thread, positions.shape[0], threads):
        for i in range(anchors.shape[0]):
            amount = rate * pulls[i, d]
            positions[d, anchors[i, which[i, d], 0]] -= amount
            if not options.places_by_sign:
                positions[d, anchors[i, which[i, d], 1]] += amount


@inner
def _step(weights, options, common, own, tokens, rate, thread, threads):
    """One step on a text of one byte more than positions; its loss, the sum over the positions, in nats."""
    _forward(weights, options, common, own, tokens, thread, threads)
    loss = softmax_loss(own.logits, tokens[1:], rate, own.logit_step)
    _learn_readout(weights, common, own, thread, threads)
    for above in range(weights.tables.shape[0]):
        k = weights.tables.shape[0] - 1 - above
        _learn_feed_forward(weights, common, own, k, rate, thread, threads)
        _learn_attention(weights, options, common, own, k, rate, thread, threads)
    if options.train_embedding and thread == 0:
        for c in range(own.grad.shape[0]):
            for k in range(own.grad.shape[1]):
                weights.embedding[tokens[c], k] -= rate * own.grad[c, k]
    meet(common.arrivals.ctypes.data, threads)
    return loss


@kernel
def train(weights, options, common, own, texts, first_step, rate_scale, thread, threads, done):
    """A step on each of ``texts`` (n, context + 1) bytes, in order.

    ``done``: float64 (2,), to which the first thread adds 1 and the mean loss of the positions after each step.  Every
    thread calls this with the same arguments but ``own`` and ``thread``.
    """
    for s in range(texts.shape[0]):
        rate = learning_rate(first_step + s, rate_scale)
        loss = _step(weights, options, common, own, texts[s], rate, thread, threads)
        if thread == 0:
            done[0] += 1.0
            done[1] += loss / own.z.shape[0]


@kernel
def last_losses(weights, options, common, own, texts, losses):
    """The cross entropy in nats of the last byte of each of ``texts`` (n, context + 1), given those before it."""
    last = own.z.shape[0] - 1
    for s in range(texts.shape[0]):
        _forward(weights, options, common, own, texts[s], 0, 1)
        losses[s] = softmax_loss(own.logits[last:], texts[s, last + 1 :], float32(0.0), own.logit_step)
