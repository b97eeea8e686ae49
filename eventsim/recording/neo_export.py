"""Results as a Neo block (extra ``neo``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eventsim.recording.results import Results, missing_extra

if TYPE_CHECKING:
    import neo


def to_neo(results: Results) -> neo.Block:
    """A segment for each population, a spike train for each neuron (silent too), a signal for each trace.

    A signal has its model's unit, or is dimensionless where the package quantities does not know that.
    Raises MissingDataError where Neo is not installed.
    """
    try:
        import neo
        import quantities
        from neo.core.spiketrainlist import SpikeTrainList
    except ImportError:
        raise missing_extra("neo") from None
    block = neo.Block(name="eventsim")
    for name, info in results.populations.items():
        raster = results.spikes(name)
        segment = neo.Segment(name=name)
        last = float(raster.times[-1]) if len(raster) else 0.0
        segment.spiketrains = SpikeTrainList.from_spike_time_array(
            np.array(raster.times),
            np.array(raster.ids),
            np.arange(info.size),
            units="ms",
            t_start=0.0 * quantities.ms,
            t_stop=max(results.duration_ms, last) * quantities.ms,
        )
        block.segments.append(segment)
    segments = {segment.name: segment for segment in block.segments}
    for number in range(len(results.recorders)):
        trace = results.states(number)
        signal = neo.IrregularlySampledSignal(
            np.array(trace.times) * quantities.ms,
            np.array(trace.values),
            units=_known_unit(trace.unit),
            name=trace.variable,
            unit=trace.unit,
        )
        signal.array_annotate(neuron=np.array(trace.neurons))
        if trace.population not in segments:
            segments[trace.population] = neo.Segment(name=trace.population)
            block.segments.append(segments[trace.population])
        segments[trace.population].irregularlysampledsignals.append(signal)
    return block


def _known_unit(unit: str) -> str:
    """The unit if the package quantities knows it."""
    import quantities

    try:
        quantities.Quantity(1.0, unit)
    except (LookupError, SyntaxError, TypeError, ValueError):
        return "dimensionless"
    return unit
