"""A cost's tiles and links as CSV."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from eventsim.hardware.costing import Cost
from eventsim.hardware.document import per_tile


def write_tiles(cost: Cost, path: Path) -> None:
    """The table per tile as CSV."""
    table = per_tile(cost.counts)["table"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))


def write_links(cost: Cost, path: Path) -> None:
    """The loads of the links as CSV: column, row and direction, packets by unicast and by tree, flits."""
    mesh, counts = cost.placed.mesh, cost.counts
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("column", "row", "direction", "unicast", "multicast", "flits"))
        for link in np.flatnonzero(counts.unicast + counts.multicast + counts.flits):
            tile = int(link) // 4
            direction = mesh.link_name(int(link)).split()[-1]
            loads = (int(each[link]) for each in (counts.unicast, counts.multicast, counts.flits))
            writer.writerow((tile % mesh.columns, tile // mesh.columns, direction, *loads))
