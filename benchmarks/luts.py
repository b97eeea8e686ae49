"""Measure the training of look-up-table networks: beside the released C program, and against products of matrices."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import lut_against_matrices, lut_training
from benchmarks.processes import ROOT


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.luts", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contender (default 5)")
    parser.add_argument(
        "--only", nargs="+", choices=("training", "matrices"), default=("training", "matrices")
    )
    parser.add_argument("--tiny", action="store_true", help="a try of the program: few steps")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks")
    options = parser.parse_args()
    page: list[str] = []
    if "training" in options.only:
        with tempfile.TemporaryDirectory(prefix="benchmarks_") as scratch:
            speeds, missing = lut_training.measure(Path(scratch), options.repeats, options.tiny)
        page += [*lut_training.table(speeds), "", *missing]
    if "matrices" in options.only:
        curves, missing = lut_against_matrices.measure(options.tiny)
        page += [*lut_against_matrices.table(curves), "", *missing]
    print("\n".join(page))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "luts.md").write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
