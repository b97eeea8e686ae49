"""The Poisson drives of a network as the kernels take them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from eventsim.build.streams.generators import FloatArray, LabelArray
from eventsim.build.streams.poisson import RateFunction, rate_function
from eventsim.errors import InputError
from eventsim.kernels.random.drive import BLOCK, DRIVE
from eventsim.kernels.memory import Block
from eventsim.kernels.random.streamkeys import stream_key
from eventsim.network.inputs import PoissonDrive
from eventsim.network.network import Network

_ARRIVALS_A_TARGET = 1.0  # in a cell, at least: a whole block has 1024 to 2048
_SHORTEST_MS, _LONGEST_MS = 2.0**-10, 2.0**10
_MOST_IN_CELL = 2.0**17  # of a block of targets: some 1e8 Hz each; kernels draw many cells at once, and all blocks


class DriveTable:
    """The drives in order of their numbers.

    ``records`` (n_drives,) are `kernels.drive.DRIVE`, whose addresses hold as long as the table lives; ``targets`` the
    global ids of each drive's targets, ascending; ``rates`` their rates.

    Raises:
        InputError: a rate so high that what is drawn at once would not fit into memory.
    """

    def __init__(self, network: Network) -> None:
        self.targets: list[LabelArray] = []
        self.rates: list[RateFunction] = []
        self._blocks = [self._block(network.seed, drive) for drive in network.drives]
        self.records: NDArray[np.void] = np.concatenate(
            [np.zeros(0, DRIVE), *(block.record for block in self._blocks)]
        )

    def _block(self, seed: int, drive: PoissonDrive) -> Block:
        order = np.argsort(drive.target.indices)
        targets = (drive.target.indices[order] + drive.target.population.first).astype(np.uint32)
        rate_hz = drive.rate_hz[order] if isinstance(drive.rate_hz, np.ndarray) else drive.rate_hz
        rate = rate_function(rate_hz)
        self.targets.append(targets)
        self.rates.append(rate)
        arrays = {"targets": targets, "edges": np.append(rate.edges, math.inf)}
        if isinstance(rate_hz, np.ndarray):
            arrays |= _different_rates(rate_hz)
        else:
            arrays |= {"rates": rate.rates[0] / 1000.0, "weights": _sizes(targets.size)}
        highest = float(rate.rates.mean(axis=0).max(initial=0.0)) / 1000.0 if targets.size else 0.0
        cell_ms = cell_length(highest)
        most = float(arrays["weights"].max(initial=0.0) * arrays["rates"].max() * cell_ms)
        if most > _MOST_IN_CELL:
            raise InputError(
                f"rate_hz of {drive.name!r}",
                rate_hz,
                f"{most:.3g} arrivals within {cell_ms} ms are too many, {_MOST_IN_CELL:g} at most",
            )
        return Block(
            DRIVE,
            arrays,
            seed=seed & (2**64 - 1),
            key=stream_key("drive", drive.name),
            cell_ms=cell_ms,
            n_targets=targets.size,
            n_blocks=arrays["weights"].size,
            n_pieces=arrays["rates"].size,
        )


def cell_length(rate_per_ms: float) -> float:
    """Length (ms) of the cells of a drive whose targets have this rate each, on average, when it is highest."""
    if rate_per_ms * _LONGEST_MS <= _ARRIVALS_A_TARGET:
        return _LONGEST_MS
    mantissa, exponent = math.frexp(_ARRIVALS_A_TARGET / rate_per_ms)
    length = math.ldexp(1.0, exponent - (mantissa == 0.5))  # the next power of two
    return max(length, _SHORTEST_MS)


def _sizes(n_targets: int) -> FloatArray:
    """Targets of each block."""
    starts = np.arange(0, n_targets, BLOCK)
    return np.minimum(BLOCK, n_targets - starts).astype(np.float64)


def _different_rates(rates_hz: FloatArray) -> dict[str, FloatArray]:
    """Fields of a drive with a rate for each target."""
    sizes = _sizes(rates_hz.size)
    padded = np.zeros((sizes.size, BLOCK))
    padded.reshape(-1)[: rates_hz.size] = rates_hz
    shares = np.cumsum(padded, axis=1)
    weights = shares[:, -1].copy()
    shares.reshape(-1)[rates_hz.size :] = math.inf
    return {"rates": np.array([1e-3]), "weights": weights, "shares": shares}
