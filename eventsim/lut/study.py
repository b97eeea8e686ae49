"""What the Spiking Manifesto leaves open: row usage, rewiring, coarse tables, dropped tables, anchors from data."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.lut import formula
from eventsim.lut.encoding import generator
from eventsim.lut.lattice import snap
from eventsim.lut.stages import AttentionStage, LayerStage, Stage
from eventsim.lut.transformer import Transformer

Latencies = NDArray[np.float64]
STAGES_OF_FORWARD = 2
"""A layer with feed-forward is two stages, its own the second."""


def usage_entropy(anchors: NDArray[np.int32], x: Latencies) -> NDArray[np.float64]:
    """Entropy in bits of the row that each table (n_tables,) uses for latencies ``x`` (..., n_in).

    At most the number of comparisons, when all rows are used alike; a comparison that always comes out the same, or as
    another one does, wastes one bit.
    """
    rows, _ = formula.indices(anchors, x.reshape(-1, x.shape[-1]))
    entropies = np.empty(len(anchors))
    for i, used in enumerate(rows.T):
        share = np.unique(used, return_counts=True)[1] / len(used)
        entropies[i] = -(share * np.log2(share)).sum()
    return entropies


def unused_comparisons(
    anchors: NDArray[np.int32], x: Latencies, least_bits: float = 0.1
) -> NDArray[np.bool_]:
    """Comparisons (n_tables, n_c) whose bit alone has less than ``least_bits`` of entropy over ``x`` (..., n_in)."""
    flat = x.reshape(-1, x.shape[-1])
    ones = (flat[:, anchors[..., 1]] < flat[:, anchors[..., 0]]).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -(ones * np.log2(ones) + (1 - ones) * np.log2(1 - ones))
    wasted: NDArray[np.bool_] = ~(bits >= least_bits)
    return wasted


def chosen_anchors(
    x: Latencies, shape: tuple[int, int], seed: int, name: str, candidates: int = 32
) -> NDArray[np.int32]:
    """Pairs (*shape, 2) chosen from data ``x`` (..., n_in): each comparison, of random candidates, is the one whose bit
    together with those before it in its table splits the data best (the largest entropy of the index so far)."""
    flat = x.reshape(-1, x.shape[-1])
    draw, n_in = generator(seed, "chosen anchors", name), x.shape[-1]
    anchors = np.empty((*shape, 2), np.int32)
    for i in range(shape[0]):
        rows = np.zeros(len(flat), np.int64)
        for r in range(shape[1]):
            a = draw.integers(0, n_in, candidates)
            b = draw.integers(0, n_in - 1, candidates)
            b += b >= a
            indices = rows[:, np.newaxis] | ((flat[:, b] < flat[:, a]).astype(np.int64) << r)
            best = int(np.argmax([_entropy(each) for each in indices.T]))
            anchors[i, r] = a[best], b[best]
            rows = indices[:, best]
    return anchors


def rewire(model: Transformer, volleys: list[Latencies], seed: int, least_bits: float = 0.1) -> int:
    """Draw unused comparisons of feed-forward and unembedding layers anew, in place; how many these were.

    volleys: what the stages of the model receive, as `stages.forward` gives them.  A row keeps what it has learnt,
    since a comparison that always came out the same used one half of the rows alone: the other half becomes their
    copy.
    """
    s, w = model.settings, model.weights
    layers = [(w.readout_anchors, w.readout_tables, volleys[-2], "unembedding")]
    if s.feed_forward:
        layers += [
            (w.forward_anchors[k], w.forward_tables[k], volleys[STAGES_OF_FORWARD * k + 1], f"layer {k}")
            for k in range(s.layers)
        ]
    changed = 0
    for anchors, tables, x, name in layers:
        wasted = unused_comparisons(anchors, x, least_bits)
        fresh = chosen_anchors(x, anchors.shape[:2], seed, f"rewired {name}")
        usual = x.reshape(-1, x.shape[-1])
        for i, r in np.argwhere(wasted):
            a, b = anchors[i, r]
            bit = int((usual[:, b] < usual[:, a]).mean() > 0.5)
            rows = np.arange(tables.shape[1])
            tables[i] = tables[i, (rows & ~(1 << r)) | (bit << r)]
            anchors[i, r] = fresh[i, r]
        changed += int(wasted.sum())
    return changed


def choose_anchors(model: Transformer, volleys: list[Latencies], seed: int) -> None:
    """Anchors of an untrained model chosen from the data that its stages receive, in place.

    Raises `InputError` for a model that has been trained, whose rows the old anchors name.
    """
    s, w = model.settings, model.weights
    if w.readout_tables.any():
        raise InputError("model", "trained", "anchors are chosen before training")
    stride = STAGES_OF_FORWARD if s.feed_forward else 1
    for k in range(s.layers):
        shape = w.query_anchors.shape[1:3]
        w.query_anchors[k] = chosen_anchors(volleys[stride * k], shape, seed, f"queries {k}")
        if not s.shared_anchors:
            w.key_anchors[k] = chosen_anchors(volleys[stride * k], shape, seed, f"keys {k}")
        elif w.key_anchors is not w.query_anchors:
            w.key_anchors[k] = w.query_anchors[k]
        if s.feed_forward:
            shape = w.forward_anchors.shape[1:3]
            w.forward_anchors[k] = chosen_anchors(volleys[stride * k + 1], shape, seed, f"layer {k}")
    w.readout_anchors[:] = chosen_anchors(volleys[-2], w.readout_anchors.shape[:2], seed, "unembedding")


def quantised(stages: list[Stage], kind: Literal["int8", "ternary"]) -> list[Stage]:
    """The stages with coarse tables, each table with a scale of its own, a multiple of 2**-24 ms.

    int8: whole multiples of the scale from -127 to 127.  ternary: -1, 0 or 1 times it; zero below 0.75 of the mean
    size, the scale the mean size of the rest.
    """
    if kind not in ("int8", "ternary"):
        raise InputError("kind", kind, "must be 'int8' or 'ternary'")
    coarse = _int8 if kind == "int8" else _ternary
    return [_with_tables(stage, np.stack([coarse(table) for table in _tables(stage)])) for stage in stages]


def without_tables(stages: list[Stage], fraction: float, seed: int) -> list[Stage]:
    """The stages with a random fraction of their tables dropped, and the others scaled up to make good for them."""
    if not 0.0 <= fraction < 1.0:
        raise InputError("fraction", fraction, "must be at least 0 and below 1")
    thinned = []
    for k, stage in enumerate(stages):
        tables = _tables(stage)
        kept = generator(seed, "dropped", f"stage {k}").random(len(tables)) >= fraction
        scale = np.float32(len(tables) / max(int(kept.sum()), 1))
        thinned.append(_with_tables(stage, tables * np.where(kept, scale, np.float32(0.0))[:, None, None]))
    return thinned


def _tables(stage: Stage) -> NDArray[np.floating]:
    if isinstance(stage, LayerStage):
        return stage.layer.tables
    if isinstance(stage, AttentionStage):
        return stage.tables
    raise InputError("stage", type(stage).__name__, "has no tables")


def _with_tables(stage: Stage, tables: NDArray[np.floating]) -> Stage:
    on_lattice = snap(tables).astype(np.float32)
    if isinstance(stage, LayerStage):
        return replace(stage, layer=replace(stage.layer, tables=on_lattice))
    if isinstance(stage, AttentionStage):
        return replace(stage, tables=on_lattice)
    raise InputError("stage", type(stage).__name__, "has no tables")


def _int8(table: NDArray[np.floating]) -> NDArray[np.floating]:
    scale = max(float(np.abs(table).max()) / 127, 2.0**-24)
    coarse: NDArray[np.floating] = np.rint(table / scale) * scale
    return coarse


def _ternary(table: NDArray[np.floating]) -> NDArray[np.floating]:
    size = np.abs(table)
    large = size > 0.75 * size[size > 0].mean() if size.any() else size > 0
    scale = float(size[large].mean()) if large.any() else 0.0
    coarse: NDArray[np.floating] = np.sign(table) * large * scale
    return coarse


def _entropy(indices: NDArray[np.int64]) -> float:
    share = np.unique(indices, return_counts=True)[1] / indices.size
    return float(-(share * np.log2(share)).sum())
