"""Other parameters for some neurons, from one instant on."""

from numba import int64

from eventsim.kernels.handlers import adopt, bound, flow, on_group, parameters_at, show, state_at
from eventsim.kernels.jit import inner, kernel
from eventsim.kernels.memory import i8, u4
from eventsim.kernels.neuron import look_again


@inner
def _adopt_each(group, locals_, before, n, t):
    for k in range(n):
        i = i8(locals_)[k]
        old = parameters_at(group.model, group.params, int64(u4(before)[k]))
        p = parameters_at(group.model, group.params, int64(u4(group.which)[i]))
        s = state_at(group.model, group.state, i)
        flow(group.model, old, s, t)
        show(group.model, old, s)
        adopt(group.model, old, p, s)


@inner
def _look_at_each(group, locals_, n, q, checks):
    for k in range(n):
        i = i8(locals_)[k]
        p = parameters_at(group.model, group.params, int64(u4(group.which)[i]))
        s = state_at(group.model, group.state, i)
        look_again(group, i, bound(group.model, p, s), q, checks)


adopt_each = on_group(_adopt_each)
look_at_each = on_group(_look_at_each)


@kernel
def adopt_parameters(groups, g, locals_, before, n, t):
    """Carry neurons of group ``g`` (i8 at an address) to ``t``, then over from their old rows of parameters (u4)."""
    adopt_each(groups, g, locals_, before, n, t)


@kernel
def look_at(groups, g, locals_, n, q_array, checks_array):
    """See to it that the queue looks at these neurons in time."""
    look_at_each(groups, g, locals_, n, q_array[0], checks_array[0])
