"""A model at the top level of a module, as a user would write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from eventsim.errors import InputError
from eventsim.network import Distribution, Model


@dataclass(frozen=True)
class Cell(Model):
    takes_current: ClassVar[bool] = True
    state_dtype: ClassVar[np.dtype] = np.dtype([("t", "f8"), ("v", "f8")])
    parameter_dtype: ClassVar[np.dtype] = np.dtype([("tau_ms", "f8"), ("threshold", "f8")])

    tau_ms: float | np.ndarray | Distribution = 20.0
    threshold: float | np.ndarray | Distribution = 1.0
    reset: str = "value"
    rounds: int = 3
    shape: tuple = (2, "x")
    table: dict | None = None

    def validate(self) -> None:
        if isinstance(self.tau_ms, float) and self.tau_ms <= 0:
            raise InputError("tau_ms", self.tau_ms, "must be greater than 0")
