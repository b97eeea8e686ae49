"""The kernels' arrays that grow, C blocks at addresses, as Python sees them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LIBC = ctypes.CDLL(None)
_LIBC.realloc.restype, _LIBC.realloc.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_size_t)
_LIBC.free.restype, _LIBC.free.argtypes = None, (ctypes.c_void_p,)


def elements(record: Any, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A copy of the elements of an array that grows."""
    return copied(record[name], int(record[f"n_{name}"]), dtype)


def copied(where: int, n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A copy of ``n`` elements at an address."""
    return lying(where, n, dtype).copy()


def lying(where: int, n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """``n`` elements at an address as an array that can be written to."""
    if n == 0:
        return np.zeros(0, dtype)
    block = (ctypes.c_char * (n * dtype.itemsize)).from_address(int(where))
    return np.frombuffer(memoryview(block), dtype)


def refill(record: Any, name: str, stored: NDArray[Any], dtype: np.dtype[Any], *alike: str) -> None:
    """Let an array that grows have these elements, which may have been stored as bytes."""
    new = stored.copy().view(np.uint8).view(dtype)
    for each in (name, *alike):
        record[each] = _LIBC.realloc(int(record[each]), max(1, new.nbytes))
    ctypes.memmove(int(record[name]), new.ctypes.data, new.nbytes)
    record[f"n_{name}"] = record[f"room_{name}"] = new.size


def free(record: Any, names: Sequence[str]) -> None:
    """Give back these arrays that grow."""
    for name in names:
        _LIBC.free(int(record[name]))


def growing(dtype: np.dtype[Any]) -> tuple[str, ...]:
    """The names of a record's arrays that grow."""
    names = dtype.names or ()
    return tuple(name for name in names if f"room_{name}" in names)
