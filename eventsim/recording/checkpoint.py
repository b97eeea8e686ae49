"""A simulation in a file: stopped here, continued there, with the same bytes as if it had never been stopped."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from eventsim.errors import FileFormatError
from eventsim.files import readable, write_whole
from eventsim.network import files
from eventsim.simulation.simulation import Progress, Simulation
from eventsim.simulation.sink import Sink

_FORMAT = "eventsim state 2"


def save_state(simulation: Simulation, path: str | os.PathLike[str]) -> None:
    """Write the network and everything that has happened to it into one HDF5 file; replaces it when complete.

    Raises FileAccessError for a path where nothing can be written.
    """
    write_whole(Path(path), partial(_write, simulation, simulation.state()))


def _write(simulation: Simulation, saved: Mapping[str, NDArray[np.generic]], path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["format"] = _FORMAT
        file.attrs["engine"] = simulation.engine
        file.create_dataset("network", data=np.frombuffer(files.to_bytes(simulation.network), np.uint8))
        state = file.create_group("state")
        for name, array in saved.items():
            if array.dtype.kind != "U":
                data = array.view(np.uint8) if array.dtype.names else array
                state.create_dataset(name, data=data, track_times=False)


def load_state(
    path: str | os.PathLike[str], sink: Sink | None = None, progress: Progress | None = None
) -> Simulation:
    """The simulation that `save_state` wrote, ready to go on.

    Raises MissingDataError if there is no such file, FileAccessError if it cannot be read, FileFormatError if it is
    not one of these or is truncated.
    """
    path = readable(path)
    try:
        with h5py.File(path) as file:
            if (found := file.attrs.get("format")) != _FORMAT:
                raise FileFormatError(
                    f"{path}: not a state saved by eventsim of this version ({found!r}, not {_FORMAT!r})"
                )
            engine = str(file.attrs["engine"])
            network = files.from_bytes(file["network"][()].tobytes(), str(path))
            state: dict[str, np.ndarray] = {}
            file["state"].visititems(lambda name, item: _collect(state, name, item))
    except (OSError, KeyError, RuntimeError) as error:
        raise FileFormatError(f"{path}: not a state saved by eventsim, or truncated ({error})") from None
    simulation = Simulation(network, engine, sink, progress)
    simulation.restore(state | {"engine": np.array(engine)})
    return simulation


def _collect(state: dict[str, np.ndarray], name: str, item: object) -> None:
    if isinstance(item, h5py.Dataset):
        state[name] = item[()]
