"""A look-up-table layer of plain neurons: leak-free integrate-and-fire, no table model.

Comparison r of a table is two neurons with two synapses each: *b first* gets +1 from b and -1 from a, *a first* the
other way round, both with a threshold of one half; whichever spike comes first fires one of them and the second
undoes it in the other.  A row neuron for each index gets 0.18 from the right one of each comparison's two neurons and
fires when all have fired: six of them reach the threshold of 1, five do not.  Its synapses are the row.  For one
volley, without ties.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eventsim.errors import InputError
from eventsim.lut.layer import LUTLayer
from eventsim.models import IF
from eventsim.network import Explicit, Network, Population

COINCIDENCE, THRESHOLD = 0.18, 1.0
COMPARISONS = 6


class TableNeurons(NamedTuple):
    """b_first, a_first: (n_tables * n_comparisons,).  rows: (n_tables * 2**n_comparisons,), in order of (table, row).
    sums: (n_out,), which never fire; V is the sum of the rows."""

    b_first: Population
    a_first: Population
    rows: Population
    sums: Population


def add_table_neurons(network: Network, source: Population, layer: LUTLayer, name: str) -> TableNeurons:
    """The layer as plain neurons, populations ``<name> b first``, ``a first``, ``rows`` and ``sums``, all without
    delay.

    Raises `InputError` unless each table has six comparisons, for which 0.18 is right.
    """
    if layer.n_comparisons != COMPARISONS:
        raise InputError(
            "n_comparisons", layer.n_comparisons, f"{COMPARISONS} inputs of {COINCIDENCE} reach 1"
        )
    pairs, n_rows = layer.anchors.reshape(-1, 2).astype(np.uint32), 2**COMPARISONS
    model = IF(v_th=0.5)
    b_first, a_first = (network.population(f"{name} {each} first", len(pairs), model) for each in "ba")
    every = np.arange(len(pairs), dtype=np.uint32)
    for neurons, sign in ((b_first, 1.0), (a_first, -1.0)):
        for side, weight in ((1, sign), (0, -sign)):
            network.connect(source, neurons, Explicit(pairs[:, side], every), weight=weight, delay=0.0)
    rows = network.population(f"{name} rows", layer.n_tables * n_rows, IF(v_th=THRESHOLD))
    bits = (np.arange(n_rows)[:, np.newaxis] >> np.arange(COMPARISONS)) & 1
    for neurons, bit in ((b_first, 1), (a_first, 0)):
        row, comparison = np.nonzero(bits == bit)
        table = np.repeat(np.arange(layer.n_tables), row.size)
        sources = (table * COMPARISONS + np.tile(comparison, layer.n_tables)).astype(np.uint32)
        targets = (table * n_rows + np.tile(row, layer.n_tables)).astype(np.uint32)
        network.connect(neurons, rows, Explicit(sources, targets), weight=COINCIDENCE, delay=0.0)
    sums = network.population(f"{name} sums", layer.n_out, IF(v_th=np.inf))
    row_of, sum_of = (axis.ravel().astype(np.uint32) for axis in np.indices((rows.size, layer.n_out)))
    weights = layer.tables.reshape(-1).astype(np.float64)
    network.connect(rows, sums, Explicit(row_of, sum_of), weight=weights, delay=0.0)
    return TableNeurons(b_first, a_first, rows, sums)
