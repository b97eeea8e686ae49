"""A chip as a file: its mesh, the capacities of a core, its prices with their sources, its static power."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from json import dumps
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eventsim.errors import InputError, MissingDataError
from eventsim.hardware.quantities import QUANTITIES

Grade = Literal["measured", "simulated", "derived", "second-hand"]
Kind = Literal["incremental", "all-in"]

JOULES = {"J": 1.0, "mJ": 1e-3, "uJ": 1e-6, "nJ": 1e-9, "pJ": 1e-12, "fJ": 1e-15}
WATTS = {"W": 1.0, "mW": 1e-3, "uW": 1e-6, "nW": 1e-9}
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}

MOST_CORES = 1 << 22
"""Of all chips together: what can be counted within gigabytes."""

Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Mesh(_Table):
    """A rectangle of tiles joined by links to their neighbours; packets go along a row first, then a column."""

    columns: Count
    rows: Count
    cores_per_tile: Count
    tiles: Count | None = None
    """How many of the rectangle's tiles hold cores, in row-major order; all of them where absent."""
    numbering: Literal["rows", "columns"] = "rows"
    """Whether tiles, and the cores in them, are numbered along rows or along columns."""
    routing: Literal["unicast", "multicast"] = "unicast"
    flit_bits: Count = 32
    """Bits of one flit of partial sums."""


class Core(_Table):
    """What a core holds.  A limit that is absent is none."""

    neurons: Count | None = None
    axons_in: Count | None = None
    """Sources that have synapses on the core: an entry each of its input look-up."""
    axons_out: Count | None = None
    """Pairs of a neuron of the core and a core that it reaches."""
    synapse_kb: Amount | None = None
    """Memory for synapses and tables, in units of 1,024 bytes."""


class Memory(_Table):
    """How synapses and tables lie in a core's memory, and what an access moves."""

    word_bits: Count
    banks: Count = 1
    """Word k lies in bank k modulo banks."""
    synapse_bits: Count
    """Bits of one synapse."""
    row_header_bits: Annotated[int, Field(ge=0)] = 0
    row_alignment: Literal["bit", "word"] = "bit"
    """Whether a row begins where the one before it ended, or at the next word."""
    value_bits: Count = 8
    """Bits of one value of a look-up table."""
    axon_bits: Annotated[int, Field(ge=0)] = 0
    """Bits read to find the row of a packet's source; 0 where it costs no access."""
    state_bits: Annotated[int, Field(ge=0)] = 0
    """Bits of a neuron's state, read and written at every update; 0 where it is not in SRAM."""


class Timing(_Table):
    """The clock of the time model."""

    tick_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Time step of the chip; absent: it works when something arrives."""
    cycle_ns: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """Resolution of the packet-level simulation; latencies are rounded up to whole cycles."""
    buffer_packets: Count = 4
    """Packets that each input of a router holds."""


class Source(_Table):
    """Where a figure is from and how far it can be trusted."""

    source: Annotated[str, Field(min_length=1)]
    grade: Grade
    note: str = ""


class Price(Source):
    """The energy of one event of a kind."""

    of: Annotated[str, Field(alias="for")]
    value: Amount
    unit: Literal["J", "mJ", "uJ", "nJ", "pJ", "fJ"]
    kind: Kind
    covers: tuple[str, ...] = ()
    """What else the figure includes, and that is therefore not missing where it has no price of its own."""
    part_of: str | None = None
    """The price that already holds this one: where both are known, this one is shown and not added."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in (self.of, *self.covers, *filter(None, [self.part_of])):
            if name not in QUANTITIES:
                raise ValueError(f"{name!r} is not counted; counted are {', '.join(QUANTITIES)}")
        return self

    @property
    def joules(self) -> float:
        """Energy of one event in J."""
        return self.value * JOULES[self.unit]


class Latency(Source):
    """The time of one event of a kind at a core or on a link; `barrier` is that of ending a time step."""

    of: Annotated[str, Field(alias="for")]
    value: Amount
    unit: Literal["s", "ms", "us", "ns", "ps"]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.of not in QUANTITIES and self.of != "barrier":
            raise ValueError(f"{self.of!r} is not counted; counted are {', '.join(QUANTITIES)} and barrier")
        return self

    @property
    def nanoseconds(self) -> float:
        return self.value * SECONDS[self.unit] * 1e9


class StaticPower(Source):
    """Power that is drawn whether anything happens or not."""

    value: Amount
    unit: Literal["W", "mW", "uW", "nW"]
    per: Literal["chip", "tile", "core", "MB", "MHz"]
    """What it is multiplied by; MB: of synapse memory that the chip has.  MHz needs `mhz`."""
    mhz: Amount | None = None
    gated: bool = False
    """Whether tiles or cores that hold nothing are switched off, so that only those in use draw it."""

    @model_validator(mode="after")
    def _by_core(self) -> Self:
        if self.gated and self.per not in ("tile", "core", "MB"):
            raise ValueError(f"gated power is per tile, core or MB, not per {self.per}")
        return self

    @property
    def watts(self) -> float:
        """Power of one of what it is per, in W."""
        return self.value * WATTS[self.unit] * ((self.mhz or 0.0) if self.per == "MHz" else 1.0)


class InUse(NamedTuple):
    """Tiles and cores that hold something of a network."""

    tiles: int
    cores: int


