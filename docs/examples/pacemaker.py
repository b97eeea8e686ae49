"""A process that listens to a neuron and sets its current so that it fires every 20 ms; then its membrane changes."""

from eventsim import LIF, Network, World

network = Network(seed=1)
cell = network.population("cell", 1, LIF(i_e=300.0))  # R = 0.08 mV / pA: V_inf = 24 mV, V_th = 20 mV
world = World(network)


def keep_pace():
    """After each spike: more current if the interval was too long, less if it was too short."""
    current, last = 300.0, None
    while True:
        spikes = yield world.spike(cell)  # goes on exactly then
        if last is not None:
            interval = spikes.time - last
            current *= (interval / 20.0) ** 0.5
            world.current(cell, current)
            world.record("interval", interval)
        last = spikes.time


def age():
    """Half a second later the membrane is another one."""
    yield world.at(500.0)
    print(f"at {world.now:g} ms V = {world.state(cell, 'v')[0]:.3f} mV")
    world.set_parameters(cell, tau_m=30.0)


world.process(keep_pace())
world.process(age())
world.run(1000.0)

times, intervals = world.recorded("interval")
for k in (0, 1, 2, 20, 23, 24, 25, 26, 45):
    print(f"{times[k]:9.3f} ms: {intervals[k]:.3f} ms")
