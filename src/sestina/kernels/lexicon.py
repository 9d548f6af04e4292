"""Words by their bytes: a hash table whose numbers are those of the words' first occurrence.

An entry is two numbers: the first eight bytes of a word, with zeros behind a shorter one, and its
size and number. So a short word, as most are, is found with one line of memory.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from sestina.kernels.compiled import compiled
from sestina.kernels.memory import eight_bytes, integer, write_integer

SPARE = 8  # bytes behind a text that may be read, not used
_MIX, _ONE = np.uint64(0x9E3779B97F4A7C15), np.uint64(1)
_29, _32 = np.uint64(29), np.uint64(32)
_NUMBER = 0xFFFFFFFF


@njit
def first_bytes(address, size):
    """Return the first eight bytes of a word, with zeros behind a shorter one."""
    eight = eight_bytes(address)
    if size >= 8:
        return eight
    return eight & ((_ONE << np.uint64(8 * size)) - _ONE)


@njit
def hash_of(key, address, size):
    """Return 64 bits of a word's bytes, the first of which are the key."""
    value = key * _MIX
    for i in range(8, size, 8):
        value = ((value ^ (value >> _29)) + first_bytes(address + i, size - i)) * _MIX
    return (value ^ (value >> _29)) * _MIX


@njit
def slot_of(value, table):
    """Return where in the table the search for a hash begins."""
    return 2 * np.int64(value >> _32) & table.size - 1


@njit
def same(address, other, size):
    """Tell whether two words of one size are equal."""
    for i in range(0, size, 8):
        if first_bytes(address + i, size - i) != first_bytes(other + i, size - i):
            return False
    return True


@njit
def places(table, starts, arena, counts):
    """Return addresses of the arrays that `known` reads, and the table's last index.

    A kernel takes them once: to hand arrays over for each word would count their references then.
    """
    bases = table.ctypes.data, starts.ctypes.data, arena.ctypes.data, counts.ctypes.data
    return *bases, table.size - 1


@njit
def known(address, size, key, value, at):
    """Return the number of a word, and count it; −1: it is new.

    Args:
        address: Of its bytes.
        size: How many.
        key: The first of them.
        value: Their hash.
        at: `places` of the words known.
    """
    table, starts, arena, counts, end = at
    slot = 2 * np.int64(value >> _32) & end
    entry = integer(table + 8 * slot + 8)
    while entry:
        if entry >> 32 == size and integer(table + 8 * slot) == key:
            word = (entry & _NUMBER) - 1
            there = arena + integer(starts + 8 * word)
            if size <= 8 or same(address + 8, there + 8, size - 8):
                write_integer(counts + 8 * word, integer(counts + 8 * word) + 1)
                return word
        slot = (slot + 2) & end
        entry = integer(table + 8 * slot + 8)
    return -1


@njit
def add(address, size, key, value, table, hashes, starts, arena, counts, sizes):
    """Return the number of a new word, which has occurred once.

    Args:
        address: Of its bytes.
        size: How many.
        key: The first of them.
        value: Their hash.
        table: Entries, (2 S,).
        hashes: Of the words.
        starts: Where each word begins in the arena.
        arena: All words' bytes.
        counts: How often each has occurred.
        sizes: Number of words, to be raised.
    """
    slot, end = slot_of(value, table), table.size - 1
    while table[slot + 1]:
        slot = (slot + 2) & end
    word = sizes[0]
    for i in range(0, size, 8):
        rest = first_bytes(address + i, size - i)
        for j in range(min(size - i, 8)):
            arena[starts[word] + i + j] = np.uint8(rest >> np.uint64(8 * j))
    hashes[word], starts[word + 1], counts[word] = value, starts[word] + size, 1
    table[slot], table[slot + 1] = key, size << 32 | word + 1
    sizes[0] += 1
    return word


