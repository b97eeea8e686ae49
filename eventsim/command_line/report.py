"""Summaries and file facts as short tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

_MANY = 6

Rows = Iterable[tuple[str, str]]


def summary_lines(summary: Mapping[str, Any], files: Iterable[Path]) -> list[str]:
    """The summary of a run and the files it wrote."""
    rate = summary["mean_rate_hz"]
    of_each = f" ({rate:,.4g} Hz a neuron)" if rate is not None else ""
    run_s = summary["run_s"]
    per_second = f" ({summary['synaptic_events'] / run_s:,.0f} a second)" if run_s else ""
    times = [
        ("building", "build_s"),
        ("training", "train_s"),
        ("compiling", "compile_s"),
        ("simulating", "run_s"),
    ]
    rows = [
        ("scenario", f"{summary['scenario']}, seed {summary['seed']}"),
        ("engine", f"{summary['engine']} ({summary['engine_why']}), threads {summary['threads']}"),
        ("network", f"{summary['neurons']:,} neurons, {summary['synapses']:,} synapses"),
        ("simulated", f"{_number(summary['duration_ms'])} ms"),
        ("spikes", f"{summary['spikes']:,}{of_each}"),
        ("source spikes", f"{summary['source_spikes']:,}"),
        ("synaptic events", f"{summary['synaptic_events']:,}{per_second}"),
        ("external events", f"{summary['external_events']:,}"),
        ("seconds", ", ".join(f"{name} {summary[key]:.2f}" for name, key in times if summary.get(key))),
        ("memory", f"{summary['peak_rss_mb']:,.0f} MB"),
        *(("hardware", _hardware(chosen)) for chosen in [summary.get("hardware")] if chosen),
        *fact_rows(summary["metrics"]),
        *(("written", str(path)) for path in files),
    ]
    return table(rows)


def _hardware(chosen: Mapping[str, Any]) -> str:
    """The table [hardware], by which the raster is priced."""
    return ", ".join(f"{key} {value}" for key, value in chosen.items()) + " (eventsim cost)"


def profile_lines(summary: Mapping[str, Any]) -> list[str]:
    """Where the seconds of a run went, and its events: by part, by population, by projection."""
    profile, run_s = summary["profile"], summary["run_s"]
    stages = (
        ("building", "build_s"),
        ("compiling", "compile_s"),
        ("simulating", "run_s"),
        ("measuring", "measure_s"),
    )
    rows = [("seconds", f"{name:24} {summary[key]:10.3f}") for name, key in stages]
    seconds = profile.get("seconds", {})
    parts = [*seconds.items(), ("all else", run_s - sum(seconds.values()))] if seconds else []
    share = 100.0 / run_s if run_s else 0.0
    rows += [("of simulating", f"{name:24} {s:10.3f}  {share * s:3.0f} %") for name, s in parts]
    counted = ("spikes", "source_spikes", "synaptic_events", "external_events")
    rows += [("events", f"{name.replace('_', ' '):24} {summary[name]:14,}") for name in counted]
    others = ("windows", "rounds", "own_events")
    rows += [
        ("events", f"{name.replace('_', ' '):24} {profile[name]:14,}") for name in others if name in profile
    ]
    for each in profile.get("populations", ()):
        how = "in sums" if each["in_sums"] else "event by event"
        arrived = each["synaptic_events"] + each["external_events"]
        gone = f"{each['gone_through']:,} of these gone through one by one"
        rows.append(("population", f"{each['name']:24} {arrived:14,} arrivals, {how}; {gone}"))
    for each in profile.get("projections", ()):
        rows.append(("projection", f"{each['name']:24} {each['arrivals_sent']:14,} arrivals sent"))
    return table(rows)


def fact_rows(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """A row for each fact that says something; those of inner mappings under dotted names."""
    for key, value in facts.items():
        if value is None or (isinstance(value, str | list | tuple) and not value):
            continue
        if isinstance(value, Mapping):
            yield from fact_rows(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            yield from ((prefix + str(key), _in_a_row(each)) for each in value)
        else:
            yield prefix + str(key), _text(value)


def table(rows: Rows) -> list[str]:
    """Two columns; a name that repeats is written once."""
    rows = list(rows)
    width = max((len(name) for name, _ in rows), default=0)
    lines, before = [], None
    for name, value in rows:
        lines.append(f"{'' if name == before else name:{width}}  {value}".rstrip())
        before = name
    return lines


def _in_a_row(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_text(value)}" for key, value in facts.items() if value is not None)


def _text(value: Any) -> str:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        shown = ", ".join(map(_text, value[:_MANY]))
        return shown if len(value) <= _MANY else f"{shown}, ... ({len(value):,} values)"
    return _number(value)


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