class Chip(_Table):
    """All that the cost model knows of a chip."""

    name: str
    description: str = ""
    mesh: Mesh
    core: Core
    memory: Memory
    timing: Timing = Timing()
    price: tuple[Price, ...] = ()
    latency: tuple[Latency, ...] = ()
    static: tuple[StaticPower, ...] = ()
    chips: tuple[Count, Count] = (1, 1)
    """Chips side by side (columns, rows), their meshes joined to one."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        seen = [(each.of, each.kind) for each in self.price]
        twice = {key for key in seen if seen.count(key) > 1}
        if twice:
            raise ValueError(f"two {twice.pop()} prices")
        if self.mesh.tiles is not None and self.mesh.tiles > self.mesh.columns * self.mesh.rows:
            raise ValueError(f"mesh.tiles is more than {self.mesh.columns} x {self.mesh.rows}")
        return self

    @property
    def columns(self) -> int:
        """Tiles in a row of all chips."""
        return self.mesh.columns * self.chips[0]

    @property
    def rows(self) -> int:
        return self.mesh.rows * self.chips[1]

    @property
    def tiles_per_chip(self) -> int:
        """Tiles of one chip that hold cores."""
        return self.mesh.tiles or self.mesh.columns * self.mesh.rows

    @property
    def n_chips(self) -> int:
        return self.chips[0] * self.chips[1]

    @property
    def cores_per_chip(self) -> int:
        return self.tiles_per_chip * self.mesh.cores_per_tile

    def usable_tiles(self) -> list[int]:
        """Places (row * columns + column) of the tiles that hold cores, in the order of their numbers.

        Raises InputError for more cores than MOST_CORES.
        """
        if (cores := self.n_chips * self.cores_per_chip) > MOST_CORES:
            raise InputError("chips", self.chips, f"{cores:,} cores are more than {MOST_CORES:,}")
        inside = self.mesh.columns, self.mesh.rows
        tiles = [
            tile
            for tile in range(self.columns * self.rows)
            if (tile // self.columns % inside[1]) * inside[0] + tile % self.columns % inside[0]
            < self.tiles_per_chip
        ]
        if self.mesh.numbering == "columns":
            tiles.sort(key=lambda tile: (tile % self.columns, tile // self.columns))
        return tiles

    def side_by_side(self, columns: int, rows: int) -> Chip:
        """So many of these chips joined to one mesh."""
        if columns < 1 or rows < 1:
            raise InputError("chips", (columns, rows), "at least 1 x 1 is needed")
        return self.model_copy(update={"chips": (columns, rows)})

    def at_mhz(self, mhz: float) -> Chip:
        """The chip clocked so fast, as far as its static power depends on it."""
        static = (s.model_copy(update={"mhz": mhz}) if s.per == "MHz" else s for s in self.static)
        return self.model_copy(update={"static": tuple(static)})

    def latency_ns(self, name: str) -> float:
        """Time of one event in ns, 0 where the chip gives none."""
        return next((each.nanoseconds for each in self.latency if each.of == name), 0.0)

    def static_watts(self, in_use: InUse | None = None) -> float:
        """Static power of all chips in W; in_use: the tiles and cores that are not switched off, by default all."""
        every = InUse(self.n_chips * self.tiles_per_chip, self.n_chips * self.cores_per_chip)
        total = 0.0
        for each in self.static:
            on = in_use if each.gated and in_use is not None else every
            memory_mb = (self.core.synapse_kb or 0.0) / 1024.0 * on.cores
            chips = float(self.n_chips)
            times = {"chip": chips, "tile": on.tiles, "core": on.cores, "MB": memory_mb, "MHz": chips}
            total += each.watts * times[each.per]
        return total


def chip_names() -> list[str]:
    """The chips that come with the library."""
    return sorted(
        each.name.removesuffix(".toml") for each in _folder().iterdir() if each.name.endswith(".toml")
    )


def load_chip(name: str | Path, folders: Sequence[Path] = ()) -> Chip:
    """The chip in a TOML file, or one of the library's by its name; a relative file is also looked for in `folders`.

    Raises InputError for a name that is neither, or a file in which a key or value is wrong.
    """
    for path in (Path(name), *(folder / name for folder in folders)):
        if path.suffix == ".toml":
            if path.is_file():
                return _parse(path.read_bytes(), str(path))
        elif str(name) in chip_names():
            shipped = _folder().joinpath(f"{name}.toml")
            return _parse(shipped.read_bytes(), f"{name}.toml")
    if Path(name).suffix == ".toml":
        raise MissingDataError(f"{name}: there is no such chip file")
    raise InputError("chip", str(name), f"a TOML file or one of {', '.join(chip_names())} is needed")


def _folder() -> Path:
    return Path(str(files("eventsim.hardware"))) / "chips"


def _parse(text: bytes, where: str) -> Chip:
    try:
        # Strict checking takes lists for tuples only in JSON.
        return Chip.model_validate_json(dumps(tomllib.loads(text.decode("utf-8"))))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("chip", where, f"not a TOML file: {error}") from None
    except ValidationError as error:
        raise _explained(error, where) from None


def _explained(error: ValidationError, where: str) -> InputError:
    """The first mistake, a key that is unknown before one that is missing, and how many more there are."""
    found = error.errors(include_url=False, include_context=False)
    first = min(found, key=lambda each: each["type"] != "extra_forbidden")
    key = ".".join(map(str, first["loc"]))
    known = {"extra_forbidden": "unknown key", "missing": "this key is missing"}
    why = known.get(first["type"], first["msg"].removeprefix("Value error, "))
    why += f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    if first["type"] == "missing" or isinstance(first["input"], dict):
        return InputError(where, key, why) if key else InputError("chip", where, why)
    return InputError(f"{where}: {key}" if key else where, first["input"], why)
