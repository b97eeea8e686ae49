"""All projections of a network in the arrays that kernels walk along."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.groups import Groups
from eventsim.build.synapses import SynapseTable, build_synapses
from eventsim.kernels.layout import LINK, WIRING
from eventsim.kernels.memory import Block
from eventsim.network.network import Network


def build_wiring(network: Network, groups: Groups) -> Block:
    """The `WIRING` of a network: synapses of every projection one behind the other, and who sends where."""
    tables = [build_synapses(network, projection) for projection in network.projections.values()]
    populations = list(network.populations.values())
    sizes = np.array([population.size for population in populations], np.int64)
    outgoing = [
        [p.number for p in network.projections.values() if p.source.population is q] for q in populations
    ]
    arrays = {
        "links": _links(network, groups, tables),
        "row_start": _row_starts(tables),
        "targets": _joined([table.targets for table in tables], np.uint32),
        "weights": _joined([table.weights for table in tables], np.float64),
        "delays": _joined([table.delays for table in tables], np.float64),
        "population_of": np.repeat(np.arange(len(populations), dtype=np.uint16), sizes),
        "first_id": np.array([population.first for population in populations], np.int64),
        "recorded": np.array([network.is_recorded(population) for population in populations], np.uint8),
        "outgoing_start": np.cumsum([0] + [len(numbers) for numbers in outgoing]).astype(np.int64),
        "outgoing": np.array([number for numbers in outgoing for number in numbers], np.int64),
        "group_of": groups.group_of,
        "local_of": groups.local_of,
    }
    return Block(WIRING, arrays)


def _joined(arrays: list[NDArray[Any]], dtype: type) -> NDArray[Any]:
    """One behind the other; a single array is not copied."""
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.zeros(0, dtype), *arrays])


def _row_starts(tables: list[SynapseTable]) -> NDArray[np.int64]:
    synapses = np.cumsum([0] + [table.targets.size for table in tables])
    return _joined(
        [table.row_start + first for table, first in zip(tables, synapses, strict=False)], np.int64
    )


def _links(network: Network, groups: Groups, tables: list[SynapseTable]) -> NDArray[Any]:
    links = np.zeros(len(tables), LINK)
    row_first = synapse_first = weight_first = delay_first = 0
    for projection, table, link in zip(network.projections.values(), tables, links, strict=True):
        target = projection.target.population.name
        link["row_first"] = row_first
        link["weight_stride"] = int(table.weights.size == table.targets.size)
        link["weight_shift"] = weight_first - link["weight_stride"] * synapse_first
        link["delay_stride"] = int(table.delays.size == table.targets.size)
        link["delay_shift"] = delay_first - link["delay_stride"] * synapse_first
        link["group"] = groups.of_population[target]
        link["target_first"] = groups.local_first[target]
        link["receptor"] = projection.receptor
        row_first += table.row_start.size
        synapse_first += table.targets.size
        weight_first += table.weights.size
        delay_first += table.delays.size
    return links
