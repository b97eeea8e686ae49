"""Parameters that cannot be used are refused by name, index and value; nothing is compiled for it."""

import re

import numpy as np
import pytest

import eventsim as es
from eventsim.errors import InputError

REFUSED = [
    (es.LIF(i_e=np.inf), "i_e = inf: must be finite"),
    (es.LIF(t_ref=-1.0), "t_ref = -1.0: must be at least 0"),
    (es.LIF(tau_m=np.array([1.0, -2.0])), r"tau_m\[1\] = -2.0: must be greater than 0"),
    (es.LIF(v_reset=np.array([0.0, 20.0])), r"v_reset\[1\] = 20.0: must lie below"),
    (es.LIF(reset="jump"), "reset = 'jump'"),
    (es.LIF(tau_m=1e-7), "tau_m = 1e-07: must lie between 1e-6 and 1e9 ms"),
    (es.LIF(c_m=1e-310), "c_m = 1e-310: must be at least 1e-100 pF"),
    (es.LIF(i_e=1e308, tau_m=1e6), r"i_e = 1e\+308: drives V beyond all numbers"),
    (es.LIFExp(tau_syn_in=np.array([1.0, 1e10])), r"tau_syn_in\[1\] = 10000000000.0: must lie between"),
    (es.LIFExp(tau_syn_ex=0.0), "tau_syn_ex = 0.0: must be greater than 0"),
    (es.IF(c_m=-250.0), "c_m = -250.0: must be greater than 0"),
    (es.Izhikevich(c=40.0), "c = 40.0: must lie below"),
    (es.Izhikevich(i_e=-np.inf), "i_e = -inf: must be finite"),
]


@pytest.mark.parametrize(("model", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_refused(model: es.Model, message: str) -> None:
    network = es.Network()
    network.population("cells", 2, model)
    named = re.sub(r"^\w+", r"^\g<0> of 'cells'", message)
    for engine in ("auto", "simpy"):
        with pytest.raises(InputError, match=named):
            es.Simulation(network, engine)


def test_a_threshold_at_infinity_is_never_reached() -> None:
    network = es.Network()
    network.population("cells", 2, es.LIF(v_th=np.inf, i_e=1e6))
    assert es.simulate(network, 100.0).counts["spikes"] == 0
