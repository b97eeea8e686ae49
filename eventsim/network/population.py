"""Populations of neurons or spike sources, and selections of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.network.description import frozen_array, same_value
from eventsim.network.inputs import Source
from eventsim.network.model import Model

Selector = int | slice | NDArray[Any] | list[int]


@dataclass(frozen=True)
class Population:
    """Neurons of one model, or spike sources; made by `Network.population` and `Network.source`.

    Members have local indices 0..size-1 and the global ids first..first+size-1.
    """

    name: str
    size: int
    first: int
    model: Model | Source

    @property
    def is_source(self) -> bool:
        """Whether these are spike sources, which receive nothing."""
        return isinstance(self.model, Source)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, members: Selector) -> PopulationView:
        """The members of an index, a slice, an array of distinct indices or a boolean mask, in that order."""
        return PopulationView(self, range(self.size))[members]

    def __repr__(self) -> str:
        model = type(self.model).__name__
        return f"Population({self.name!r}, size={self.size}, first={self.first}, model={model})"


@dataclass(frozen=True, eq=False)
class PopulationView:
    """Some members of a population, in an order: what a rule, an input or a recorder applies to."""

    population: Population
    selection: range | NDArray[np.int64]

    @property
    def size(self) -> int:
        """The number of selected members."""
        return len(self.selection)

    @property
    def indices(self) -> NDArray[np.int64]:
        """Local indices of the members in their population, (size,), distinct, read-only."""
        if isinstance(self.selection, np.ndarray):
            return self.selection
        indices = np.arange(self.selection.start, self.selection.stop, self.selection.step, dtype=np.int64)
        indices.setflags(write=False)
        return indices

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole population in its own order."""
        return self.selection == range(self.population.size) if isinstance(self.selection, range) else False

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, members: Selector) -> PopulationView:
        if isinstance(members, slice):
            backwards = members.step is not None and members.step < 0
            selection = self.indices if backwards else self.selection
            return PopulationView(self.population, _read_only(selection[members]))
        if isinstance(members, int | np.integer) and not isinstance(members, bool):
            position = int(members)
            if not -self.size <= position < self.size:
                raise InputError(self.population.name, position, f"no such member: the size is {self.size}")
            return self[position % self.size : position % self.size + 1]
        return PopulationView(self.population, _read_only(self.indices[self._positions(members)]))

    def _positions(self, members: Any) -> NDArray[Any]:
        """An index array or a boolean mask as checked positions."""
        field = f"members of {self.population.name!r}"
        array = frozen_array(members, field)
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iub"):
            raise InputError(field, members, "whole numbers or a boolean mask in one dimension are needed")
        if array.dtype.kind == "b":
            if array.size != self.size:
                raise InputError(field, array.size, f"the mask needs a length of {self.size}")
            return np.flatnonzero(array)
        positions = array.astype(np.int64)
        wrong = (positions < 0) | (positions >= self.size)
        if wrong.any():
            index = int(np.argmax(wrong))
            raise InputError(field, int(positions[index]), f"no such member: the size is {self.size}", index)
        _, first_uses = np.unique(positions, return_index=True)
        if first_uses.size < positions.size:
            index = int(np.setdiff1d(np.arange(positions.size), first_uses)[0])
            raise InputError(field, int(positions[index]), "the same member twice", index)
        return positions

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PopulationView):
            return NotImplemented
        return self.population == other.population and same_value(self.indices, other.indices)

    def __hash__(self) -> int:
        return hash((self.population, self.indices.tobytes()))

    def __repr__(self) -> str:
        name = self.population.name
        if self.is_whole:
            return name
        if isinstance(self.selection, range):
            step = f":{self.selection.step}" if self.selection.step != 1 else ""
            return f"{name}[{self.selection.start}:{self.selection.stop}{step}]"
        return f"{name}[{self.size} of {self.population.size}]"


def _read_only(selection: range | NDArray[np.int64]) -> range | NDArray[np.int64]:
    if isinstance(selection, np.ndarray):
        selection.setflags(write=False)
    return selection


def whole_or_view(population: Population | PopulationView) -> PopulationView:
    """The view itself, or the view of all members."""
    return population if isinstance(population, PopulationView) else population[:]


def self_positions(of: PopulationView, among: PopulationView) -> NDArray[np.int64]:
    """For each member of `of` its position in `among`, -1 where it is not there: the autapses, (of.size,)."""
    positions = np.full(of.size, -1, np.int64)
    if of.population.first != among.population.first:
        return positions
    place = np.full(of.population.size, -1, np.int64)
    place[among.indices] = np.arange(among.size)
    return place[of.indices]
