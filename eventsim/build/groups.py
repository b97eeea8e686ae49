"""Neurons of one model and threshold rule as arrays: parameters, states, numbering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.draw import realise
from eventsim.kernels.layout import Group
from eventsim.kernels.memory import address
from eventsim.network.model import Model
from eventsim.network.network import Network
from eventsim.network.population import Population

GroupKey = tuple[type[Model], str]


@dataclass(frozen=True)
class Groups:
    """What kernels take, and the numbering.

    kernel: a tuple of `Group`, in order of first appearance; states: (n,) records of each; of_population: group of
    each population by name; local_first: its first neuron's number there; group_of u1 and local_of u4: by id.
    """

    kernel: tuple[Any, ...]
    states: tuple[NDArray[Any], ...]
    kept: tuple[Any, ...]
    of_population: dict[str, int]
    local_first: dict[str, int]
    group_of: NDArray[np.uint8]
    local_of: NDArray[np.uint32]


def build_groups(network: Network) -> Groups:
    """The groups of a network: as many as there are pairs of model and threshold rule."""
    members: dict[GroupKey, list[Population]] = {}
    for population in network.populations.values():
        if isinstance(population.model, Model):
            members.setdefault((type(population.model), population.model.test), []).append(population)
    group_of = np.zeros(network.size, np.uint8)
    local_of = np.zeros(network.size, np.uint32)
    of_population, local_first, groups, kept = {}, {}, [], []
    for g, populations in enumerate(members.values()):
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
    params, which, states, ids = [], [], [], []
    first_row = 0
    for population in populations:
        rows, state = _neurons(network, population)
        own = np.arange(rows.size) if rows.size > 1 else np.zeros(population.size, np.int64)
        params.append(rows)
        which.append((first_row + own).astype(np.uint32))
        states.append(state)
        ids.append(np.arange(population.first, population.first + population.size))
        first_row += rows.size
    rows, same = np.unique(np.concatenate(params), return_inverse=True)
    arrays = {
        "params": rows,
        "which": same.astype(np.uint32)[np.concatenate(which)],
        "state": np.concatenate(states),
        "ids": np.concatenate(ids).astype(np.int64),
    }
    where = {name: address(array) for name, array in arrays.items()}
    handlers = type(model).handlers.on(type(model).parameter_dtype, type(model).state_dtype)
    size, state_bytes = arrays["ids"].size, arrays["state"].itemsize
    per_arrival = int(model.test == "arrival")
    return Group(handlers, **where, state_bytes=state_bytes, size=size, per_arrival=per_arrival), arrays


def _neurons(network: Network, population: Population) -> tuple[NDArray[Any], NDArray[Any]]:
    """Parameter records, one or one a neuron, and the state at time 0."""
    model = population.model
    assert isinstance(model, Model)
    values = realise(model, population.size, network.seed, population.name)
    return model.parameters(values), model.initial_state(values, population.size)
