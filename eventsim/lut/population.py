"""Look-up-table layers in a network: tables and outputs as populations, read row by row as spikes arrive."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut.lattice import LATTICE_MS, snap
from eventsim.lut.layer import LUTLayer
from eventsim.lut.network import LUTNetwork
from eventsim.models.lut import OWN_LATENCY, LUTOutputs, LUTTables
from eventsim.network.inputs import SpikeTrains
from eventsim.network.network import Network
from eventsim.network.population import Population
from eventsim.network.rules import Explicit, OneToOne, TableRows

LATEST_MS = 2.0**28
"""Until then, about three days, times in float64 lie on the lattice with room for the sums (`eventsim.lut.lattice`)."""


class LatencyRange(NamedTuple):
    """The least and the greatest latency that can occur, ms."""

    least: float
    greatest: float


class Intervals(NamedTuple):
    """Volley k lies between start + k length and start + (k + 1) length; latency x is at start + k length + offset + x.

    All in ms.  Each layer answers the volley of one interval in the next.  No spike lies on a border: there, tables
    that miss an input are read, before anything that arrives.
    """

    length_ms: float
    offset_ms: float
    start_ms: float = 0.0

    def spike_times(self, latencies: NDArray[np.float64], volleys: NDArray[np.int64]) -> NDArray[np.float64]:
        """Times (n, m) of volleys with the given latencies (n, m) in the given intervals (n,)."""
        return self.start_ms + volleys[:, np.newaxis] * self.length_ms + self.offset_ms + latencies

    def latencies(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Latencies of spikes, and the intervals in which they lie."""
        volleys = np.ceil((times - self.start_ms) / self.length_ms).astype(np.int64) - 1
        return times - (self.start_ms + volleys * self.length_ms) - self.offset_ms, volleys

    def table(
        self, times: NDArray[np.float64], ids: NDArray[np.int64], n_volleys: int, size: int, first: int = 0
    ) -> NDArray[np.float64]:
        """Latencies (n_volleys, size) of spikes from interval `first` on, by neuron; inf where none was."""
        latencies, volleys = self.latencies(times)
        inside = (volleys >= first) & (volleys < first + n_volleys)
        table = np.full((n_volleys, size), np.inf)
        table[volleys[inside] - first, ids[inside]] = latencies[inside]
        return table

    def after(self, wire_ms: float) -> Intervals:
        """These intervals so much later: those of a layer that spikes reach after `wire_ms`."""
        return self._replace(start_ms=self.start_ms + wire_ms)

    def duration_ms(self, n_volleys: int, n_layers: int = 1) -> float:
        """How long a simulation of volleys 0 to `n_volleys` - 1 takes until the last layer has answered."""
        return self.start_ms + (n_volleys + n_layers) * self.length_ms


def intervals_for(ranges: list[LatencyRange], start_ms: float = 0.0) -> Intervals:
    """The shortest intervals of whole ms that hold all of the latencies in `ranges` (see `latency_ranges`)."""
    least, greatest = min(each.least for each in ranges), max(each.greatest for each in ranges)
    if not -np.inf < least <= greatest < np.inf:
        raise InputError("ranges", (least, greatest), "finite bounds in order are needed")
    offset = float(np.floor(1.0 - least))
    return Intervals(float(np.floor(1.0 + offset + greatest)), offset, start_ms)


def latency_ranges(stack: LUTNetwork, inputs: LatencyRange) -> list[LatencyRange]:
    """Where the latencies of the inputs and of each layer lie, also while only a part of the rows has been added.

    An output that has summed a part of its rows must not be due before the rest has come, so a range holds the sums
    of any part of them, 0 included.
    """
    ranges = [inputs]
    for layer, residual in zip(stack.layers, stack.residual, strict=True):
        ranges.append(output_range(layer, ranges[-1] if residual else None))
    return ranges


def add_volleys(
    network: Network, name: str, latencies: NDArray[np.float64], intervals: Intervals, first: int = 0
) -> Population:
    """Sources that spike with the latencies (n, m) in ms, volley k in interval `first` + k; inf: no spike.

    Raises InputError for a latency that is not on the lattice or does not fit into the intervals.
    """
    _check_intervals(intervals)
    latencies = np.asarray(latencies, dtype=np.float64)
    if latencies.ndim != 2 or latencies.shape[1] == 0:
        raise InputError("latencies", latencies.shape, "the shape must be (n, m), with m at least 1")
    n, m = latencies.shape
    _check_latencies(latencies, intervals)
    times = intervals.spike_times(latencies, np.arange(first, first + n))
    present = np.isfinite(latencies)
    if first < 0 or (present.any() and times[present].max() > LATEST_MS):
        raise InputError("first", first, f"volleys must lie between 0 and {LATEST_MS:g} ms")
    ids = np.broadcast_to(np.arange(m), (n, m))[present]
    order = np.argsort(times[present], kind="stable")
    return network.source(name, SpikeTrains(times[present][order], ids[order].astype(np.uint32), m))


