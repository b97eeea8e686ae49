"""The benchmarks of look-up tables: the released program by a stand-in, what is missing, and the paper's counts."""

import sys

import numpy as np
import pytest

from benchmarks import lut_against_matrices, lut_losses, lut_training, released
from benchmarks.peers import MissingPeer
from eventsim.lut.text import Text

SMALL = next(iter(released.SETTINGS))
STAND_IN = """#!{python}
import itertools
assert open("train_v2_drcat_02.csv").read() == "text"
with open("loss.csv", "w") as file:
    for t in itertools.count():
        if t % 10000 == 0:
            file.write(f"{{t}}, {{5.0 - t / 10000:f}}\\n")
            file.flush()
            print(f"\\rt={{t // 1000}},000, loss=5: some text\\n", end="")
        print(f"\\rt={{t}}", end="", flush=t % 50 == 0)
"""


def test_the_released_program_is_followed_by_its_output(tmp_path, monkeypatch):
    program, text = tmp_path / "program", tmp_path / "text.txt"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    text.write_text("text")
    monkeypatch.setenv(released.VARIABLE, str(program))
    assert released.steps_a_second(SMALL, text, tmp_path, 100, 100_000) > 0.0
    assert released.held_out_losses(SMALL, text, tmp_path, (10_000, 20_000)) == [4.0, 3.0]
    with pytest.raises(MissingPeer, match="as released"):
        released.program("as released: 805.8 million entries")
    program.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(MissingPeer, match="status 3"):
        released.steps_a_second(SMALL, text, tmp_path, 1, 1)


def test_a_line_says_that_pytorch_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    text = Text(np.zeros(1000, np.uint8), 16, 1, tests=2)
    with pytest.raises(MissingPeer, match="no PyTorch; pip install"):
        lut_against_matrices._matrices(lut_against_matrices.MATRICES[0], text, (100,))


def test_tables_have_both_counts_and_the_ratios():
    page = "\n".join(lut_against_matrices.table({}))
    for published in (
        "10,496,000",
        "120 comparisons",
        "172,800",
        "| 8,738 | 988 | 172 |",
        "| 8,738 | 36 | 6 |",
    ):
        assert published in page
    speeds = {SMALL: {lut_training.OURS: {"cpu": 50.0, "day": 40.0}, lut_training.PEER: {"cpu": 10.0}}}
    assert "5.0 x the C program" in "\n".join(lut_training.table(speeds))
    assert "| 2.100 | 0.141 | 2.000 to 2.200 | 2 |" in "\n".join(
        lut_losses.table([lut_losses.Losses(SMALL, 20_000, [2.0, 2.2], None)])
    )
