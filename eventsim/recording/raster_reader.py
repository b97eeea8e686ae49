"""Reading a raster back: finished, cut off in the middle of a run, or written by another SONATA tool."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from eventsim.errors import FileFormatError, MissingDataError
from eventsim.network import wiring
from eventsim.network.network import Network
from eventsim.recording import raster_layout as layout
from eventsim.recording.results import Floats, Ids, PopulationInfo, Results, StateRecorder


def open_raster(path: str | os.PathLike[str]) -> Results:
    """The results in a raster file; spikes are read when they are asked for.

    The raster of a run that was killed (``*.partial``) gives what is sound in it: ``complete`` is False and
    ``duration_ms`` the time before which no spike is missing. A SONATA file of another tool has no duration
    and no sizes: they are taken from its last spike and its largest id. Raises FileFormatError.
    """
    header = _read_header(Path(path))
    return Results(
        header.duration_ms,
        header.populations,
        _RasterFile(header),
        header.counts,
        header.recorders,
        header.metadata,
        header.complete,
    )


def read_wiring(path: str | os.PathLike[str]) -> tuple[Network, NDArray[np.int64]]:
    """The wiring of the network that made a raster, and the spikes of every neuron and source by global id.

    Raises MissingDataError where the file has none: it is of another tool, of an older eventsim or not finished.
    """
    with _opened(Path(path)) as file:
        own = file.get(layout.GROUP)
        if own is None or "wiring" not in own:
            raise MissingDataError(f"{path}: has no wiring to count from; run the scenario again to get it")
        if "spike_counts" not in own:
            raise MissingDataError(f"{path}: is not finished and has no spike counts")
        data, counts = own["wiring"][...].tobytes(), own["spike_counts"][...]
    network = wiring.from_bytes(data, str(path))
    if counts.shape != (network.size,) or (counts < 0).any():
        raise FileFormatError(f"{path}: its spike counts are not those of {network.size} neurons and sources")
    return network, counts


def info(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a raster file holds, as values JSON can hold; counts that are arrays are left out."""
    results = open_raster(path)
    populations = [
        {
            "name": p.name,
            "size": p.size,
            "spikes": results.spike_count(p.name),
            "rate_hz": results.rate_hz(p.name) if results.duration_ms > 0.0 and p.size else None,
        }
        for p in results.populations.values()
    ]
    recorders = [
        {
            "population": recorder.population,
            "variable": recorder.variable,
            "unit": recorder.unit or None,
            "neurons": len(recorder.neurons),
            "samples": len(recorder.times_ms),
        }
        for recorder in results.recorders
    ]
    return {
        "path": str(path),
        "file_bytes": Path(path).stat().st_size,
        "complete": results.complete,
        "duration_ms": results.duration_ms,
        "spikes": results.spike_count(),
        "populations": populations,
        "recorders": recorders,
        "counts": {name: value for name, value in results.counts.items() if np.ndim(value) == 0},
        **results.metadata,
    }


#: What h5py and NumPy raise on a file whose bytes are not what they should be.
_DAMAGE = (
    OSError,
    LookupError,
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    MemoryError,
    OverflowError,
)


@dataclass
class _Header:
    """What is read when a file is opened: all but the spikes and the samples."""

    path: Path
    populations: list[PopulationInfo]
    spikes: list[int]
    duration_ms: float
    complete: bool = True
    sorted_by_time: list[bool] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    recorders: list[StateRecorder] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)


