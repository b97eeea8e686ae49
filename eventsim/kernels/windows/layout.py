"""What the window engine works on, beside the arrays of ``layout``.

A *tile* is a stretch of neurons of one population, worked on by one thread at a time, its state small enough for the
nearest cache.  Arrays that grow are C blocks (``shared``): an address, a number of elements, a room.
"""

from typing import Any

import numpy as np

from eventsim.kernels.layout import _record

APART = 128
"""Bytes between what different threads write: two lines of the cache, which processors fetch together.  Nearer, one
core would take the other's line from another."""


def _growing(name: str) -> tuple[tuple[str, str], ...]:
    return (name, "u8"), (f"n_{name}", "i8"), (f"room_{name}", "i8")


def _apart(*fields: tuple[str, str]) -> np.dtype[Any]:
    """A record that ends where a line does: the next one belongs to another thread."""
    left = -_record(*fields).itemsize % APART // 8
    return _record(*fields, *((f"unused{k}", "i8") for k in range(left)))


EVENTS, JUMPS, CURRENTS = range(3)
"""How a tile's neurons are handled: event by event; or in sums, of jumps of V or of exponential currents."""

SPIKE = _record(
    ("time", "f8"),
    ("rank", "i8"),  # 4 * round + kind, at one instant
    ("serial", "i8"),  # of the spike whose arrival caused it, where each arrival is tested
    ("link", "i8"),
    ("neuron", "i8"),  # global id
    ("row", "i8"),  # of tables, or -1
    ("number", "i8"),  # among those of its neuron
)
"""A spike and its place in the order: (time, rank, serial, link, neuron)."""

LEG = _record(
    ("emitted", "f8"),
    ("serial", "i8"),
    ("link", "i8"),
    ("next", "i8"),  # the first synapse that it may not have reached yet
    ("entered", "i8"),  # from ``next`` up to here its arrivals stand in the tile's calendar
    ("end", "i8"),
)
"""A spike on its way to the neurons of a tile along one projection."""

DELIVERY = _record(("emitted", "f8"), ("serial", "i8"), ("link", "i8"), ("first", "i8"), ("end", "i8"))
"""The synapses ``first`` to ``end - 1``, which a spike reaches in this window."""

ARRIVAL = _record(("time", "f8"), ("weight", "f8"), ("serial", "i8"), ("link", "i4"), ("receptor", "i4"))

SUMS = _record(
    *((name, "f8") for name in ("rate", "epoch", "fade", "rounding", "per_c_m")),
    *((f"{name}_ex", "f8") for name in ("rate", "epoch", "fade", "gap", "per_gap", "carry", "rounding")),
    *((f"{name}_in", "f8") for name in ("rate", "epoch", "fade", "gap", "per_gap", "carry", "rounding")),
)
"""Parameters that the neurons of a tile have in common; see the models of the same names."""

BATCH = _record(
    ("n", "i8"),
    ("room", "i8"),
    ("times", "u8"),  # f8
    ("neurons", "u8"),  # u2: in the tile
    ("own", "i8"),  # 1: each has a weight of its own
    ("weights", "u8"),  # f8, theirs
    ("weight", "f8"),  # or that of all
    ("first_found", "i8"),  # where those at marked neurons begin in the tile's list ``found``
    ("n_found", "i8"),
    # of those of a calendar
    ("link", "i8"),
    ("n_runs", "i8"),
    ("runs", "u8"),  # RUN
)
"""Arrivals in a row, however far apart their synapses lie: what they add is worked out several at a time."""

RUN = _record(("serial", "i8"), ("first", "i8"))
"""From ``first`` on the arrivals of a batch are of the spike with this serial number."""

LANE = _record(
    ("link", "i8"),
    ("own", "i8"),  # 1: its synapses have weights of their own
    ("n", "u8"),  # i8 (`DAYS`,): arrivals
    ("room", "i8"),  # for those of a day
    ("times", "u8"),  # f8 (`DAYS`, room)
    ("neurons", "u8"),  # u2 (`DAYS`, room)
    ("weights", "u8"),  # f8 (`DAYS`, room), where they have weights of their own
    ("n_runs", "u8"),  # i8 (`DAYS`,)
    ("room_runs", "i8"),
    ("runs", "u8"),  # RUN (`DAYS`, room_runs)
)
"""What is to arrive in a tile over a projection whose synapses have delays of their own, by the day of its calendar."""

DAY = _record(*_growing("rows"))
"""The rows, DELIVERY, that arrive as a whole in a day of a tile's calendar."""

