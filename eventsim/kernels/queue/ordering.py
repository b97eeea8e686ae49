"""Putting the spikes of one round in order of their neurons."""

from eventsim.kernels.jit import inner
from eventsim.kernels.memory import i8


@inner
def _sink(first, size, root, ids, rows):
    """Let an element down to its place in the max-heap ids[first : first + size]."""
    while True:
        child = 2 * root + 1
        if child >= size:
            return
        if child + 1 < size and ids[first + child + 1] > ids[first + child]:
            child += 1
        if ids[first + root] >= ids[first + child]:
            return
        _swap(first + root, first + child, ids, rows)
        root = child


@inner
def _swap(i, j, ids, rows):
    held_id, held_row = ids[i], rows[i]
    ids[i], rows[i] = ids[j], rows[j]
    ids[j], rows[j] = held_id, held_row


@inner
def order_by_id(q):
    """Sort the spikes of the threshold tests by id: nearly always none or one, else by heap sort in place."""
    first, size = q.n_ordered, q.n_fired - q.n_ordered
    ids, rows = i8(q.fired), i8(q.rows)
    for root in range(size // 2 - 1, -1, -1):
        _sink(first, size, root, ids, rows)
    for last in range(size - 1, 0, -1):
        _swap(first, first + last, ids, rows)
        _sink(first, last, 0, ids, rows)
