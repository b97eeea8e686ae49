"""Held-out losses of look-up-table transformers from several seeds, beside those of the released C program."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import released
from benchmarks.peers import MissingPeer
from eventsim.lut.text import Text, read_text
from eventsim.lut.text_training import TextTrainer
from eventsim.lut.transformer import Transformer

POINTS = tuple(zip(list(released.SETTINGS)[:2], ((20_000, 100_000), (20_000,)), strict=True))


class Losses(NamedTuple):
    """Nats a byte after ``step`` steps from each seed, and those of the C program from its own, if it was there."""

    name: str
    step: int
    ours: list[float]
    peer: float | None


def measure(text: Path, scratch: Path, seeds: int, tiny: bool) -> tuple[list[Losses], list[str]]:
    """Losses at each point, and a line for what is missing.  A seed draws network, windows and held-out text."""
    data = read_text(text)
    found: list[Losses] = []
    missing: list[str] = []
    for name, all_steps in POINTS:
        steps = all_steps[:1] if tiny else all_steps
        context = released.SETTINGS[name].context
        curves = [_ours(name, steps, Text(data, context, seed), seed) for seed in range(1, seeds + 1)]
        theirs: list[float | None] = [None] * len(steps)
        try:
            theirs = [*released.held_out_losses(name, text, scratch, steps)]
        except MissingPeer as why:
            missing.append(f"released C program: no losses: {why}")
        for k, step in enumerate(steps):
            found.append(Losses(name, step, [curve[k] for curve in curves], theirs[k]))
    return found, missing


def _ours(name: str, steps: Sequence[int], text: Text, seed: int) -> list[float]:
    trainer = TextTrainer(Transformer(released.SETTINGS[name], seed), text)
    losses = []
    for step in steps:
        trainer.run(step + 1)  # the C program tests after step number ``step``, the first being number 0
        losses.append(float(trainer.held_out_losses().mean()))
    return losses


def table(found: Sequence[Losses]) -> list[str]:
    """Markdown lines."""
    lines = [
        "**held-out loss**: nats a byte over 10,000 held-out windows",
        "",
        "| settings | steps | eventsim: mean | s.d. | least and most | seeds | released C program, its seed |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, step, ours, peer in found:
        spread = f"{statistics.stdev(ours):.3f}" if len(ours) > 1 else ""
        theirs = "" if peer is None else f"{peer:.3f}"
        lines.append(
            f"| {name} | {step:,} | {statistics.mean(ours):.3f} | {spread} "
            f"| {min(ours):.3f} to {max(ours):.3f} | {len(ours)} | {theirs} |"
        )
    return lines
