"""Neurons of one model as arrays: parameters, states, numbering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build import noise
from eventsim.build.draw import realise
from eventsim.errors import naming
from eventsim.kernels.layout import Group
from eventsim.kernels.memory import address
from eventsim.network.model import Model
from eventsim.network.network import Network
from eventsim.network.population import Population


@dataclass(frozen=True)
class Groups:
    """What kernels take, and the numbering.

    kernel: a tuple of `Group`, in order of the models' names; states: (n,) records of each; of_population: group of
    each population by name; local_first: its first neuron's number there; group_of u1 and local_of u4: by id.
    """

    kernel: tuple[Any, ...]
    states: tuple[NDArray[Any], ...]
    kept: tuple[Any, ...]
    of_population: dict[str, int]
    local_first: dict[str, int]
    group_of: NDArray[np.uint8]
    local_of: NDArray[np.uint32]

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Copies of all that changes of the neurons."""
        return {name: array.copy() for name, array in self._changing()}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from what `state` gave; records may have been stored as bytes."""
        for name, array in self._changing():
            array[:] = state[name].copy().view(np.uint8).view(array.dtype)

    def _changing(self) -> Iterator[tuple[str, NDArray[Any]]]:
        for number, arrays in enumerate(self.kept):
            yield f"neurons/{number}", arrays["state"]
            if arrays["thresholds"].size:
                yield f"thresholds/{number}", arrays["thresholds"]
                yield f"parameters/{number}", arrays["params"]


def build_groups(network: Network) -> Groups:
    """The groups of a network: as many as it has models."""
    members: dict[type[Model], list[Population]] = {}
    for population in network.populations.values():
        if isinstance(population.model, Model):
            members.setdefault(type(population.model), []).append(population)
    group_of = np.zeros(network.size, np.uint8)
    local_of = np.zeros(network.size, np.uint32)
    of_population, local_first, groups, kept = {}, {}, [], []
    # Kernels are compiled for the models in this order, which must not hang on that of the populations.
    for g, model in enumerate(sorted(members, key=lambda model: (model.__module__, model.__qualname__))):
        populations = members[model]
        first = 0
        for population in populations:
            ids = slice(population.first, population.first + population.size)
            group_of[ids] = g
            local_of[ids] = np.arange(first, first + population.size)
            of_population[population.name], local_first[population.name] = g, first
            first += population.size
        group, arrays = _group(network, populations)
        groups.append(group)
        kept.append(arrays)
    states = tuple(arrays["state"] for arrays in kept)
    return Groups(tuple(groups), states, tuple(kept), of_population, local_first, group_of, local_of)


def _group(network: Network, populations: list[Population]) -> tuple[Group, dict[str, NDArray[Any]]]:
    """A group, and the arrays whose addresses it holds."""
    model = populations[0].model
    assert isinstance(model, Model)
    params, which, states, ids, per_arrival, thresholds = [], [], [], [], [], []
    first_row = 0
    for population in populations:
        with naming(population.name):
            rows, state, moving = _neurons(network, population)
        thresholds.append(moving)
        own = np.arange(rows.size) if rows.size > 1 else np.zeros(population.size, np.int64)
        params.append(rows)
        which.append((first_row + own).astype(np.uint32))
        states.append(state)
        ids.append(np.arange(population.first, population.first + population.size))
        per_arrival.append(np.full(population.size, _tests_every_arrival(population), np.uint8))
        first_row += rows.size
    moving, tests = np.concatenate(thresholds), np.concatenate(per_arrival)
    rows, same = np.concatenate(params), np.arange(first_row)
    moves = bool((moving["std"] > 0.0).any())
    if not moves:  # else rows are written to, and must be one neuron's own
        rows, same = np.unique(rows, return_inverse=True)
    arrays = {
        "params": rows,
        "which": same.astype(np.uint32)[np.concatenate(which)],
        "state": np.concatenate(states),
        "ids": np.concatenate(ids).astype(np.int64),
        "per_arrival": tests[: tests.size if tests.any() else 0],
        "thresholds": moving[: moving.size if moves else 0],
    }
    where = {name: address(array) if array.size else 0 for name, array in arrays.items()}
    handlers = type(model).handlers.on(type(model).parameter_dtype, type(model).state_dtype)
    return Group(handlers, **where, state_bytes=arrays["state"].itemsize, size=arrays["ids"].size), arrays


def _tests_every_arrival(population: Population) -> bool:
    assert isinstance(population.model, Model)
    return population.model.test == "arrival"


def with_rows(
    groups: Groups, g: int, locals_: NDArray[np.int64], rows: NDArray[Any]
) -> tuple[Groups, NDArray[np.uint32]]:
    """The groups with other parameters for some neurons of group `g`, and which rows were theirs, (n,).

    rows: (1,) for all of them, or (n,).
    """
    arrays = groups.kept[g]
    params, which = arrays["params"], arrays["which"]
    if params.size > 2 * which.size + 64:  # many changes ago
        used, which = np.unique(which, return_inverse=True)
        params = params[used]
    which = which.astype(np.uint32)
    before = which[locals_]
    which[locals_] = params.size + (np.arange(locals_.size) if rows.size > 1 else 0)
    arrays = arrays | {"params": np.concatenate([params, rows]), "which": which}
    group = groups.kernel[g]._replace(params=address(arrays["params"]), which=address(which))
    kernel, kept = list(groups.kernel), list(groups.kept)
    kernel[g], kept[g] = group, arrays
    return replace(groups, kernel=tuple(kernel), kept=tuple(kept)), before


def _neurons(network: Network, population: Population) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Parameter records, one or one a neuron, the state at time 0, and the thresholds' records."""
    model = population.model
    assert isinstance(model, Model)
    values = realise(model, population.size, network.seed, population.name)
    moving = noise.moving_thresholds(network, population, values)
    first = noise.with_first_thresholds(network, population, values)
    if not (moving["std"] > 0.0).any():
        return model.parameters(first), model.initial_state(first, population.size), moving
    highest = noise.highest_thresholds(network, population, values)
    rows = np.resize(model.parameters(highest), population.size)
    rows[model.threshold] = first[model.threshold or ""]
    return rows, model.initial_state(highest, population.size), moving
