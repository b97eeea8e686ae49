"""The synapses of a projection by number, so that weights and delays can be read and changed one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventsim.build.synapses import SynapseTable
from eventsim.network.description import FloatArray

Numbers = slice | NDArray[np.int64]


class NumberedSynapses:
    """Synapse 0, 1, 2, ... of a projection, in order of (source, target, delay), as they were at first.

    sources, targets: (n,) int64 indices in their populations.  `table` is how an engine has them now; `weights` and
    `delays` are theirs by number.  32 bytes a synapse, and 12 more once weights or delays have been changed.

    bounds: (tiles + 1,) where the table's targets are cut into tiles, as `build_synapses` takes it.
    """

    def __init__(self, table: SynapseTable, bounds: NDArray[np.int64] | None = None) -> None:
        firsts = np.zeros(1, np.int64) if bounds is None else bounds[:-1]
        n_tiles = firsts.size
        rows = np.repeat(
            np.arange(table.row_start.size - 1), table.row_start[1:].astype(np.int64) - table.row_start[:-1]
        )
        n = rows.size
        in_row = int(table.row_start[1]) if table.dense else 1
        targets = firsts[rows % n_tiles] + (np.arange(n) % in_row if table.dense else table.targets)
        delays = np.zeros(n) if table.delays_common else table.delays
        place = np.lexsort((delays, targets, rows // n_tiles))
        self.table = table
        self.sources, self.targets = rows[place] // n_tiles, targets[place]
        self._rows, self._firsts, self._tiled = rows[place], firsts, bounds is not None
        self._place = place  # of each synapse in the table
        self._retired: dict[int, tuple[SynapseTable, NDArray[np.int64]]] = {}

    @property
    def size(self) -> int:
        """Number of synapses."""
        return self.targets.size

    @property
    def order(self) -> NDArray[np.int64]:
        """The number of the synapse at each place of the table, (n,)."""
        order = np.empty(self.size, np.int64)
        order[self._place] = np.arange(self.size)
        return order

    @property
    def weights(self) -> FloatArray:
        """(n,) float64."""
        return self._by_number(self.table.weights, self.table.weights_common)

    @property
    def delays(self) -> FloatArray:
        """(n,) float64, ms."""
        return self._by_number(self.table.delays, self.table.delays_common)

    def _by_number(self, column: NDArray[np.float32] | FloatArray, common: bool) -> FloatArray:
        return np.full(self.size, column[0]) if common else column[self._place].astype(np.float64)

    def set_weights(self, numbers: Numbers, values: FloatArray) -> None:
        """New weights, (1,) or one each; (1,) for all synapses is a common weight, in float64."""
        self.table = _with_weights(self.table, self._place, numbers, values)
        for link, (table, place) in self._retired.items():
            self._retired[link] = _with_weights(table, place, numbers, values), place

    def with_delays(self, values: FloatArray) -> tuple[SynapseTable, NDArray[np.int64]]:
        """The table with these delays, (1,) or (n,), each row in order again; and the number of each synapse in it."""
        numbers = np.arange(self.size)
        keys = (numbers, self.targets, self._rows)
        order = np.lexsort(keys if values.size == 1 else (*keys[:2], values, keys[2]))
        in_tile = self.targets - self._firsts[self._rows % self._firsts.size]
        table = self.table._replace(
            targets=in_tile[order].astype(np.uint16) if self._tiled else in_tile[order].astype(np.uint32),
            delays=values if values.size == 1 else values[order],
        )
        if not self.table.weights_common:
            table = table._replace(weights=self.table.weights[self._place[order]])
        return table, order

    def keep_in(self, link: int) -> None:
        """Keep the table as it is, for spikes under way in this link, before it gets other delays."""
        self._retired[link] = self.table, self._place

    def put_delays(self, table: SynapseTable, order: NDArray[np.int64]) -> None:
        """Take a table of `with_delays`."""
        self._place = np.empty(self.size, np.int64)
        self._place[order] = np.arange(self.size)
        self.table = table

    def forget(self, link: int) -> None:
        """No spike is under way in this link any more."""
        del self._retired[link]

    def retired(self) -> dict[int, SynapseTable]:
        """Tables by the link that they are kept in."""
        return {link: table for link, (table, _) in self._retired.items()}


def _with_weights(
    table: SynapseTable, place: NDArray[np.int64], numbers: Numbers, values: FloatArray
) -> SynapseTable:
    """The table with other weights, in an array that may be written to: the next change is made in it."""
    if isinstance(numbers, slice) and values.size == 1:
        return table._replace(weights=values)
    weights = table.weights
    if table.weights_common:
        weights = np.full(place.size, weights[0], np.float32)
    elif not weights.flags.writeable:
        weights = weights.copy()
    weights[place[numbers]] = values
    return table._replace(weights=weights)
