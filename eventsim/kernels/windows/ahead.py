"""Asking for synapses ahead of their turn: rows lie far apart in memory, and it takes long to answer."""

from eventsim.kernels.jit import inlined
from eventsim.kernels.memory import prefetch

AHEAD = 12
"""Spikes between asking for synapses and their turn: longer than memory takes."""

_LINE = 64  # bytes of memory that are fetched together


@inlined
def ask_for_lines(column, size, first, end):
    """Have the elements ``first`` to ``end - 1``, of ``size`` bytes each, fetched from memory."""
    for where in range(size * first, size * end, _LINE):
        prefetch(column, where)
    prefetch(column, size * end - 1)


@inlined
def ask_for_arrivals(link, first, end):
    """The same for what a row that is reached at one time needs of its synapses."""
    if link.dense == 0:
        ask_for_lines(link.targets, 2, first, end)
    if link.single != 0:
        ask_for_lines(link.weights, 4, first, end)
