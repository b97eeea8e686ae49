"""Work that one process of a machine does and the others find done: compiling."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def once(what: str, token: str) -> Iterator[bool]:
    """Let the first process to come do ``what`` alone; True for it.

    Those that come meanwhile wait, because what it compiles they then load from disk; when it is through, nobody waits
    any more.  ``token`` tells one sweep from the next.  An exception, or death, lets the next one try.
    """
    with open(
        _folder() / hashlib.blake2b(what.encode(), digest_size=16).hexdigest(), "a+", encoding="ascii"
    ) as file:
        if _is_done(file.name, token):
            yield False
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        if _is_done(file.name, token):
            fcntl.flock(file, fcntl.LOCK_UN)
            yield False
            return
        yield True
        file.truncate(0)
        file.write(token)


def _is_done(path: str, token: str) -> bool:
    return Path(path).read_text(encoding="ascii") == token


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"eventsim-once-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
