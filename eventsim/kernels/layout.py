"""What the engines work on: records of addresses (``u8``, see ``memory``) and scalars, a handful for each kernel.

Neurons and sources share one numbering, ``id``: populations in order of creation.  Neurons of the same model and
threshold rule form a *group* with a numbering of its own, ``local``, so that a kernel meets each model once.
"""

from typing import Any, NamedTuple

import numpy as np


class Group(NamedTuple):
    """Neurons of one model: scalars and addresses."""

    model: Any  # Handlers
    params: int  # address of records
    which: int  # address of u4: a neuron's row of params
    state: int  # address of records
    state_bytes: int  # of one
    ids: int  # address of i8
    size: int
    per_arrival: int  # address of u1: 1 where the threshold is tested after every arrival; or 0: once an instant in all
    thresholds: int  # address of THRESHOLD records, one a neuron, where noise moves some; or 0


def _record(*fields: tuple[str, str]) -> np.dtype[Any]:
    return np.dtype(list(fields), align=True)


THRESHOLD = _record(
    ("mean", "f8"),
    ("std", "f8"),  # 0: it is not moved
    ("key0", "u8"),
    ("key1", "u8"),
    ("neuron", "i8"),  # index in its population
    ("number", "i8"),  # of its next spike
)
"""The threshold of a neuron that noise moves after each of its spikes."""

WIRING = _record(
    ("links", "u8"),  # (n_projections,) LINK
    ("population_of", "u8"),  # u2 (n_ids,)
    ("first_id", "u8"),  # i8 (n_populations,)
    ("recorded", "u8"),  # u1 (n_populations,): RECORDED, WATCHED
    ("watched", "u8"),  # u1 (n_ids,): 1: the engine stops right after the instant of such a spike
    ("dead", "u8"),  # u1 (n_ids,): 1: no spike comes from it
    ("flights", "u8"),  # i8 (n_populations,): on how many ways a spike may set out at most
    ("outgoing_start", "u8"),  # i8 (n_populations + 1,)
    ("outgoing", "u8"),  # i8: a population's projections, in order
    ("group_of", "u8"),  # u1 (n_ids,): group of a neuron; of no meaning for a source
    ("local_of", "u8"),  # u4 (n_ids,)
)

LINK = _record(
    ("row_start", "u8"),  # i8 (n_rows + 1,): row r is synapses row_start[r] to row_start[r + 1] - 1
    ("short_starts", "i8"),  # 1: they are u4, as they may be where a row is cut into tiles
    ("first_source", "i8"),  # of the source population's members: no row of others has synapses
    ("end_source", "i8"),
    ("synapses", "i8"),  # in all
    # u4: index in the target population; u2, index in the tile, where rows are cut.  Sorted by (delay, target) in a row
    ("targets", "u8"),
    ("short_targets", "i8"),  # 1: u2
    ("weights", "u8"),  # of synapse k weights[k * weight_stride]; stride 0: common
    ("weight_stride", "i8"),
    ("single", "i8"),  # 1: weights are f4; 0: f8, as common ones and those of look-up tables are
    ("delays", "u8"),  # f8, ms
    ("delay_stride", "i8"),
    ("group", "i8"),
    ("target_first", "i8"),  # local number of the target population's first neuron
    ("receptor", "i8"),
    ("dense", "i8"),  # 1: a row reaches neurons 0, 1, 2, ... and there are no `targets`
    ("order", "i8"),  # the projection's number, also where these are synapses as they were
    ("travel", "u8"),  # address of a TRAVEL: noise acts on the spikes of this projection; or 0
)
"""A projection."""

TRAVEL = _record(
    ("seed", "u8"),
    ("jitter_key", "u8"),
    ("lost_key", "u8"),
    ("delays", "u8"),  # f8, ms: those of the synapses, of k delays[k * delay_stride]
    ("delay_stride", "i8"),
    ("drift_per_ms", "f8"),
    ("jitter_shape", "i8"),
    ("jitter_scale", "f8"),  # 0: none
    ("jitter_each", "i8"),  # 1: a draw for each synapse
    ("lost", "f8"),  # probability
    ("lost_each", "i8"),
    ("tick", "f8"),  # ms; 0: no clock
    ("rounding", "i8"),
    ("each", "i8"),  # 1: the synapses of a row are reached at times that do not follow each other
)
"""What noise does to the spikes of a projection: when each arrives is settled when it is emitted.

Its LINK has the common delay 0, and its spikes set out when they arrive.
"""

