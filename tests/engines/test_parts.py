"""Functions that are compiled as parts of kernels alone."""

import pytest
from numba import njit

from eventsim.kernels.jit import apart, inlined, inner


@pytest.mark.parametrize("part", [inner, inlined, apart])
def test_a_part_of_a_kernel_runs_in_a_kernel_and_python_cannot_call_it(part):
    doubled = part(lambda number: 2 * number)
    twice = part(lambda number: doubled(doubled(number)))
    assert njit(lambda number: twice(number) + doubled(number))(3) == 18
    with pytest.raises(TypeError, match="not callable"):
        doubled(3)
