"""The six published figures that the cost model must reproduce, with their tolerances."""

import numpy as np
import pytest

from eventsim.errors import InputError
from eventsim.hardware.chip import load_chip
from eventsim.hardware.costing import cost
from eventsim.hardware.dense import SpikeLM, synaptic_operations, transformer_macs
from eventsim.hardware.energy import bill, chip_bill, fit_incremental
from eventsim.hardware.lut_sizes import LayerSizes, TransformerSizes
from tests.hardware.dvs import sanafe_loihi, tutorial_mapping, tutorial_run


def test_sanafe_tutorial_integers_and_energies() -> None:
    """Unicast, one packet for each destination core: the same integers; the network's energy to 0.0001 uJ."""
    priced = cost(tutorial_run(), sanafe_loihi(), tutorial_mapping(), check_capacity=False)
    totals = priced.counts.totals
    assert totals["spikes"] == 65_244
    assert totals["synaptic_events"] == 9_272_065
    assert totals["packets"] == 443_672
    assert priced.counts.hops_unicast == totals["hops_east_west"] + totals["hops_north_south"] == 847_696
    joules = {part.price.of: part.joules for part in priced.bill.parts}
    assert joules["synaptic_events"] * 1e6 == pytest.approx(329.158, abs=5e-4)
    network = joules["packets"] + joules["hops_east_west"] + joules["hops_north_south"]
    assert network * 1e6 == pytest.approx(52.4135, abs=5e-5)


def test_tutorial_map_by_tree_and_balance() -> None:
    counts = cost(tutorial_run(), sanafe_loihi(), tutorial_mapping(), check_capacity=False).counts
    assert counts.hops_multicast == 181_998
    events = counts.per_tile("synaptic_events")
    assert events.max() / events.mean() == pytest.approx(6.7, abs=0.05)


def test_spiking_manifesto_released_settings() -> None:
    sizes = TransformerSizes(32, 32, 6, 4, 16, 6, 4, outputs=256)
    assert sizes.table_values == 805_765_120
    assert sizes.parameters == 805_822_464
    assert sizes.row_values == 6_324_224
    assert sizes.pair_comparisons == 95_232
    assert sizes.positional_comparisons == 49_152


def test_spiking_manifesto_tables_1_and_4() -> None:
    layer = LayerSizes(n_tables=64, n_comparisons=10, n_out=64)
    assert (layer.bandwidth, layer.footprint) == (5_376, 4_194_304)
    one_head = TransformerSizes(32, 16, 1, 1, 10, 6, 4)
    assert one_head.table_values == 10_496_000
    assert one_head.published_operations == 172_800


@pytest.mark.parametrize(("mhz", "events_per_s", "microwatts"), [(75.0, 37.5e6, 476.93), (1.3, 650e3, 35.09)])
def test_odin_power(mhz: float, events_per_s: float, microwatts: float) -> None:
    counts = {"synaptic_events": int(events_per_s)}
    watts = chip_bill(load_chip("odin").at_mhz(mhz), counts, seconds=1.0, kind="incremental").watts
    assert watts * 1e6 == pytest.approx(microwatts, abs=5e-3)


def test_truenorth_fit_and_prediction() -> None:
    synapses = 2**20 * 128
    price, static = fit_incremental((11.58 * synapses, 95.93 * synapses), (68e-3, 94e-3))
    assert price * 1e12 == pytest.approx(2.297, abs=5e-4)
    assert static * 1e3 == pytest.approx(64.43, abs=5e-3)
    assert (static + price * synapses * 20.07) * 1e3 == pytest.approx(70.62, abs=5e-3)
    shipped = chip_bill(
        load_chip("truenorth"), {"synaptic_events": round(20.07 * synapses)}, 1.0, "incremental"
    )
    assert shipped.watts * 1e3 == pytest.approx(70.62, abs=0.01)


def test_truenorth_all_in_price_is_never_added_to_incremental_ones() -> None:
    chip = load_chip("truenorth")
    all_in = [each for each in chip.price if each.kind == "all-in"]
    incremental = [each for each in chip.price if each.kind == "incremental"]
    assert [each.value for each in all_in] == [26.0]
    counts = {"synaptic_events": 10, "hops_east_west": 3}
    with pytest.raises(InputError, match="must not be added"):
        bill(counts, all_in, 1.0, static_watts=chip.static_watts())
    with pytest.raises(InputError, match="must not be added"):
        bill(counts, [*all_in, *(each for each in incremental if each.of != "synaptic_events")], 1.0)
    with pytest.raises(InputError, match="must not be added"):
        _ = bill(counts, all_in, 1.0) + bill(counts, incremental, 1.0)
    alone = bill(counts, all_in, 1.0)
    assert alone.joules == pytest.approx(260e-12)
    assert alone.static_joules == 0.0


def test_bert_base_as_dense_products() -> None:
    macs = transformer_macs(sequence=128, width=768, layers=12)
    assert macs == 11_173_625_856
    millijoules = SpikeLM(macs, steps=4, rate=0.2).dense_joules * 1e3
    assert millijoules == pytest.approx(51.399, abs=5e-4)
    assert millijoules == pytest.approx(51.41, rel=1e-3)


@pytest.mark.parametrize(
    ("steps", "published_mj", "rate"), [(4, 7.98, 0.198), (1, 3.98, 0.396), (4, 13.74, 0.342)]
)
def test_spikelm_both_readings(steps: int, published_mj: float, rate: float) -> None:
    """The published energies imply these rates where only additions cost; reading each weight costs 5 pJ more."""
    macs = transformer_macs(128, 768, 12)
    formula = SpikeLM(macs, steps, rate)
    assert formula.rate_for(published_mj * 1e-3) == pytest.approx(rate, abs=6e-4)
    assert formula.additions_joules * 1e3 == pytest.approx(published_mj, rel=3e-3)
    assert formula.with_memory_joules / formula.additions_joules == pytest.approx(5.9 / 0.9)


def test_neurobench_example() -> None:
    """The 3 x 3 example of NeuroBench's page on synaptic operations: effective 4, dense 9."""
    weights = [[1.3, 0.0, -3.2], [0.0, 1.2, -5.1], [-1.1, 2.7, 0.0]]
    inputs = np.array([0.0, 1.3, -1.0])
    assert synaptic_operations(weights, inputs) == {"Effective_MACs": 4, "Effective_ACs": 0, "Dense": 9}
    spikes = synaptic_operations(weights, [0.0, 1.0, -1.0])
    assert spikes == {"Effective_MACs": 0, "Effective_ACs": 4, "Dense": 9}