HEAP = _record(
    ("when", "u8"),  # f8: the heap's keys
    ("item", "u8"),  # u4: the heap's items
    ("position", "u8"),  # u4: an item's place in it, counted from 1, or 0; address 0: not kept
    ("size", "i8"),
)

FLIGHT = _record(("emitted", "f8"), ("next", "i8"), ("end", "i8"), ("link", "i8"))
"""A spike on its way along one projection: the next synapse it reaches, and the end of its row."""

STRETCH = _record(("first", "i8"), ("number", "u4"), ("link", "u2"), ("whole", "u2"))
"""Synapses that a spike reaches at one instant: one, its target ``number``; or a ``whole`` row, of ``number``."""

QUEUE = _record(
    ("now", "f8"),
    ("phase", "i8"),
    (
        "at_once",
        "i8",
    ),  # rounds and spikes at this instant so far; each round answers the spikes of the one before
    ("round", "i8"),  # rounds since time 0
    ("serial", "i8"),  # spikes emitted since time 0
    ("synaptic_events", "i8"),
    ("external_events", "i8"),
    ("own_events", "i8"),
    ("pause_at", "i8"),  # come back when rounds and synaptic events together reach this
    ("until", "f8"),  # where this call ends
    ("stopped", "i8"),  # 1: there, because a watched neuron fired
    # spikes on their way, in order of their serial numbers and projections
    ("flight", "u8"),  # FLIGHT
    ("flight_capacity", "i8"),
    ("n_flights", "i8"),
    # their arrivals in this slice, as known at its start
    ("slice_end", "f8"),
    ("planned_times", "u8"),  # f8, sorted
    ("planned_labels", "u8"),  # u4: of the stretches, which are in order of the flights
    ("stretches", "u8"),  # STRETCH
    ("planned_capacity", "i8"),
    ("n_planned", "i8"),
    ("next_planned", "i8"),
    ("n_examined", "i8"),  # flights looked at for the plan so far
    ("n_kept", "i8"),  # of these, the ones that are still on their way
    # neurons that fired and whose spikes are not sent off yet
    ("fired", "u8"),  # i8: ids
    ("rows", "u8"),  # i8: the row of synapses, or -1 for the neuron's own
    ("fired_capacity", "i8"),
    ("longest_row", "i8"),  # what one arrival can add at most
    ("n_fired", "i8"),
    ("n_ordered", "i8"),  # of these, the ones whose order stands
    ("n_emitted", "i8"),  # of these, the ones already sent off
    # what was delivered in this round: link (-1: drive), first, last
    ("segments", "u8"),  # i8 (capacity, 3)
    ("segments_capacity", "i8"),
    ("n_segments", "i8"),
    ("n_settled", "i8"),
    # neurons to be looked at again in the next round of this instant
    ("again", "u8"),  # i8
    ("n_again", "i8"),
    ("last_fired", "u8"),  # i8 (n_ids,): the round in which a neuron last fired
    ("spike_counts", "u8"),  # i8 (n_ids,)
    # spikes to hand out
    ("times", "u8"),  # f8
    ("ids", "u8"),  # u4
    ("recorded_capacity", "i8"),
    ("n_recorded", "i8"),
)

INPUTS = _record(
    ("source_times", "u8"),  # f8, sorted
    ("source_ids", "u8"),  # u4
    ("next_source", "i8"),
    ("drive_times", "u8"),  # f8, sorted
    ("drive_ids", "u8"),  # u4
    ("drive_numbers", "u8"),  # u2
    ("next_drive", "i8"),
    ("drive_weights", "u8"),  # f8 (n_drives,)
    ("drive_receptors", "u8"),  # i8 (n_drives,)
    ("current_times", "u8"),  # f8, sorted
    ("current_ids", "u8"),  # u4
    ("current_values", "u8"),  # f8
    ("next_current", "i8"),
    ("n_source", "i8"),
    ("n_drive", "i8"),
    ("n_current", "i8"),
)
"""What comes from outside in the slice of time being simulated."""

RECORDED, WATCHED = 1, 2
"""What is to be done about the spikes of a population: hand them out; see whether it is a watched neuron's."""

START, ADVANCE, GATHER, SETTLE, EMIT = range(5)
"""Where a kernel is in a round."""

DONE, PAUSED, FULL, NEED_FLIGHTS, NEED_FIRED, NEED_SEGMENTS, NEED_PLANNED, ENDLESS = range(8)
"""Why a kernel came back: at the end; to let Python look in; for room in an array; because an instant never ends."""
