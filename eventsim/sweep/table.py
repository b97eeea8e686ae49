"""The table of a sweep: a column for each setting, summary and metric, a row for each point."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.scenario.problems import nearest
from eventsim.sweep.journal import Row

if TYPE_CHECKING:
    import pandas

Column = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns by name, (points,) or, for metrics that are lists, (points, longest); all read-only.

    Names begin with ``settings/``, ``summary/`` or ``metrics/``; beside these there are ``seed``, ``raster`` and
    ``error`` (a text, empty where the point ran).  A number that is missing is NaN.  ``header`` is what all points
    share: the scenario, the dimensions, versions.
    """

    columns: Mapping[str, Column]
    header: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.columns["error"])

    def __getitem__(self, name: str) -> Column:
        """The column of this name, or of the metric, summary or setting of this name."""
        for prefix in ("", "metrics/", "summary/", "settings/"):
            if prefix + name in self.columns:
                return self.columns[prefix + name]
        raise InputError("column", name, f"no such column, {nearest(name, self.columns)}")

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Where a point ended in an error, (points,)."""
        return np.asarray(self.columns["error"] != "", dtype=np.bool_)

    def to_pandas(self) -> pandas.DataFrame:
        """All columns that have one value a point.  Raises ``MissingDataError`` without pandas."""
        try:
            import pandas
        except ImportError:
            from eventsim.recording.results import missing_extra

            raise missing_extra("pandas") from None
        return pandas.DataFrame({name: column for name, column in self.columns.items() if column.ndim == 1})


def make_table(
    settings: Sequence[Mapping[str, Any]], rows: Sequence[Row], seed: int, header: Mapping[str, Any]
) -> Table:
    """The table of points in their order.  ``seed`` is that of points whose settings name none."""
    columns: dict[str, Column] = {"seed": column([point.get("seed", seed) for point in settings])}
    for key in dict.fromkeys(key for point in settings for key in point):
        columns[f"settings/{key}"] = column([point.get(key) for point in settings])
    for part in ("summary", "metrics"):
        for name in dict.fromkeys(name for row in rows for name in row.get(part, ())):
            columns[f"{part}/{name}"] = column([row.get(part, {}).get(name) for row in rows])
    for part in ("raster", "error"):
        columns[part] = column([row.get(part, "") for row in rows])
    return Table(columns, dict(header))


def column(values: Sequence[Any]) -> Column:
    """Values as an array of the narrowest of bool, int64, uint64, float64 and text that holds them.

    ``None`` is NaN among numbers and empty among texts; lists of numbers become rows, filled up with NaN; whatever
    else is mixed becomes JSON.
    """
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, list) for value in known):
        flat = _rows(values)
        made = column([json.dumps(value) for value in values]) if flat is None else flat
    elif known and all(isinstance(value, str) for value in known):
        made = np.array(["" if value is None else value for value in values], dtype=np.str_)
    elif all(isinstance(value, bool | int | float) for value in known):
        made = _numbers(values, known)
    else:
        made = column([json.dumps(value) for value in values])
    made.setflags(write=False)
    return made


def _numbers(values: Sequence[Any], known: Sequence[Any]) -> Column:
    if len(known) == len(values):
        if all(isinstance(value, bool) for value in known):
            return np.array(values, dtype=np.bool_)
        if all(isinstance(value, int) for value in known):
            for kind in (np.int64, np.uint64):
                if np.iinfo(kind).min <= min(known) and max(known) <= np.iinfo(kind).max:
                    return np.array(values, dtype=kind)
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)


def _rows(values: Sequence[Any]) -> Column | None:
    """Lists of numbers as the rows of an array; None where they are not lists of numbers alone."""
    lists = [[] if value is None else value for value in values]
    flat = [each for value in lists for each in value]
    if not all(each is None or isinstance(each, bool | int | float) for each in flat):
        return None
    longest = max(map(len, lists))
    return _numbers_array([[*value, *[None] * (longest - len(value))] for value in lists], longest)


def _numbers_array(rows: Iterable[Sequence[Any]], width: int) -> Column:
    flat = [each for row in rows for each in row]
    known = [each for each in flat if each is not None]
    return _numbers(flat, known).reshape(-1, width) if flat else np.empty((len(list(rows)), 0))