class _RasterFile:
    """Reads slices of a raster; the file is open only while it is read."""

    def __init__(self, header: _Header) -> None:
        self._header = header
        self._names = [p.name for p in header.populations]

    def spike_count(self, population: int) -> int:
        return self._header.spikes[population]

    def read_spikes(self, population: int, start_ms: float, stop_ms: float) -> tuple[Floats, Ids]:
        with _opened(self._header.path) as file:
            group = _population_group(file, self._names[population])
            times, ids = group["timestamps"], group[_ids_name(group)]
            sound = self._header.spikes[population]
            if self._header.sorted_by_time[population]:
                low = _first_at_or_after(times, sound, start_ms)
                high = _first_at_or_after(times, sound, stop_ms)
                spikes = times[low:high].astype(np.float64, copy=False), ids[low:high].astype(np.int64)
            else:
                spikes = _sorted_slice(times[:sound], ids[:sound], start_ms, stop_ms)
        return self._checked(self._header.populations[population], *spikes)

    def _checked(self, population: PopulationInfo, times: Floats, ids: Ids) -> tuple[Floats, Ids]:
        """Spikes that kernels can work through: damage in the data themselves is nothing that HDF5 finds."""
        if len(ids) and not 0 <= ids.min() <= ids.max() < population.size:
            found, why = (
                ids[(ids < 0) | (ids >= population.size)][0],
                f"ids go from 0 to {population.size - 1}",
            )
            raise FileFormatError(
                f"{self._header.path}: {population.name} has a spike of neuron {found}; {why}"
            )
        finite = not len(times) or np.isfinite(times[[0, -1]]).all()
        if not finite or not (times[1:] >= times[:-1]).all():
            raise FileFormatError(
                f"{self._header.path}: {population.name} has spikes out of the order of time"
            )
        return times, ids

    def read_trace(self, recorder: int) -> tuple[Floats, Floats]:
        rows = len(self._header.recorders[recorder].times_ms)
        with _opened(self._header.path) as file:
            group = file[layout.GROUP]["states"][str(recorder)]
            return group["times"][:rows], group["values"][:rows]


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """The file, open for reading; whatever HDF5 finds wrong with it becomes one line."""
    if path.is_dir():
        raise FileFormatError(f"{path}: is a directory, not a raster file")
    if not path.exists():
        partial = path.with_name(path.name + layout.PARTIAL)
        unfinished = f"; the raster of an unfinished run is there: {partial}" if partial.exists() else ""
        raise FileFormatError(f"{path}: there is no such file{unfinished}")
    try:
        # Without locking, the raster of a run that still goes on can be read too.
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except PermissionError:
        raise FileFormatError(f"{path}: no permission to read it") from None
    except _DAMAGE as error:
        raise FileFormatError(f"{path}: {_reason(str(error))}") from None


def _reason(message: str) -> str:
    if "file signature not found" in message:
        return "is not an HDF5 file"
    if "truncated file" in message:
        return "is cut short: a part of the HDF5 file is missing"
    first_line = message.strip().splitlines()[0] if message.strip() else "no details"
    return f"is damaged or not a raster ({first_line})"


def _read_header(path: Path) -> _Header:
    with _opened(path) as file:
        if not isinstance(file.get("spikes"), h5py.Group):
            raise FileFormatError(f"{path}: has no group /spikes, so it is not a SONATA spike file")
        own = file.get(layout.GROUP)
        if isinstance(own, h5py.Group) and "format" in own.attrs:
            return _read_own_header(path, file, own)
        return _read_foreign_header(path, file)


def _read_own_header(path: Path, file: h5py.File, own: h5py.Group) -> _Header:
    if int(own.attrs["format_version"]) > layout.FORMAT_VERSION:
        raise FileFormatError(f"{path}: was written by a newer eventsim ({_versions(own).get('eventsim')})")
    table = own["populations"][...]
    populations = [PopulationInfo(r["name"].decode(), int(r["first"]), int(r["size"])) for r in table]
    complete = bool(own.attrs["complete"])
    until_ms, *written = own["progress"][...].tolist()
    spikes = [int(n) for n in written[: len(populations)]]
    for population, promise in zip(populations, spikes, strict=True):
        stored = min(len(file["spikes"][population.name][name]) for name in ("timestamps", "node_ids"))
        if stored < promise:
            raise FileFormatError(f"{path}: {population.name} has {stored} of {promise} spikes")
    states, rows = own["states"], written[len(populations) :]
    metadata: dict[str, Any] = {
        "format": _text(own.attrs["format"]),
        "scenario": _text(own["scenario"][()]),
        "seed": int(_text(own.attrs["seed"])) if "seed" in own.attrs else None,
        "settings": json.loads(_text(own["settings"][()])),
        "versions": _versions(own),
    }
    duration = own.attrs["duration_ms"] if complete else until_ms
    return _Header(
        path,
        populations,
        spikes,
        float(duration),
        complete,
        [True] * len(spikes),
        _read_counts(own["counts"]) if complete else {},
        [_read_recorder(states[str(k)], int(n)) for k, n in enumerate(rows)],
        metadata,
    )


