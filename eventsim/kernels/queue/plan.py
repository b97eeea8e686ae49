"""The arrivals of a slice of time that are known when it begins, written down spike by spike.

A spike's arrivals lie behind each other in memory, sorted by delay; those of all spikes in the order of time do not.
Serving them in that order straight from the heap, a cache line or two is fetched for every arrival.  So each spike on
its way writes all its arrivals of the slice at once, and they are sorted.  Only what is emitted within the slice and
arrives within it goes through the heap.  How time is cut into slices has no influence on the order of events.
"""

from eventsim.kernels.jit import inlined, kernel
from eventsim.kernels.layout import DONE, FLIGHT, LINK, NEED_PLANNED, STRETCH
from eventsim.kernels.memory import f8, record_at, u4


@inlined
def _plan_row(flight, link, q):
    """The arrival of a spike with one delay; False if there is no room for it."""
    t = flight.emitted + f8(link.delays)[0]
    if t > q.slice_end:
        return True
    if q.n_planned == q.planned_capacity:
        return False
    f8(q.planned_times)[q.n_planned] = t
    u4(q.planned_labels)[q.n_planned] = q.n_planned
    stretch = record_at(q.stretches, q.n_planned, STRETCH)
    stretch.first = flight.next
    stretch.number = flight.end - flight.next
    stretch.link = flight.link
    stretch.whole = 1
    q.n_planned += 1
    flight.next = flight.end
    return True


@inlined
def _plan_synapses(flight, link, q):
    """The arrivals of a spike with a delay a synapse; False if there is no room for all of them."""
    delays, targets = f8(link.delays), u4(link.targets)
    times, labels = f8(q.planned_times), u4(q.planned_labels)
    emitted, slice_end = flight.emitted, q.slice_end
    k, end, n = flight.next, flight.end, q.n_planned
    while k < end and n < q.planned_capacity:
        t = emitted + delays[k]
        if t > slice_end:
            break
        times[n] = t
        labels[n] = n
        stretch = record_at(q.stretches, n, STRETCH)
        stretch.first = k
        stretch.number = targets[k]
        stretch.link = flight.link
        stretch.whole = 0
        k += 1
        n += 1
    flight.next = k
    q.n_planned = n
    return n < q.planned_capacity or k == end or emitted + delays[k] > slice_end


@kernel
def plan(wiring_array, q_array):
    """Write down all arrivals up to ``slice_end``, unsorted, and forget the spikes that have none left."""
    wiring, q = wiring_array[0], q_array[0]
    while q.n_examined < q.n_flights:
        flight = record_at(q.flight, q.n_examined, FLIGHT)
        link = record_at(wiring.links, flight.link, LINK)
        fitted = _plan_row(flight, link, q) if link.delay_stride == 0 else _plan_synapses(flight, link, q)
        if not fitted:
            return NEED_PLANNED
        if flight.next < flight.end:
            kept = record_at(q.flight, q.n_kept, FLIGHT)
            kept.emitted, kept.next, kept.end, kept.link = (
                flight.emitted,
                flight.next,
                flight.end,
                flight.link,
            )
            q.n_kept += 1
        q.n_examined += 1
    q.n_flights = q.n_kept
    return DONE