FEED = _record(
    ("number", "i8"),  # of the drive
    ("first_block", "i8"),
    ("n_blocks", "i8"),  # of the drive, which are the tile's neurons
    ("cells", "i8"),  # of the drive, which are drawn at once: a span
    ("parts", "i8"),  # of a span: no window reaches beyond one
    ("span", "i8"),  # the one that is drawn, or -1
    ("n", "i8"),  # its arrivals
    ("weight", "f8"),
    ("batch", "u8"),  # BATCH: the arrivals, those of a part together
    ("drawn_times", "u8"),
    ("drawn_neurons", "u8"),
    ("starts", "u8"),  # i8 (parts + 1,)
    ("first", "i8"),  # of the arrivals of this window
    ("last", "i8"),
)
"""A drive of a tile that is drawn in the tile."""

TILE = _apart(
    ("group", "i8"),
    ("kind", "i8"),
    ("population", "i8"),
    ("number", "i8"),  # among the population's tiles
    ("n", "i8"),
    ("first", "i8"),  # of its neurons: index in the population
    ("first_local", "i8"),  # number in the group
    ("first_id", "i8"),
    ("sums", "u8"),  # SUMS, where handled in sums
    *_growing("legs"),
    ("first_leg", "i8"),  # before it they have arrived
    ("in_order", "i8"),  # 1: all synapses onto the tile have the same delay
    *_growing("deliveries"),
    ("n_arriving", "i8"),  # synaptic events of this window
    ("launched", "i8"),  # spikes with smaller serial numbers have taken off
    # what is to come, where delays differ (`tile_calendar`)
    ("days", "u8"),  # DAY (`DAYS`,)
    ("lanes", "u8"),  # LANE
    ("n_lanes", "i8"),
    ("first_day", "i8"),  # of the year
    ("n_days", "i8"),
    ("n_entered", "i8"),  # legs that have been entered in this year
    ("n_in_year", "i8"),  # arrivals in it
    ("beyond", "f8"),  # the first arrival after it
    *_growing("open"),  # BATCH: those of this window
    ("in_part", "i8"),  # 1: only some of their arrivals are of this window
    *_growing("unsorted"),  # ARRIVAL
    *_growing("owners"),  # u4: whose they are
    *_growing("arrivals"),  # ARRIVAL: of one neuron after the other, in order
    *_growing("keys"),  # f8: times of the arrivals, of one neuron after the other
    *_growing("places"),  # u4: and where they stand in ``unsorted``
    *_growing("spikes"),
    *_growing("sorting"),  # room to sort them
    *_growing("held"),  # u4: refractory neurons, where handled in sums
    ("batches", "u8"),  # BATCH (3,), of own weights: excitation, inhibition, what `tile_slices` adds up
    ("batch_terms", "u8"),  # f8: what some of a batch add to one sum, and to another
    ("marks", "u8"),  # u2 (n,): place + 1 in ``marked``, or 0
    ("bits", "u8"),  # u2: bit i % 16 of word i // 16 is whether neuron i is marked; at least 4,096 bits
    *_growing("found"),  # u4: which arrivals of the batches are at marked neurons
    ("marked", "u8"),  # u4 (n,): neurons to be gone through event by event in this window
    ("n_marked", "i8"),
    ("ends", "u8"),  # i8 (n + 1,)
    *_growing("by_slice"),  # f8: what they get in each slice of the window (`tile_slices`)
    # f8 (n,) each, and zeros up to a multiple of eight; x and u of a neuron of exponential currents lie together: what
    # excitation adds to both is one load, addition and store; what else there is of it would only take room in caches
    ("apart", "i8"),  # of x and u: numbers from one neuron's to the next one's
    ("sums_bytes", "i8"),  # of x, u, y and below together; they lie behind each other
    ("due", "u8"),  # before this a neuron does nothing by itself
    ("u", "u8"),  # sums
    ("x", "u8"),
    ("y", "u8"),
    ("u_before", "u8"),  # the sums when the window began, lent by the thread; so is ``limit``
    ("x_before", "u8"),
    ("y_before", "u8"),
    ("below", "u8"),  # V_th - V_inf
    ("limit", "u8"),  # excitation beyond which a neuron could fire in this window
    # where little arrives (`tile_few`)
    ("bears", "u8"),  # f8 (n,): excitation beyond which a neuron could fire before ``limits_until``
    ("limits_until", "f8"),
    ("horizon", "f8"),  # for so long limits are meant to hold (ms)
    *_growing("close"),  # u4: neurons that may fire without more excitation, up to a multiple of eight
    ("close_at", "u8"),  # u4 (n,): place + 1 in ``close``, or 0
    ("n_looked", "i8"),  # close neurons that have been looked at since limits were set
    *_growing("touched"),  # u4: neurons in the order of their arrivals in this window
    *_growing("sums_touched"),  # f8, f8: their two sums before each, or u
    ("n_excited", "i8"),  # of these arrivals
    ("terms", "u8"),  # f8 (2,): what one arrival adds to u and to its current
    ("free", "u8"),  # end of the refractory period, of those in ``held``
    ("ref", "f8"),
    ("ref_x", "f8"),
    ("ref_y", "f8"),
    ("next", "f8"),  # when the next spike arrives
    ("restless", "i8"),  # 1: some neuron fires by itself
    ("quiet_until", "f8"),  # before this no neuron does anything by itself
    # the drive's arrivals of this call, in order
    ("drive_times", "u8"),  # f8
    ("drive_neurons", "u8"),  # u4, in the tile
    ("drive_numbers", "u8"),  # u2
    ("n_drive", "i8"),
    ("next_drive", "i8"),
    ("feeds", "u8"),  # FEED: drives drawn in the tile
    ("n_feeds", "i8"),
    ("endless", "i8"),  # id + 1 of a neuron that fires for ever at the time ``endless_at``
    ("endless_at", "f8"),
    ("windows", "i8"),  # in which something happened, so far
    ("synaptic_events", "i8"),
    ("external_events", "i8"),
    ("gone_through", "i8"),  # arrivals handled event by event
    ("state", "u8"),  # records of its neurons
    ("state_bytes", "i8"),
    ("watched", "i8"),  # 1: some of its neurons are
    ("reached", "f8"),  # all before this has happened in it
    ("claim", "i8"),  # 1: a thread goes through it
    *_growing("kept"),  # bytes: the tile as it was when the window began
)

