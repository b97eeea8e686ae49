"""Events from Python among those of a network's description: spikes of sources and changes of currents."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels.memory import Block

Columns = tuple[NDArray[Any], ...]


class Injected:
    """What has been injected and has not happened yet: times (ms), global ids, values of currents."""

    def __init__(self) -> None:
        self._columns: dict[str, Columns] = {
            "source": (np.zeros(0), np.zeros(0, np.uint32)),
            "current": (np.zeros(0), np.zeros(0, np.uint32), np.zeros(0)),
        }

    def add(self, kind: str, *columns: NDArray[Any]) -> None:
        """One more spike of each source, or change of each current, at its time."""
        before = self._columns[kind]
        self._columns[kind] = tuple(
            np.concatenate([old, new.astype(old.dtype)]) for old, new in zip(before, columns, strict=True)
        )

    def take(self, kind: str, until: float) -> Columns:
        """What happens up to `until`, in order of injection; from now on the engine has it."""
        columns = self._columns[kind]
        due = columns[0] <= until
        self._columns[kind] = tuple(column[~due] for column in columns)
        return tuple(column[due] for column in columns)

    def merge(self, inputs: Block, until: float) -> None:
        """Put what happens up to `until` among what a kernel has still to take of its `INPUTS`.

        At one instant sources stand in order of id, as everywhere; changes of currents after those of the description,
        in order of injection.
        """
        for kind, names in (("source", ("times", "ids")), ("current", ("times", "ids", "values"))):
            new = self.take(kind, until)
            if new[0].size == 0:
                continue
            rest = slice(int(inputs.scalar(f"next_{kind}")), int(inputs.scalar(f"n_{kind}")))
            columns = [
                np.concatenate([inputs.arrays[f"{kind}_{name}"][rest], column])
                for name, column in zip(names, new, strict=True)
            ]
            by_id = columns[1] if kind == "source" else np.zeros(columns[1].size)
            order = np.lexsort((by_id, columns[0]))
            for name, column in zip(names, columns, strict=True):
                inputs.point(f"{kind}_{name}", column[order])
            inputs.record[f"n_{kind}"], inputs.record[f"next_{kind}"] = order.size, 0