def _read_foreign_header(path: Path, file: h5py.File) -> _Header:
    header = _Header(path, [], [], 0.0, metadata={"format": "SONATA spikes"})
    first = 0
    for name in _foreign_populations(file):
        group = _population_group(file, name)
        if not isinstance(group, h5py.Group) or not {"timestamps", _ids_name(group)} <= set(group):
            raise FileFormatError(f"{path}: /spikes/{name} has no timestamps and node_ids")
        times, ids = group["timestamps"], group[_ids_name(group)]
        if times.shape != ids.shape or times.ndim != 1:
            raise FileFormatError(f"{path}: /spikes/{name}: timestamps and node_ids differ in length")
        if times.dtype.kind not in "iuf" or ids.dtype.kind not in "iuf":
            raise FileFormatError(f"{path}: /spikes/{name}: timestamps or node_ids are no numbers")
        by_time = _sorting(group) == layout.SORTINGS["by_time"]
        if len(times):
            last = float(times[-1] if by_time else times[...].max())
            if not np.isfinite(last):
                raise FileFormatError(f"{path}: /spikes/{name} has a spike at {last} ms")
            header.duration_ms = max(header.duration_ms, last)
        size = int(ids[...].max()) + 1 if len(ids) else 0
        header.populations.append(PopulationInfo(name, first, size))
        header.spikes.append(len(times))
        header.sorted_by_time.append(by_time)
        first += size
    return header


def _foreign_populations(file: h5py.File) -> list[str]:
    """Names of the populations; ``spikes`` for the early SONATA layout, which has none: /spikes/gids."""
    return ["spikes"] if "gids" in file["spikes"] else list(file["spikes"])


def _population_group(file: h5py.File, name: str) -> h5py.Group:
    return file["spikes"] if "gids" in file["spikes"] else file["spikes"][name]


def _ids_name(group: h5py.Group) -> str:
    return "gids" if "gids" in group else "node_ids"


def _sorting(group: h5py.Group) -> int:
    """SONATA's ``sorting``, an enum, or the string that some tools write; 0 where it is missing."""
    value = group.attrs.get("sorting", 0)
    if isinstance(value, (str, bytes)):
        return layout.SORTINGS.get(_text(value), 0)
    return int(value)


def _read_recorder(group: h5py.Group, rows: int) -> StateRecorder:
    neurons = group["neurons"][...].astype(np.int64)
    names = _text(group.attrs["population"]), _text(group.attrs["variable"])
    unit = _text(group["values"].attrs.get("units", ""))
    return StateRecorder(*names, neurons, group["times"][:rows], unit)


def _read_counts(group: h5py.Group) -> dict[str, Any]:
    counts: dict[str, Any] = {name: np.asarray(value).item() for name, value in group.attrs.items()}
    counts.update((name, dataset[...]) for name, dataset in group.items())
    return counts


def _versions(own: h5py.Group) -> dict[str, str]:
    return {name: _text(value) for name, value in own["versions"].attrs.items()}


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _first_at_or_after(times: h5py.Dataset, length: int, time_ms: float) -> int:
    """The first position of a sorted data set with a time not before ``time_ms``, by bisection on disk."""
    if np.isinf(time_ms):
        return length if time_ms > 0.0 else 0
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        if times[middle] < time_ms:
            low = middle + 1
        else:
            high = middle
    return low


def _sorted_slice(times: Any, ids: Any, start_ms: float, stop_ms: float) -> tuple[Floats, Ids]:
    inside = (times >= start_ms) & (times < stop_ms)
    times, ids = times[inside].astype(np.float64), ids[inside].astype(np.int64)
    order = np.lexsort((ids, times))
    return times[order], ids[order]
