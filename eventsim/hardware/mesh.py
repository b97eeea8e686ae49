"""Tiles, cores and links of a chip by number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventsim.hardware.chip import Chip

Ints = NDArray[np.int64]
DIRECTIONS = ("east", "west", "north", "south")


@dataclass(frozen=True)
class Mesh:
    """Geometry: tile = row * columns + column; core k of the chips lies in tile_of_core[k]; link 4 tile + direction.

    tile_of_core: (n_cores,).  Row 0 is the north of the mesh.
    """

    columns: int
    rows: int
    tile_of_core: Ints

    @property
    def n_cores(self) -> int:
        return len(self.tile_of_core)

    @property
    def n_tiles(self) -> int:
        return self.columns * self.rows

    @property
    def n_links(self) -> int:
        """Places for links; those that would leave the mesh stay unused."""
        return 4 * self.n_tiles

    def per_tile(self, per_core: Ints) -> Ints:
        """Sums over the cores of each tile, (n_tiles,)."""
        sums = np.zeros(self.n_tiles, np.int64)
        np.add.at(sums, self.tile_of_core, per_core)
        return sums

    def distance(self, a: Ints, b: Ints) -> Ints:
        """Links between tiles."""
        across: Ints = np.abs(a % self.columns - b % self.columns)
        along: Ints = np.abs(a // self.columns - b // self.columns)
        return across + along

    def link_name(self, link: int) -> str:
        """Such as ``(2, 1) east``, of (column, row)."""
        tile = link // 4
        return f"({tile % self.columns}, {tile // self.columns}) {DIRECTIONS[link % 4]}"

    def core_name(self, core: int) -> str:
        """Such as ``tile (2, 1) core 3``, of (column, row) and the core within the tile."""
        tile = int(self.tile_of_core[core])
        within = int(np.sum(self.tile_of_core[:core] == tile))
        return f"tile ({tile % self.columns}, {tile // self.columns}) core {within}"


def mesh_of(chip: Chip) -> Mesh:
    """The joined mesh of a chip, or of its chips side by side."""
    tiles = np.repeat(np.array(chip.usable_tiles(), np.int64), chip.mesh.cores_per_tile)
    tiles.setflags(write=False)
    return Mesh(chip.columns, chip.rows, tiles)


def hilbert_order(mesh: Mesh) -> Ints:
    """The cores in the order in which a Hilbert curve passes their tiles, (n_cores,)."""
    side = 1
    while side < max(mesh.columns, mesh.rows):
        side *= 2
    at = [(t % mesh.columns, t // mesh.columns) for t in range(mesh.n_tiles)]
    # The curve goes down the first half of its square and up the second: a wide mesh takes it turned, as a whole half.
    wide = mesh.columns > mesh.rows
    place = np.array([_along_curve(side, y, x) if wide else _along_curve(side, x, y) for x, y in at])
    return np.argsort(place[mesh.tile_of_core], kind="stable")


def _along_curve(side: int, x: int, y: int) -> int:
    """Position of the cell (x, y) on the Hilbert curve through a square of a power of two cells a side."""
    position, s = 0, side // 2
    while s > 0:
        right, down = int(x & s > 0), int(y & s > 0)
        position += s * s * ((3 * right) ^ down)
        if not down:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        s //= 2
    return position
