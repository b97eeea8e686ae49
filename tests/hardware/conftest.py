"""Small chips and runs that the tests of the cost model share."""

import numpy as np
import pytest

from eventsim.hardware.chip import Chip
from eventsim.hardware.run import Run
from eventsim.models import IF
from eventsim.network import Explicit, Network


def chip(columns: int = 3, rows: int = 2, cores: int = 1, **changes: object) -> Chip:
    """A chip with all latencies in whole ns; `changes` are tables of the file."""
    latency = {
        "packets": 2.0,
        "hops_east_west": 3.0,
        "hops_north_south": 5.0,
        "deliveries": 1.0,
        "axon_lookups": 4.0,
        "synaptic_events": 7.0,
        "sram_read_words": 2.0,
    }
    price = {"value": 1.0, "unit": "pJ", "kind": "incremental", "grade": "derived", "source": "made up"}
    source = {"unit": "ns", "grade": "derived", "source": "made up"}
    document = {
        "name": "small",
        "mesh": {"columns": columns, "rows": rows, "cores_per_tile": cores},
        "core": {},
        "memory": {"word_bits": 32, "synapse_bits": 8},
        "price": [{"for": "synaptic_events", **price}],
        "latency": [{"for": name, "value": value, **source} for name, value in latency.items()],
        **changes,
    }
    return Chip.model_validate(document, strict=False)


def explicit_run(n: int, synapses: list[tuple[int, int]], spikes: list[int], delay: float = 0.0) -> Run:
    """`n` neurons, these synapses (source, target), and how often each neuron fired in 10 ms."""
    network = Network()
    cells = network.population("cells", n, IF())
    pairs = np.array(synapses, np.uint32).reshape(-1, 2)
    network.connect(cells, cells, Explicit(pairs[:, 0], pairs[:, 1]), delay=delay)
    return Run(network, np.array(spikes, np.int64), 10.0)


@pytest.fixture
def small_chip() -> Chip:
    return chip()
