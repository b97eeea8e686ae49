"""Columns of all kinds, through HDF5 and Parquet and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas
import pytest

from eventsim.errors import FileFormatError, InputError
from eventsim.sweep.flatten import flatten
from eventsim.sweep.table import Table, column, make_table
from eventsim.sweep.table_files import is_table, read_hdf5, write_hdf5, write_parquet


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([True, False], "bool", [True, False]),
        ([1, 2], "int64", [1, 2]),
        ([2**64 - 1, 0], "uint64", [2**64 - 1, 0]),
        ([2**70, 0], "float64", [2.0**70, 0.0]),
        ([1, 2.5], "float64", [1.0, 2.5]),
        ([1, None], "float64", [1.0, np.nan]),
        ([True, None], "float64", [1.0, np.nan]),
        ([np.inf, 0.1], "float64", [np.inf, 0.1]),
        ([None, None], "float64", [np.nan, np.nan]),
        (["a", "größer"], "<U6", ["a", "größer"]),
        (["a", None], "<U1", ["a", ""]),
        (["a", 1], "<U3", ['"a"', "1"]),
        ([[1, 2], [3]], "float64", [[1, 2], [3, np.nan]]),
        ([[1, 2], [3, 4]], "int64", [[1, 2], [3, 4]]),
        ([[1], None], "float64", [[1], [np.nan]]),
        ([["a"], ["b"]], "<U5", ['["a"]', '["b"]']),
        ([[], []], "float64", [[], []]),
    ],
)
def test_columns(values: list[Any], dtype: str, expected: list[Any]) -> None:
    made = column(values)
    assert made.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(made, np.array(expected, dtype=dtype))
    assert not made.flags.writeable


def test_metrics_of_any_shape_become_named_values() -> None:
    metrics = {
        "a": np.float64(1.5),
        "inner": {"n": np.int64(3), "deep": {"text": "x"}},
        "array": np.arange(4).reshape(2, 2),
        "rows": [{"s": 0.5, "q": {"p": 1}}, {"s": 1.0}],
        "per/second": None,
    }
    assert flatten(metrics) == {
        "a": 1.5,
        "inner.n": 3,
        "inner.deep.text": "x",
        "array": [[0, 1], [2, 3]],
        "rows.s": [0.5, 1.0],
        "rows.q.p": [1, None],
        "per.second": None,
    }
    with pytest.raises(InputError, match="two values"):
        flatten({"a.b": 1, "a": {"b": 2}})
    with pytest.raises(InputError, match="neither a number"):
        flatten({"a": object()})


def table() -> Table:
    settings = [
        {"parameters.g": 4.5, "kind": "größer", "seed": 2**64 - 1},
        {"parameters.g": 5.0, "kind": "x", "seed": 1},
    ]
    rows = [
        {"summary": {"spikes": 10}, "metrics": {"cv": 0.1, "each": [1, 2, 3]}, "raster": "a.h5", "error": ""},
        {"error": 'ZeroDivisionError: a, "b"'},
    ]
    return make_table(settings, rows, 0, {"scenario": {"name": "x"}, "dimensions": []})


def test_hdf5_gives_the_table_back_and_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        write_hdf5(table(), tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    back = read_hdf5(tmp_path / "a.h5")
    assert back.header == table().header
    assert list(back.columns) == list(table().columns)
    for name, values in table().columns.items():
        assert back.columns[name].dtype == values.dtype
        np.testing.assert_array_equal(back.columns[name], values)
    assert back.failed.tolist() == [False, True]
    assert back["cv"][0] == back["metrics/cv"][0] == 0.1
    with pytest.raises(InputError, match="did you mean"):
        back["metrics/cw"]
    with h5py.File(tmp_path / "a.h5") as file:  # as any user reads it
        assert file["settings/parameters.g"][...].tolist() == [4.5, 5.0]
        assert file["settings/kind"].asstr()[...].tolist() == ["größer", "x"]
        assert json.loads(file["header"][()])["scenario"] == {"name": "x"}


def test_parquet_is_what_pandas_reads(tmp_path: Path) -> None:
    write_parquet(table(), tmp_path / "a.parquet")
    frame = pandas.read_parquet(tmp_path / "a.parquet")
    assert frame["seed"].tolist() == [2**64 - 1, 1]
    assert frame["settings/kind"].tolist() == ["größer", "x"]
    assert frame["metrics/each"][0].tolist() == [1, 2, 3]
    assert table().to_pandas()["error"].tolist() == frame["error"].tolist()


def test_what_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["format"] = "another"
    for name in ("text.h5", "other.h5", "none.h5"):
        assert not is_table(tmp_path / name)
        with pytest.raises(FileFormatError, match=name):
            read_hdf5(tmp_path / name)
