"""What a run returns: spikes per population, state traces and counts, in memory or read on demand."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError, MissingDataError
from eventsim.network import checks

if TYPE_CHECKING:
    import neo
    import pandas

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


class PopulationInfo(NamedTuple):
    """Where a population lies in the global numbering: ids ``first .. first + size - 1``."""

    name: str
    first: int
    size: int
    recorded: bool = True


class StateRecorder(NamedTuple):
    """Which variable of which neurons (local indices) is sampled, at which times (ms); its unit, empty if unknown."""

    population: str
    variable: str
    neurons: Ids
    times_ms: Floats
    unit: str = ""


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class SpikeRaster:
    """Spikes of one population in order of (time, id): ``times`` (n,) in ms, ``ids`` (n,) local indices."""

    times: Floats
    ids: Ids
    size: int

    def __len__(self) -> int:
        return len(self.times)

    def counts(self) -> Ids:
        """Spikes of each neuron, shape (size,)."""
        return np.bincount(self.ids, minlength=self.size).astype(np.int64, copy=False)

    def of(self, neuron: int) -> Floats:
        """Spike times of one neuron (ms)."""
        if checks.whole("neuron", neuron) >= self.size:
            raise InputError("neuron", neuron, f"the population has neurons 0 to {self.size - 1}")
        mine: Floats = self.times[self.ids == neuron]
        return mine

    def intervals(self) -> tuple[Floats, Ids]:
        """All inter-spike intervals (ms) and the neuron of each, neuron by neuron."""
        order = np.argsort(self.ids, kind="stable")
        ids = self.ids[order]
        same = ids[1:] == ids[:-1]
        return np.diff(self.times[order])[same], ids[1:][same]


@dataclass(frozen=True, eq=False)
class StateTrace:
    """A sampled variable: ``times`` (k,) in ms, ``neurons`` (n,) local indices, ``values`` (k, n) in ``unit``.

    The unit is empty where the model declares none or the file is of before there were units.
    """

    population: str
    variable: str
    times: Floats
    neurons: Ids
    values: Floats
    unit: str = ""

    @property
    def label(self) -> str:
        return f"{self.population}.{self.variable}"


class SpikeStore(Protocol):
    """Where `Results` reads from; ``population`` is a position in the list of populations."""

    def spike_count(self, population: int) -> int: ...

    def read_spikes(self, population: int, start_ms: float, stop_ms: float) -> tuple[Floats, Ids]: ...

    def read_trace(self, recorder: int) -> tuple[Floats, Floats]: ...


class Results:
    """Spikes, state traces and counts of a run, the same whether they lie in memory or in a raster file.

    ``duration_ms`` is the simulated time; ``counts`` what the engine counted; ``metadata`` what a raster file
    knows besides (scenario, seed, versions, settings). ``complete`` is False for the raster of a run that was
    killed: it then holds every spike before ``duration_ms`` and none after.
    """

    def __init__(
        self,
        duration_ms: float,
        populations: Iterable[PopulationInfo],
        store: SpikeStore,
        counts: Mapping[str, Any] | None = None,
        recorders: Sequence[StateRecorder] = (),
        metadata: Mapping[str, Any] | None = None,
        complete: bool = True,
    ) -> None:
        self.duration_ms = float(duration_ms)
        self.populations = {p.name: p for p in populations if p.recorded}
        self.counts: dict[str, Any] = dict(counts or {})
        self.recorders = tuple(recorders)
        self.metadata: dict[str, Any] = dict(metadata or {})
        self.complete = complete
        self._store = store
        self._position = {name: k for k, name in enumerate(self.populations)}

    def spikes(self, name: str, start_ms: float = -np.inf, stop_ms: float = np.inf) -> SpikeRaster:
        """Spikes of a population with ``start_ms <= time < stop_ms``; InputError for an unknown name."""
        start = checks.number("start_ms", start_ms, infinite=True)
        stop = checks.number("stop_ms", stop_ms, infinite=True)
        times, ids = self._store.read_spikes(self._find(name), start, stop)
        return SpikeRaster(_read_only(times), _read_only(ids), self.populations[name].size)

    def spike_count(self, name: str | None = None) -> int:
        """Spikes of a population, or of all of them."""
        if name is not None:
            return self._store.spike_count(self._find(name))
        return sum(self._store.spike_count(k) for k in range(len(self.populations)))

    def rate_hz(self, name: str) -> float:
        """Mean rate of a population's neurons; nan where nothing was simulated."""
        spikes = self.spike_count(name)
        neuron_ms = self.populations[name].size * self.duration_ms
        return 1e3 * spikes / neuron_ms if neuron_ms > 0.0 else float("nan")

    def states(self, recorder: int = 0) -> StateTrace:
        """The trace of a state recorder, by its number in the order of creation."""
        if checks.whole("recorder", recorder) >= len(self.recorders):
            raise InputError("recorder", recorder, f"this run has {len(self.recorders)} state recorders")
        what = self.recorders[recorder]
        times, values = self._store.read_trace(recorder)
        neurons = np.asarray(what.neurons, dtype=np.int64)
        times, neurons, values = map(_read_only, (times, neurons, values))
        return StateTrace(what.population, what.variable, times, neurons, values, what.unit)

    def to_pandas(self) -> pandas.DataFrame:
        """All spikes as a table (time_ms, population, neuron), by population and within it by time."""
        try:
            import pandas
        except ImportError:
            raise missing_extra("pandas") from None
        names = list(self.populations)
        rasters = [self.spikes(name) for name in names]
        codes = np.repeat(np.arange(len(names)), [len(raster) for raster in rasters])
        return pandas.DataFrame(
            {
                "time_ms": np.concatenate([np.empty(0), *(raster.times for raster in rasters)]),
                "population": pandas.Categorical.from_codes(codes, categories=pandas.Index(names, dtype=str)),
                "neuron": np.concatenate([np.empty(0, dtype=np.int64), *(raster.ids for raster in rasters)]),
            }
        )

    def to_neo(self) -> neo.Block:
        """A Neo block for Elephant and others: one segment a population, one spike train a neuron."""
        from eventsim.recording.neo_export import to_neo

        return to_neo(self)

    def _find(self, name: str) -> int:
        if not isinstance(name, str) or name not in self._position:
            near = difflib.get_close_matches(str(name), self._position, n=1, cutoff=0.0)
            hint = f"did you mean {near[0]!r}?" if near else "nothing was recorded"
            raise InputError("population", name, f"no such recorded population; {hint}")
        return self._position[name]

    def __repr__(self) -> str:
        state = "" if self.complete else ", incomplete"
        lines = [f"Results({self.duration_ms:g} ms, {self.spike_count():,} spikes{state})"]
        for name, info in self.populations.items():
            spikes = f"{self.spike_count(name):,} spikes, {self.rate_hz(name):.2f} Hz"
            lines.append(f"  {name}: {info.size:,} neurons, {spikes}")
        return "\n".join(lines)


def missing_extra(package: str, extra: str | None = None) -> MissingDataError:
    """The error for a package that is not installed, naming the extra that brings it: by default its namesake."""
    return MissingDataError(
        f'the package {package} is not installed: pip install "eventsim[{extra or package}]"'
    )
