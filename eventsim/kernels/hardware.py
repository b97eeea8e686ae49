"""Counting on a mesh of tiles: which cores a row of synapses reaches, and which links its packets cross.

A tile is row * columns + column.  Link 4 * tile + d leaves a tile to the east, west, north (row - 1) or south, d = 0 to
3.  Packets go along their row first, then along the column.
"""

import numpy as np

from eventsim.kernels.jit import inner, kernel

EAST, WEST, NORTH, SOUTH = 0, 1, 2, 3


@kernel
def cores_of_rows(row_start, targets, core_of, found, row_cores, row_synapses):
    """For each row the cores that it reaches, ascending, and its synapses on each.

    targets: positions in core_of.  found: int64 (rows), filled with the number of cores of each row; row_cores and
    row_synapses are filled too unless empty.
    """
    counts = np.zeros(core_of.max() + 1, np.int64)
    touched = np.empty(counts.size, np.int64)
    k = 0
    for row in range(row_start.size - 1):
        n = 0
        for e in range(row_start[row], row_start[row + 1]):
            core = core_of[targets[e]]
            if counts[core] == 0:
                touched[n] = core
                n += 1
            counts[core] += 1
        found[row] = n
        if row_cores.size:
            some = np.sort(touched[:n])
            for core in some:
                row_cores[k] = core
                row_synapses[k] = counts[core]
                k += 1
        for i in range(n):
            counts[touched[i]] = 0


@inner
def _route(source, target, columns, load, amount, seen, stamp):
    """Walk from tile to tile; add `amount` to each link, or only to those not yet seen with this stamp (>= 0)."""
    x, y = source % columns, source // columns
    tx, ty = target % columns, target // columns
    hops = 0
    while x != tx or y != ty:
        tile = y * columns + x
        if x != tx:
            d = EAST if tx > x else WEST
            x += 1 if tx > x else -1
        else:
            d = SOUTH if ty > y else NORTH
            y += 1 if ty > y else -1
        link = 4 * tile + d
        if stamp < 0 or seen[link] != stamp:
            if stamp >= 0:
                seen[link] = stamp
            load[link] += amount
            hops += 1
    return hops


@kernel
def link_loads(spikes, core_of, row_start, row_cores, tile_of_core, columns, unicast, tree):
    """Add the packets of all rows to the loads of the links, (4 tiles,) int64, by unicast and by multicast tree.

    spikes: (sources,) int64, how often each row is sent.
    """
    seen = np.full(unicast.size, -1, np.int64)
    for i in range(spikes.size):
        if spikes[i] == 0 or row_start[i] == row_start[i + 1]:
            continue
        here = tile_of_core[core_of[i]]
        for k in range(row_start[i], row_start[i + 1]):
            there = tile_of_core[row_cores[k]]
            _route(here, there, columns, unicast, spikes[i], seen, -1)
            _route(here, there, columns, tree, spikes[i], seen, i)


@kernel
def flow_loads(sources, targets, amounts, tile_of_core, columns, load):
    """Add flows from core to core to the loads of the links by unicast."""
    seen = np.empty(0, np.int64)
    for k in range(sources.size):
        _route(tile_of_core[sources[k]], tile_of_core[targets[k]], columns, load, amounts[k], seen, -1)


@kernel
def window_rows(window, ids, row_start, row_cores, row_values, out):
    """Add to out[window, core] the value of every row sent: one call for the spikes of a run in any order."""
    for s in range(ids.size):
        i = ids[s]
        for k in range(row_start[i], row_start[i + 1]):
            out[window[s], row_cores[k]] += row_values[k]


@kernel
def window_links(window, ids, core_of, row_start, row_cores, tile_of_core, columns, multicast, out):
    """Add to out[window, link] the packets of every spike."""
    seen = np.full(out.shape[1], -1, np.int64)
    for s in range(ids.size):
        i = ids[s]
        here = tile_of_core[core_of[i]]
        for k in range(row_start[i], row_start[i + 1]):
            there = tile_of_core[row_cores[k]]
            _route(here, there, columns, out[window[s]], 1, seen, s if multicast else -1)


