"""Large arrays on large pages: rows are read at random from gigabytes, where every small page would be looked
up anew."""

from __future__ import annotations

import math
import mmap

import numpy as np
from numpy.typing import NDArray

LARGE = 2**22
"""Bytes from which on an array gets pages of its own."""


def zeros(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Zeros, float32; on huge pages where the system has them."""
    size = 4 * math.prod(shape)
    if size < LARGE:
        return np.zeros(shape, np.float32)
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return np.zeros(shape, np.float32)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # shared memory gets none
    memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.float32).reshape(shape)
