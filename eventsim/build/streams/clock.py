"""What all streams share: slices that follow one another, and states that travel as arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError

State = dict[str, NDArray[Any]]


class SliceClock:
    """The end of the last slice, -inf before the first."""

    def __init__(self) -> None:
        self.time = -math.inf

    def advance(self, t0: float, t1: float) -> None:
        """Go on to t1.

        Raises:
            InputError: the slice does not begin where the last one ended, runs backwards, or never ends.
        """
        if t0 != self.time:
            raise InputError("t0", t0, f"slices follow one another, and the last one ended at {self.time} ms")
        if not t0 <= t1 < math.inf:
            raise InputError("t1", t1, f"must be finite and not before t0 = {t0} ms")
        self.time = float(t1)


def restore_array(state: State, name: str, into: NDArray[Any]) -> None:
    """Copy an array of a saved state.

    Raises:
        InputError: it is not there, or belongs to a stream of another size.
    """
    saved = state.get(name)
    if saved is None:
        raise InputError(f"state[{name!r}]", None, "is missing")
    if saved.shape != into.shape:
        raise InputError(
            f"state[{name!r}]", saved.shape, f"another network's state: the shape is {into.shape} here"
        )
    into[...] = saved


def as_state(**arrays: Any) -> State:
    """A state of copies: what the stream does later does not change it."""
    return {name: np.array(value) for name, value in arrays.items()}
