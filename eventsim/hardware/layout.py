"""How rows of synapses and tables lie in the memory of their cores: words, banks and bits used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventsim.hardware.chip import Chip, Memory
from eventsim.hardware.reach import Ints, Reach, TableLayer


@dataclass(frozen=True)
class Layout:
    """Memory of all cores.  Rows of synapses lie in order of their sources; tables follow, each row at a word.

    words: (rows,) words that reading each row of `Reach` touches.  straddles: (rows,) whether these are more than its
    bits would need at the beginning of a word.  first_bank, last_bank: (rows,).  bits: (n_cores,) used by synapses and
    tables.  table_base: for each layer, (n_tables,) first word of each table.
    """

    words: Ints
    straddles: np.ndarray[tuple[int], np.dtype[np.bool_]]
    first_bank: Ints
    last_bank: Ints
    bits: Ints
    table_base: tuple[Ints, ...]
    memory: Memory

    def table_row_words(self, layer: TableLayer) -> int:
        """Words of one row of a layer's tables."""
        return table_row_words(self.memory, layer.n_out)

    @property
    def straddles_banks(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether a row lies in more than one bank: neighbouring words never share one of several."""
        wide: np.ndarray[tuple[int], np.dtype[np.bool_]] = (self.words > 1) & (self.memory.banks > 1)
        return wide


def words_for(bits: int, word_bits: int) -> int:
    """Words that hold so many bits."""
    return -(-bits // word_bits)


def table_row_words(memory: Memory, n_out: int) -> int:
    """Words of one row of a table: ceil(n_out value_bits / word_bits)."""
    return words_for(n_out * memory.value_bits, memory.word_bits)


def lay_out(chip: Chip, reach: Reach, core_of: Ints, layers: list[TableLayer], n_cores: int) -> Layout:
    """The layout of a mapped network."""
    memory, word = chip.memory, chip.memory.word_bits
    bits = memory.row_header_bits + reach.synapses * memory.synapse_bits
    needed = -(-bits // word)
    taken = needed * word if memory.row_alignment == "word" else bits
    order = np.argsort(reach.cores, kind="stable")
    ends = np.cumsum(taken[order])
    before = np.bincount(reach.cores, minlength=n_cores)
    per_core = np.zeros(n_cores, np.int64)
    np.add.at(per_core, reach.cores, taken)
    core_starts = np.repeat(np.cumsum(per_core) - per_core, before)
    start = np.empty(reach.cores.size, np.int64)
    start[order] = ends - taken[order] - core_starts
    first_word, last_word = start // word, (start + np.maximum(bits, 1) - 1) // word
    words = np.where(bits > 0, last_word - first_word + 1, 0)
    next_word = -(-per_core // word)
    bases = []
    for layer in layers:
        size = layer.n_rows * table_row_words(memory, layer.n_out)
        base = np.empty(layer.n_tables, np.int64)
        for k, core in enumerate(core_of[layer.ids]):
            base[k] = next_word[core]
            next_word[core] += size
        bases.append(base)
        np.add.at(per_core, core_of[layer.ids], size * word)
    return Layout(
        words,
        words > needed,
        first_word % memory.banks,
        last_word % memory.banks,
        per_core,
        tuple(bases),
        memory,
    )
