"""SANA-FE's tutorial network (Input2D 32 x 32, four convolutions, Dense 11) as a network of ours, and its spikes.

dvs_spike_counts.npz holds how often each of its 18,678 neurons fired in the 200 steps that SANA-FE 2.2.9 simulated with
the weights of its package; test_sanafe.py does that again where SANA-FE is installed and memory suffices.
"""

from functools import cache
from pathlib import Path

import numpy as np

from eventsim.hardware.chip import Chip, load_chip
from eventsim.hardware.run import Run
from eventsim.models import IF
from eventsim.network import AllToAll, Explicit, Network

HERE = Path(__file__).parent
SIZES = (1024, 3600, 5408, 7744, 891, 11)
KERNELS = ((16, 2), (32, 1), (64, 1), (11, 1))  # filters and stride; 3 x 3 each
CORES = (1, 4, 16, 16, 4, 1)
STEPS = 200


def sanafe_loihi() -> Chip:
    """Loihi as SANA-FE has it: its prices, and tiles numbered along columns."""
    return load_chip(HERE / "sanafe_loihi.toml")


def tutorial_mapping() -> dict[str, list[int]]:
    """Layer k in equal parts on CORES[k] cores, one layer after the other."""
    first = np.cumsum((0, *CORES))
    return {f"layer {k}": list(range(first[k], first[k + 1])) for k in range(len(CORES))}


@cache
def tutorial_network() -> Network:
    """The wiring; neurons are numbered (channel, row, column)."""
    network = Network()
    layers = [network.population(f"layer {k}", size, IF()) for k, size in enumerate(SIZES)]
    shape = 32, 32, 1
    for k, (filters, stride) in enumerate(KERNELS):
        sources, targets, shape = _convolution(shape, filters, stride)
        network.connect(layers[k], layers[k + 1], Explicit(sources, targets), delay=0.0)
    network.connect(layers[4], layers[5], AllToAll(), delay=0.0)
    return network


def _convolution(
    shape: tuple[int, int, int], filters: int, stride: int
) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int]]:
    width, height, channels = shape
    columns, rows = 1 + (width - 3) // stride, 1 + (height - 3) // stride
    y, x, f, ky, kx, c = (axis.ravel() for axis in np.indices((rows, columns, filters, 3, 3, channels)))
    sources = c * width * height + (y * stride + ky) * width + x * stride + kx
    targets = f * columns * rows + y * columns + x
    return sources.astype(np.uint32), targets.astype(np.uint32), (columns, rows, filters)


@cache
def tutorial_run() -> Run:
    """The run of 200 steps of 1 ms."""
    counts = np.load(HERE / "dvs_spike_counts.npz")["counts"].astype(np.int64)
    return Run(tutorial_network(), counts, float(STEPS))
