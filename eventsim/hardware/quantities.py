"""What is counted on a chip: every name, what it means, and what it belongs to in the report."""

from __future__ import annotations

QUANTITIES: dict[str, str] = {
    "synaptic_events": "arrivals at neurons over synapses, values of table rows added included",
    "lut_adds": "values of table rows added (part of the synaptic events)",
    "lut_comparisons": "comparisons of two spikes that tables made",
    "lut_anchor_fetches": "spikes that came to a comparison (part of the synaptic events)",
    "lut_index_bits": "bits of row indices sent to table memory",
    "lut_row_reads": "rows of tables read",
    "neuron_updates_active": "updates of neurons that something reached in a time step",
    "neuron_updates_inactive": "updates of the other neurons in a time step",
    "spikes": "spikes sent by neurons and sources",
    "axon_lookups": "look-ups of an arriving packet's row of synapses",
    "packets": "packets sent, by unicast one for each core that a spike reaches",
    "deliveries": "packets handed to a core by its tile",
    "hops_east_west": "packets that crossed a link east or west",
    "hops_north_south": "packets that crossed a link north or south",
    "flits": "flits of partial sums sent from tables to outputs on other cores",
    "flit_hops": "links crossed by flits of partial sums",
    "sram_read_words": "words read: synapses, table rows, axon look-ups, neuron states",
    "sram_read_bits": "bits of the words read",
    "sram_write_words": "words written: neuron states",
    "sram_write_bits": "bits of the words written",
}
"""Countable quantities, which a price may be for, with their meanings."""

PER_CORE = (
    "synaptic_events",
    "lut_adds",
    "lut_comparisons",
    "lut_anchor_fetches",
    "lut_index_bits",
    "lut_row_reads",
    "neuron_updates_active",
    "neuron_updates_inactive",
    "spikes",
    "axon_lookups",
    "packets",
    "deliveries",
    "flits",
    "sram_read_words",
    "sram_write_words",
)
"""Those that have a value for each core; the others belong to links or follow from these."""

SUBSETS = (
    "lut_adds",
    "lut_anchor_fetches",
    "sram_read_bits",
    "sram_write_bits",
    "deliveries",
    "axon_lookups",
)
"""Another view of something counted under another name: unpriced without a remark when that one is priced."""
