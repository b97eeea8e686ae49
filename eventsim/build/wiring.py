"""All projections of a network as the kernels walk along them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.build.groups import Groups
from eventsim.build.noise import dead, is_retimed, is_scattered, most_advanced, travel
from eventsim.build.synapses import SynapseTable, build_synapses
from eventsim.errors import InputError
from eventsim.kernels.layout import LINK, WIRING
from eventsim.kernels.memory import Block, address
from eventsim.network.network import Network
from eventsim.network.projection import Projection
from eventsim.network.rules import TableRows

_AT_ONCE = np.zeros(1)
"""The delay of projections whose spikes set out when they arrive."""


class Wiring:
    """Who sends where: `block` is what kernels take, `tables` the synapses of each projection.

    bounds: where each population is cut into tiles, by name; nowhere without it.
    """

    def __init__(
        self, network: Network, groups: Groups, bounds: Mapping[str, NDArray[np.int64]] | None = None
    ) -> None:
        projections = list(network.projections.values())
        for projection in projections:
            _check_rows(projection)
        cuts = {} if bounds is None else bounds
        self.tables = [
            build_synapses(network, projection, _cut(projection, cuts)) for projection in projections
        ]
        self.retired: dict[int, SynapseTable] = {}
        self._free: list[int] = []
        numbers = {name: number for number, name in enumerate(network.populations)}
        self.target_populations = np.array(
            [numbers[projection.target.population.name] for projection in projections], np.int64
        )
        self.signs = np.array([_sign(table.weights) for table in self.tables], np.int64)
        self.travels = [
            travel(network, projection, table.delays)
            for projection, table in zip(projections, self.tables, strict=True)
        ]
        links = _links(projections, groups, self.tables)
        for link, record, projection in zip(links, self.travels, projections, strict=True):
            if record is not None:
                link["travel"] = address(record)
            if is_retimed(network, projection):
                link["delays"], link["delay_stride"] = address(_AT_ONCE), 0
        directory = _directory(network, groups) | {"flights": self._flights(network)}
        self.block = Block(WIRING, directory | {"links": links})
        self._network = network

    def _flights(self, network: Network) -> NDArray[np.int64]:
        """On how many ways a spike of each population may set out at most."""
        flights = dict.fromkeys(network.populations, 0)
        for projection, table in zip(network.projections.values(), self.tables, strict=True):
            longest = int(np.diff(table.row_start.astype(np.int64)).max(initial=0))
            flights[projection.source.population.name] += longest if is_scattered(network, projection) else 1
        return np.array(list(flights.values()), np.int64)

    def put(self, link: int, table: SynapseTable) -> None:
        """Let a link have other synapses, as many in each row: a projection's, or those kept by `retire`."""
        if link < len(self.tables):
            self.tables[link] = table
        else:
            self.retired[link] = table
        self.signs[link] = _sign(table.weights)
        _point(self.block.arrays["links"][link], table)

    def retire(self, number: int) -> int:
        """Another link with a projection's synapses as they are, for spikes under way; its number."""
        links = self.block.arrays["links"]
        link = self._free.pop() if self._free else links.size
        if link == links.size:
            self.block.lengthen("links", link + 1)
            self.target_populations = np.append(self.target_populations, 0)
            self.signs = np.append(self.signs, 0)
        self.block.arrays["links"][link] = links[number]
        self.target_populations[link] = self.target_populations[number]
        self.put(link, self.tables[number])
        return link

    def release(self, link: int) -> None:
        """No spike is under way any more in a link made by `retire`."""
        del self.retired[link]
        self._free.append(link)

    @property
    def synapses(self) -> int:
        """Number of synapses."""
        return sum(int(table.row_start[-1]) for table in self.tables)

    @property
    def longest_row(self) -> int:
        """Most synapses that one spike has in one projection."""
        return max((int(np.diff(table.row_start).max(initial=0)) for table in self.tables), default=0)

    @property
    def earliest(self) -> tuple[float, str]:
        """The shortest time (ms) from a spike to an arrival, noise included; and what makes it so short, or nothing.

        Where noise may move arrivals forwards, a thousandth less: sums of times are rounded.
        """
        found = (math.inf, "")
        for projection, table in zip(self._network.projections.values(), self.tables, strict=True):
            if not table.row_start[-1]:
                continue
            advance, why = most_advanced(self._network, projection)
            shortest = float(table.delays.min())
            what = f"projection {projection.name!r} has a delay of {shortest:g} ms"
            if advance > 0.0:
                taken = f"{advance:.3g} ms" if advance < math.inf else "all"
                what += f", of which {why} may take {taken}"
                shortest = 0.999 * (shortest - advance)
            found = min(found, (shortest, what))
        return found

    @property
    def is_noisy(self) -> bool:
        """Whether noise acts on any spike under way."""
        return any(record is not None for record in self.travels)

    @property
    def one_delay(self) -> dict[int, bool]:
        """Whether all synapses onto a population, by its number, have the same delay, which no noise changes."""
        return self._alike(is_retimed)

    @property
    def row_by_row(self) -> bool:
        """Whether onto each population all have the same delay but for noise, which leaves rows together."""
        return all(self._alike(is_scattered).values())

    def _alike(self, changes: Callable[[Network, Projection], bool]) -> dict[int, bool]:
        """Whether all synapses onto a population, by its number, have one delay, which nothing ``changes``."""
        delays: dict[int, set[float]] = {}
        numbers = self.target_populations[: len(self.tables)].tolist()
        tables = zip(numbers, self.tables, self._network.projections.values(), strict=True)
        for number, table, projection in tables:
            alike = table.delays_common and not changes(self._network, projection)
            delays.setdefault(number, set()).update({float(table.delays[0])} if alike else {-1.0, -2.0})
        return {number: len(values) == 1 for number, values in delays.items()}

    @property
    def most_outgoing(self) -> int:
        """On how many ways one spike may set out at most."""
        return int(self.block.arrays["flights"].max(initial=0))


