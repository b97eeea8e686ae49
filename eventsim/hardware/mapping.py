"""Which core each neuron lies on: contiguous, along a Hilbert curve, given by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Table
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eventsim.errors import InputError, MissingDataError
from eventsim.hardware.capacity import limits_of
from eventsim.hardware.chip import Chip
from eventsim.hardware.layout import table_row_words
from eventsim.hardware.mesh import hilbert_order, mesh_of
from eventsim.hardware.reach import Ints, reach_of, synapse_tables, table_layers
from eventsim.kernels import hardware as kernels
from eventsim.network.network import Network

Spread = Literal["fill", "even"]
NO_LIMIT = np.iinfo(np.int64).max
MOST_ROUNDS = 12


def contiguous(network: Network, chip: Chip, spread: Spread = "fill") -> Ints:
    """Neurons in order on the cores in order, (n_ids,); see `in_order`."""
    return in_order(network, chip, np.arange(mesh_of(chip).n_cores), spread)


def hilbert(network: Network, chip: Chip, spread: Spread = "fill") -> Ints:
    """Neurons in order on the cores as a Hilbert curve passes them: neighbours in number are neighbours on the chip."""
    return in_order(network, chip, hilbert_order(mesh_of(chip)), spread)


def in_order(network: Network, chip: Chip, cores: Ints, spread: Spread) -> Ints:
    """Neurons in order on `cores` in order.

    spread: ``"fill"``, the next core only when the one before has no room for neurons, axons in or synapses (what is
    left when all are full goes onto the last: the check of capacities then says so); ``"even"``, equal parts on all.
    """
    if spread == "even":
        return cores[np.arange(network.size) * cores.size // max(network.size, 1)]
    if spread != "fill":
        raise InputError("spread", spread, "'fill' or 'even' is needed")
    return cores[np.minimum(filled(network, chip), cores.size - 1)]


def filled(network: Network, chip: Chip) -> Ints:
    """The number of the core of each neuron if they are filled one after the other, however many that takes."""
    in_start = np.zeros(network.size + 1, np.int64)
    for projection, table in synapse_tables(network):
        kernels.count_into(table.targets, projection.target.population.first, in_start[1:])
    np.cumsum(in_start, out=in_start)
    sources, cursor = np.empty(int(in_start[-1]), np.uint32), in_start[:-1].copy()
    for projection, table in synapse_tables(network):
        first = projection.source.population.first, projection.target.population.first
        kernels.place_sources(table.row_start, table.targets, *first, cursor, sources)
    limits = limits_of(chip)
    names = "neurons", "axons_in", "synapse_bits", "axons_out"
    limit = np.array([NO_LIMIT if (each := limits[name]) is None else each for name in names])
    memory = chip.memory
    row = memory.row_header_bits, memory.synapse_bits, memory.word_bits, memory.row_alignment == "word"
    own_bits, is_neuron = _table_bits(network, chip), neuron_mask(network).astype(np.int64)
    own_axons, core_of = np.zeros(network.size, np.int64), np.empty(network.size, np.int64)
    for _ in range(MOST_ROUNDS):
        kernels.fill_cores(in_start, sources, own_bits, own_axons, is_neuron, limit, row, core_of)
        if limits["axons_out"] is None:
            break
        # A neuron's axons are the cores that it reaches, which change as cores are filled less full.
        reached = np.diff(reach_of(network, core_of).row_start)
        if np.bincount(core_of, weights=reached).max(initial=0.0) <= limits["axons_out"]:
            break
        own_axons = np.maximum(own_axons, reached)
    return core_of


def neuron_mask(network: Network) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which ids are of neurons: sources stand for what comes from outside and take no neuron's place."""
    mask = np.ones(network.size, np.bool_)
    for population in network.populations.values():
        if population.is_source:
            mask[population.first : population.first + population.size] = False
    return mask


def _table_bits(network: Network, chip: Chip) -> Ints:
    bits = np.zeros(network.size, np.int64)
    for layer in table_layers(network):
        row = table_row_words(chip.memory, layer.n_out) * chip.memory.word_bits
        bits[layer.ids] += layer.n_rows * row
    return bits


def by_hand(network: Network, chip: Chip, where: Table[str, Any]) -> Ints:
    """A mapping from populations: a core, a list of cores that share the population in equal contiguous parts (the last
    takes what is left over), or, under ``neurons``, a list with the core of each of its neurons.

    ``{"exc": 0, "inh": [1, 2], "out": {"neurons": [3, 3, 4]}}``.  Raises InputError for what is missing or unknown.
    """
    n_cores = mesh_of(chip).n_cores
    core_of = np.full(network.size, -1, np.int64)
    for name, cores in where.items():
        if name not in network.populations:
            known = ", ".join(network.populations)
            raise InputError("mapping", name, f"no such population; there are {known}")
        population = network.populations[name]
        mine = _cores(name, cores, population.size)
        wrong = (mine < 0) | (mine >= n_cores)
        if wrong.any():
            k = int(np.argmax(wrong))
            raise InputError(f"mapping.{name}", int(mine[k]), f"cores go from 0 to {n_cores - 1}", k)
        core_of[population.first : population.first + population.size] = mine
    for population in network.populations.values():
        if population.size and core_of[population.first] < 0:
            raise InputError("mapping", population.name, "this population has no core")
    return core_of


def _cores(name: str, cores: Any, size: int) -> Ints:
    """The core of each neuron of a population."""
    if isinstance(cores, dict):
        if set(cores) != {"neurons"}:
            raise InputError(f"mapping.{name}", cores, "only the key neurons is known here")
        mine = _whole(f"mapping.{name}.neurons", cores["neurons"])
        if mine.shape != (size,):
            raise InputError(f"mapping.{name}.neurons", mine.size, f"the population has {size} neurons")
        return mine
    some = _whole(f"mapping.{name}", cores if isinstance(cores, list | tuple | np.ndarray) else [cores])
    if not 0 < some.size <= max(size, 1):
        raise InputError(f"mapping.{name}", some.size, f"1 to {size} cores are needed")
    part = np.minimum(np.arange(size) // max(size // some.size, 1), some.size - 1)
    return some[part]


def _whole(field: str, values: Any) -> Ints:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(field, values, "core numbers are needed")
    return array.astype(np.int64)


def read_mapping(path: Path) -> dict[str, Any]:
    """A mapping by hand from a TOML file: population = core, [cores] or {neurons = [cores]}."""
    if not path.is_file():
        raise MissingDataError(f"{path}: there is no such mapping file")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("mapping", str(path), f"not a TOML file: {error}") from None
