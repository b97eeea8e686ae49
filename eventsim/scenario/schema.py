"""The scenario file as a checked model: every key, its type and its range."""

import re
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from eventsim.scenario.noise import NoiseTable

MAX_SEED = 2**64 - 1


def _written(form: str, pattern: str) -> AfterValidator:
    """A text that matches ``pattern``, which a mistake calls ``form``."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"should be {form}")
        return value

    return AfterValidator(check)


Name = Annotated[
    str, _written("letters, digits, _, . and -, a letter or digit first", "[A-Za-z0-9][A-Za-z0-9_.-]*")
]
Builder = Annotated[
    str, _written("package.module:function or path/to/file.py:function", "[^:]+:[A-Za-z_][A-Za-z0-9_]*")
]
Chips = Annotated[str, _written("auto or COLUMNSxROWS, such as 2x3", "auto|[1-9][0-9]*x[1-9][0-9]*")]
Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PositiveMilliseconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StateTrace(_Table):
    """A state variable of some neurons of a population, at given times or at every multiple of an interval."""

    population: str
    variable: str
    neurons: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    """Indices in the population; all of them where absent."""
    times_ms: tuple[Milliseconds, ...] | None = None
    interval_ms: PositiveMilliseconds | None = None

    @model_validator(mode="after")
    def _one_way_to_say_when(self) -> Self:
        if (self.times_ms is None) == (self.interval_ms is None):
            raise ValueError("needs either times_ms or interval_ms")
        return self


class Record(_Table):
    """What goes into the raster; the builder's own choice where a key is absent."""

    populations: tuple[str, ...] | None = None
    states: tuple[StateTrace, ...] = ()


class Plot(_Table):
    """The figures made of the raster, beside those of the experiment itself."""

    figures: tuple[Literal["summary", "raster", "rates", "isi", "states"], ...] = ("summary",)


class Sweep(_Table):
    """What ``eventsim sweep`` varies, and how its table is drawn; see docs/sweeps.md."""

    vary: dict[str, Any] = {}
    """Axes by dotted key: a list of values, or a text such as ``"0:2:21"`` or ``"uniform(0, 1)"``."""
    zip: tuple[tuple[str, ...], ...] = ()
    """Keys that change together."""
    samples: Annotated[int, Field(ge=1)] | None = None
    sampling: Literal["random", "lhs"] = "random"
    sampling_seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    rasters: bool = False
    draw: tuple[str, ...] | None = None
    """The metrics in the figures; by default all that are numbers."""
    levels: dict[str, float] = {}
    """By metric, the level whose crossing is marked."""


class Hardware(_Table):
    """What `eventsim cost` takes where its options do not say: on which chip, mapped how, at which prices."""

    chip: str = "loihi"
    """A chip of the library or a TOML file."""
    mapping: str | dict[str, int | tuple[int, ...] | dict[str, tuple[int, ...]]] = "contiguous"
    """contiguous, hilbert, hypergraph, a TOML file, or a table of populations and cores."""
    spread: Literal["fill", "even"] = "fill"
    objective: Literal["hops", "load"] = "hops"
    prices: Literal["incremental", "all-in"] | None = None
    chips: Chips = "1x1"
    """Chips side by side, columns x rows, or auto: as many as hold the network."""
    acceleration: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """How much faster than the model's time the chip runs when its packets are simulated."""


class Scenario(_Table):
    """One experiment: which network, with which parameters, for how long, and what to keep of it."""

    name: Name
    description: str = ""
    builder: Builder
    """``package.module:function`` or ``path/to/file.py:function``."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    duration_ms: PositiveMilliseconds | None = None
    engine: Literal["auto", "window", "queue", "simpy"] = "auto"
    threads: Annotated[int, Field(ge=1)] = 1
    parameters: dict[str, Any] = {}
    record: Record = Record()
    plot: Plot = Plot()
    sweep: Sweep = Sweep()
    hardware: Hardware = Hardware()
    noise: NoiseTable = NoiseTable()


def known_keys(model: type[BaseModel] = Scenario, table: str = "") -> dict[str, list[str]]:
    """The keys of every table of ``model`` by the table's dotted name (``""`` for the outermost)."""
    keys = {table: list(model.model_fields)}
    for name, field in model.model_fields.items():
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                keys.update(known_keys(inner, f"{table}.{name}" if table else name))
    return keys
