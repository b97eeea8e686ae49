"""What errors call a neuron."""

from eventsim.network.network import Network


def member_name(network: Network, neuron: int) -> str:
    """A neuron or source by its global id: "population[index]"."""
    for population in network.populations.values():
        if population.first <= neuron < population.first + population.size:
            return f"{population.name}[{neuron - population.first}]"
    raise AssertionError(neuron)
