"""What a user can do wrong, said in one line: the field, the index and the value."""

from __future__ import annotations


class EventsimError(Exception):
    """Base of every error eventsim raises on purpose; the command line prints its text and no traceback."""


class InputError(EventsimError, ValueError):
    """A value that cannot be used: ``field[index] = value: why``."""

    def __init__(self, field: str, value: object, why: str, index: int | None = None) -> None:
        place = field if index is None else f"{field}[{index}]"
        super().__init__(f"{place} = {value!r}: {why}")
        self.field = field
        self.value = value
        self.index = index


class MissingDataError(EventsimError):
    """Data or a package that this machine does not have; says what to get and where."""


class FileFormatError(EventsimError):
    """A file that is not what it should be: truncated, of another kind or another version."""


class SimulationError(EventsimError):
    """A simulation that cannot go on, such as a cycle of zero delay that never ends."""
