"""Kernels that put synapses into rows, cut rows at the bounds of tiles, and sort them.

A row is what one source has; a tile, a range of targets.  Sorted is by (tile, key, target, number), the key being the
target or the delay.
"""

import math

import numpy as np

from eventsim.kernels.jit import inner, kernel


@kernel
def count_rows(sources, row_of, counts):
    """Add the number of synapses of each row to counts; row_of: the row of each source position."""
    for i in range(sources.size):
        counts[row_of[sources[i]]] += 1


@kernel
def place_synapses(pairs, row_of, target_of, cursor, columns):
    """Write each synapse to the next free place of its row, and move the cursor of the row on.

    pairs: the source and target positions, weights and delays of a chunk.  columns: where the table has
    targets, weights and delays.  Common weights or delays are empty in both.
    """
    sources, targets, weights, delays = pairs
    for i in range(sources.size):
        row = row_of[sources[i]]
        place = cursor[row]
        cursor[row] = place + 1
        columns[0][place] = target_of[targets[i]]
        if weights.size:
            columns[1][place] = weights[i]
        if delays.size:
            columns[2][place] = delays[i]


@kernel
def cut_rows(row_start, targets, tile_of, n_tiles, tile_start):
    """Fill tile_start (rows * n_tiles + 1,): where each tile of each row begins once rows are in order of tiles."""
    for row in range(row_start.size - 1):
        first_tile = row * n_tiles + 1
        for k in range(row_start[row], row_start[row + 1]):
            tile_start[first_tile + tile_of[targets[k]]] += 1
    for i in range(1, tile_start.size):
        tile_start[i] += tile_start[i - 1]


@kernel
def narrow(targets, tile_start, bounds, within):
    """Fill within (uint16) with the index of each target in its tile; it may be the first half of targets itself."""
    n_tiles = bounds.size - 1
    for row in range(tile_start.size - 1):
        first = bounds[row % n_tiles]
        for k in range(tile_start[row], tile_start[row + 1]):
            within[k] = targets[k] - first


@inner
def _precedes(keys, order, ties, a, b):
    """Whether entry a has to stand before entry b by (key, tie); neither does if both are equal."""
    return keys[a] < keys[b] or (keys[a] == keys[b] and ties[order[a]] < ties[order[b]])


@inner
def _merge_sort(keys, order, ties, key_scratch, order_scratch):
    """Stable bottom-up merge sort of keys, order moved along; for what the buckets do not spread."""
    n, width = keys.size, 1
    while width < n:
        for start in range(0, n, 2 * width):
            left, middle, end = start, min(start + width, n), min(start + 2 * width, n)
            right = middle
            for i in range(start, end):
                if left < middle and (right >= end or not _precedes(keys, order, ties, right, left)):
                    taken = left
                    left += 1
                else:
                    taken = right
                    right += 1
                key_scratch[i], order_scratch[i] = keys[taken], order[taken]
        for i in range(n):
            keys[i], order[i] = key_scratch[i], order_scratch[i]
        width *= 2


@inner
def _insertion_sort(keys, order, ties, allowed_moves):
    """Stable insertion sort; gives up and returns False after the allowed number of moves."""
    moves = 0
    for i in range(1, keys.size):
        key, item, j = keys[i], order[i], i
        while j > 0 and (keys[j - 1] > key or (keys[j - 1] == key and ties[order[j - 1]] > ties[item])):
            keys[j], order[j] = keys[j - 1], order[j - 1]
            j -= 1
        keys[j], order[j] = key, item
        moves += i - j
        if moves > allowed_moves:
            return False
    return True


@inner
def _to_buckets(keys, tiles, ends, low, scale, sorted_keys, order, bucket_end):
    """Distribute keys to buckets of equal width, as many in each tile as it has keys, each in the order given.

    tiles: of each key, replaced by its bucket.  ends: where each tile ends in the row.  low, scale: its smallest key
    and buckets a unit.
    """
    n = keys.size
    bucket_end[: n + 1] = 0
    for i in range(n):
        tile = tiles[i]
        first = ends[tile - 1] if tile > 0 else 0
        bucket = first + int((keys[i] - low[tile]) * scale[tile])
        tiles[i] = bucket
        bucket_end[bucket + 1] += 1
    for b in range(n):
        bucket_end[b + 1] += bucket_end[b]
    for i in range(n):
        place = bucket_end[tiles[i]]
        bucket_end[tiles[i]] = place + 1
        sorted_keys[place], order[place] = keys[i], i


@inner
def _permute(values, start, order, scratch):
    """values[start + i] = values[start + order[i]] for all i at once."""
    for i in range(order.size):
        scratch[i] = values[start + order[i]]
    for i in range(order.size):
        values[start + i] = scratch[i]


@kernel
def sort_rows(column, row_start, tile_start, tile_of, columns):
    """Sort each row by (tile, element of `column`, target), synapses equal in all of it staying as they were.

    column: one of the columns, finite.  columns: targets, and weights and delays, empty where they are common.
    tile_start: from `cut_rows`; row_start itself, with tile_of all 0, if there is one tile.
    Buckets of equal width and an insertion sort: O(n) for keys that spread, O(n log n) for any others.
    """
    targets, weights, delays = columns
    n_tiles = (tile_start.size - 1) // max(row_start.size - 1, 1)
    longest = 0
    for row in range(row_start.size - 1):
        longest = max(longest, row_start[row + 1] - row_start[row])
    keys, sorted_keys, doubles = np.empty(longest), np.empty(longest), np.empty(longest)
    tiles, order, spare = (
        np.empty(longest, np.uint32),
        np.empty(longest, np.uint32),
        np.empty(longest, np.uint32),
    )
    singles, bucket_end = np.empty(longest, np.float32), np.empty(longest + 1, np.int64)
    ends, low, scale = np.empty(n_tiles, np.int64), np.empty(n_tiles), np.empty(n_tiles)
    for row in range(row_start.size - 1):
        start = row_start[row]
        n = row_start[row + 1] - start
        if n < 2:
            continue
        low[:], scale[:] = math.inf, -math.inf
        for i in range(n):
            key, tile = float(column[start + i]), tile_of[targets[start + i]]
            keys[i], tiles[i] = key, tile
            low[tile], scale[tile] = min(low[tile], key), max(scale[tile], key)
        for tile in range(n_tiles):
            first = tile_start[row * n_tiles + tile]
            ends[tile] = tile_start[row * n_tiles + tile + 1] - start
            buckets = (tile_start[row * n_tiles + tile + 1] - first - 1) / (scale[tile] - low[tile])
            scale[tile] = buckets if 0.0 <= buckets < math.inf else 0.0
        _to_buckets(keys[:n], tiles, ends, low, scale, sorted_keys, order, bucket_end)
        ties, first = targets[start : start + n], 0
        for tile in range(n_tiles):
            last = ends[tile]
            part, items = sorted_keys[first:last], order[first:last]
            if not _insertion_sort(part, items, ties, 4 * part.size):
                _merge_sort(part, items, ties, doubles, spare)
            first = last
        _permute(targets, start, order[:n], spare)
        if weights.size:
            _permute(weights, start, order[:n], singles)
        if delays.size:
            _permute(delays, start, order[:n], doubles)
