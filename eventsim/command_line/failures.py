"""What went wrong, as one line and an exit status."""

import os
import sysconfig
import traceback

from eventsim.errors import EventsimError, SimulationError

FAILED, MISTAKEN, STOPPED = 1, 2, 130
TRACEBACK_VARIABLE = "EVENTSIM_TRACEBACK"


def describe(error: BaseException) -> tuple[int, str]:
    """Exit status and text: 2 for what the user can mend, 130 after Ctrl-C, 143 after SIGTERM, 1 for what failed."""
    if isinstance(error, KeyboardInterrupt):
        return STOPPED, "interrupted"
    if isinstance(error, EventsimError):
        return _status(error), _one_line(_with_notes(str(error), error))
    if isinstance(error, OSError):
        return MISTAKEN, _one_line(_operating_system(error))
    if isinstance(error, MemoryError):
        return FAILED, f"not enough memory {error}".strip()
    usage = getattr(
        error, "format_message", None
    )  # typer's mistakes of usage, whichever its version calls them
    if usage is not None:
        return MISTAKEN, _one_line(usage()) + " (see --help)"
    return FAILED, _unexpected(error)


def _status(error: EventsimError) -> int:
    number = getattr(error, "signal", None)  # of Interrupted, whose module is not loaded for a plain --help
    if number is not None:
        return 128 + int(number)
    return FAILED if isinstance(error, SimulationError) else MISTAKEN


def _operating_system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _unexpected(error: BaseException) -> str:
    """An error that nobody foresaw, most often in a builder: what and where."""
    where = ""
    if frames := traceback.extract_tb(error.__traceback__):
        libraries = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
        own = [frame for frame in frames if not frame.filename.startswith(("<", *libraries))]
        last = (own or frames)[-1]  # whose line was mistaken, rather than the line of Python's that noticed
        where = f" ({os.path.relpath(last.filename)}, line {last.lineno}, in {last.name})"
    said = _with_notes(f"{type(error).__name__}: {error}{where}", error)
    return f"{_one_line(said)}; {TRACEBACK_VARIABLE}=1 shows the traceback"


def _with_notes(text: str, error: BaseException) -> str:
    """The text and what was noted on the error on its way, such as what it leaves."""
    return "; ".join([text, *getattr(error, "__notes__", ())])


def _one_line(text: str) -> str:
    return " ".join(text.split())
