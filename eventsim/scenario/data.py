"""Where the data sets lie: ``EVENTSIM_DATA``, or ``shared/data`` beside the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from eventsim.errors import MissingDataError

VARIABLE = "EVENTSIM_DATA"


def data_path(*parts: str, origin: str, beside: str | Path | None = None) -> Path:
    """The file or folder ``parts`` of the data folder.

    ``origin`` says where one gets the data.  ``beside`` is a file of the repository whose neighbour ``shared/data`` is
    meant (a builder gives its ``__file__``); the working directory's repository is tried as well.
    Raises ``MissingDataError`` where this machine does not have it.
    """
    folders = list(dict.fromkeys(_data_folders(beside)))
    for folder in folders:
        path = folder.joinpath(*parts)
        if path.exists():
            return path
    name = "/".join(parts)
    raise MissingDataError(
        f"{name}: not found in {' or '.join(map(str, folders))}; get it from {origin} and set {VARIABLE} to its folder"
    )


def _data_folders(beside: str | Path | None) -> Iterator[Path]:
    chosen = os.environ.get(VARIABLE)
    if chosen:
        yield Path(chosen)
        return
    for start in (beside, Path.cwd()):
        if start is not None:
            yield _repository_root(Path(start).resolve()).parent / "shared" / "data"


def _repository_root(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / ".git").exists():
            return folder
    return start
