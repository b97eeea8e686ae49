"""A stack of look-up-table layers, plain or residual, read out by the first spike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.kernels.lut.table import stack_forward
from eventsim.lut.layer import LUTLayer


class StackArrays(NamedTuple):
    """The arrays of a stack, one of each a layer."""

    anchors: tuple[NDArray[np.int32], ...]
    tables: tuple[NDArray[np.floating], ...]
    residual: NDArray[np.bool_]


@dataclass(frozen=True)
class LUTNetwork:
    """Layers in order; where ``residual[k]``, layer k adds to its input: ``x + LUT(x)`` in place of ``LUT(x)``.

    The output neuron that spikes first wins, so the logits are the negative output latencies in ms.
    Raises `InputError` where the sizes of neighbouring layers differ.
    """

    layers: Sequence[LUTLayer]
    residual: Sequence[bool] = ()

    def __post_init__(self) -> None:
        layers = tuple(self.layers)
        residual = tuple(self.residual) or (False,) * len(layers)
        if not layers:
            raise InputError("layers", layers, "a network needs at least one layer")
        if len(residual) != len(layers):
            raise InputError("residual", residual, f"must have one value a layer, {len(layers)}")
        for k, layer in enumerate(layers):
            if k and layer.n_in != layers[k - 1].n_out:
                raise InputError(
                    "layers", layer.n_in, f"inputs, but {layers[k - 1].n_out} outputs before it", k
                )
            if residual[k] and layer.n_in != layer.n_out:
                raise InputError("residual", True, f"{layer.n_in} inputs and {layer.n_out} outputs", k)
            if layer.tables.dtype != layers[0].tables.dtype:
                raise InputError("layers", str(layer.tables.dtype), "all tables must be of one type", k)
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "residual", residual)

    @property
    def n_in(self) -> int:
        return self.layers[0].n_in

    @property
    def n_out(self) -> int:
        return self.layers[-1].n_out

    @property
    def width(self) -> int:
        """The largest number of latencies between layers, input and output included."""
        return max(self.n_in, *(layer.n_out for layer in self.layers))

    @property
    def most_tables(self) -> int:
        return max(layer.n_tables for layer in self.layers)

    def latencies(self, x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Latencies of the input and of every layer, float64 (n, n_in), (n, n_out), ...; ``x``: (n, n_in) ms."""
        samples = checked_samples(self, x)
        states = np.zeros((len(samples), len(self.layers) + 1, self.width))
        stack_forward(*self.arrays(), samples, self.most_tables, states)
        sizes = [self.n_in, *(layer.n_out for layer in self.layers)]
        return [states[:, k, :size] for k, size in enumerate(sizes)]

    def forward(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Output latencies in ms, float64 (n, n_out), for input latencies ``x`` (n, n_in)."""
        return self.latencies(x)[-1]

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.int64]:
        """The output that spikes first, int64 (n,); of simultaneous ones the one with the lower number."""
        winner: NDArray[np.int64] = self.forward(x).argmin(axis=1)
        return winner

    def accuracy(self, x: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
        """Fraction of the samples whose first output spike is that of ``labels`` (n,)."""
        return float(np.mean(self.predict(x) == labels))

    def snapped(self) -> LUTNetwork:
        """The same network on the lattice of latencies, as a simulation needs it."""
        return LUTNetwork([layer.snapped() for layer in self.layers], self.residual)

    def arrays(self) -> StackArrays:
        """Anchors, tables (not copied) and the residual flags, as the kernels take them."""
        anchors = tuple(layer.anchors for layer in self.layers)
        tables = tuple(layer.tables for layer in self.layers)
        return StackArrays(anchors, tables, np.array(self.residual, dtype=np.bool_))


def checked_samples(network: LUTNetwork, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """``x`` as contiguous float64 (n, n_in); raises `InputError` for another shape or a latency that is NaN."""
    samples = np.ascontiguousarray(x, dtype=np.float64)
    if samples.ndim != 2 or samples.shape[1] != network.n_in:
        raise InputError("x", samples.shape, f"the shape must be (n, {network.n_in})")
    missing = np.isnan(samples)
    if missing.any():
        raise InputError("x", float("nan"), "a latency must be a number", int(np.argmax(missing.any(axis=1))))
    return samples