def absorb_words(there, begins, counts_there, table, hashes, starts, arena, counts, sizes, numbers):
    """Number the words of another arena, and add their counts."""
    at, others = places(table, starts, arena, counts), there.ctypes.data
    for word in range(numbers.size):
        address, size = others + begins[word], begins[word + 1] - begins[word]
        key = first_bytes(address, size)
        value = hash_of(key, address, size)
        number = known(address, size, np.int64(key), value, at)
        if number < 0:
            number = add(
                address, size, np.int64(key), value,
                table, hashes, starts, arena, counts, sizes,
            )  # fmt: skip
        counts[number] += counts_there[word] - 1
        numbers[word] = number


def enter_again(table, hashes, starts, arena, count):
    """Fill an empty table with words by their hashes."""
    end = table.size - 1
    for word in range(count):
        size = starts[word + 1] - starts[word]
        slot = slot_of(hashes[word], table)
        while table[slot + 1]:
            slot = (slot + 2) & end
        table[slot] = np.int64(first_bytes(arena.ctypes.data + starts[word], size))
        table[slot + 1] = size << 32 | word + 1


_bytes, _numbers, _shorts = types.uint8[::1], types.int64[::1], types.int32[::1]
TABLES = (_numbers, types.uint64[::1], _numbers, _bytes, _numbers, _numbers)
"""Types of what `add` takes after the word."""
_ENTER = types.void(_numbers, types.uint64[::1], _numbers, _bytes, types.int64)
_ABSORB = types.void(_bytes, _numbers, _numbers, *TABLES, _shorts)


class Lexicon:
    """Words in the order of their first occurrence, and how often each has occurred."""

    def __init__(self) -> None:
        self._sizes = np.zeros(2, np.int64)  # words known, and what a kernel may report
        self._room(1 << 16, 1 << 19)

    def _room(self, slots: int, letters: int) -> None:
        """Make room for half as many words as slots, and for so many bytes of letters."""
        count = int(self._sizes[0])
        old = vars(self).copy()
        self._table = np.zeros(2 * slots, np.int64)
        self._hashes = np.empty(slots // 2 + 1, np.uint64)
        self._starts = np.zeros(slots // 2 + 2, np.int64)
        self._counts = np.zeros(slots // 2 + 1, np.int64)
        self._arena = np.empty(letters + SPARE, np.uint8)
        if count:
            used = int(old["_starts"][count])
            self._hashes[:count] = old["_hashes"][:count]
            self._starts[: count + 1] = old["_starts"][: count + 1]
            self._counts[:count] = old["_counts"][:count]
            self._arena[:used] = old["_arena"][:used]
            again = compiled(enter_again, _ENTER)
            again(self._table, self._hashes, self._starts, self._arena, count)

    @property
    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """What `add` takes after the word; new ones after `grow`."""
        return self._table, self._hashes, self._starts, self._arena, self._counts, self._sizes

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each word has occurred, (W,)."""
        return self._counts[: self._sizes[0]]

    def __len__(self) -> int:
        return int(self._sizes[0])

    def word(self, number: int) -> bytes:
        """Return the bytes of a word."""
        return self._arena[self._starts[number] : self._starts[number + 1]].tobytes()

    def words(self, numbers: NDArray[np.int64]) -> list[str]:
        """Return words by their numbers, (N,)."""
        text = self._arena[: self._starts[len(self)]].tobytes()
        bounds = zip(
            self._starts[numbers].tolist(), self._starts[numbers + 1].tolist(), strict=True
        )
        return [text[start:end].decode() for start, end in bounds]

    def absorb(self, other: Lexicon) -> NDArray[np.int32]:
        """Take over another lexicon's words and counts; return their numbers here."""
        self.grow(len(other), int(other._starts[len(other)]))
        numbers = np.empty(len(other), np.int32)
        compiled(absorb_words, _ABSORB)(
            other._arena, other._starts, other.counts, *self.arrays, numbers
        )
        return numbers

    def grow(self, words: int, letters: int) -> None:
        """Make sure that so many more words, and bytes of letters, find room."""
        slots, wanted = len(self._table) // 2, int(self._starts[len(self)]) + letters
        while slots < 2 * (len(self) + words) + 4:
            slots *= 2
        if 2 * slots > len(self._table) or wanted + SPARE > len(self._arena):
            self._room(slots, max(2 * wanted, len(self._arena) - SPARE))