@kernel
def active_updates(steps, ids, row_start, targets, delay_steps, residual, tick, core_of, n_steps, active):
    """Count the pairs of a time step and a neuron that something reaches in it: active[core] += 1 for each.

    steps, residual: the time step of each spike and its time within it (ms), in order of time.  delay_steps: of each
    synapse (or one for all), ms.
    """
    longest = 0.0
    for k in range(delay_steps.size):
        longest = max(longest, delay_steps[k])
    ring = np.zeros((int(longest / tick) + 2, core_of.size), np.uint8)
    done = 0
    common = delay_steps.size == 1
    for s in range(ids.size + 1):
        now = steps[s] if s < ids.size else n_steps
        while done < min(now, n_steps):
            _count_step(ring[done % ring.shape[0]], core_of, active)
            done += 1
        if s == ids.size:
            break
        for e in range(row_start[ids[s]], row_start[ids[s] + 1]):
            delay = delay_steps[0] if common else delay_steps[e]
            arrival = steps[s] + int((residual[s] + delay) / tick)
            if arrival < n_steps:
                ring[arrival % ring.shape[0], targets[e]] = 1


@inner
def _count_step(reached, core_of, active):
    for i in range(reached.size):
        if reached[i]:
            active[core_of[i]] += 1
            reached[i] = 0


@kernel
def bank_conflicts(batch, ids, own_first, own_last, own_core, row_start, row_cores, first, last, out):
    """Count reads of rows that begin in the bank in which the read before them, at the same core in the same batch,
    ended: out[core] += 1 for each.

    batch: time step (or instant) of each spike, in order of time.  first, last: banks of each row.  own_first and
    own_last: banks of the row that a table reads at its own core when it spikes; -1 for what is no table.
    """
    before = np.full(out.size, -1, np.int64)
    when = np.full(out.size, -1, np.int64)
    for s in range(ids.size):
        i = ids[s]
        for k in range(row_start[i], row_start[i + 1]):
            core = row_cores[k]
            if when[core] == batch[s] and before[core] == first[k]:
                out[core] += 1
            when[core] = batch[s]
            before[core] = last[k]
        if own_first[s] >= 0:
            core = own_core[i]
            if when[core] == batch[s] and before[core] == own_first[s]:
                out[core] += 1
            when[core] = batch[s]
            before[core] = own_last[s]


@kernel
def count_into(targets, first, found):
    """found[first + target] += 1 for each synapse."""
    for e in range(targets.size):
        found[first + targets[e]] += 1


@kernel
def place_sources(row_start, targets, first_source, first_target, cursor, sources):
    """Put the source of each synapse where its target's list goes on."""
    for row in range(row_start.size - 1):
        for e in range(row_start[row], row_start[row + 1]):
            target = first_target + targets[e]
            sources[cursor[target]] = first_source + row
            cursor[target] += 1


