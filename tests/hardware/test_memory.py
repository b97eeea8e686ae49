"""Words, banks and bits of memory: rows laid out by hand and against a bit-by-bit oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.hardware.chip import Chip
from eventsim.hardware.costing import cost
from eventsim.hardware.counts import place
from eventsim.hardware.run import run_of
from eventsim.models import IF
from eventsim.network import Explicit, Network, SpikeTrains
from eventsim.recording import simulate
from tests.hardware.conftest import chip, explicit_run


def _memory(**changes: object) -> Chip:
    return chip(1, 1, memory={"word_bits": 32, "synapse_bits": 8, **changes})


def test_rows_that_straddle_words_are_counted() -> None:
    """Rows of 3, 3 and 2 synapses of 8 bits: bits 0-23, 24-47 (two words instead of one), 48-63."""
    synapses = [(0, 0)] * 3 + [(1, 0)] * 3 + [(2, 0)] * 2
    run = explicit_run(3, synapses, [5, 7, 11])
    counts = cost(run, _memory(), "contiguous").counts
    assert counts.totals["sram_read_words"] == 5 * 1 + 7 * 2 + 11 * 1
    assert counts.straddling_words == 7
    assert counts.straddling_banks == 0
    aligned = cost(run, _memory(row_alignment="word"), "contiguous").counts
    assert aligned.totals["sram_read_words"] == 5 + 7 + 11
    assert aligned.straddling_words == 0
    assert cost(run, _memory(banks=2), "contiguous").counts.straddling_banks == 7


def test_axon_look_ups_and_neuron_states_are_read_too() -> None:
    run = explicit_run(2, [(0, 1), (1, 1), (1, 0)], [3, 4])
    counts = cost(run, _memory(axon_bits=40, state_bits=64), "contiguous").counts
    assert counts.totals["axon_lookups"] == 7
    events = 3 + 8
    assert counts.totals["sram_read_words"] == 7 * 1 + 7 * 2 + events * 2
    assert counts.totals["sram_write_words"] == events * 2


def test_bank_conflicts_follow_the_order_of_spikes() -> None:
    """Rows of one word each in banks 0, 1, 0: within an instant a read of the bank read before it waits."""
    network = Network()
    trains = SpikeTrains(np.array([1.0, 1.0, 2.0, 2.0, 3.0]), np.array([0, 2, 0, 1, 0]), 3)
    inputs = network.source("inputs", trains)
    network.record_spikes(inputs)
    cells = network.population("cells", 1, IF(v_th=1e9))
    sources = np.repeat(np.arange(3), 4).astype(np.uint32)
    network.connect(inputs, cells, Explicit(sources, np.zeros(12, np.uint32)), delay=0.0)
    run = run_of(network, simulate(network, 10.0))
    counts = cost(run, _memory(banks=2), "contiguous").counts
    assert counts.bank_conflicts is not None
    assert (
        counts.bank_conflicts.sum() == 1
    )  # at 1 ms rows 0 and 2; at 2 ms rows 0 and 1 lie in different banks


@given(
    rows=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    word=st.integers(1, 40),
    synapse=st.integers(1, 17),
    header=st.integers(0, 9),
    banks=st.integers(1, 4),
    aligned=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_layout_against_bits(
    rows: list[int], word: int, synapse: int, header: int, banks: int, aligned: bool
) -> None:
    synapses = [(source, 0) for source, n in enumerate(rows) for _ in range(n)]
    run = explicit_run(len(rows), synapses, [1] * len(rows))
    made = _memory(
        word_bits=word,
        synapse_bits=synapse,
        row_header_bits=header,
        banks=banks,
        row_alignment="word" if aligned else "bit",
    )
    layout = place(run, made, np.zeros(len(rows), np.int64)).layout
    at = 0
    for k, n in enumerate(rows):
        bits = range(at, at + header + n * synapse)
        words = sorted({bit // word for bit in bits})
        assert layout.words[k] == len(words)
        assert (layout.first_bank[k], layout.last_bank[k]) == (words[0] % banks, words[-1] % banks)
        assert layout.straddles_banks[k] == (len({w % banks for w in words}) > 1)
        at = bits.stop
        if aligned:
            at = -(-at // word) * word
    assert layout.bits[0] == at


def test_memory_of_a_row_is_that_of_both_projections() -> None:
    network = Network()
    cells = network.population("cells", 2, IF())
    for _ in range(2):
        network.connect(cells, cells, Explicit(np.array([0], np.uint32), np.array([1], np.uint32)), delay=0.0)
    run = run_of(network, simulate(network, 1.0))
    placed = place(run, _memory(), np.zeros(2, np.int64))
    assert placed.reach.synapses.tolist() == [2]
    assert placed.usage.axons_in.tolist() == [1]
    assert placed.layout.bits.tolist() == [16]


def test_unrecorded_spikes_say_what_is_not_known() -> None:
    run = explicit_run(2, [(0, 1)], [3, 0])
    counts = cost(run, _memory(), "contiguous").counts
    assert counts.bank_conflicts is None
    assert any("bank conflicts" in note for note in counts.notes)
    with pytest.raises(ValueError, match="not recorded"):
        _ = run.spikes
