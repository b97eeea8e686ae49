"""From counts to joules: which prices may be added, what each part costs, and what has no price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eventsim.errors import InputError
from eventsim.hardware.chip import Chip, InUse, Kind, Price
from eventsim.hardware.quantities import QUANTITIES, SUBSETS


@dataclass(frozen=True)
class Part:
    """One line of a bill: a price and how often it was paid."""

    price: Price
    count: int

    @property
    def joules(self) -> float:
        return self.count * self.price.joules


@dataclass(frozen=True)
class Bill:
    """Energy of a run on a chip.

    parts: the dynamic energy by price.  within: what is already part of one of these, and not added.  static_watts:
    power drawn over seconds of chip time; 0 with all-in prices, in which it is shared out.  unpriced: (quantity,
    count) of what was counted and has no price.  covered: the same of what another price includes.
    """

    kind: Kind
    parts: tuple[Part, ...]
    static_watts: float
    seconds: float
    unpriced: tuple[tuple[str, int], ...]
    covered: tuple[tuple[str, int], ...] = ()
    within: tuple[Part, ...] = ()

    @property
    def dynamic_joules(self) -> float:
        return sum(part.joules for part in self.parts)

    @property
    def static_joules(self) -> float:
        return self.static_watts * self.seconds

    @property
    def joules(self) -> float:
        return self.dynamic_joules + self.static_joules

    @property
    def watts(self) -> float:
        """Mean power; infinite for a run of no duration that costs something."""
        return self.joules / self.seconds if self.seconds else float("inf")

    def __add__(self, other: Bill) -> Bill:
        """Two bills as one; InputError where one is of incremental and the other of all-in prices."""
        _one_kind([self.kind, other.kind])
        return Bill(
            self.kind,
            self.parts + other.parts,
            self.static_watts + other.static_watts,
            max(self.seconds, other.seconds),
            self.unpriced + other.unpriced,
            self.covered + other.covered,
            self.within + other.within,
        )


def bill(
    counts: Mapping[str, int], prices: Iterable[Price], seconds: float, static_watts: float = 0.0
) -> Bill:
    """What `counts` cost at these prices over `seconds`.

    Raises InputError where incremental prices (static power apart) and all-in prices (static power shared out) would be
    added, static power to all-in prices included, or two prices are for the same.
    """
    chosen = list(prices)
    kinds: list[Kind] = [each.kind for each in chosen]
    if static_watts > 0.0:
        kinds.append("incremental")
    kind = _one_kind(kinds)
    names = [each.of for each in chosen]
    for name in names:
        if names.count(name) > 1:
            raise InputError("prices", name, "has two prices")
    _no_double_counting(names)
    paid = [Part(each, int(counts.get(each.of, 0))) for each in chosen]
    within = tuple(part for part in paid if part.price.part_of in names)
    parts = tuple(part for part in paid if part.price.part_of not in names)
    covered = {name for each in chosen for name in each.covers}
    bare = [(name, int(counts.get(name, 0))) for name in QUANTITIES if name not in names]
    bits = {"sram_read_words": "sram_read_bits", "sram_write_words": "sram_write_bits"}
    unpriced = tuple(
        (name, count)
        for name, count in bare
        if count and name not in covered and name not in SUBSETS and bits.get(name) not in names
    )
    included_in = tuple(each for each in bare if each[0] in covered)
    return Bill(kind, parts, static_watts, seconds, unpriced, included_in, within)


def chip_bill(
    chip: Chip,
    counts: Mapping[str, int],
    seconds: float,
    kind: Kind | None = None,
    in_use: InUse | None = None,
) -> Bill:
    """The bill of a chip by its prices of one kind: by default its incremental ones if it has any for what happens at
    synapses or in memory, else the all-in ones.  in_use: see `Chip.static_watts`."""
    kind = default_kind(chip) if kind is None else kind
    prices = [each for each in chip.price if each.kind == kind]
    if not prices:
        raise InputError("prices", kind, f"{chip.name} has no such prices")
    return bill(counts, prices, seconds, chip.static_watts(in_use) if kind == "incremental" else 0.0)


def fit_incremental(events_per_s: tuple[float, float], watts: tuple[float, float]) -> tuple[float, float]:
    """The incremental price of an event (J) and the static power (W) behind a chip's whole power at two rates."""
    if events_per_s[0] == events_per_s[1]:
        raise InputError("events_per_s", events_per_s, "two different rates are needed")
    slope = (watts[1] - watts[0]) / (events_per_s[1] - events_per_s[0])
    return slope, watts[0] - slope * events_per_s[0]


def default_kind(chip: Chip) -> Kind:
    """Incremental if the chip has such a price for a synaptic event or a read of memory, else all-in."""
    core = {each.of for each in chip.price if each.kind == "incremental"}
    all_in = any(each.kind == "all-in" for each in chip.price)
    return "all-in" if all_in and not core & {"synaptic_events", "sram_read_words"} else "incremental"


def _one_kind(kinds: list[Kind]) -> Kind:
    if len(set(kinds)) > 1:
        why = "incremental and all-in prices (or static power and all-in prices) must not be added"
        raise InputError("prices", sorted(set(kinds)), why)
    return kinds[0] if kinds else "incremental"


def _no_double_counting(names: list[str]) -> None:
    """Words and the bits of the same words must not both be paid for, nor a part of the events beside them all."""
    for whole, part in (("sram_read_words", "sram_read_bits"), ("sram_write_words", "sram_write_bits")):
        if whole in names and part in names:
            raise InputError("prices", part, f"is already paid for as {whole}")