def add_layer(
    network: Network,
    source: Population,
    layer: LUTLayer,
    intervals: Intervals,
    name: str,
    residual: LatencyRange | None = None,
    wire_ms: float = 0.0,
) -> Population:
    """A layer that reads the volleys of `source`: populations ``<name> tables`` and ``<name>``, the outputs.

    The table of `layer` must lie on the lattice (`LUTLayer.snapped`).  `residual`: for a layer that adds the input's
    latencies, where these lie.  A missing spike is one later than all others.  A table whose inputs are all missing is
    silent and adds nothing, and so does a missing input to the sum of a residual layer; an output spikes if anything
    at all has been added.

    wire_ms: how long the spikes of `source` take to the layer, all of whose intervals begin so much later
    (`Intervals.after`).  Jitter on them can advance an arrival by no more.

    Returns the outputs.  Raises InputError where sizes differ or an output could leave its interval.
    """
    layer.check()
    _check_intervals(intervals)
    _check_fit(output_range(layer, residual), intervals)
    if source.size != layer.n_in:
        raise InputError("source", source.size, f"the layer has {layer.n_in} inputs")
    intervals = intervals.after(wire_ms)
    if residual is not None and layer.n_in != layer.n_out:
        raise InputError("residual", residual, f"the layer has {layer.n_in} inputs and {layer.n_out} outputs")
    tables = network.population(
        f"{name} tables",
        layer.n_tables,
        LUTTables(layer.n_comparisons, start_ms=intervals.start_ms, interval_ms=intervals.length_ms),
    )
    outputs = network.population(
        name,
        layer.n_out,
        LUTOutputs(
            start_ms=intervals.start_ms, interval_ms=intervals.length_ms, offset_ms=intervals.offset_ms
        ),
    )
    connect_anchors(network, source, tables, layer.anchors, wire_ms)
    network.connect(tables, outputs, TableRows(layer.tables.astype(np.float64)), delay=0.0)
    if residual is not None:
        network.connect(source, outputs, OneToOne(), delay=wire_ms, receptor=OWN_LATENCY)
    return outputs


def add_stack(
    network: Network,
    source: Population,
    stack: LUTNetwork,
    intervals: Intervals,
    names: list[str],
    inputs: LatencyRange,
    wire_ms: float = 0.0,
) -> list[Population]:
    """The layers of `stack` one after the other, the outputs of layer k called ``names[k]``; see `add_layer`.

    inputs: where the latencies of `source` lie.  Returns the outputs of each layer.
    """
    if len(names) != len(stack.layers):
        raise InputError("names", names, f"there are {len(stack.layers)} layers")
    outputs, ranges = [source], latency_ranges(stack, inputs)
    for layer, residual, before, name in zip(stack.layers, stack.residual, ranges, names, strict=False):
        own = before if residual else None
        outputs.append(add_layer(network, outputs[-1], layer, intervals, name, own, wire_ms))
        intervals = intervals.after(wire_ms)
    return outputs[1:]


def connect_anchors(
    network: Network,
    source: Population,
    tables: Population,
    anchors: NDArray[np.int32],
    wire_ms: float = 0.0,
) -> None:
    """Every input to the comparisons that watch it, ``anchors`` (n_tables, n_comparisons, 2); the weight is the pin."""
    table, comparison, side = (axis.ravel() for axis in np.indices(anchors.shape))
    pins = (2 * comparison + side).astype(np.float64)
    ends = Explicit(anchors.ravel().astype(np.uint32), table.astype(np.uint32))
    network.connect(source, tables, ends, weight=pins, delay=wire_ms)


def output_range(layer: LUTLayer, residual: LatencyRange | None) -> LatencyRange:
    """Where the sums of any part of a layer's rows, and of a residual, lie."""
    low = np.minimum(layer.tables.min(axis=1), 0.0).sum(axis=0, dtype=np.float64).min()
    high = np.maximum(layer.tables.max(axis=1), 0.0).sum(axis=0, dtype=np.float64).max()
    own = LatencyRange(0.0, 0.0) if residual is None else residual
    return LatencyRange(float(low + min(own.least, 0.0)), float(high + max(own.greatest, 0.0)))


def _check_intervals(intervals: Intervals) -> None:
    """Raise InputError where times would be rounded."""
    for field, value in intervals._asdict().items():
        if not (abs(value) <= LATEST_MS and value == snap(value)):
            raise InputError(
                field, value, f"must be a multiple of {LATTICE_MS:g} ms, of at most {LATEST_MS:g} ms"
            )
    if intervals.length_ms <= 0.0:
        raise InputError("length_ms", intervals.length_ms, "must be positive")


def _check_latencies(latencies: NDArray[np.float64], intervals: Intervals) -> None:
    """Raise InputError for the first latency that is NaN, off the lattice or outside the intervals; inf is fine."""
    finite = np.where(latencies == np.inf, 0.0, latencies)
    least, greatest = -intervals.offset_ms, intervals.length_ms - intervals.offset_ms
    outside = (latencies != np.inf) & ~((latencies > least) & (latencies < greatest))
    between = finite != snap(finite)
    for wrong, why in (
        (outside, f"must be above {least:g} and below {greatest:g} ms, or inf for no spike"),
        (between, f"must be a multiple of {LATTICE_MS:g} ms; round it with snap()"),
    ):
        if wrong.any():
            volley, neuron = np.argwhere(wrong)[0]
            raise InputError(f"latencies[{volley}, {neuron}]", float(latencies[volley, neuron]), why)


def _check_fit(outputs: LatencyRange, intervals: Intervals) -> None:
    """Raise InputError where a spike could leave its interval, or be due before all rows have been added."""
    if outputs.least + intervals.offset_ms <= 0.0:
        raise InputError(
            "offset_ms",
            intervals.offset_ms,
            f"a sum of an output's latencies can be as small as {outputs.least:g} ms",
        )
    if outputs.greatest + intervals.offset_ms >= intervals.length_ms:
        raise InputError(
            "length_ms",
            intervals.length_ms,
            f"a sum of an output's latencies can be as large as {outputs.greatest:g} ms",
        )
