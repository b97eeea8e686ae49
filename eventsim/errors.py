"""What a user can do wrong, said in one line: the field, the index and the value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class EventsimError(Exception):
    """Base of every error eventsim raises on purpose; the command line prints its text and no traceback."""


class InputError(EventsimError, ValueError):
    """A value that cannot be used: ``field[index] = value: why``."""

    def __init__(self, field: str, value: object, why: str, index: int | None = None) -> None:
        super().__init__(
            field, value, why, index
        )  # so that it can be copied and sent on from what is in `args`
        self.field = field
        self.value = value
        self.why = why
        self.index = index

    def __str__(self) -> str:
        place = self.field if self.index is None else f"{self.field}[{self.index}]"
        return f"{place} = {shown(self.value)}: {self.why}"


def shown(value: object) -> str:
    """``repr(value)`` on one line, cut where it is long."""
    return cut(repr(value), 60)


def cut(text: str, longest: int = 120) -> str:
    """A text on one line, cut where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 3] + "..."


@contextmanager
def naming(name: object) -> Iterator[None]:
    """Within it the field of an `InputError` is one ``of`` the part called ``name``, unless it says so already."""
    try:
        yield
    except InputError as error:
        if " of " not in error.field:
            error.field = f"{error.field} of {name!r}"
            error.args = (error.field, *error.args[1:])
        raise


class MissingDataError(EventsimError):
    """Data or a package that this machine does not have; says what to get and where."""


class FileFormatError(EventsimError):
    """A file that is not what it should be: truncated, of another kind or another version."""


class FileAccessError(EventsimError, OSError):
    """A file or folder that cannot be read or written: ``path: why``, with `OSError`'s ``errno`` and ``filename``."""

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


class SimulationError(EventsimError):
    """A simulation that cannot go on, such as a cycle of zero delay that never ends."""
