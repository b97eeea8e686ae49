"""The fixed-point lattice on which the latencies of look-up-table networks live, so that their sums are exact.

Latencies are multiples of 2**-24 ms (0.06 ns).  An entry of a table is at most 2**16 ms in size and a layer has at
most 2**12 tables, so a sum of rows is at most 2**28 ms; with the start of its interval, itself up to 2**28 ms, it
needs at most 53 bits.  Every addition of such numbers in float64 is therefore exact: rows may be added in any order,
two spikes are simultaneous only if their latencies are equal, and an event-driven run equals the direct formula bit
for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsim.errors import InputError

LATTICE_MS = 2.0**-24
LARGEST_ENTRY_MS = 2.0**16
MOST_TABLES = 2**12


def snap(latencies_ms: ArrayLike) -> NDArray[np.float64]:
    """The nearest points of the lattice (of two equally near ones the even one), float64, of the same shape."""
    nearest: NDArray[np.float64] = (
        np.rint(np.asarray(latencies_ms, dtype=np.float64) / LATTICE_MS) * LATTICE_MS
    )
    return nearest


def check_on_lattice(field: str, latencies_ms: NDArray[np.floating], axes: tuple[str, ...]) -> None:
    """Raise `InputError` for the first entry that is NaN, beyond ``LARGEST_ENTRY_MS`` or between lattice points.

    ``axes`` names the axes of the array in the message, such as ``("table", "row", "output")``.
    """
    for first, part in enumerate(latencies_ms):  # part by part, since tables may fill most of the memory
        values = np.asarray(part, dtype=np.float64)
        wrong = ~(np.abs(values) <= LARGEST_ENTRY_MS) | (values != snap(values))
        if wrong.any():
            rest = np.unravel_index(int(np.argmax(wrong)), values.shape)
            place = ", ".join(f"{axis} {k}" for axis, k in zip(axes, (first, *rest), strict=True))
            value = float(values[rest])
            raise InputError(f"{field}[{place}]", value, _reason(value))


def _reason(value: float) -> str:
    if np.isnan(value):
        return "not a number"
    if abs(value) > LARGEST_ENTRY_MS:
        return f"more than {LARGEST_ENTRY_MS:.0f} ms in size, so that sums would not be exact"
    return "not a multiple of 2**-24 ms; round it with snap()"
