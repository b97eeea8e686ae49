"""From axes to points: products, zipped axes, random and Latin hypercube samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eventsim.kernels.random.streamkeys import stream_key
from eventsim.scenario.problems import ScenarioError, nearest
from eventsim.sweep.axes import Axis, Drawn, Fixed

if TYPE_CHECKING:
    from eventsim.scenario.schema import Sweep


@dataclass(frozen=True)
class Dimension:
    """Keys that vary together, and the values that they take: a row of ``values`` has one for each key."""

    keys: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    sampled: bool = False


@dataclass(frozen=True)
class Plan:
    """The dimensions of a sweep; its points are their product, the last dimension changing fastest."""

    dimensions: tuple[Dimension, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for dimension in self.dimensions for key in dimension.keys)

    def points(self) -> list[dict[str, Any]]:
        """The settings of every point by dotted key."""
        rows = itertools.product(*(dimension.values for dimension in self.dimensions))
        return [dict(zip(self.keys, itertools.chain(*row), strict=True)) for row in rows]

    def described(self) -> list[dict[str, Any]]:
        """The dimensions as plain values, for the sweep's own files."""
        return [
            {"keys": list(each.keys), "values": [list(row) for row in each.values], "sampled": each.sampled}
            for each in self.dimensions
        ]


def make_plan(axes: Mapping[str, Axis], options: Sweep) -> Plan:
    """The plan of ``axes`` with what ``options`` say of zipping and sampling.

    Raises ``ScenarioError`` for zipped axes that are missing or differ in length, and for samples of no drawn axis.
    """
    if not axes:
        raise ScenarioError(
            "nothing is varied: say what by --vary KEY=VALUES or in the scenario's [sweep.vary]"
        )
    zipped = [_zipped(axes, keys) for keys in options.zip]
    twice = [key for key in axes if sum(key in each.keys for each in zipped) > 1]
    if twice:
        raise ScenarioError(f"sweep.zip: {twice[0]} is in it twice")
    samples = _samples(axes, options)
    dimensions: list[Dimension] = []
    for key, axis in axes.items():
        mine = next((each for each in (*zipped, *samples) if key in each.keys), None)
        if mine is None and isinstance(axis, Fixed):
            mine = Dimension((key,), tuple((value,) for value in axis.values))
        if mine is not None and mine not in dimensions:
            dimensions.append(mine)
    return Plan(tuple(dimensions))


def _zipped(axes: Mapping[str, Axis], keys: Sequence[str]) -> Dimension:
    together: list[Fixed] = []
    for key in keys:
        axis = axes.get(key)
        if axis is None:
            raise ScenarioError(f"sweep.zip: {key} is not varied, {nearest(key, axes, 'varied')}")
        if not isinstance(axis, Fixed):
            raise ScenarioError(f"sweep.zip: {key} is drawn; drawn axes vary together anyway")
        together.append(axis)
    lengths = {axis.key: len(axis.values) for axis in together}
    if len(lengths) < 2 or len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} has {length} values" for key, length in lengths.items())
        raise ScenarioError(f"sweep.zip: two axes or more of one length are needed: {told}")
    return Dimension(tuple(lengths), tuple(zip(*(axis.values for axis in together), strict=True)))


def _samples(axes: Mapping[str, Axis], options: Sweep) -> list[Dimension]:
    """The drawn axes as one dimension, or none."""
    drawn = [axis for axis in axes.values() if isinstance(axis, Drawn)]
    if not drawn:
        if options.samples is not None:
            raise ScenarioError("sweep.samples: no axis is drawn, such as by --vary KEY='uniform(0, 1)'")
        return []
    if options.samples is None:
        raise ScenarioError(f"{drawn[0].key} is drawn: say how often by --samples N or sweep.samples")
    units = _unit_samples(
        [axis.key for axis in drawn], options.samples, options.sampling, options.sampling_seed
    )
    rows = (tuple(axis.value(u) for axis, u in zip(drawn, row, strict=True)) for row in units.tolist())
    return [Dimension(tuple(axis.key for axis in drawn), tuple(rows), sampled=True)]


def _unit_samples(keys: Iterable[str], number: int, method: str, seed: int) -> NDArray[np.float64]:
    """(number, keys) numbers in [0, 1): a Latin hypercube, or for each key a stream of its own name."""
    keys = list(keys)
    if method == "lhs":
        from scipy.stats import qmc

        hypercube: NDArray[np.float64] = qmc.LatinHypercube(
            len(keys), rng=np.random.default_rng(seed)
        ).random(number)
        return hypercube
    streams = (np.random.Philox(key=np.array([seed, stream_key("sweep", key)], np.uint64)) for key in keys)
    return np.stack([np.random.Generator(stream).random(number) for stream in streams], axis=1)