WINDOWS = _apart(
    ("now", "f8"),  # all before this has happened
    ("start", "f8"),  # of the interval; in a thread's copy of the window that it goes through
    ("end", "f8"),
    ("last", "f8"),  # where this call ends
    ("longest", "f8"),  # longest interval: no delay is shorter
    ("grid", "f8"),  # windows end at multiples of this (ms), a power of two; inf: anywhere
    ("fresh", "f8"),  # what drives drawn in the tiles and calendars bring before this has arrived already
    ("day_ms", "f8"),  # of the calendars; a power of two
    ("days_per_ms", "f8"),
    ("status", "i8"),
    ("watching", "i8"),  # 1: some neurons or sources are watched
    ("stopped", "i8"),  # 1: this call ends where one of them fired
    ("most_at_once", "i8"),
    ("tiles", "u8"),
    ("n_tiles", "i8"),
    ("n_threads", "i8"),
    ("scratch", "u8"),  # of each thread so many bytes: a tile's sums when the window began, and its limits
    ("scratch_bytes", "i8"),
    ("copies", "u8"),  # WINDOWS (n_threads,): each thread's, of this record as it is in this interval
    ("target_of", "u8"),  # i8 (n_links,): target population
    ("tiles_of", "u8"),  # i8 (n_populations,): how many
    ("lane_of", "u8"),  # i8 (n_links,): place among the lanes of the tiles that it leads to; -1: one delay
    ("drives", "u8"),  # DRIVE
    ("signs", "u8"),  # i8 (n_links,): 1 no weight is negative, -1 none is positive, 0 both
    *_growing("spikes"),  # of the interval before, in order
    *_growing("sorting"),
    ("serial", "i8"),
    ("spike_counts", "u8"),  # i8 (n_ids,)
    *_growing("times"),  # to hand out
    *_growing("ids"),
    ("intervals", "i8"),  # so far
    ("done", "i8"),  # events when the caller was let in for the last time, as `run._done` counts them
    ("events_a_call", "i8"),  # so many more, and it is let in again
)


def new(dtype: np.dtype[Any], n: int = 1) -> Any:
    """Records of zeros, in lines of the cache that hold nothing else: what lies beside them, other threads write."""
    size = n * dtype.itemsize
    room = np.zeros(size + -size % APART + APART, np.uint8)
    first = -room.ctypes.data % APART
    records: np.ndarray[Any, Any] = room[first : first + size].view(dtype)
    return records
