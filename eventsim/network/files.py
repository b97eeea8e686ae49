"""A network description in one file: a zip archive of `network.json` and of the arrays as .npy.

The same network gives the same bytes.  Loading makes the same calls that made the network, so that everything
is checked again.  Nothing is unpickled; the classes of models are imported by their name (module:qualified
name).
"""

from __future__ import annotations

import importlib
import io
import json
import zipfile
import zlib
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from eventsim.errors import EventsimError, FileFormatError, InputError, MissingDataError, cut
from eventsim.files import readable, write_whole
from eventsim.network.description import Description, is_sparse
from eventsim.network.inputs import PoissonDrive
from eventsim.network.network import Network
from eventsim.network.population import Population, PopulationView

_FORMAT, _VERSION = "eventsim network", 1
_EPOCH = (1980, 1, 1, 0, 0, 0)


def save(network: Network, path: Path) -> None:
    """Write the network; an existing file is replaced once the new one is complete.

    Raises:
        InputError: a model class that could not be found again, such as one defined inside a function.
        FileAccessError: a path where nothing can be written.
    """
    write_whole(path, partial(_write, network))


def to_bytes(network: Network) -> bytes:
    """What `save` writes, for a file that holds more than a network.  Raises InputError as that does."""
    buffer = io.BytesIO()
    _write(network, buffer)
    return buffer.getvalue()


def _write(network: Network, target: Path | io.BytesIO) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        writer = _Writer(archive)
        description = {
            "format": _FORMAT,
            "version": _VERSION,
            "seed": network.seed,
            "populations": [writer.population(each) for each in network.populations.values()],
            "projections": [writer.fields(each) for each in network.projections.values()],
            "inputs": [
                {"kind": "drive" if isinstance(each, PoissonDrive) else "current", **writer.fields(each)}
                for each in network.inputs
            ],
            "recorders": [writer.fields(each) for each in network.recorders],
            "noise": [
                {"on": name, "noise": [writer.value(each) for each in network.noise_on(member).values()]}
                for members in (network.populations, network.projections)
                for name, member in members.items()
                if network.noise_on(member)
            ],
            "noise_seed": network.noise_seed,
            "recorded": {name: network.is_recorded(name) for name in network.populations},
        }
        with archive.open(zipfile.ZipInfo("network.json", _EPOCH), "w") as file:
            file.write(json.dumps(description, indent=1).encode())


