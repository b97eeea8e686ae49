"""Machine code on disk is compiled anew when the source of any kernel changes."""

import importlib
import pkgutil
from pathlib import Path

import eventsim.kernels
from eventsim.kernels.jit import SOURCES
from eventsim.kernels.queue import run as queue
from eventsim.kernels.windows import run as windows


def test_every_kernel_is_among_the_sources_that_are_looked_at():
    walk = pkgutil.walk_packages(eventsim.kernels.__path__, "eventsim.kernels.")
    files = {Path(str(importlib.import_module(module.name).__file__)) for module in walk}
    assert {Path(windows.__file__), Path(queue.__file__)} < files
    assert files <= set(SOURCES)
