"""Noise on volleys: its distribution, that it depends on no order, and on the lattice."""

import numpy as np
import pytest

from eventsim.errors import InputError
from eventsim.lut.lattice import check_on_lattice
from eventsim.lut.noise import VolleyNoise


def test_jitter_loss_and_tick_do_what_they_say():
    x = np.full((50, 10, 20), 3.0)
    noisy = VolleyNoise(jitter_ms=0.5, lost=0.2).on(x, seed=1, stage=2)
    lost = np.isinf(noisy)
    # 10,000 draws: five standard errors of a fraction, 0.02, of a mean, 0.028, and of a width, 0.02.
    assert abs(lost.mean() - 0.2) < 0.02
    assert abs(noisy[~lost].mean() - 3.0) < 0.028
    assert abs(noisy[~lost].std() - 0.5) < 0.02
    check_on_lattice("x", np.where(lost, 0.0, noisy), ("text", "position", "neuron"))
    ticked = VolleyNoise(tick_ms=0.25).on(np.array([[[0.25, 0.26, -0.1, 0.0]]]), seed=1, stage=0)
    assert ticked.ravel().tolist() == [0.25, 0.5, 0.0, 0.0]
    np.testing.assert_array_equal(VolleyNoise().on(x, 1, 0), x)


def test_draws_are_by_counter():
    noise, x = VolleyNoise(jitter_ms=0.5, lost=0.2), np.zeros((6, 4, 8))
    whole = noise.on(x, seed=1, stage=2)
    np.testing.assert_array_equal(whole[:3], noise.on(x[:3], seed=1, stage=2))
    np.testing.assert_array_equal(np.isinf(whole), np.isinf(VolleyNoise(lost=0.2).on(x, seed=1, stage=2)))
    assert not np.array_equal(whole, noise.on(x, seed=1, stage=3))
    assert not np.array_equal(whole, noise.on(x, seed=2, stage=2))


@pytest.mark.parametrize(("name", "value"), [("jitter_ms", -1.0), ("lost", 1.5), ("tick_ms", np.inf)])
def test_impossible_noise_is_refused(name, value):
    with pytest.raises(InputError, match=name):
        VolleyNoise(**{name: value})
