"""Look-up-table layers as arrays: indices, reads, and the published training rule one sample at a time.

Shapes: ``anchors`` int32 (n_t, n_c, 2), ``tables`` float (n_t, 2**n_c, n_out), ``x`` float64 (n_in,), ``y`` float64
(n_out,), ``index`` and ``nearest`` int64 (n_t,).  A stack of layers is a tuple of ``anchors`` and one of ``tables``.
The functions of one layer (`resolve`, `read`, `pass_back`, `learn`) are what other architectures are made of.
"""

import math

import numpy as np

from eventsim.kernels.jit import kernel


@kernel
def resolve(anchors, x, index, nearest):
    """Row index of each table, and its comparison with the smallest ``|x[a] - x[b]|`` (the first of equal ones)."""
    for i in range(anchors.shape[0]):
        row = np.int64(0)
        closest = math.inf
        closest_r = 0
        for r in range(anchors.shape[1]):
            difference = x[np.uint32(anchors[i, r, 0])] - x[np.uint32(anchors[i, r, 1])]
            if difference > 0.0:
                row |= np.int64(1) << r
            if abs(difference) < closest:
                closest = abs(difference)
                closest_r = r
        index[i] = row
        nearest[i] = closest_r


@kernel
def read(tables, index, y):
    """Add the selected rows to ``y`` in float64, in order of the tables."""
    for i in range(tables.shape[0]):
        row = tables[i, np.uint64(index[i])]
        for o in range(tables.shape[2]):
            y[o] += row[o]


@kernel
def pass_back(anchors, tables, x, index, nearest, grad_y, grad_x):
    """Add to ``grad_x`` what reaches the two anchors of each table's nearest comparison: +-g U'(u)."""
    for i in range(tables.shape[0]):
        r = np.uint64(nearest[i])
        row = tables[i, np.uint64(index[i])]
        flipped = tables[i, np.uint64(index[i] ^ (np.int64(1) << nearest[i]))]
        g = 0.0
        for o in range(tables.shape[2]):
            g += grad_y[o] * (np.float64(flipped[o]) - np.float64(row[o]))
        a = np.uint32(anchors[i, r, 0])
        b = np.uint32(anchors[i, r, 1])
        u = x[a] - x[b]
        slope = 0.5 / ((1.0 + abs(u)) * (1.0 + abs(u)))
        if u > 0.0:
            slope = -slope
        grad_x[a] += g * slope
        grad_x[b] -= g * slope


@kernel
def learn(tables, index, grad_y, rate):
    """One step of plain gradient descent on the selected rows."""
    for i in range(tables.shape[0]):
        row = tables[i, np.uint64(index[i])]
        for o in range(tables.shape[2]):
            row[o] -= rate * grad_y[o]


@kernel
def learning_rate(step):
    """The published schedule ``min(1 / sqrt(1 + t), t / (4000 sqrt(4000)))``."""
    return min(1.0 / math.sqrt(1.0 + step), step / (4000.0 * math.sqrt(4000.0)))


@kernel
def first_spike_loss(latency, n_out, label, grad):
    """Cross entropy in nats of ``softmax(-latency)`` at ``label``; ``grad`` receives its derivative by latency.

    Only the first ``n_out`` entries count.
    """
    earliest = latency[0]
    for o in range(1, n_out):
        earliest = min(earliest, latency[o])
    total = 0.0
    for o in range(n_out):
        grad[o] = math.exp(earliest - latency[o])
        total += grad[o]
    for o in range(n_out):
        grad[o] = -grad[o] / total
    grad[label] += 1.0
    return math.log(total) + latency[label] - earliest


@kernel
def start_sum(residual, source, target):
    """What a layer's contribution is added to: ``source`` itself in a residual layer, else zero."""
    for o in range(target.size):
        target[o] = source[o] if residual else 0.0


@kernel
def carry(anchors, tables, residual, x, state, index, nearest):
    """Bring ``x`` (n_in,) through the stack: ``state[0]`` becomes the input, ``state[k + 1]`` what layer k gives.

    ``state``: float64 (n_layers + 1, width); ``index`` and ``nearest``: (n_layers, most tables of a layer).
    """
    for o in range(x.size):
        state[0, o] = x[o]
    for k in range(len(tables)):
        resolve(anchors[k], state[k], index[k], nearest[k])
        start_sum(residual[k], state[k], state[k + 1])
        read(tables[k], index[k], state[k + 1])


@kernel
def stack_forward(anchors, tables, residual, x, most_tables, out):
    """``out`` (n, n_layers + 1, width), zeros on entry: for each sample of ``x`` (n, n_in) what every layer gives."""
    index = np.empty((len(tables), most_tables), np.int64)
    nearest = np.empty((len(tables), most_tables), np.int64)
    for sample in range(x.shape[0]):
        carry(anchors, tables, residual, x[sample], out[sample], index, nearest)


@kernel
def stack_train(anchors, tables, residual, x, labels, most_tables, state, first_step, scale):
    """Plain gradient descent over the samples of ``x`` (n, n_in) in order, changing ``tables``; the summed loss.

    The rate of sample k is ``scale * learning_rate(first_step + k)``; ``state`` is work space as `carry` takes it.
    """
    n_layers = len(tables)
    index = np.empty((n_layers, most_tables), np.int64)
    nearest = np.empty((n_layers, most_tables), np.int64)
    grad = np.zeros_like(state)
    n_out = tables[n_layers - 1].shape[2]
    loss = 0.0
    for sample in range(x.shape[0]):
        carry(anchors, tables, residual, x[sample], state, index, nearest)
        loss += first_spike_loss(state[n_layers], n_out, labels[sample], grad[n_layers])
        rate = scale * learning_rate(first_step + sample)
        for back in range(n_layers):
            k = n_layers - 1 - back
            if k > 0:
                start_sum(residual[k], grad[k + 1], grad[k])
                pass_back(anchors[k], tables[k], state[k], index[k], nearest[k], grad[k + 1], grad[k])
            learn(tables[k], index[k], grad[k + 1], rate)
    return loss
