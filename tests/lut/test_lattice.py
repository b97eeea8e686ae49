import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.errors import InputError
from eventsim.lut.encoding import intensity_to_latency, jittered
from eventsim.lut.lattice import LARGEST_ENTRY_MS, LATTICE_MS, MOST_TABLES, check_on_lattice, snap


@given(st.floats(-(2.0**16), 2.0**16))
def test_snapping_goes_to_the_nearest_point_and_stays_there(value):
    snapped = float(snap(value))
    assert abs(snapped - value) <= LATTICE_MS / 2
    assert (snapped / LATTICE_MS).is_integer()
    assert float(snap(snapped)) == snapped


@given(st.floats(-(2.0**16), 2.0**16, width=32))
def test_a_snapped_single_precision_value_is_still_one(value):
    assert float(np.float32(snap(value))) == float(snap(value))


def test_sums_of_the_largest_network_are_exact_in_any_order():
    draw = np.random.default_rng(1)
    entries = snap(draw.uniform(-LARGEST_ENTRY_MS, LARGEST_ENTRY_MS, MOST_TABLES))
    entries[: MOST_TABLES // 2] = LARGEST_ENTRY_MS - LATTICE_MS * np.arange(MOST_TABLES // 2)
    exact = sum(int(entry / LATTICE_MS) for entry in entries)
    start = 2.0**28 - LATTICE_MS
    for order in (entries, entries[::-1], draw.permutation(entries)):
        total = 0.0
        for entry in order:
            total += float(entry)
        assert total / LATTICE_MS == exact
        assert int((start + total) / LATTICE_MS) == exact + int(start / LATTICE_MS)


@pytest.mark.parametrize(
    ("value", "why"),
    [(np.nan, "not a number"), (np.inf, "more than 65536 ms"), (7e4, "more than"), (0.1, "not a multiple")],
)
def test_an_unusable_entry_is_named(value, why):
    values = np.zeros((4, 3, 2))
    values[2, 1, 0] = value
    with pytest.raises(InputError, match=why) as error:
        check_on_lattice("tables", values, ("table", "row", "output"))
    assert "tables[table 2, row 1, output 0]" in str(error.value)


def test_brighter_spikes_earlier():
    latencies = intensity_to_latency([0.0, 0.25, 1.0], 10.0)
    assert latencies.tolist() == [10.0, 7.5, 0.0]
    check_on_lattice("x", intensity_to_latency(np.random.default_rng(0).random(100), 7.3), ("input",))
    with pytest.raises(InputError, match=r"intensity\[1\] = 1.5"):
        intensity_to_latency([0.0, 1.5], 10.0)
    with pytest.raises(InputError, match="span_ms"):
        intensity_to_latency([0.0], 0.0)


def test_jitter_has_the_asked_width_and_repeats():
    x = np.full((100, 100), 3.0)
    noisy = jittered(x, 0.5, seed=4)
    np.testing.assert_array_equal(noisy, jittered(x, 0.5, seed=4))
    assert not np.array_equal(noisy, jittered(x, 0.5, seed=5))
    check_on_lattice("x", noisy, ("sample", "input"))
    # 10,000 draws: standard errors 0.005 of the mean and 0.0035 of the width, five of each allowed.
    assert abs(noisy.mean() - 3.0) < 0.025
    assert abs(noisy.std() - 0.5) < 0.018
    np.testing.assert_array_equal(jittered(x, 0.0, seed=4), x)
