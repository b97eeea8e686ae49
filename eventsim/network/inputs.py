"""Where activity comes from: spike trains, regular and Poisson sources, Poisson drives and current steps.

Times are in ms, rates in spikes a second, 1e11 at most.  An input is a description; `eventsim.build.streams` makes the
events.
"""

from __future__ import annotations

import math
from dataclasses import InitVar, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError, naming
from eventsim.network import checks
from eventsim.network.description import Description, FloatArray, frozen_array

if TYPE_CHECKING:
    from eventsim.network.population import PopulationView


HIGHEST_HZ = 1e11
"""Of what fires by itself: far above it times could not be told apart, and what is drawn at once exceeds memory."""


@dataclass(frozen=True)
class Source(Description):
    """Base of what `Network.source` takes: a description of spikes that depend on no network."""

    @property
    def own_size(self) -> int | None:
        """The number of sources that the description itself fixes, None if it fits any number."""
        return None


@dataclass(frozen=True)
class SpikeTrains(Source):
    """Given spike times.

    ``SpikeTrains([times of source 0, times of source 1, ...])``, each in non-decreasing order, or
    ``SpikeTrains(times, ids, size)`` with equally long arrays in non-decreasing order of time (size: by
    default the largest id + 1).  Kept as `times` (n,) and `ids` (n,) uint32 in order of (time, id).

    Raises:
        InputError: a time that is negative, not finite or out of order, an id outside 0..size-1.
    """

    times: FloatArray
    ids: NDArray[np.uint32] = None  # type: ignore[assignment]
    size: int = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        times: Any = self.times
        ids: Any = self.ids
        size: Any = self.size
        if ids is None:
            times, ids, own_size = _from_trains(times)
            size = own_size if size is None else size
        times, ids = checks.times("times", times), frozen_array(ids, "ids")
        if ids.shape != times.shape:
            raise InputError("ids", ids.shape, f"as many ids as times are needed: {times.shape}")
        if ids.size and ids.dtype.kind not in "iu":
            raise InputError("ids", ids.dtype.name, "whole numbers are needed")
        size = checks.whole("size", (int(ids.max()) + 1 if ids.size else 0) if size is None else size)
        wrong = (ids < 0) | (ids >= size)
        if wrong.any():
            index = int(np.argmax(wrong))
            raise InputError("ids", int(ids[index]), f"ids go from 0 to {size - 1}", index)
        order = np.lexsort((ids, times))
        self._set("times", checks.times("times", times[order]))
        kept = ids[order].astype(np.uint32)
        kept.setflags(write=False)
        self._set("ids", kept)
        self._set("size", size)

    @property
    def own_size(self) -> int | None:
        return self.size

    @classmethod
    def from_file(
        cls, path: str | Path, population: str | None = None, size: int | None = None
    ) -> SpikeTrains:
        """Spike trains of a SONATA file (.h5), of an .npz with `times` and `ids`, or of two columns of text.

        The spikes may be in any order.  population: which one of a SONATA file, needed if it has several.

        Raises:
            FileFormatError: the file is not one of these.
            MissingDataError: there is no such file.
        """
        from eventsim.network.spike_files import read_spikes

        times, ids = read_spikes(Path(path), population)
        order = np.argsort(times, kind="stable")
        with naming(str(path)):
            return cls(times[order], ids[order], size)  # type: ignore[arg-type]


def _from_trains(trains: Any) -> tuple[FloatArray, NDArray[np.uint32], int]:
    """The merged (times, ids) of one array a source, or of a single train of numbers, and the number of
    sources."""
    if isinstance(trains, np.ndarray) and trains.dtype != object and trains.ndim == 1:
        trains = [trains]
    elif not isinstance(trains, list | tuple | np.ndarray) or (
        isinstance(trains, np.ndarray) and trains.ndim == 0
    ):
        raise InputError("times", trains, "a list with an array of times for each source is needed")
    elif len(trains) and all(map(np.isscalar, trains)):
        trains = [trains]
    arrays = [checks.times(f"times[{i}]", train) for i, train in enumerate(trains)]
    ids = np.repeat(np.arange(len(arrays), dtype=np.uint32), [array.size for array in arrays])
    times = np.concatenate(arrays) if arrays else np.zeros(0)
    order = np.argsort(times, kind="stable")
    return times[order], ids[order], len(arrays)