@inner
def _row_bits(n, header, synapse, word, aligned):
    """Bits that a row of n synapses takes."""
    if n == 0:
        return 0
    bits = header + n * synapse
    return -(-bits // word) * word if aligned else bits


@kernel
def fill_cores(in_start, sources, own_bits, own_axons, is_neuron, limits, row, core_of):
    """Place neurons in order, each on the core of the one before it while that has room; returns the cores used.

    in_start, sources: the synapses onto each neuron, by their sources.  own_bits: memory that a neuron brings with it,
    its table.  own_axons: cores that it reaches.  limits: neurons, axons in, bits of memory, axons out of a core.
    row: bits of a header, of a synapse, of a word, and whether rows begin at words.
    """
    header, synapse, word, aligned = row
    rows = np.zeros(in_start.size - 1, np.int64)
    touched = np.empty(in_start.size - 1, np.int64)
    core = neurons = axons = bits = n_touched = out = 0
    for i in range(in_start.size - 1):
        for attempt in range(2):
            fresh, more, _before = 0, own_bits[i], n_touched
            for e in range(in_start[i], in_start[i + 1]):
                s = sources[e]
                if rows[s] == 0:
                    fresh += 1
                    touched[n_touched] = s
                    n_touched += 1
                more -= _row_bits(rows[s], header, synapse, word, aligned)
                rows[s] += 1
                more += _row_bits(rows[s], header, synapse, word, aligned)
            fits = (
                neurons + is_neuron[i] <= limits[0]
                and axons + fresh <= limits[1]
                and bits + more <= limits[2]
                and out + own_axons[i] <= limits[3]
            )
            if fits or attempt == 1 or (neurons == 0 and axons == 0 and bits == 0 and out == 0):
                break
            for k in range(n_touched):
                rows[touched[k]] = 0
            core, neurons, axons, bits, n_touched, out = core + 1, 0, 0, 0, 0, 0
        neurons += is_neuron[i]
        axons += fresh
        bits += more
        out += own_axons[i]
        core_of[i] = core
    return core + 1


@kernel
def late_arrivals(times, rows, stop, row_start, targets, delays, core_of, out):
    """out[core] += 1 for each synapse along which a spike would arrive after `stop`; delays of all or one for all."""
    for s in range(times.size):
        for e in range(row_start[rows[s]], row_start[rows[s] + 1]):
            if times[s] + delays[e if delays.size > 1 else 0] > stop:
                out[core_of[targets[e]]] += 1


@inner
def _distance(a, b, columns):
    return abs(a % columns - b % columns) + abs(a // columns - b // columns)


@inner
def _hops_of(part, tile, skip, traffic, tiles, columns):
    """Hops of all traffic of a part if it lay on `tile`, but that with the part `skip`."""
    hops = 0
    for other in range(tiles.size):
        if other != part and other != skip and traffic[part, other]:
            hops += traffic[part, other] * _distance(tile, tiles[other], columns)
    return hops


@inner
def _excess(load, most):
    """Square of what a tile has too much."""
    return max(load - most, 0.0) * max(load - most, 0.0)


@kernel
def anneal_placement(traffic, load, most_load, tile_of_core, columns, n_tiles, sweeps, seed, core_of_part):
    """Swap parts between cores, warm at first, so that no tile has more than `most_load`, as far as that goes, and then
    spike-weighted hops fall.  The best placement seen is left in core_of_part.

    traffic: (parts, parts) packets either way, symmetric.  load: (parts,) events.  most_load: inf if only hops count.
    """
    n = core_of_part.size
    state = np.uint64(seed * np.uint64(2) + np.uint64(0x9E3779B97F4A7C15))
    tiles = np.empty(n, np.int64)
    tile_load = np.zeros(n_tiles, np.float64)
    for part in range(n):
        tiles[part] = tile_of_core[core_of_part[part]]
        tile_load[tiles[part]] += load[part]
    mean_hops = max(traffic.sum() / n, 1.0)
    now = best = 0.0
    best_cores = core_of_part.copy()
    for step in range(sweeps * n):
        warm = 1.0 - step / (sweeps * n)
        state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        a = int((state >> np.uint64(33)) % np.uint64(n))
        state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        b = int((state >> np.uint64(33)) % np.uint64(n))
        state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        chance = float(state >> np.uint64(11)) * (1.0 / 9007199254740992.0)
        ta, tb = tiles[a], tiles[b]
        if ta == tb:
            continue
        before = _hops_of(a, ta, b, traffic, tiles, columns) + _hops_of(b, tb, a, traffic, tiles, columns)
        after = _hops_of(a, tb, b, traffic, tiles, columns) + _hops_of(b, ta, a, traffic, tiles, columns)
        change = (after - before) / mean_hops
        moved = float(load[b] - load[a])
        excess = _excess(tile_load[ta] + moved, most_load) + _excess(tile_load[tb] - moved, most_load)
        excess -= _excess(tile_load[ta], most_load) + _excess(tile_load[tb], most_load)
        change += 1e4 * excess / (most_load * most_load)
        if change <= 0.0 or chance < np.exp(-change / (0.3 * warm * warm + 1e-9)):
            tiles[a], tiles[b] = tb, ta
            core_of_part[a], core_of_part[b] = core_of_part[b], core_of_part[a]
            tile_load[ta] += load[b] - load[a]
            tile_load[tb] += load[a] - load[b]
            now += change
            if now < best - 1e-9:
                best = now
                best_cores[:] = core_of_part
    core_of_part[:] = best_cores