class _Writer:
    """Turns values into what JSON can hold; arrays become members of the archive, named by their number."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._arrays = 0

    def population(self, population: Population) -> dict[str, Any]:
        return {
            "name": population.name,
            "size": population.size,
            "source": population.is_source,
            "model": self.value(population.model),
        }

    def fields(self, description: Description) -> dict[str, Any]:
        """The fields with which a description can be made again."""
        names = [f.name for f in fields(description) if f.init]
        return {name: self.value(getattr(description, name)) for name in names}

    def value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.ndarray):
            return {"array": self._array(value)}
        if is_sparse(value):
            parts = [self._array(part) for part in (value.data, value.indices, value.indptr)]
            return {"sparse": parts, "shape": list(value.shape)}
        if isinstance(value, tuple):
            return {"tuple": [self.value(item) for item in value]}
        if isinstance(value, dict):
            return {"dict": [[self.value(key), self.value(item)] for key, item in value.items()]}
        if isinstance(value, PopulationView):
            return {"view": value.population.name, "members": self._members(value)}
        if isinstance(value, Description):
            return {"class": _class_name(type(value)), "fields": self.fields(value)}
        raise InputError("value", value, f"a {type(value).__name__} cannot be saved")

    def _members(self, view: PopulationView) -> Any:
        if isinstance(view.selection, range):
            return [view.selection.start, view.selection.stop, view.selection.step]
        return self.value(view.indices)

    def _array(self, array: np.ndarray[Any, Any]) -> str:
        name = f"arrays/{self._arrays}.npy"
        self._arrays += 1
        with self._archive.open(zipfile.ZipInfo(name, _EPOCH), "w", force_zip64=True) as file:
            np.lib.format.write_array(file, array, allow_pickle=False)
        return name


def _class_name(cls: type) -> str:
    name = f"{cls.__module__}:{cls.__qualname__}"
    try:
        found = _find(name)
    except (ImportError, AttributeError):
        found = None
    if found is not cls:
        raise InputError(
            "class", name, "only a class at the top level of a module can be found again on loading"
        )
    return name


def _find(name: str) -> Any:
    """The object called module:qualified name."""
    module, _, qualified = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    return found


def load(path: Path) -> Network:
    """The network that `save` wrote.

    Raises:
        FileFormatError: no network description, truncated, damaged or of a later version.
        FileAccessError: a file that cannot be read.
        MissingDataError: no such file, or the class of a model is not on this machine.
    """
    return _read(readable(path), str(path))


def from_bytes(data: bytes, name: str) -> Network:
    """The network that `to_bytes` wrote.  name: of the file that it is in.  Raises as `load` does."""
    return _read(io.BytesIO(data), name)


def _read(source: Path | io.BytesIO, name: str) -> Network:
    try:
        with zipfile.ZipFile(source) as archive:
            return _Reader(archive, name).network()
    except (MissingDataError, FileFormatError):
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RecursionError, NotImplementedError) as error:
        why = cut(str(error))
        raise FileFormatError(f"{name}: not a network description, or not all of one: {why}") from error
    except (EventsimError, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise FileFormatError(f"{name}: damaged network description: {cut(str(error))}") from error


class _Reader:
    """Makes the network of an open archive."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive = archive
        self._name = name

    def network(self) -> Network:
        text = json.loads(self._archive.read("network.json"))
        if text["format"] != _FORMAT:
            raise FileFormatError(f"{self._name}: the format is {text['format']!r}, not {_FORMAT!r}")
        if text["version"] != _VERSION:
            why = f"version {text['version']!r}; this eventsim reads version {_VERSION}"
            raise FileFormatError(f"{self._name}: {why}")
        network = Network(text["seed"])
        for each in text["populations"]:
            name, size, model = each["name"], each["size"], self.value(each["model"], network)
            if each["source"]:
                network.source(name, model, size)
            else:
                network.population(name, size, model)
        for each in text["projections"]:
            network.connect(**self._arguments(each, network))
        for each in text["inputs"]:
            is_drive = each.pop("kind") == "drive"
            (network.drive if is_drive else network.current)(**self._arguments(each, network))
        for each in text["recorders"]:
            network.record_state(**self._arguments(each, network))
        for each in text.get("noise", []):
            network.set_noise(each["on"], *(self.value(noise, network) for noise in each["noise"]))
        network.noise_seed = text.get("noise_seed", network.seed)
        for name, record in text["recorded"].items():
            network.record_spikes(name, record=record)
        return network

    def _arguments(self, written: dict[str, Any], network: Network) -> dict[str, Any]:
        """The fields as arguments of the call that made them; the number follows from the order."""
        return {key: self.value(item, network) for key, item in written.items() if key != "number"}

    def value(self, value: Any, network: Network) -> Any:
        if not isinstance(value, dict):
            return value
        if "array" in value:
            return self._array(value["array"])
        if "sparse" in value:
            from scipy import sparse

            return sparse.csr_array(tuple(map(self._array, value["sparse"])), shape=tuple(value["shape"]))
        if "tuple" in value:
            return tuple(self.value(item, network) for item in value["tuple"])
        if "dict" in value:
            return {self.value(key, network): self.value(item, network) for key, item in value["dict"]}
        if "view" in value:
            members = self.value(value["members"], network)
            return network[value["view"]][slice(*members) if isinstance(members, list) else members]
        arguments = {key: self.value(item, network) for key, item in value["fields"].items()}
        return self._class(value["class"])(**arguments)

    def _array(self, name: str) -> np.ndarray[Any, Any]:
        with self._archive.open(name) as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
            if file.read(1):
                raise FileFormatError(f"{self._name}: {name} is longer than its array")
        return cast("np.ndarray[Any, Any]", array)

    def _class(self, name: str) -> type[Description]:
        try:
            found = _find(name)
        except (ImportError, AttributeError) as error:
            raise MissingDataError(f"{self._name} needs the class {name}: {error}") from None
        if not (isinstance(found, type) and issubclass(found, Description)):
            raise FileFormatError(f"{self._name}: {name} is no part of a network description")
        return found
