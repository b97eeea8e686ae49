"""Measure the training of look-up-table networks: beside the released C program, and against products of matrices.

The text is TinyShakespeare where the data folder has it, else the English that comes with Python.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import lut_against_matrices, lut_losses, lut_training
from benchmarks.processes import ROOT

ORIGIN = "github.com/karpathy/char-rnn, data/tinyshakespeare/input.txt"
PARTS = ("training", "losses", "matrices")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.luts", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contender (default 5)")
    parser.add_argument("--seeds", type=int, default=3, help="of the losses (default 3)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--tiny", action="store_true", help="a try of the program: few steps")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    page: list[str] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks_") as folder:
        scratch = Path(folder)
        text, what = _text(scratch)
        page += [f"On {what}.", ""]
        if "training" in options.only:
            speeds, missing = lut_training.measure(text, scratch, options.repeats, options.tiny)
            page += [*lut_training.table(speeds), "", *missing]
        if "losses" in options.only:
            losses, missing = lut_losses.measure(text, scratch, options.seeds, options.tiny)
            page += [*lut_losses.table(losses), "", *missing]
        if "matrices" in options.only:
            curves, missing = lut_against_matrices.measure(text, options.tiny)
            page += [*lut_against_matrices.table(curves), "", *missing]
            lut_against_matrices.figure(curves).savefig(options.out / "luts.png", dpi=110)
    print("\n".join(page))
    (options.out / "luts.md").write_text("\n".join(page) + "\n", encoding="utf-8")


def _text(scratch: Path) -> tuple[Path, str]:
    """A file of the text, unpacked, and what it is."""
    from eventsim.errors import MissingDataError
    from eventsim.lut.text import python_english, read_text
    from eventsim.scenario.data import data_path

    try:
        file = data_path("text_bytes", "tinyshakespeare.txt.gz", origin=ORIGIN, beside=__file__)
        data, what = read_text(file), "TinyShakespeare"
    except MissingDataError:
        data, what = python_english(), "the English that comes with Python"
    path = scratch / "text.txt"
    path.write_bytes(data.tobytes())
    return path, what


if __name__ == "__main__":
    main()
