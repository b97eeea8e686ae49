"""Look-up-table layers in a network: tables and outputs as populations, read row by row as spikes arrive."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut.lattice import LATTICE_MS
from eventsim.lut.layer import LUTLayer
from eventsim.models.lut import OWN_LATENCY, LUTOutputs, LUTTables
from eventsim.network.inputs import SpikeTrains
from eventsim.network.network import Network
from eventsim.network.population import Population
from eventsim.network.rules import Explicit, OneToOne, TableRows


class Intervals(NamedTuple):
    """Volley k lies in (start + k length, start + (k + 1) length]; latency x is at start + k length + offset + x.

    All in ms.  Each layer answers the volley of one interval in the next.
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


def intervals_for(least_ms: float, greatest_ms: float, start_ms: float = 0.0) -> Intervals:
    """The shortest intervals of whole ms that hold all latencies from `least_ms` to `greatest_ms`."""
    if not least_ms <= greatest_ms < np.inf:
        raise InputError("latencies", (least_ms, greatest_ms), "finite bounds in order are needed")
    offset = float(np.floor(1.0 - least_ms))  # a spike exactly at the start would belong to the volley before
    return Intervals(float(np.ceil(offset + greatest_ms)), offset, start_ms)


def latency_range(
    layers: list[LUTLayer], least_ms: float, greatest_ms: float, residual: bool = False
) -> tuple[float, float]:
    """Bounds of the latencies that inputs within the given bounds can lead to in any of the layers, inputs included."""
    low, high = least_ms, greatest_ms
    bounds = [(low, high)]
    for layer in layers:
        lows, highs = layer.latency_bounds()
        low, high = (low + lows.min(), high + highs.max()) if residual else (lows.min(), highs.max())
        bounds.append((float(low), float(high)))
    return min(low for low, _ in bounds), max(high for _, high in bounds)


def add_volleys(
    network: Network, name: str, latencies: NDArray[np.float64], intervals: Intervals, first: int = 0
) -> Population:
    """Sources that spike with the latencies (n, m) in ms, volley k in interval `first` + k; inf: no spike.

    Raises InputError for a latency that does not fit into the intervals.
    """
    n, m = latencies.shape
    times = intervals.spike_times(latencies, np.arange(first, first + n))
    present = np.isfinite(latencies)
    place = latencies + intervals.offset_ms
    outside = present & ((place <= 0.0) | (place > intervals.length_ms))
    if outside.any():
        volley, neuron = np.argwhere(outside)[0]
        raise InputError(
            f"latencies[{volley}, {neuron}]",
            float(latencies[volley, neuron]),
            f"must be above {-intervals.offset_ms:g} and at most {intervals.length_ms - intervals.offset_ms:g} ms",
        )
    ids = np.broadcast_to(np.arange(m), (n, m))[present]
    order = np.argsort(times[present], kind="stable")
    return network.source(name, SpikeTrains(times[present][order], ids[order].astype(np.uint32), m))


def add_layer(
    network: Network,
    source: Population,
    layer: LUTLayer,
    intervals: Intervals,
    name: str,
    residual: bool = False,
) -> Population:
    """A layer that reads the volleys of `source`: populations ``<name> tables`` and ``<name>``, the outputs.

    The table of `layer` must lie on the lattice (`LUTLayer.snapped`).  Residual layers add the input's latencies.
    Returns the outputs.  Raises InputError where sizes differ or an output could leave its interval.
    """
    layer.check()
    _check_fit(layer, intervals)
    if source.size != layer.n_in:
        raise InputError("source", source.size, f"the layer has {layer.n_in} inputs")
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
    table, comparison, side = (axis.ravel() for axis in np.indices(layer.anchors.shape))
    pins = (2 * comparison + side).astype(np.float64)
    anchors = layer.anchors.ravel()
    network.connect(source, tables, Explicit(anchors, table), weight=pins, delay=0.0)
    network.connect(tables, outputs, TableRows(layer.tables.astype(np.float64)), delay=0.0)
    if residual:
        network.connect(source, outputs, OneToOne(), delay=0.0, receptor=OWN_LATENCY)
    return outputs


def _check_fit(layer: LUTLayer, intervals: Intervals) -> None:
    """Raise InputError where sums would be rounded or a spike could leave its interval."""
    for field, value in intervals._asdict().items():
        if value / LATTICE_MS != np.round(value / LATTICE_MS):
            raise InputError(field, value, f"must be a multiple of {LATTICE_MS:g} ms")
    lows, highs = layer.latency_bounds()
    least, greatest = float(lows.min()), float(highs.max())
    if least + intervals.offset_ms <= 0.0:
        raise InputError(
            "offset_ms", intervals.offset_ms, f"an output's latency can be as small as {least:g} ms"
        )
    if greatest + intervals.offset_ms > intervals.length_ms:
        raise InputError(
            "length_ms", intervals.length_ms, f"an output's latency can be as large as {greatest:g} ms"
        )
