"""A recurrent network of look-up tables as populations: the state is a volley that goes round, an interval a byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut import formula
from eventsim.lut.lattice import snap
from eventsim.lut.layer import LUTLayer
from eventsim.lut.population import Intervals, LatencyRange, add_layer, connect_anchors, output_range
from eventsim.lut.recurrent import Recurrent
from eventsim.models.lut import OWN_LATENCY, LUTOutputs, LUTTables
from eventsim.network.network import Network
from eventsim.network.population import Population
from eventsim.network.rules import OneToOne, TableRows

Latencies = NDArray[np.float64]


@dataclass(frozen=True)
class Loop:
    """On the lattice: the recurrent layer, and the unembedding with its sign changed, so that latencies are -logits."""

    recurrent: LUTLayer
    readout: LUTLayer
    embedding: Latencies

    @classmethod
    def of(cls, model: Recurrent) -> Loop:
        """The loop of a trained model, its tables rounded to the lattice."""
        readout = model.readout_layer().snapped()
        negative = LUTLayer(readout.n_in, readout.anchors, -readout.tables)
        embedding = snap(model.weights.embedding[:, : model.settings.latencies])
        return cls(model.recurrent_layer().snapped(), negative, embedding)

    def forward(self, z: Latencies) -> tuple[Latencies, Latencies]:
        """States and output latencies, (bytes, n) and (bytes, 256), for input volleys ``z`` (bytes, n); by the
        formula."""
        states = np.empty_like(z)
        state = np.full(z.shape[1], np.inf)
        for t, each in enumerate(z):
            more = formula.look_up(self.recurrent.anchors, self.recurrent.tables, state)
            states[t] = state = formula.add(each, more)
        return states, formula.look_up(self.readout.anchors, self.readout.tables, states)

    def ranges(self, inputs: LatencyRange) -> list[LatencyRange]:
        """Where the latencies of inputs, states and outputs lie."""
        return [inputs, output_range(self.recurrent, inputs), output_range(self.readout, None)]

    def add(
        self, network: Network, source: Population, intervals: Intervals, inputs: LatencyRange
    ) -> tuple[Population, Population]:
        """Populations ``state tables``, ``state``, ``next byte tables`` and ``next byte``; the second and the last.

        The byte of interval t makes the state that spikes in interval t + 1, where its tables are read into the next
        state, and those of the unembedding for the output that spikes in t + 2.
        """
        if source.size != self.recurrent.n_in:
            raise InputError("source", source.size, f"the state has {self.recurrent.n_in} neurons")
        self.recurrent.check()
        timing: dict[str, Any] = {"start_ms": intervals.start_ms, "interval_ms": intervals.length_ms}
        model = LUTTables(self.recurrent.n_comparisons, **timing)
        tables = network.population("state tables", self.recurrent.n_tables, model)
        outputs = LUTOutputs(offset_ms=intervals.offset_ms, **timing)
        state = network.population("state", self.recurrent.n_out, outputs)
        connect_anchors(network, state, tables, self.recurrent.anchors)
        network.connect(tables, state, TableRows(self.recurrent.tables.astype(np.float64)), delay=0.0)
        network.connect(source, state, OneToOne(), delay=0.0, receptor=OWN_LATENCY)
        return state, add_layer(network, state, self.readout, intervals, "next byte")
