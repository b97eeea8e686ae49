"""Peers are found, run and missed as scripts: made-up ones that print what the real ones do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import measure
from benchmarks.peers import MissingPeer, Peers
from benchmarks.workloads import Peer

SCRIPT = """
import argparse, json
parser = argparse.ArgumentParser()
for name, kind in dict(neurons=int, bio=float, warm=float, threads=int, seed=int).items():
    parser.add_argument("--" + name, type=kind)
a = parser.parse_args()
print("a banner")
print(json.dumps(dict(build_s=1.0, run_s=2.0, run_cpu_s=1.5, bio_s=a.bio, mean_rate_hz=10.0 + a.seed,
                      synaptic_events=a.neurons, ext_events=0, peak_rss_mb=50.0, threads=a.threads)))
"""

COMPILED = """
import json, os, shutil, sys, tempfile
folder = tempfile.mkdtemp(prefix="b2_")
assert sys.argv[-2:] == ["--runs", "1"]
os.mkdir(folder + "/results")
with open(folder + "/main", "w") as program:
    program.write("#!/bin/sh\\necho x >> runs.txt; echo $(wc -l < runs.txt).25 1 > results/last_run_info.txt\\n")
os.chmod(folder + "/main", 0o755)
print(json.dumps(dict(build_s=40.0, run_s=9.0, run_cpu_s=9.0, bio_s=1.0, mean_rate_hz=37.5,
                      synaptic_events=5, ext_events=0, peak_rss_mb=50.0)))
shutil.rmtree(folder)
"""


@pytest.fixture
def peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Peers:
    """With ``json_there.py`` for a peer whose module every Python has, and ``brian_net.py`` and a module for it."""
    scripts, scratch = tmp_path / "scripts", tmp_path / "scratch"
    for folder in (scripts, scratch):
        folder.mkdir()
    (scripts / "json_there.py").write_text(SCRIPT)
    (scripts / "brian_net.py").write_text(COMPILED)
    (scripts / "nosuchsimulator_net.py").write_text(SCRIPT)
    (scripts / "json_broken.py").write_text("raise SystemExit('out of order')")
    (scratch / "brian2.py").touch()
    monkeypatch.setenv("EVENTSIM_PEERS", str(scripts))
    monkeypatch.setenv("EVENTSIM_PEERS_PYTHON", sys.executable)
    return Peers(scratch)


def test_a_script_gets_its_options_and_its_line_is_read(peers: Peers) -> None:
    told = peers.run(Peer("a peer", "json_there.py", timed_s=0.5), neurons=7, seed=3)
    assert (told["biological_s"], told["mean_rate_hz"], told["synaptic_events"]) == (0.5, 13.0, 7)
    assert (told["run_s"], told["run_cpu_s"]) == (2.0, 1.5)


def test_a_compiled_program_is_kept_and_runs_at_every_turn(peers: Peers, tmp_path: Path) -> None:
    peer = Peer("Brian2", "brian_net.py")
    first, second = (peers.run(peer, neurons=7, seed=seed) for seed in (1, 2))
    assert (first["run_s"], second["run_s"]) == (
        1.25,
        2.25,
    )  # of the first and the second run after compiling
    assert second["run_cpu_s"] == 2.25 and second["build_s"] == 40.0
    two = peers.run(Peer("Brian2", "brian_net.py", threads=2), neurons=7, seed=1)
    assert (two["run_s"], two["run_cpu_s"]) == (
        1.25,
        None,
    )  # a program of its own, whose clock tells wall time


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("json_absent.py", "no json_absent.py in scripts; set EVENTSIM_PEERS"),
        ("nosuchsimulator_net.py", "no module nosuchsimulator; set EVENTSIM_PEERS_PYTHON"),
        ("json_broken.py", "json_broken.py failed: out of order"),
    ],
)
def test_a_missing_peer_is_a_line(peers: Peers, script: str, told: str) -> None:
    with pytest.raises(MissingPeer, match=told):
        peers.run(Peer("a peer", script), neurons=7, seed=1)


def test_without_scripts_the_roofline_is_a_line(peers: Peers) -> None:
    runs, missing = measure.roofline(peers, 2)
    assert runs == []
    assert missing == [
        "C roofline: not measured: no roofline.c in scripts; set EVENTSIM_PEERS to the folder of the peers' scripts"
    ]
