"""Files written whole or not at all, and files that cannot be written or read: in one line, with their names."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from eventsim.errors import FileAccessError, MissingDataError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write`` with a temporary name beside ``path`` (same suffix) and rename what it wrote.

    Raises ``FileAccessError`` that names ``path``, also where HDF5 could not write.
    """
    with failures_naming(path):
        if path.is_dir():  # found out before, and not after, hours of writing
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        try:
            write(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def failures_naming(path: Path) -> Iterator[None]:
    """A full disk and the like as a ``FileAccessError`` of ``path``, or of the file elsewhere that it is about.

    HDF5 tells the error number in its text alone.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        told = re.search(r"errno = (\d+)", str(error))
        number = (error.errno if isinstance(error, OSError) else None) or (int(told[1]) if told else None)
        if number is None:
            raise
        about = getattr(error, "filename", None)
        elsewhere = isinstance(about, str) and Path(about).parent != path.parent
        raise FileAccessError(number, os.strerror(number), about if elsewhere else str(path)) from error


def readable(path: str | os.PathLike[str]) -> Path:
    """The path of a file that can be opened.  Raises ``MissingDataError`` or ``FileAccessError``."""
    path = Path(path)
    if not path.exists():
        raise MissingDataError(f"{path}: there is no such file")
    refused = errno.EISDIR if path.is_dir() else errno.EACCES if not os.access(path, os.R_OK) else 0
    if refused:
        raise FileAccessError(refused, os.strerror(refused), str(path))
    return path