def _sign(weights: NDArray[Any]) -> int:
    """1 if no weight is negative, -1 if none is positive, 0 if there are both."""
    lowest, highest = weights.min(initial=0.0), weights.max(initial=0.0)
    return int(lowest >= 0.0) or -int(highest <= 0.0)


def _cut(projection: Projection, bounds: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int64] | None:
    """Where the rows of a projection are cut; those of look-up tables, which reach everyone in order, nowhere."""
    return None if isinstance(projection.rule, TableRows) else bounds.get(projection.target.population.name)


def _check_rows(projection: Projection) -> None:
    """Raise InputError where rows of tables are to be read but the sources' model names none."""
    source = projection.source.population
    handlers = getattr(source.model, "handlers", None)
    if isinstance(projection.rule, TableRows) and (handlers is None or "row" not in handlers.functions):
        raise InputError(
            "rule", type(projection.rule).__name__, f"the model of {source.name!r} names no rows"
        )


def _directory(network: Network, groups: Groups) -> dict[str, NDArray[Any]]:
    """What is looked up by id or by population."""
    populations = list(network.populations.values())
    sizes = np.array([population.size for population in populations], np.int64)
    outgoing = [
        [p.number for p in network.projections.values() if p.source.population is q] for q in populations
    ]
    return {
        "population_of": np.repeat(np.arange(len(populations), dtype=np.uint16), sizes),
        "first_id": np.array([population.first for population in populations], np.int64),
        "recorded": np.array([network.is_recorded(population) for population in populations], np.uint8),
        "watched": np.zeros(network.size, np.uint8),
        "outgoing_start": np.cumsum([0] + [len(numbers) for numbers in outgoing]).astype(np.int64),
        "outgoing": np.array([number for numbers in outgoing for number in numbers], np.int64),
        "dead": dead(network),
        "group_of": groups.group_of,
        "local_of": groups.local_of,
    }


def _links(projections: list[Projection], groups: Groups, tables: list[SynapseTable]) -> NDArray[Any]:
    links = np.zeros(len(projections), LINK)
    for link, projection, table in zip(links, projections, tables, strict=True):
        target = projection.target.population.name
        _point(link, table)
        sources = projection.source.indices
        link["first_source"] = sources.min(initial=projection.source.population.size)
        link["end_source"] = 1 + sources.max(initial=-1)
        link["order"] = projection.number
        link["group"] = groups.of_population[target]
        link["target_first"] = groups.local_first[target]
        link["receptor"] = projection.receptor
        link["dense"] = int(table.dense)
    return links


def _point(link: Any, table: SynapseTable) -> None:
    """Let a link's fields be the addresses of a table."""
    link["row_start"] = address(table.row_start)
    link["short_starts"] = int(table.row_start.dtype == np.uint32)
    link["synapses"] = table.row_start[-1]
    link["targets"] = address(table.targets)
    link["short_targets"] = int(table.targets.dtype == np.uint16)
    link["weights"] = address(table.weights)
    link["weight_stride"] = int(not table.weights_common)
    link["single"] = int(table.weights.dtype == np.float32)
    link["delays"] = address(table.delays)
    link["delay_stride"] = int(not table.delays_common)
