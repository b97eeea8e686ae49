from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")

from eventsim.errors import InputError
from eventsim.lut.lattice import check_on_lattice
from networks.lut_classifier import ClassifierSettings, _shifted, digit_data, train_classifier

SMALL = ClassifierSettings(n_tables=256, epochs=12, rate_scale=1.0)


def test_split_is_stratified_disjoint_and_repeats():
    digits = digit_data(3)
    assert len(digits.y_train) + len(digits.y_test) == 1797
    held_out, all_labels = np.bincount(digits.y_test), np.bincount(np.r_[digits.y_train, digits.y_test])
    assert np.abs(held_out - 0.3 * all_labels).max() <= 0.5
    for one, same in zip(digits, digit_data(3), strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(digits.y_test, digit_data(4).y_test)
    check_on_lattice("x", digits.x_test, ("image", "pixel"))
    assert (digits.x_train.min(), digits.x_train.max()) == (0.0, 10.0)


@pytest.mark.parametrize("hidden", [(), (64,)])
def test_held_out_digits_are_recognised(hidden):
    digits = digit_data(0)
    losses = []
    settings = replace(SMALL, hidden=hidden)
    network = train_classifier(digits, settings, 0, lambda epoch, epochs, loss: losses.append(loss))
    assert network.accuracy(digits.x_test, digits.y_test) > 0.95
    assert len(losses) == 12
    assert losses[-1] < losses[0]
    for layer in network.layers:
        layer.check()


def test_training_repeats_to_the_byte_and_follows_the_seed():
    digits, settings = digit_data(0), replace(SMALL, n_tables=32, epochs=2)
    network = train_classifier(digits, settings, 5)
    assert network == train_classifier(digits, settings, 5)
    assert network != train_classifier(digits, settings, 6)


def test_moved_images_are_interpolated():
    x = np.full((4, 64), 10.0)
    x[:, 27] = 0.0  # row 3, column 3
    np.testing.assert_array_equal(_shifted(x, 0.0, 10.0, np.random.default_rng(0)), x)
    moved = _shifted(x, 0.7, 10.0, np.random.default_rng(0)).reshape(4, 8, 8)
    np.testing.assert_allclose(
        (10.0 - moved).sum(axis=(1, 2)), 10.0
    )  # what leaves a pixel enters its neighbours
    assert all(np.count_nonzero(image < 10.0) == 4 for image in moved)


def test_unusable_settings_are_refused():
    with pytest.raises(InputError, match="shift_px"):
        ClassifierSettings(shift_px=1.5)
    with pytest.raises(InputError, match="n_comparisons"):
        train_classifier(digit_data(0), replace(SMALL, n_comparisons=0), 0)


def test_the_digits_are_those_that_scikit_learn_loads():
    from sklearn.datasets import load_digits

    ink, labels = load_digits(return_X_y=True)
    digits = digit_data(seed=0, span_ms=16.0)
    read = np.concatenate([digits.x_train, digits.x_test]), np.concatenate([digits.y_train, digits.y_test])
    assert sorted(map(tuple, np.column_stack(read))) == sorted(
        map(tuple, np.column_stack([16.0 - ink, labels]))
    )
