"""In CI Hypothesis draws the same examples each time: a landing is judged by its change, not by luck.

At a desk it draws new ones in every run, which is how rare failures are found.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("desk", deadline=None)  # a busy machine is no failure
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
