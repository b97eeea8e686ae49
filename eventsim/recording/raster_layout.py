"""The layout of a raster file, shared by its writer and its reader.

SONATA spikes, which any SONATA tool reads::

    /                       magic = 0x0A7A, version = [0, 1]
    /spikes/<population>    sorting = by_time; timestamps f8 (n,) in ms, node_ids u8 (n,) local indices

and, in a group of its own because every child of /spikes counts as a population::

    /eventsim               format, format_version, complete (0 or 1), duration_ms, seed
        scenario, settings  text (the scenario as it was run; settings as JSON)
        versions, counts    attributes, and a data set for each count that is an array
        wiring              u1, a network file without parameters (`eventsim.network.wiring`), where there is one
        spike_counts        i8, of every neuron and source by global id, in a finished file that has the wiring
        populations         table of (name, first, size)
        progress            f8: complete_until_ms, spikes of each population, rows of each recorder
        states/<k>          population, variable; neurons (n,), times (k,), values (k, n), with their units

``progress`` is written after what it describes has reached the file. So whatever a killed writer was doing,
the spikes and rows that ``progress`` counts are sound, and no spike before ``complete_until_ms`` is missing.
"""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

MAGIC = np.uint32(0x0A7A)
SONATA_VERSION = np.array([0, 1], dtype=np.uint32)
SORTINGS = {"none": 0, "by_id": 1, "by_time": 2}
SORTING_TYPE = h5py.enum_dtype(SORTINGS, basetype="u1")

GROUP = "eventsim"
FORMAT = "eventsim raster"
FORMAT_VERSION = np.uint32(1)

#: Spikes that are appended at once, over all populations; the file is flushed after each block.
BLOCK = 65_536
#: Spikes of one population in an HDF5 chunk; at 16 bytes each, the least that a population costs in the file.
CHUNK = 16_384
#: A run is also flushed at every such part of its planned duration, if it has spikes there.
LEAST_FLUSHES = 50

PARTIAL = ".partial"


def text(value: str) -> np.ndarray[Any, Any]:
    """A string as a fixed-length HDF5 string: unlike those of variable length, always the same bytes."""
    encoded = value.encode()
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", max(1, len(encoded))))
