"""Run a Brian2 script by the peers' Python so that the program it compiles stays: FOLDER SCRIPT ARGUMENTS...

The scripts compile into a temporary folder and remove it.  Compiling takes most of a minute, the program a few seconds:
with the folder kept, each turn of the benchmark runs the program alone.
"""

from __future__ import annotations

import runpy
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    folder, script, *arguments = sys.argv[1:]
    make_folder, remove = tempfile.mkdtemp, shutil.rmtree

    def make(suffix: str | None = None, prefix: str | None = None, dir: str | None = None) -> str:
        return folder if prefix == "b2_" else make_folder(suffix, prefix, dir)

    def remove_others(path: Any, *others: Any, **named: Any) -> None:
        if str(path) != folder:
            remove(path, *others, **named)

    tempfile.mkdtemp, shutil.rmtree = make, remove_others  # type: ignore[assignment]
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
