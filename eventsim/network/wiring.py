"""The wiring of a network alone: its populations and synapses without parameters, weights or what drives it.

A cost on hardware is priced from a run's spike counts and from which neuron reaches which.  The wiring is kept in the
raster file for that, a few kilobytes where a rule says it all; it needs no class of a user's model to be read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eventsim.network import files
from eventsim.network.distributions import Distribution
from eventsim.network.inputs import SpikeTrains
from eventsim.network.model import Model
from eventsim.network.network import Network
from eventsim.network.population import Population, PopulationView
from eventsim.network.projection import Projection
from eventsim.network.rules import FromMatrix, Rule, TableRows


@dataclass(frozen=True)
class Blank(Model):
    """Stands for a neuron model of which the name alone is kept."""

    name: str = ""


@dataclass(frozen=True)
class ReadRows(Rule):
    """`TableRows` without its values: source i is a table of n_rows rows, each of which reaches all targets."""

    n_rows: int = 1


def wiring(network: Network) -> Network:
    """The same populations, projections (in their order, under their names) and seed; nothing drives it.

    The model of look-up tables is kept, and so are the weights onto them, which are the pins of their comparisons.
    Delays are kept.
    """
    tables = {
        each.source.population.name
        for each in network.projections.values()
        if isinstance(each.rule, TableRows | ReadRows)
    }
    bare = Network(network.seed)
    for population in network.populations.values():
        _add(bare, population, population.name in tables)
    for projection in network.projections.values():
        keep_weights = projection.target.population.name in tables
        bare.connect(
            _view(bare, projection.source),
            _view(bare, projection.target),
            _bare_rule(projection.rule),
            weight=_weight(projection, keep_weights),
            delay=projection.delay,
            name=projection.name,
            receptor=projection.receptor,
        )
    return bare


def to_bytes(network: Network) -> bytes:
    """The wiring as the bytes of a network file; the same wiring gives the same bytes."""
    return files.to_bytes(wiring(network))


def from_bytes(data: bytes, name: str) -> Network:
    """The wiring that `to_bytes` wrote, in the file of this name.  Raises FileFormatError for anything else."""
    return files.from_bytes(data, name)


def _add(bare: Network, population: Population, is_table: bool) -> None:
    model = population.model
    if population.is_source:
        silent = SpikeTrains(np.empty(0), np.empty(0, np.uint32), population.size)
        bare.source(population.name, silent, population.size)
    elif isinstance(model, Model) and not is_table:
        name = model.name if isinstance(model, Blank) else type(model).__name__
        bare.population(population.name, population.size, Blank(name))
    elif isinstance(model, Model):
        bare.population(population.name, population.size, model)


def _view(bare: Network, view: PopulationView) -> PopulationView:
    return replace(view, population=bare[view.population.name])


def _bare_rule(rule: Rule) -> Rule:
    if isinstance(rule, TableRows):
        return ReadRows(int(rule.tables.shape[1]))
    if isinstance(rule, FromMatrix):
        ones = rule.matrix.copy()
        ones.data = np.ones(ones.nnz)
        return FromMatrix(ones, rule.autapses)
    return rule


def _weight(projection: Projection, keep: bool) -> Any:
    if isinstance(projection.rule, FromMatrix | TableRows | ReadRows):
        return None
    random = isinstance(projection.weight, Distribution)
    return projection.weight if keep and not random else 1.0
