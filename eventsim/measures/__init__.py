"""Measures of timing on rasters, each with its unit and source; docs/measures.md lists them.

Those that Elephant has are computed by it (extra ``elephant``); the others are here, in continuous time.
"""

from eventsim.measures.distances import van_rossum_distances, victor_purpura_distances
from eventsim.measures.expected import (
    chance_coincidence_rate_hz,
    coincidence_probability,
    rate_decoding_error,
    rate_misread_probability,
    swap_probability,
)
from eventsim.measures.intervals import IntervalStatistics, interval_statistics
from eventsim.measures.latency import first_spike_latencies, rank_order_correlation, rank_order_correlations
from eventsim.measures.patterns import (
    Pattern,
    expected_occurrences,
    pattern_occurrences,
    pattern_of,
    pattern_recurrence,
)
from eventsim.measures.reliability import Events, correlation_reliability, firing_events, trials
from eventsim.measures.spectrum import population_spectrum
from eventsim.measures.synchrony import spike_contrast, synchrony_index
from eventsim.measures.trains import spike_trains

__all__ = [
    "Events",
    "IntervalStatistics",
    "Pattern",
    "chance_coincidence_rate_hz",
    "coincidence_probability",
    "correlation_reliability",
    "expected_occurrences",
    "firing_events",
    "first_spike_latencies",
    "interval_statistics",
    "pattern_occurrences",
    "pattern_of",
    "pattern_recurrence",
    "population_spectrum",
    "rank_order_correlation",
    "rank_order_correlations",
    "rate_decoding_error",
    "rate_misread_probability",
    "spike_contrast",
    "spike_trains",
    "swap_probability",
    "synchrony_index",
    "trials",
    "van_rossum_distances",
    "victor_purpura_distances",
]
