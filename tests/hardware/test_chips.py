"""Chip files, capacities and mappings by hand: what is wrong is said, with its name and value."""

from pathlib import Path

import numpy as np
import pytest

from eventsim.errors import EventsimError, InputError, MissingDataError
from eventsim.hardware.capacity import CapacityError, squarest
from eventsim.hardware.chip import chip_names, load_chip
from eventsim.hardware.costing import cost
from eventsim.hardware.energy import bill, chip_bill, default_kind
from eventsim.hardware.mapping import by_hand
from eventsim.models import IF
from eventsim.network import AllToAll, Network, OneToOne
from tests.hardware.conftest import chip, explicit_run


def test_the_shipped_chips_all_load_and_every_price_has_a_source() -> None:
    assert set(chip_names()) == {
        "loihi",
        "truenorth",
        "spinnaker1",
        "spinnaker2",
        "odin",
        "generic45",
        "template",
    }
    for name in chip_names():
        loaded = load_chip(name)
        assert loaded.price
        assert all(each.source and each.grade for each in (*loaded.price, *loaded.latency, *loaded.static))
        assert chip_bill(loaded, {"synaptic_events": 1}, 1.0).kind == default_kind(loaded)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not a TOML file"),
        ('name = "x"', "mesh': this key is missing"),
        ('name = "x"\nmash = 1', "mash = 1: unknown key"),
        ('name = "x"\n[mesh]\ncolumns = 0\nrows = 1\ncores_per_tile = 1', "mesh.columns = 0"),
        ('name = "x"\nspeed = 3', "speed = 3: unknown key"),
    ],
)
def test_a_wrong_chip_file_is_one_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    template = (Path(load_chip.__code__.co_filename).parent / "chips" / "template.toml").read_text()
    body = template.split("[mesh]", 1)[1] if "speed" in text else ""
    path.write_text(text + ("\n[mesh]" + body if body else ""))
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        load_chip(path)