@dataclass(frozen=True)
class RegularSpikes(Source):
    """Spikes at start_ms + k interval_ms, k = 0, 1, 2, ..., those before stop_ms.

    Give `interval_ms` or `rate_hz`, each a number or an array with one element a source; so may `start_ms`
    be.
    """

    interval_ms: float | FloatArray = math.nan
    rate_hz: InitVar[float | FloatArray | None] = None
    start_ms: float | FloatArray = 0.0
    stop_ms: float = math.inf

    def __post_init__(self, rate_hz: Any) -> None:
        given = not (isinstance(self.interval_ms, float) and math.isnan(self.interval_ms))
        if given == (rate_hz is not None):
            raise InputError("interval_ms", self.interval_ms, "give either interval_ms or rate_hz")
        if given:
            interval = checks.number_or_array("interval_ms", self.interval_ms, 1e3 / HIGHEST_HZ)
        else:
            interval = 1000.0 / checks.number_or_array("rate_hz", rate_hz, 0.0, HIGHEST_HZ, above=True)
        self._set("interval_ms", interval)
        self._set("start_ms", checks.number_or_array("start_ms", self.start_ms, 0.0))
        self._set("stop_ms", checks.number("stop_ms", self.stop_ms, 0.0, infinite=True))
        super().__post_init__()
        _common_size(interval_ms=self.interval_ms, start_ms=self.start_ms)

    @property
    def own_size(self) -> int | None:
        return _common_size(interval_ms=self.interval_ms, start_ms=self.start_ms)


def _common_size(**values: object) -> int | None:
    """The length of the arrays among the values, which must agree; None if all are numbers."""
    size: int | None = None
    for field, value in values.items():
        if isinstance(value, np.ndarray):
            if size not in (None, value.size):
                raise InputError(field, value.size, f"as many elements as the other array are needed: {size}")
            size = value.size
    return size


@dataclass(frozen=True)
class PiecewiseRate(Description):
    """A rate that is rates_hz[k] from times_ms[k] to times_ms[k + 1], the last one for ever, zero before the
    first.

    times_ms: (k,) increasing, >= 0.  rates_hz: (k,), >= 0, spikes a second.
    """

    times_ms: FloatArray
    rates_hz: FloatArray

    def validate(self) -> None:
        self._set("times_ms", checks.times("times_ms", self.times_ms, strictly=True))
        self._set("rates_hz", checks.real_array("rates_hz", self.rates_hz, 0.0, HIGHEST_HZ))
        if self.times_ms.size == 0:
            raise InputError("times_ms", (), "at least one time is needed")
        if self.rates_hz.shape != self.times_ms.shape:
            raise InputError(
                "rates_hz", self.rates_hz.size, f"as many rates as times are needed: {self.times_ms.size}"
            )


@dataclass(frozen=True)
class PoissonSpikes(Source):
    """Independent Poisson sources that fire in start_ms <= t < stop_ms.

    rate_hz: a number, an array with one rate a source, or a `PiecewiseRate` for all.
    """

    rate_hz: float | FloatArray | PiecewiseRate
    start_ms: float = 0.0
    stop_ms: float = math.inf

    def validate(self) -> None:
        if not isinstance(self.rate_hz, PiecewiseRate):
            self._set("rate_hz", checks.number_or_array("rate_hz", self.rate_hz, 0.0, HIGHEST_HZ))
        self._set("start_ms", checks.number("start_ms", self.start_ms, 0.0))
        self._set("stop_ms", checks.number("stop_ms", self.stop_ms, self.start_ms, infinite=True))

    @property
    def own_size(self) -> int | None:
        return self.rate_hz.size if isinstance(self.rate_hz, np.ndarray) else None


@dataclass(frozen=True)
class PoissonDrive(Description):
    """Independent Poisson arrivals at each target neuron: no delay, not recorded; made by `Network.drive`.

    rate_hz: of each neuron, a number or a `PiecewiseRate`; or an array, one rate a target in the order given.
    weight, receptor: what the model's jump is given.
    """

    name: str
    number: int
    target: PopulationView
    rate_hz: float | FloatArray | PiecewiseRate
    weight: float
    receptor: int = 0

    def validate(self) -> None:
        if not isinstance(self.rate_hz, PiecewiseRate):
            self._set("rate_hz", checks.number_or_array("rate_hz", self.rate_hz, 0.0, HIGHEST_HZ))
            if isinstance(self.rate_hz, np.ndarray) and self.rate_hz.size != self.target.size:
                raise InputError(
                    "rate_hz", self.rate_hz.size, f"as many rates as targets are needed: {self.target.size}"
                )
        self._set("weight", checks.number("weight", self.weight))
        self._set("receptor", checks.whole("receptor", self.receptor))


@dataclass(frozen=True)
class StepCurrent(Description):
    """The external current of the target neurons is values[k] from times_ms[k] on; made by `Network.current`.

    times_ms: (k,) increasing, >= 0.  values: (k,) the same for all, or (k, n) one column a target neuron.
    """

    name: str
    number: int
    target: PopulationView
    times_ms: FloatArray
    values: FloatArray

    def validate(self) -> None:
        self._set("times_ms", checks.times("times_ms", self.times_ms, strictly=True))
        self._set("values", checks.real_array("values", self.values, dimensions=(1, 2)))
        k, n = self.times_ms.size, self.target.size
        if self.values.shape not in ((k,), (k, n)):
            raise InputError("values", self.values.shape, f"the shape must be ({k},) or ({k}, {n})")
