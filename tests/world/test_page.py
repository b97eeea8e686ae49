"""The page about the world: its example is the file, and prints what the page says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_example_prints_what_the_page_says():
    page, example = (DOCS / "world.md").read_text(), DOCS / "examples" / "pacemaker.py"
    assert f"```python\n{example.read_text()}```" in page
    done = subprocess.run(
        [sys.executable, example],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    assert f"```text\n{done.stdout}```" in page