def test_chips_that_cannot_be_read_or_counted(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not a TOML file"):
        load_chip(path)
    run = explicit_run(2, [(0, 1)], [1, 0])
    with pytest.raises(InputError, match="9,999,800,001 cores are more than 4,194,304"):
        cost(run, chip(1, 1), chips=(99_999, 99_999))
    with pytest.raises(InputError, match=r"timing.tick_ms = 1e-09: 10,000,000,000 time steps are more than"):
        cost(run, chip(timing={"tick_ms": 1e-9}))


def test_unknown_chips_and_quantities() -> None:
    with pytest.raises(InputError, match="one of generic45, loihi"):
        load_chip("loiho")
    with pytest.raises(MissingDataError, match="no such chip file"):
        load_chip("nowhere.toml")
    price = load_chip("loihi").price[0]
    with pytest.raises(ValueError, match="is not counted"):
        type(price).model_validate({**price.model_dump(by_alias=True), "for": "synapses"})


def test_what_has_no_price_is_listed_and_repricing_needs_no_run() -> None:
    run = explicit_run(3, [(0, 1), (1, 2)], [4, 2, 0])
    priced = cost(run, chip(), {"cells": [0, 1, 2]})
    assert dict(priced.bill.unpriced)["packets"] == 6
    assert dict(priced.bill.unpriced)["hops_east_west"] == 6
    dearer = priced.chip.model_copy(
        update={"price": (priced.chip.price[0].model_copy(update={"value": 5.0}),)}
    )
    assert priced.repriced(dearer).bill.joules == 5 * priced.bill.joules == pytest.approx(30e-12)
    with pytest.raises(InputError, match="mesh"):
        priced.repriced(chip(4, 4))


def test_static_power_of_what_is_in_use() -> None:
    """Six cores of 128 KB, two of them in use: 0.25 MB leak where the others are switched off, else 0.75 MB."""
    run = explicit_run(3, [(0, 1), (1, 2)], [4, 2, 0])
    leak = {"value": 8.0, "unit": "mW", "per": "MB", "grade": "derived", "source": "made up"}
    for gated, watts in ((False, 6e-3), (True, 2e-3)):
        made = chip(core={"synapse_kb": 128.0}, static=[{**leak, "gated": gated}])
        priced = cost(run, made, {"cells": {"neurons": [0, 3, 3]}})
        assert priced.bill.static_watts == pytest.approx(watts)
        assert priced.repriced(made).bill.joules == priced.bill.joules
    with pytest.raises(ValueError, match="not per chip"):
        chip(static=[{**leak, "per": "chip", "gated": True}])


def test_words_and_their_bits_are_not_both_paid_for() -> None:
    price = load_chip("generic45").price[0]
    bits = price.model_copy(update={"of": "sram_read_bits"})
    with pytest.raises(InputError, match="already paid for"):
        bill({}, [price, bits], 1.0)


def test_over_capacity_says_which_tile_what_and_how_many_chips() -> None:
    run = explicit_run(10, [(i, 0) for i in range(10)], [1] * 10)
    small = chip(2, 1, core={"neurons": 2})
    message = (
        r"tile \(1, 0\) core 0 needs 8 neurons and has 2, 6 too few \(1 core is over\); 3 chips would hold it"
    )
    with pytest.raises(CapacityError, match=message):
        cost(run, small)
    held = cost(run, small, chips="auto")
    assert held.chip.n_chips == 3
    assert held.placed.usage.neurons.max() == 2
    with pytest.raises(CapacityError, match="no number of chips holds it"):
        cost(run, chip(core={"axons_in": 9}))
    memory = cost(run, chip(core={"synapse_kb": 10 / 1024}))
    assert memory.placed.usage.synapse_bits.max() == 80
    with pytest.raises(CapacityError, match="bits of synapse memory"):
        cost(run, chip(core={"synapse_kb": 9 / 1024}))


def test_axons_out_are_kept_by_filling_cores_less_full() -> None:
    """Ten neurons that all reach each other: on one core each has one axon; two cores make it two each."""
    run = explicit_run(10, [(i, j) for i in range(10) for j in range(10)], [1] * 10)
    with pytest.raises(CapacityError, match="axons out"):
        cost(run, chip(2, 1, core={"neurons": 5, "axons_out": 5}))


def test_a_filling_starts_a_core_when_the_last_is_full() -> None:
    run = explicit_run(6, [(0, i) for i in range(6)], [1] * 6)
    placed = cost(run, chip(core={"neurons": 4})).placed
    assert placed.core_of.tolist() == [0, 0, 0, 0, 1, 1]
    even = cost(run, chip(), spread="even").placed
    assert even.core_of.tolist() == [0, 1, 2, 3, 4, 5]


def test_mappings_by_hand() -> None:
    network = Network()
    a, b = network.population("a", 5, IF()), network.population("b", 2, IF())
    network.connect(a, b, AllToAll())
    found = by_hand(network, chip(), {"a": [1, 2], "b": {"neurons": [0, 5]}})
    assert found.tolist() == [1, 1, 2, 2, 2, 0, 5]
    for mapping, message in (
        ({"a": 0}, "mapping = 'b': this population has no core"),
        ({"a": 0, "b": 0, "c": 0}, "no such population; there are a, b"),
        ({"a": 0, "b": {"neurons": [0]}}, "the population has 2 neurons"),
        ({"a": 0, "b": 6}, r"mapping.b\[0\] = 6: cores go from 0 to 5"),
        ({"a": 0, "b": "x"}, "core numbers are needed"),
        ({"a": 0, "b": {"cores": [0]}}, "only the key neurons"),
    ):
        with pytest.raises(InputError, match=message):
            by_hand(network, chip(), mapping)


def test_hypergraph_keeps_what_talks_together() -> None:
    """Two groups of eight that talk among themselves alone: one core each, and nothing crosses a link."""
    pytest.importorskip("mtkahypar")
    order = np.random.default_rng(3).permutation(16)
    groups = order[:8].tolist(), order[8:].tolist()
    synapses = [(i, j) for group in groups for i in group for j in group if i != j]
    run = explicit_run(16, synapses, [5] * 16)
    made = chip(2, 1, core={"neurons": 9})
    for objective in ("hops", "load"):
        found = cost(run, made, "hypergraph", objective=objective)  # type: ignore[arg-type]
        assert found.counts.hops_unicast == 0
        assert sorted(found.counts.per_tile("synaptic_events").tolist()) == [280, 280]
    assert cost(run, made, "contiguous").counts.hops_unicast > 0


def test_load_is_spread_over_all_tiles_though_one_would_hold_it() -> None:
    """Twelve neurons that are reached alike by one that fires, on six tiles: two on each; for hops, all on one."""
    pytest.importorskip("mtkahypar")
    run = explicit_run(13, [(12, i) for i in range(12)], [0] * 12 + [100])
    load = cost(run, chip(), "hypergraph", objective="load").counts
    assert load.per_tile("synaptic_events").tolist() == [200] * 6
    assert cost(run, chip(), "hypergraph", objective="hops").counts.hops_unicast == 0


def test_placement_puts_parts_that_talk_side_by_side() -> None:
    """A ring of eight neurons, one a core, in random order: neighbours end up on neighbouring tiles."""
    pytest.importorskip("mtkahypar")
    network = Network()
    cells = network.population("cells", 8, IF())
    order = np.random.default_rng(1).permutation(8)
    network.connect(cells[order], cells[np.roll(order, 1)], OneToOne())
    from eventsim.hardware.run import Run

    run = Run(network, np.full(8, 3), 10.0)
    found = cost(run, chip(4, 2, core={"neurons": 1}), "hypergraph")
    assert found.counts.hops_unicast == 24  # each of 3 x 8 packets goes one link, the least there is


def test_unknown_mappings_and_shapes() -> None:
    run = explicit_run(2, [(0, 1)], [1, 0])
    with pytest.raises(InputError, match="contiguous, hilbert, hypergraph or a TOML file"):
        cost(run, chip(), "metis")
    with pytest.raises(EventsimError, match="no such mapping file"):
        cost(run, chip(), "mine.toml")
    assert [squarest(n) for n in (1, 2, 3, 4, 12)] == [(1, 1), (2, 1), (3, 1), (2, 2), (4, 3)]
