"""Training steps of a recurrent network of look-up tables in float32: ``h_t = LUT(h_{t-1}) + z_t``, read out at every
t.

Izhikevich, "Spiking Manifesto", arXiv 2512.11843 (2025).  Plain gradient descent on the cross entropy of every next
byte, back through all positions of a text; before the first there is no state, and h_0 = z_0.
"""

from typing import Any, NamedTuple

from numba import float32

from eventsim.kernels.jit import kernel, spliced
from eventsim.kernels.lut.layers import Found, compare, embed, gather, learn_rows, sum_rows, turn
from eventsim.kernels.lut.loss import learning_rate, softmax_loss
from eventsim.kernels.lut.transformer import LOGIT_BLOCKS, layer_of


class RecurrentWeights(NamedTuple):
    """embedding: float32 (256, width).  anchors: int32 (n_t, n_c, 2), tables: float32 (n_t, 2**n_c, width).  Of the
    unembedding readout_anchors and readout_tables (U, rows, 256)."""

    embedding: Any
    anchors: Any
    tables: Any
    readout_anchors: Any
    readout_tables: Any


class Work(NamedTuple):
    """States (positions, width), their gradients (1, positions, width), what a layer adds or passes back (1, 1,
    width), what was found at each position (positions, tables, places) and by the unembedding, logits (1, positions,
    256), losses (positions,), and work space."""

    h: Any
    grads: Any
    step: Any
    passed: Any
    column: Any
    columns: Any
    found: Found
    readout: Found
    logits: Any
    logit_step: Any
    losses: Any


@spliced
def _forward(weights, blocks, work, tokens):
    """The logits after every byte of ``tokens``."""
    embed(weights.embedding, blocks, tokens, work.h)
    for c in range(1, work.h.shape[0]):
        found = layer_of(work.found, c)
        turn(work.h[c - 1 : c], work.column)
        compare(weights.anchors, work.column, 0, weights.tables.shape[0], 0, found)
        sum_rows(weights.tables, blocks, 0, 1, found, work.passed)
        gather(work.h[c : c + 1], work.passed)
    turn(work.h, work.columns)
    compare(weights.readout_anchors, work.columns, 0, weights.readout_tables.shape[0], 0, work.readout)
    sum_rows(weights.readout_tables, LOGIT_BLOCKS, 0, 1, work.readout, work.logits)


@spliced
def _learn(weights, blocks, work, rate):
    """Back from the logits' gradients through all positions."""
    anchors, tables = weights.readout_anchors, weights.readout_tables
    logits = work.logits[0]
    learn_rows(anchors, tables, LOGIT_BLOCKS, 0, 1, work.readout, logits, work.logit_step, work.grads)
    grad = work.grads[0]
    for before in range(work.h.shape[0] - 1):
        c = work.h.shape[0] - 1 - before
        for k in range(grad.shape[1]):
            work.step[0, k] = rate * grad[c, k]
        found = layer_of(work.found, c)
        learn_rows(
            weights.anchors, weights.tables, blocks, 0, 1, found, grad[c : c + 1], work.step, work.passed
        )
        for k in range(grad.shape[1]):
            grad[c - 1, k] += work.passed[0, 0, k]


@kernel
def run_texts(weights, blocks, work, texts, learns, first_step, rate_scale, losses, done):
    """The losses of ``texts`` (n, positions + 1) and where ``learns`` a step on each, as
    `transformer.run_texts`; ``blocks`` as in `layers`."""
    first = 0 if learns else work.h.shape[0] - 1
    for s in range(texts.shape[0]):
        rate = learning_rate(first_step + s, rate_scale) if learns else float32(0.0)
        _forward(weights, blocks, work, texts[s])
        softmax_loss(work.logits[0], texts[s, 1:], rate, work.logit_step, first, work.losses)
        losses[s] = work.losses[first:].mean()
        if learns:
            _learn(weights, blocks, work, rate)
        done[0] += 1
