"""The journal: cut anywhere, it keeps every whole line and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventsim.scenario.problems import ScenarioError
from eventsim.sweep.journal import Journal, line_of, read_journal, row_of

LINES = [line_of(f"key{k}", {"metrics": {"μ": k / 3}, "error": ""}, {"seconds": k}) for k in range(4)]


def test_a_journal_cut_at_any_byte_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    with Journal(path) as journal:
        for line in LINES:
            journal.append(line)
    whole = path.read_bytes()
    ends = [k + 1 for k, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        kept = sum(end <= cut for end in ends)
        assert list(read_journal(path)) == [f"key{k}" for k in range(kept)]
        with Journal(path) as journal:
            for line in LINES[kept:]:
                journal.append(line)
        assert path.read_bytes() == whole
    assert read_journal(path) == dict(map(row_of, LINES))


def test_a_damaged_line_is_a_point_not_done(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    path.write_text(LINES[0] + "\n" + LINES[1][:20] + "\n[1]\n" + LINES[2] + "\n")
    assert list(read_journal(path)) == ["key0", "key2"]
    assert read_journal(tmp_path / "none") == {}


def test_one_sweep_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    with Journal(path), pytest.raises(ScenarioError, match="another sweep is writing here"):
        Journal(path)
    with Journal(path):
        pass


def test_what_is_not_wanted_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    with Journal(path) as journal:
        for line in LINES:
            journal.append(line)
        journal.keep(["key3", "key1", "key9"])
        journal.append(LINES[0])
    assert list(read_journal(path)) == ["key1", "key3", "key0"]
