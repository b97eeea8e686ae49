"""Spikes streamed to an HDF5 raster (SONATA) while a run goes on; memory does not grow with their number."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from eventsim.errors import FileAccessError, FileFormatError, InputError
from eventsim.files import failures_naming
from eventsim.recording import raster_layout as layout
from eventsim.recording.results import Floats, PopulationInfo, StateRecorder
from eventsim.version import __version__


def package_versions() -> dict[str, str]:
    """Versions of what the result depends on."""
    found = {"eventsim": __version__, "python": platform.python_version()}
    for package in ("numpy", "numba", "h5py"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


class RasterWriter:
    """A sink that writes ``path``, through ``path.partial`` until `close`.

    ``populations`` are (name, first, size, recorded); ``metadata`` may hold ``scenario`` (text), ``seed``
    (int), ``settings`` (anything JSON can hold), ``duration_ms`` (planned), ``versions`` and ``wiring`` (bytes of
    `eventsim.network.wiring`, kept so that the run can be priced on hardware from the file alone). The file is a
    function of these, of the spikes and of the samples: not of the clock, nor of how the engine cut them into
    chunks.

    As a context manager it closes the file at the end; after an exception what was recorded stays, readable,
    in ``path.partial``. Raises InputError for names HDF5 cannot hold, FileAccessError for a path that cannot be
    written, FileFormatError for one that another process is writing.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        populations: Iterable[tuple[str, int, int] | tuple[str, int, int, bool]],
        metadata: Mapping[str, Any] | None = None,
        recorders: Sequence[StateRecorder] = (),
    ) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise FileAccessError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.path))
        self.partial = self.path.with_name(self.path.name + layout.PARTIAL)
        self.populations = tuple(PopulationInfo(*p) for p in populations)
        self._check_populations()
        self._metadata = dict(metadata or {})
        self._times = np.empty(layout.BLOCK)
        self._ids = np.empty(layout.BLOCK, dtype=np.uint32)
        self._staged = 0
        self._last_time = -np.inf
        # Quiet runs would otherwise keep all they have in memory, to be lost in a kill.
        planned_ms = float(self._metadata.get("duration_ms") or np.inf)
        self._flush_every = self._flush_at = planned_ms / layout.LEAST_FLUSHES
        self._owner_of = _owner_table(self.populations)
        try:
            with failures_naming(self.partial):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                _make_way(self.partial)
                # No chunk cache: an append writes its own bytes and no others, and a flush has little left to do.
                self._file = h5py.File(
                    self.partial, "x", libver="earliest", rdcc_nbytes=0, locking="best-effort"
                )
        except FileAccessError as error:
            if error.errno != errno.EWOULDBLOCK:
                raise
            raise FileFormatError(f"{self.partial}: another run is writing it") from None
        self._write_header()
        spikes = self._file.create_group("spikes")
        self._columns = [_SpikeColumns(spikes, p.name) if p.recorded else None for p in self.populations]
        states = self._group.create_group("states")
        self._states = [_StateRows(states, number, what) for number, what in enumerate(recorders)]
        self._progress = _Progress(self._group, sum(p.recorded for p in self.populations), len(self._states))
        self._file.flush()

    def spikes(self, times: Floats, ids: NDArray[np.uint32]) -> None:
        """Append spikes: times (n,) in ms, global ids (n,), sorted by (time, id) within and between calls."""
        done = 0
        while done < len(times):
            if times[done] >= self._flush_at:
                self._write_block()
                self._progress.update(float(times[done]))
                self._flush_at = (float(times[done]) // self._flush_every + 1.0) * self._flush_every
            piece = min(layout.BLOCK - self._staged, len(times) - done)
            piece = max(1, min(piece, int(np.searchsorted(times[done:], self._flush_at))))
            self._times[self._staged : self._staged + piece] = times[done : done + piece]
            self._ids[self._staged : self._staged + piece] = ids[done : done + piece]
            self._staged += piece
            done += piece
            if self._staged == layout.BLOCK:
                self._write_block()

    def states(self, recorder_number: int, times: Floats, values: Floats) -> None:
        """Append samples of one recorder: times (k,) in ms, values (k, n_neurons)."""
        rows = self._states[recorder_number]
        rows.append(times, values)
        self._progress.rows(recorder_number, rows.written)

    def close(
        self,
        counts: Mapping[str, Any] | None = None,
        duration_ms: float | None = None,
        spike_counts: NDArray[np.int64] | None = None,
    ) -> None:
        """Write what is left, the counts and the simulated time, and give the file its name.

        ``counts``: numbers and arrays by name. They are part of the file's identity: no run times among them.
        ``duration_ms``: by default the planned one of the metadata, else the last spike's time.
        ``spike_counts``: spikes of every neuron and source by global id, also of those that are not recorded.
        """
        self._write_block()
        if duration_ms is None:
            duration_ms = self._metadata.get("duration_ms", max(self._last_time, 0.0))
        group = self._group.create_group("counts")
        for name in sorted(counts or {}):
            value = np.asarray((counts or {})[name])
            if value.ndim:
                group.create_dataset(name, data=value)
            else:
                group.attrs[name] = value
        if spike_counts is not None:
            self._group.create_dataset("spike_counts", data=np.asarray(spike_counts, np.int64))
        self._group.attrs["duration_ms"] = np.float64(duration_ms)
        self._progress.update(float(duration_ms))
        self._group.attrs["complete"] = np.uint8(1)
        self._file.close()
        os.replace(self.partial, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._file:
            return
        if kind is None:
            self.close()
            return
        try:
            self._write_block()
        finally:
            self._file.close()

    def _check_populations(self) -> None:
        firsts = [p.first for p in self.populations]
        if firsts != sorted(firsts):
            raise InputError("populations", firsts, "must be in the order of their first ids")
        for index, population in enumerate(self.populations):
            if not population.name or "/" in population.name or population.name in (".", ".."):
                why = "a population's name in a raster is not empty and holds no slash"
                raise InputError("populations", population.name, why, index)

    def _write_header(self) -> None:
        self._file.attrs["magic"] = layout.MAGIC
        self._file.attrs["version"] = layout.SONATA_VERSION
        self._group = group = self._file.create_group(layout.GROUP)
        group.attrs["format"] = layout.text(layout.FORMAT)
        group.attrs["format_version"] = layout.FORMAT_VERSION
        group.attrs["complete"] = np.uint8(0)
        group.attrs["duration_ms"] = np.float64(np.nan)
        if self._metadata.get("seed") is not None:
            group.attrs["seed"] = layout.text(str(int(self._metadata["seed"])))
        group.create_dataset("scenario", data=layout.text(str(self._metadata.get("scenario", ""))))
        settings = json.dumps(self._metadata.get("settings", {}), sort_keys=True)
        group.create_dataset("settings", data=layout.text(settings))
        if self._metadata.get("wiring"):
            wiring = np.frombuffer(self._metadata["wiring"], np.uint8)
            group.create_dataset("wiring", data=wiring, compression="gzip", track_times=False)
        versions = group.create_group("versions")
        for name, number in sorted(self._metadata.get("versions", package_versions()).items()):
            versions.attrs[name] = layout.text(str(number))
        recorded = [p for p in self.populations if p.recorded]
        longest = max([1, *(len(p.name.encode()) for p in recorded)])
        columns = [("name", h5py.string_dtype("utf-8", longest)), ("first", "u8"), ("size", "u8")]
        table = np.array([(p.name.encode(), p.first, p.size) for p in recorded], dtype=np.dtype(columns))
        group.create_dataset("populations", data=table)

    def _write_block(self) -> None:
        """Append the staged spikes to their populations, flush, then say so in the progress."""
        times, ids = self._times[: self._staged], self._ids[: self._staged]
        self._staged = 0
        if not len(times):
            return
        if not (times[0] >= self._last_time and bool(np.all(times[1:] >= times[:-1]))):
            raise InputError("times", float(times[0]), "spikes must be handed over in the order of time")
        self._last_time = float(times[-1])
        owner = self._owners(ids)
        # Of a narrow type, so the stable sort is a radix sort: ten times quicker.
        order = np.argsort(owner, kind="stable")
        start, stops = 0, np.cumsum(np.bincount(owner, minlength=len(self.populations)))
        for population, columns, stop in zip(self.populations, self._columns, stops, strict=True):
            mine = order[start:stop]
            start = stop
            if columns is None or not len(mine):
                continue
            columns.append(times[mine], ids[mine].astype(np.uint64) - np.uint64(population.first))
        self._file.flush()
        self._progress.update(self._last_time, [c.written for c in self._columns if c is not None])

    def _owners(self, ids: NDArray[np.uint32]) -> NDArray[np.unsignedinteger[Any]]:
        """The number of the population of each id; InputError where an id belongs to none."""
        nobody = len(self.populations)
        owners: NDArray[np.unsignedinteger[Any]] = np.take(self._owner_of, ids, mode="clip")
        strays = np.flatnonzero(owners == nobody)
        if len(strays):
            raise InputError("ids", int(ids[strays[0]]), "belongs to no population", int(strays[0]))
        return owners


class _SpikeColumns:
    """The two data sets of a population."""

    def __init__(self, spikes: h5py.Group, name: str) -> None:
        group = spikes.create_group(name)
        group.attrs.create("sorting", layout.SORTINGS["by_time"], dtype=layout.SORTING_TYPE)
        shape: dict[str, Any] = {"shape": (0,), "maxshape": (None,), "chunks": (layout.CHUNK,)}
        # Without fill values a new chunk is not written twice.
        self._times = group.create_dataset("timestamps", dtype="f8", fill_time="never", **shape)
        self._times.attrs["units"] = layout.text("ms")
        self._ids = group.create_dataset("node_ids", dtype="u8", fill_time="never", **shape)
        self.written = 0

    def append(self, times: Floats, ids: NDArray[np.uint64]) -> None:
        # The low-level calls take a fifth of the time of h5py's indexing, which counts for small populations.
        memory = h5py.h5s.create_simple((len(times),))
        for dataset, values in ((self._times.id, times), (self._ids.id, ids)):
            dataset.set_extent((self.written + len(values),))
            space = dataset.get_space()
            space.select_hyperslab((self.written,), (len(values),))
            dataset.write(memory, space, values)
        self.written += len(times)


class _StateRows:
    """The samples of one recorder, in data sets laid out for all planned times at once.

    The planned size makes their place in the file independent of how samples and spikes come interleaved.
    """

    def __init__(self, states: h5py.Group, number: int, what: StateRecorder) -> None:
        group = states.create_group(str(number))
        group.attrs["population"] = layout.text(what.population)
        group.attrs["variable"] = layout.text(what.variable)
        group.create_dataset("neurons", data=np.asarray(what.neurons, dtype=np.uint64))
        self._shape = (len(what.times_ms), len(what.neurons))
        self._times = _laid_out(group, "times", self._shape[:1])
        self._times.attrs["units"] = layout.text("ms")
        self._values = _laid_out(group, "values", self._shape)
        if what.unit:
            self._values.attrs["units"] = layout.text(what.unit)
        self.written = 0

    def append(self, times: Floats, values: Floats) -> None:
        stop = self.written + len(times)
        if np.shape(values) != (len(times), self._shape[1]) or stop > self._shape[0]:
            raise InputError(
                "values", np.shape(values), f"does not fit samples of shape {self._shape} in all"
            )
        self._times[self.written : stop] = times
        self._values[self.written : stop] = values
        for dataset in (self._times, self._values):
            dataset.flush()
        self.written = stop


class _Progress:
    """How far the file is sound; see the layout. It is one small array, written at once: never half of it."""

    def __init__(self, group: h5py.Group, populations: int, recorders: int) -> None:
        self._values = np.zeros(1 + populations + recorders)
        self._first_recorder = 1 + populations
        self._dataset = group.create_dataset("progress", data=self._values)

    def update(self, until_ms: float, written: Sequence[int] | None = None) -> None:
        self._values[0] = until_ms
        if written is not None:
            self._values[1 : self._first_recorder] = written
        self._write()

    def rows(self, recorder: int, written: int) -> None:
        self._values[self._first_recorder + recorder] = written
        self._write()

    def _write(self) -> None:
        self._dataset[...] = self._values
        self._dataset.flush()


def _make_way(path: Path) -> None:
    """Remove what a killed run left in ``path``.  Raises BlockingIOError where a run is still writing it.

    HDF5 by itself truncates a file before it finds that another process has locked it.
    """
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as left:
        fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)  # HDF5 locks what it writes by flock too
        if os.fstat(left.fileno()).st_nlink:  # else somebody else has just removed it
            path.unlink()


def _owner_table(populations: Sequence[PopulationInfo]) -> NDArray[np.unsignedinteger[Any]]:
    """The position of the population of each global id; ``len(populations)`` for none, as at the end."""
    ids = max([0, *(p.first + p.size for p in populations)])
    owner = np.full(ids + 1, len(populations), dtype=np.min_scalar_type(len(populations)))
    for number, population in enumerate(populations):
        owner[population.first : population.first + population.size] = number
    return owner


def _laid_out(group: h5py.Group, name: str, shape: tuple[int, ...]) -> h5py.Dataset:
    """A data set whose place in the file is taken at once; what is not written yet reads as zero."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return group.create_dataset(name, shape=shape, dtype="f8", dcpl=plist)
