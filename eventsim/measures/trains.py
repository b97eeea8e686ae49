"""Spike trains: ascending times in ms, one array a neuron or a trial."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eventsim.errors import InputError
from eventsim.network import checks
from eventsim.recording.results import SpikeRaster, missing_extra

if TYPE_CHECKING:
    import neo

Floats = NDArray[np.float64]
Trains = SpikeRaster | Sequence[ArrayLike]


def spike_trains(trains: Trains) -> list[Floats]:
    """A train for each neuron of a raster, or arrays of times (ms) checked: finite and ascending.

    Raises ``InputError`` naming the train and the spike.
    """
    if isinstance(trains, SpikeRaster):
        order = np.argsort(trains.ids, kind="stable")
        return np.split(trains.times[order], np.cumsum(trains.counts())[:-1]) if trains.size else []
    if not isinstance(trains, Sequence | np.ndarray) or isinstance(trains, str | bytes):
        raise InputError("trains", trains, "a raster or a list of arrays of times is needed")
    checked = []
    for number, train in enumerate(trains):
        times = checks.real_array(f"trains[{number}]", train)
        back = np.flatnonzero(np.diff(times) < 0.0)
        if back.size:
            at = int(back[0]) + 1
            raise InputError(f"trains[{number}]", float(times[at]), "is before the spike before it", at)
        checked.append(times)
    return checked


def positive(field: str, value: float, infinite: bool = False) -> float:
    """``value``, which must be above 0 (and finite, unless ``infinite``).  Raises ``InputError``."""
    return checks.number(field, value, 0.0, above=True, infinite=infinite)


def not_negative(field: str, value: float) -> float:
    """``value``, which must be finite and at least 0.  Raises ``InputError``."""
    return checks.number(field, value, 0.0)


def elephant(module: str) -> Any:
    """A module of Elephant.  Raises ``MissingDataError`` where it is not installed."""
    try:
        return import_module(f"elephant.{module}")
    except ImportError:
        raise missing_extra("elephant") from None


def milliseconds() -> Any:
    """The unit of Elephant's times.  Raises ``MissingDataError`` where it is not installed."""
    try:
        return import_module("quantities").ms
    except ImportError:
        raise missing_extra("elephant") from None


def as_neo(trains: Sequence[Floats], stop_ms: float | None = None) -> list[neo.SpikeTrain]:
    """The trains as Neo's, which Elephant takes, from the earlier of 0 and the first spike to ``stop_ms``."""
    try:
        import neo
    except ImportError:
        raise missing_extra("elephant") from None
    ends = [float(train[-1]) for train in trains if len(train)]
    start = min([0.0, *(float(train[0]) for train in trains if len(train))])
    stop = max([start, *ends]) if stop_ms is None else stop_ms
    return [neo.SpikeTrain(train, t_start=start, t_stop=stop, units="ms") for train in trains]
