"""What of a sweep is drawn over what: the settings that vary, the seeds that replicate, the metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import shown
from eventsim.scenario.problems import ScenarioError, nearest
from eventsim.sweep.curves import Curve, curve
from eventsim.sweep.plan import Dimension
from eventsim.sweep.read import planned
from eventsim.sweep.table import Table

SEED = "seed"
SEEDS = (SEED, "noise.seed")
MOST_METRICS = 9


@dataclass(frozen=True, eq=False)
class View:
    """The points that are drawn (``rows``, indices into the table), and the keys that vary among them.

    keys: one key of each dimension, seeds apart, of more than one value.  sampled: the keys that were drawn at random.
    """

    table: Table
    rows: NDArray[np.int64]
    keys: tuple[str, ...]
    sampled: tuple[str, ...]

    def setting(self, key: str) -> NDArray[Any]:
        """The values of a setting at the points, (n,)."""
        return self.table.columns[f"settings/{key}"][self.rows]

    def metric(self, name: str) -> NDArray[np.float64]:
        """The values of a metric at the points, (n,); NaN where a point failed."""
        return np.asarray(self.table[name][self.rows], dtype=np.float64)

    def is_numeric(self, key: str) -> bool:
        return self.setting(key).dtype.kind in "iuf"

    def curve(self, metric: str, key: str, among: NDArray[np.bool_] | None = None) -> Curve:
        """The metric over a setting, replicated over the seeds; ``among`` chooses points, (n,)."""
        chosen = np.ones(len(self.rows), dtype=bool) if among is None else among
        seeds = self.table.columns[SEED][self.rows]
        return curve(self.setting(key)[chosen], seeds[chosen], self.metric(metric)[chosen])

    def label(self, key: str) -> str:
        """The key, with those that change together with it."""
        others = next(
            (each.keys for each in planned_dimensions(self.table) if key in each.keys and not each.sampled),
            (key,),
        )
        with_it = ", ".join(other for other in others if other != key)
        return f"{key} (with {with_it})" if with_it else key


def view(table: Table, at: Mapping[str, Any] | None = None) -> View:
    """The points at which the settings have the values ``at``.

    Raises ``ScenarioError`` for a setting that does not vary or never has the value.
    """
    mask = ~table.failed
    for key, value in (at or {}).items():
        name = f"settings/{key}"
        if name not in table.columns:
            raise ScenarioError(f"--at {key}: is not varied, {nearest(key, _varied(table), 'varied')}")
        here = table.columns[name] == value
        if not np.any(here):
            raise ScenarioError(
                f"--at {key} = {shown(value)}: no point has it, but {_some(table.columns[name])}"
            )
        mask = mask & here
    rows = np.flatnonzero(mask)
    keys, sampled = [], []
    for dimension in planned_dimensions(table):
        varying = [
            key for key in dimension.keys if len(np.unique(table.columns[f"settings/{key}"][rows])) > 1
        ]
        if dimension.sampled:
            sampled += [key for key in varying if key not in SEEDS]
        elif varying and not set(SEEDS) & set(dimension.keys):
            keys.append(varying[0])
    return View(table, rows, tuple(keys), tuple(sampled))


def planned_dimensions(table: Table) -> tuple[Dimension, ...]:
    """What the sweep of the table was to vary, in order."""
    return planned(dict(table.header)).dimensions


def metric_names(table: Table, wanted: Sequence[str] | None = None) -> list[str]:
    """The metrics to draw: those wanted, else all numbers that differ between points, else the mean rate."""
    if wanted is not None:
        for name in wanted:
            column = table[name]
            if column.ndim != 1 or column.dtype.kind not in "biuf":
                raise ScenarioError(f"{name}: is not one number a point and cannot be drawn")
        return list(wanted)
    names = [name for name in table.columns if name.startswith("metrics/") and _differs(table.columns[name])]
    if not names:
        counted = {f"summary/{each}": f"metrics/{each}" for each in ("mean_rate_hz", "spikes")}
        names = [own for own, other in counted.items() if own in table.columns and other not in table.columns]
    return [name.partition("/")[2] for name in names]


def _differs(column: NDArray[Any]) -> bool:
    if column.ndim != 1 or column.dtype.kind not in "biuf":
        return False
    known = column[np.isfinite(np.asarray(column, dtype=np.float64))]
    return len(np.unique(known)) > 1


def _varied(table: Table) -> Iterator[str]:
    return (name.removeprefix("settings/") for name in table.columns if name.startswith("settings/"))


def _some(column: NDArray[Any]) -> str:
    values = np.unique(column)
    told = ", ".join(str(value) for value in values[:8])
    return told if len(values) <= 8 else f"{told}, ..."
