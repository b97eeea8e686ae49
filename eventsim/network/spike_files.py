"""Spike trains from files: SONATA HDF5, NumPy .npz, two columns of text."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import EventsimError, FileFormatError, InputError, cut
from eventsim.files import readable
from eventsim.network.description import FloatArray

Spikes = tuple[FloatArray, NDArray[np.int64]]


def read_spikes(path: Path, population: str | None) -> Spikes:
    """Times in ms and ids, equally long, in the order of the file."""
    path = readable(path)
    if path.suffix in (".h5", ".hdf5", ".sonata"):
        times, ids = _read_sonata(path, population)
    elif path.suffix == ".npz":
        times, ids = _read_npz(path)
    else:
        times, ids = _read_text(path)
    if times.ndim != 1 or ids.shape != times.shape:
        raise FileFormatError(
            f"{path}: times {times.shape} and ids {ids.shape} are not two equally long lists"
        )
    if times.dtype.kind not in "iuf":
        raise FileFormatError(f"{path}: the times are not numbers")
    if ids.size and (ids.dtype.kind not in "iuf" or (ids != np.floor(ids)).any()):
        raise FileFormatError(f"{path}: the ids are not whole numbers")
    wrong = (ids < 0) | (ids >= 2**32)
    if wrong.any():
        raise FileFormatError(f"{path}: ids go from 0 to 2**32 - 1, and one is {ids[wrong][0]:g}")
    return times.astype(np.float64), ids.astype(np.int64)


def _read_sonata(path: Path, population: str | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """/spikes/<population>/timestamps (in the unit of its attribute, ms or s) and node_ids."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            spikes = file["spikes"]
            names = list(spikes.keys())
            if not names:
                raise FileFormatError(f"{path}: has no population of spikes")
            if population is None and len(names) != 1:
                raise InputError("population", population, f"the file has {', '.join(names)}: name one")
            if population is not None and population not in names:
                raise InputError("population", population, f"the file has {', '.join(names)}")
            group = spikes[population or names[0]]
            unit = group["timestamps"].attrs.get("units", "ms")
            unit = unit.decode() if isinstance(unit, bytes) else str(unit)
            if unit not in ("ms", "s"):
                raise FileFormatError(f"{path}: the unit of the timestamps is {unit!r}, not ms or s")
            times = group["timestamps"][:]
            return times if unit == "ms" else times * 1000.0, group["node_ids"][:]
    except EventsimError:
        raise
    except (OSError, KeyError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"{path}: no SONATA file of spikes: {cut(str(error))}") from None


def _read_npz(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return arrays["times"], arrays["ids"]
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise FileFormatError(f"{path}: no .npz file with the arrays times and ids: {error}") from None


def _read_text(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Columns time, id; separated by white space or a comma; # starts a comment, the first line may be
    titles."""
    times: list[float] = []
    ids: list[float] = []
    titles_allowed = True
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise FileFormatError(f"{path}: no text file") from None
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].replace(",", " ").split()
        if not words:
            continue
        try:
            time, identifier = map(float, words)
        except ValueError:
            if not titles_allowed:
                raise FileFormatError(
                    f"{path}, line {number}: a time and an id are needed: {line!r}"
                ) from None
        else:
            times.append(time)
            ids.append(identifier)
        titles_allowed = False
    return np.array(times), np.array(ids)
