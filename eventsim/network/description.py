"""What every part of a network description has in common: frozen, copied on the way in, compared by value."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError

FloatArray = NDArray[np.float64]


def is_sparse(value: object) -> bool:
    """Whether this is a scipy.sparse matrix or array (told without importing SciPy)."""
    return type(value).__module__.startswith("scipy.sparse")


def plain(value: Any) -> Any:
    """A NumPy scalar as the Python number that it is, anything else as it is."""
    if isinstance(value, np.floating):
        return float(value)  # `item` leaves long doubles as they are
    return value.item() if isinstance(value, np.generic) else value


def frozen_array(value: Any, field: str) -> NDArray[Any]:
    """A read-only, C-ordered copy; floating point becomes float64.

    Raises:
        InputError: a ragged list, or elements that are no numbers.
    """
    try:
        array = np.array(value, order="C", copy=True)
    except ValueError as error:
        raise InputError(field, value, f"no array can be made of this: {error}") from None
    if array.dtype.kind == "f":
        array = array.astype(np.float64, copy=False)
    elif array.dtype.kind not in "iub":
        raise InputError(field, value, "an array of numbers is needed")
    array.setflags(write=False)
    return array


def frozen_sparse(matrix: Any) -> Any:
    """A read-only copy in canonical CSR form (rows sorted, duplicates summed) with float64 data."""
    from scipy import sparse

    copy = sparse.csr_array(matrix, dtype=np.float64, copy=True)
    copy.sum_duplicates()
    for part in (copy.data, copy.indices, copy.indptr):
        part.setflags(write=False)
    return copy


def same_value(a: object, b: object) -> bool:
    """Equality by value that also works for arrays, sparse matrices and whatever holds them."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if is_sparse(a) and is_sparse(b):
        x: Any = a
        y: Any = b
        parts = ("data", "indices", "indptr")
        return x.shape == y.shape and all(np.array_equal(getattr(x, p), getattr(y, p)) for p in parts)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same_value, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_value(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return False
    return bool(a == b)


def _hashable(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if is_sparse(value):
        matrix: Any = value
        return matrix.shape, matrix.data.tobytes(), matrix.indices.tobytes()
    if isinstance(value, dict):
        return tuple((key, _hashable(item)) for key, item in sorted(value.items()))
    return value


@dataclass(frozen=True)
class Description:
    """Base of the frozen dataclasses that make up a network.

    Arrays, lists and sparse matrices given to a field are copied and made read-only; `validate` is called at
    the end of construction.  Two descriptions are equal when their classes and all their fields are.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # The comparison that @dataclass generates fails on array fields; it only adds what a class lacks.
        if "__eq__" not in vars(cls):
            setattr(cls, "__eq__", Description.__eq__)  # noqa: B010
            setattr(cls, "__hash__", Description.__hash__)  # noqa: B010

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.generic):
                self._set(field.name, plain(value))
            elif isinstance(value, np.ndarray | list):
                self._set(field.name, frozen_array(value, field.name))
            elif is_sparse(value):
                self._set(field.name, frozen_sparse(value))
        self.validate()

    def validate(self) -> None:
        """Override to check the fields: raise `InputError` naming field, index and value."""

    def _set(self, field: str, value: object) -> None:
        """Write a field during construction, when the object is not yet anybody's."""
        object.__setattr__(self, field, value)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not is_dataclass(other):
            return NotImplemented
        return all(same_value(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    def __hash__(self) -> int:
        return hash((type(self), tuple(_hashable(getattr(self, f.name)) for f in fields(self))))
