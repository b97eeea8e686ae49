"""A priority queue: a four-ary heap over items 0..n-1, each in it at most once, smallest (when, item) first.

Four children a node: half the levels of a binary heap, and the children's times lie in one or two cache lines.  A
heap is a record ``layout.HEAP``; one whose items are looked up or moved also keeps where each of them stands.
"""

import math

from numba import int64

from eventsim.kernels.jit import inlined, inner
from eventsim.kernels.memory import f8, u4


@inlined
def _place(heap, k, when, item):
    f8(heap.when)[k] = when
    u4(heap.item)[k] = item
    if heap.position != 0:
        u4(heap.position)[item] = k + 1


@inlined
def _precedes(heap, when, item, other_when, other):
    return when < other_when or (when == other_when and item < other)


@inner
def _sift_up(heap, k, when, item):
    whens, items = f8(heap.when), u4(heap.item)
    while k > 0:
        parent = (k - 1) >> 2
        if not _precedes(heap, when, item, whens[parent], int64(items[parent])):
            break
        _place(heap, k, whens[parent], int64(items[parent]))
        k = parent
    _place(heap, k, when, item)


@inlined
def _least_child(heap, first):
    """Of four children the first in order.  Times are compared without a branch; ties are rare and looked at apart."""
    when, item = f8(heap.when), u4(heap.item)
    a, b = when[first], when[first + 1]
    c, d = when[first + 2], when[first + 3]
    left = first + 1 if b < a else first
    right = first + 3 if d < c else first + 2
    best = right if min(c, d) < min(a, b) else left
    least = when[best]
    if (a == least) + (b == least) + (c == least) + (d == least) > 1:
        for child in range(first, first + 4):
            if when[child] == least and item[child] < item[best]:
                best = child
    return best


@inner
def _sift_down(heap, k, when, item):
    whens, items = f8(heap.when), u4(heap.item)
    size = heap.size
    while True:
        first = 4 * k + 1
        if first + 3 < size:
            best = _least_child(heap, first)
        elif first < size:
            best = first
            for child in range(first + 1, size):
                if _precedes(heap, whens[child], items[child], whens[best], items[best]):
                    best = child
        else:
            break
        if not _precedes(heap, whens[best], items[best], when, item):
            break
        _place(heap, k, whens[best], int64(items[best]))
        k = best
    _place(heap, k, when, item)


@inner
def put(heap, item, when):
    """Put in ``item``, which is not in it, at ``when``."""
    k = heap.size
    heap.size = k + 1
    _sift_up(heap, k, when, item)


@inner
def put_earlier(heap, item, when):
    """Put in ``item`` at ``when``, or move it there from a later time."""
    k = int64(u4(heap.position)[item]) - 1
    if k < 0:
        put(heap, item, when)
    else:
        _sift_up(heap, k, when, item)


@inlined
def top_when(heap):
    """Time of the first item, ``inf`` when the heap is empty."""
    return f8(heap.when)[0] if heap.size > 0 else math.inf


@inlined
def top_item(heap):
    """The first item of a heap that is not empty."""
    return int64(u4(heap.item)[0])


@inner
def take_top(heap):
    """Take the first item out and return it."""
    item = top_item(heap)
    if heap.position != 0:
        u4(heap.position)[item] = 0
    last = heap.size - 1
    heap.size = last
    if last > 0:
        _sift_down(heap, int64(0), f8(heap.when)[last], int64(u4(heap.item)[last]))
    return item


@inlined
def move_top(heap, when):
    """Move the first item to a later time."""
    _sift_down(heap, int64(0), when, top_item(heap))


@inlined
def planned(heap, item):
    """When an item is in the heap for, ``inf`` if it is not in it."""
    k = int64(u4(heap.position)[item])
    return f8(heap.when)[k - 1] if k > 0 else math.inf
