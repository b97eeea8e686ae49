"""Training of stacked look-up-table layers by the published rule: plain gradient descent, one sample at a time.

With r* the nearest comparison of table i, u* its latency difference, jbar the row with bit r* flipped and
``g = grad_y . (S_i[jbar] - S_i[j])``, the uncertainty ``U(u) = 0.5 / (1 + |u|)`` gives ``grad_x[a] += g U'(u*)``,
``grad_x[b] -= g U'(u*)`` with ``U'(u) = -0.5 sign(u) / (1 + |u|)**2``, sign(0) = -1; then ``S_i[j] -= rate * grad_y``.
The loss is the cross entropy of ``softmax(-latency)``: the labelled output should spike first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventsim.errors import InputError
from eventsim.kernels.lut.table import stack_train
from eventsim.lut.network import LUTNetwork, checked_samples


@dataclass
class Trainer:
    """Changes the tables of ``network`` in place; the rate at step t is ``rate_scale`` times the published schedule.

    The tables are a pure function of their first values, the samples in their order and the step number.
    """

    network: LUTNetwork
    rate_scale: float = 1.0
    step: int = 0

    def run(self, x: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
        """One step a sample, in order; the mean loss in nats, each sample's taken before its step.

        x: latencies in ms (n, n_in); labels: (n,), from 0 to n_out - 1.
        """
        samples = checked_samples(self.network, x)
        targets = np.ascontiguousarray(labels, dtype=np.int64)
        if targets.shape != (len(samples),):
            raise InputError("labels", targets.shape, f"must be one a sample, {len(samples)}")
        outside = (targets < 0) | (targets >= self.network.n_out)
        if outside.any():
            first = int(np.argmax(outside))
            raise InputError(
                "labels", int(targets[first]), f"must be from 0 to {self.network.n_out - 1}", first
            )
        work = np.zeros((len(self.network.layers) + 1, self.network.width))
        most_tables = self.network.most_tables
        arrays = self.network.arrays()
        loss = stack_train(*arrays, samples, targets, most_tables, work, self.step, self.rate_scale)
        self.step += len(samples)
        return float(loss) / max(len(samples), 1)
