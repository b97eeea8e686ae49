"""The ``eventsim`` command.  Little is imported before it can tell of Ctrl-C, or of anything else, in one line."""

import os
import select
import signal
import sys


def main() -> None:
    """Run the command line; a mistake is one line on standard error and never a traceback."""
    try:
        from eventsim.command_line.commands import run_command

        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")  # as standard error is: any name can be printed
        status = run_command(sys.argv[1:])
        if sys.stdout:  # none where it was closed before
            sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # another one ends it at once
        status = _tell(error)
    sys.exit(status)


def _tell(error: BaseException) -> int:
    """Say in a line what went wrong, or nothing where nobody reads any more; return the exit status."""
    if isinstance(error, BrokenPipeError) and _nobody_reads():
        status, text = 128 + signal.SIGPIPE, ""  # as what the signal itself ends
    else:
        from eventsim.command_line.failures import TRACEBACK_VARIABLE, describe

        if os.environ.get(TRACEBACK_VARIABLE):
            raise error
        status, text = describe(error)
    try:
        if text:
            print(f"eventsim: {text}", file=sys.stderr)
        if sys.stdout:
            sys.stdout.flush()
    except OSError:  # Python would try again at the end, and tell of it in lines of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _nobody_reads() -> bool:
    """Whether standard output is a pipe whose reader, such as head, has had enough."""
    pipe = select.poll()
    pipe.register(sys.stdout, 0)
    return bool(pipe.poll(0))
