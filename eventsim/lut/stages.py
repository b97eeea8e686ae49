"""A text model as a row of stages, on the lattice of latencies: each answers the volleys of one interval in the next.

A stage has its direct formula (`forward`) and its populations (`add`), and both give the same bits.  Volleys are
(texts, positions, neurons); positions follow each other, interval by interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut import formula
from eventsim.lut.lattice import MOST_TABLES, check_on_lattice, snap
from eventsim.lut.layer import LUTLayer
from eventsim.lut.population import Intervals, LatencyRange, add_layer, connect_anchors, output_range
from eventsim.lut.transformer import Transformer
from eventsim.models.lut import OWN_LATENCY, LUTOutputs
from eventsim.models.lut_attention import LUTAttention
from eventsim.network.network import Network
from eventsim.network.population import Population
from eventsim.network.rules import OneToOne, TableRows

Latencies = NDArray[np.float64]


class Stage(Protocol):
    """What answers volleys."""

    def forward(self, x: Latencies) -> Latencies:
        """The latencies that answer ``x`` (texts, positions, n_in); inf for a spike that is missing."""
        ...

    def range(self, inputs: LatencyRange) -> LatencyRange:
        """Where the sums of any part of what is added up lie, for inputs in a range."""
        ...

    def add(self, network: Network, source: Population, intervals: Intervals, name: str,
            inputs: LatencyRange, origin: int) -> Population:  # fmt: skip
        """Populations ``<name> tables`` and ``<name>``, which answers; the first volley comes in interval
        ``origin``."""
        ...


@dataclass(frozen=True)
class LayerStage:
    """A layer on the lattice, which adds to its input where ``residual``."""

    layer: LUTLayer
    residual: bool

    def forward(self, x: Latencies) -> Latencies:
        more = formula.look_up(self.layer.anchors, self.layer.tables, x)
        return formula.add(x, more) if self.residual else more

    def range(self, inputs: LatencyRange) -> LatencyRange:
        return output_range(self.layer, inputs if self.residual else None)

    def add(self, network: Network, source: Population, intervals: Intervals, name: str,
            inputs: LatencyRange, origin: int) -> Population:  # fmt: skip
        return add_layer(network, source, self.layer, intervals, name, inputs if self.residual else None)


@dataclass(frozen=True)
class AttentionStage:
    """Attention on the lattice: all tables of all heads, whose rows are added to the input.

    query_anchors, key_anchors: int32 (n_tables, n_c, 2).  places: int64 (n_tables, context), bits of distances.
    tables: (n_tables, 2**(2 n_c + place_bits), n).
    """

    query_anchors: NDArray[np.int32]
    key_anchors: NDArray[np.int32]
    shared: bool
    places: NDArray[np.int64]
    place_bits: int
    tables: NDArray[np.floating]

    @property
    def context(self) -> int:
        return int(self.places.shape[1])

    def forward(self, x: Latencies) -> Latencies:
        anchors = self.query_anchors, self.key_anchors
        return formula.add(x, formula.attend(*anchors, self.places, self.place_bits, self.tables, x))

    def range(self, inputs: LatencyRange) -> LatencyRange:
        pairs = self.context - 1
        low = np.minimum(self.tables.min(axis=1), 0.0).sum(axis=0, dtype=np.float64).min()
        high = np.maximum(self.tables.max(axis=1), 0.0).sum(axis=0, dtype=np.float64).max()
        return LatencyRange(
            float(pairs * low + min(inputs.least, 0.0)), float(pairs * high + max(inputs.greatest, 0.0))
        )

    def add(self, network: Network, source: Population, intervals: Intervals, name: str,
            inputs: LatencyRange, origin: int) -> Population:  # fmt: skip
        self._check()
        timing: dict[str, Any] = {"start_ms": intervals.start_ms, "interval_ms": intervals.length_ms}
        n_tables, comparisons = self.query_anchors.shape[:2]
        model = LUTAttention(
            comparisons, self.place_bits, self.places, self.context, origin, self.shared, **timing
        )
        tables = network.population(f"{name} tables", n_tables, model)
        pins = [self.query_anchors] if self.shared else [self.query_anchors, self.key_anchors]
        connect_anchors(network, source, tables, np.concatenate(pins, axis=1))
        outputs = network.population(name, source.size, LUTOutputs(offset_ms=intervals.offset_ms, **timing))
        network.connect(tables, outputs, TableRows(self.tables.astype(np.float64)), delay=0.0)
        network.connect(source, outputs, OneToOne(), delay=0.0, receptor=OWN_LATENCY)
        return outputs

    def _check(self) -> None:
        if len(self.tables) * self.context > MOST_TABLES:
            raise InputError("tables", len(self.tables), "too many rows a position for sums to be exact")
        check_on_lattice("tables", self.tables, ("table", "row", "output"))


def transformer_stages(model: Transformer) -> list[Stage]:
    """Attention and feed-forward of each layer, then the unembedding with its sign changed: latencies are -logits.

    The tables are rounded to the lattice, so that the byte with the largest logit is the one whose output spikes first.
    """
    s, w, n = model.settings, model.weights, model.settings.latencies
    stages: list[Stage] = []
    for k in range(s.layers):
        tables = snap(w.tables[k, :, :, :n]).astype(np.float32)
        anchors = w.query_anchors[k], w.key_anchors[k]
        stages.append(AttentionStage(*anchors, s.shared_anchors, places(model, k), s.place_bits, tables))
        if s.feed_forward:
            stages.append(LayerStage(model.forward_layer(k).snapped(), True))
    readout = model.readout_layer().snapped()
    return [*stages, LayerStage(LUTLayer(n, readout.anchors, -readout.tables), False)]


def places(model: Transformer, k: int) -> NDArray[np.int64]:
    """The bits of distances 0 to context - 1 in layer ``k``, by table."""
    positions = model.weights.positions[k][:, : model.context][:, ::-1]
    anchors = model.weights.place_anchors[k]
    bits = positions[anchors[..., 0]] > positions[anchors[..., 1]]
    numbers: NDArray[np.int64] = (bits << np.arange(anchors.shape[1])[:, np.newaxis]).sum(axis=1)
    return np.ascontiguousarray(numbers)


def embedded(model: Transformer, tokens: NDArray[np.uint8]) -> Latencies:
    """The volleys of bytes: latencies (..., n) on the lattice."""
    return snap(model.weights.embedding[tokens, : model.settings.latencies])


def forward(stages: list[Stage], x: Latencies) -> list[Latencies]:
    """The volleys ``x`` and those that every stage answers with."""
    volleys = [x]
    for stage in stages:
        volleys.append(stage.forward(volleys[-1]))
    return volleys


def ranges(stages: list[Stage], inputs: LatencyRange) -> list[LatencyRange]:
    """Where the latencies of the inputs and of all stages lie."""
    found = [inputs]
    for stage in stages:
        found.append(stage.range(found[-1]))
    return found


def add_stages(
    network: Network,
    source: Population,
    stages: list[Stage],
    intervals: Intervals,
    names: list[str],
    inputs: LatencyRange,
) -> list[Population]:
    """All stages one after the other; the outputs of each.  The volleys of ``source`` begin in interval 0."""
    outputs = [source]
    for k, (stage, before, name) in enumerate(zip(stages, ranges(stages, inputs), names, strict=False)):
        outputs.append(stage.add(network, outputs[-1], intervals, name, before, k))
    return outputs[1:]
