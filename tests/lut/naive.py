"""The published rule in plain Python floats, one loop a sum; shares nothing with the library."""

import math

import numpy as np


def index_and_nearest(anchors, x):
    rows, nearest = [], []
    for pairs in anchors.tolist():
        differences = [x[a] - x[b] for a, b in pairs]
        rows.append(sum(2**r for r, u in enumerate(differences) if u > 0))
        sizes = [abs(u) for u in differences]
        nearest.append(sizes.index(min(sizes)))
    return rows, nearest


def forward(anchors, tables, x, start=None):
    y = [0.0] * tables.shape[2] if start is None else list(start)
    rows, _ = index_and_nearest(anchors, x)
    for table, row in zip(tables, rows, strict=True):
        y = [total + float(entry) for total, entry in zip(y, table[row], strict=True)]
    return y


def uncertainty(u):
    return 0.5 / (1 + abs(u))


def uncertainty_slope(u):
    return -0.5 * (1 if u > 0 else -1) / ((1 + abs(u)) * (1 + abs(u)))


def input_gradient(anchors, tables, x, grad_y, start=None):
    grad_x = [0.0] * len(x) if start is None else list(start)
    for pairs, table, row, r in zip(anchors.tolist(), tables, *index_and_nearest(anchors, x), strict=True):
        g = 0.0
        for grad, there, here in zip(grad_y, table[row ^ 2**r], table[row], strict=True):
            g += grad * (float(there) - float(here))
        a, b = pairs[r]
        slope = uncertainty_slope(x[a] - x[b])
        grad_x[a] += g * slope
        grad_x[b] -= g * slope
    return grad_x


def loss_and_gradient(latencies, label):
    earliest = min(latencies)
    powers = [math.exp(earliest - latency) for latency in latencies]
    total = 0.0
    for power in powers:
        total += power
    gradient = [-power / total for power in powers]
    gradient[label] += 1.0
    return math.log(total) + latencies[label] - earliest, gradient


def train(layers, residual, samples, labels, scale, step=0):
    """``layers``: list of (anchors, tables); changes the tables; the list of losses."""
    losses = []
    for x, label in zip(samples.tolist(), labels.tolist(), strict=True):
        states = [x]
        for (anchors, tables), adds in zip(layers, residual, strict=True):
            states.append(forward(anchors, tables, states[-1], states[-1] if adds else None))
        loss, grad = loss_and_gradient(states[-1], label)
        losses.append(loss)
        rate = scale * min(1 / math.sqrt(1 + step), step / (4000 * math.sqrt(4000)))
        for (anchors, tables), adds, state in reversed(list(zip(layers, residual, states[:-1], strict=True))):
            passed = input_gradient(anchors, tables, state, grad, grad if adds else None)
            for table, row in zip(tables, index_and_nearest(anchors, state)[0], strict=True):
                for o, slope in enumerate(grad):
                    table[row, o] = tables.dtype.type(float(table[row, o]) - rate * slope)
            grad = passed
        step += 1
    return losses


def random_layer(draw, n_in, n_out, n_tables, n_comparisons, dtype):
    """Anchors and tables of random numbers, for tests that need no zeros."""
    pairs = [[draw.choice(n_in, 2, replace=False) for _ in range(n_comparisons)] for _ in range(n_tables)]
    tables = draw.standard_normal((n_tables, 2**n_comparisons, n_out)).astype(dtype)
    return np.array(pairs, dtype=np.int32), tables
