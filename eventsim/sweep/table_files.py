"""The table of a sweep as a file: HDF5, and Parquet by extra; a function of the table alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from eventsim.errors import FileFormatError
from eventsim.recording.results import missing_extra
from eventsim.sweep.manifest import FORMAT
from eventsim.sweep.table import Column, Table

_VERSION = 1


def write_hdf5(table: Table, path: Path) -> None:
    """A dataset for each column, under its name; the header as JSON in the dataset ``header``."""
    with h5py.File(path, "w", libver="earliest") as file:
        file.attrs["format"] = np.bytes_(FORMAT)
        file.attrs["format_version"] = _VERSION
        file.create_dataset("header", data=_bytes(np.array(json.dumps(table.header, sort_keys=True))))
        file.create_dataset("columns", data=_bytes(np.array(json.dumps(list(table.columns)))))
        for name, column in table.columns.items():
            file.create_dataset(name, data=_bytes(column) if column.dtype.kind == "U" else column)


def read_hdf5(path: Path) -> Table:
    """The table that `write_hdf5` wrote.  Raises ``FileFormatError``."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            if _text(file.attrs.get("format", b"")) != FORMAT:
                raise FileFormatError(f"{path}: is not the table of a sweep")
            if int(file.attrs["format_version"]) > _VERSION:
                raise FileFormatError(f"{path}: was written by a newer eventsim")
            names = json.loads(_text(file["columns"][()]))
            columns = {name: _column(file[name]) for name in names}
            return Table(columns, json.loads(_text(file["header"][()])))
    except (OSError, KeyError, ValueError) as error:
        raise FileFormatError(f"{path}: cannot be read as the table of a sweep ({error})") from None


def is_table(path: Path) -> bool:
    """Whether the file is the table of a sweep."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return _text(file.attrs.get("format", b"")) == FORMAT
    except OSError:
        return False


def need_parquet() -> None:
    """Raise ``MissingDataError`` without pyarrow."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise missing_extra("pyarrow", "parquet") from None


def write_parquet(table: Table, path: Path) -> None:
    """The same columns in Parquet.  Raises ``MissingDataError`` without pyarrow."""
    need_parquet()
    import pyarrow
    import pyarrow.parquet

    columns = {
        name: pyarrow.array(column if column.ndim == 1 else list(column))
        for name, column in table.columns.items()
    }
    written = pyarrow.table(columns).replace_schema_metadata(
        {"eventsim sweep": json.dumps(table.header, sort_keys=True)}
    )
    pyarrow.parquet.write_table(written, path)


def _bytes(texts: Column) -> Any:
    """Texts as UTF-8 of one length: their place in the file is a function of them alone."""
    encoded = np.char.encode(texts, "utf-8")
    kind = h5py.string_dtype("utf-8", max(encoded.dtype.itemsize, 1))
    return encoded.astype(kind)


def _column(dataset: h5py.Dataset) -> Column:
    values = dataset[...]
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    values.setflags(write=False)
    return values  # type: ignore[no-any-return]


def _text(value: Any) -> str:
    return bytes(value).decode() if isinstance(value, bytes | np.bytes_) else str(value)
