"""Run skip-gram, CBOW, PV-DM or PV-DBOW over chunks of a corpus: arrays in, a table changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sestina.kernels.cbow import CBOW
from sestina.kernels.compiled import Kernel
from sestina.kernels.contexts import ARGUMENTS, BLOCK, GROUP
from sestina.kernels.dbow import DBOW
from sestina.kernels.merging import MERGE, shares
from sestina.kernels.parallel import ready, run, threads
from sestina.kernels.simd import LANES
from sestina.kernels.skipgram import SKIPGRAM
from sestina.kernels.workspace import address, lend

KERNELS: dict[str, Kernel] = {"skipgram": SKIPGRAM, "cbow": CBOW, "dbow": DBOW}
MARGIN = 4  # rows that products may read behind the last
PARTS = 256  # of the table at most, whose rows are merged apart
HOT = 32  # nodes nearest to the root, of which a block of centers trains a copy

Numbers = NDArray[np.int64]
Shorts = NDArray[np.int32]


@dataclass(kw_only=True)
class Net:
    """What is trained, and how words stand in it.

    Attributes:
        table: Rows of words or their parts, then of outputs, then of documents: (R, S) float32,
            S the dimensions rounded up to whole vectors, zeros behind the last.
        first_output: The row where outputs begin.
        first_document: The row where documents begin; 0: there are none.
        keep: 31-bit threshold of each word under which it survives subsampling, (V,) int32.
        noise: Alias table of the negatives, (V, 2) int32: threshold, other word. None: paths.
        path_starts: Where each word's Huffman path begins, (V + 1,).
        path: Inner node · 2 + code, from the root, of all words.
        bag_starts: Where each word's parts begin, (V + 1,); None: a word is its row.
        bags: Rows of the parts of all words.
    """

    table: NDArray[np.float32]
    first_output: int
    keep: Shorts
    first_document: int = 0
    noise: Shorts | None = None
    path_starts: Numbers | None = None
    path: Shorts | None = None
    bag_starts: Numbers | None = None
    bags: Shorts | None = None


@dataclass(kw_only=True)
class Settings:
    """How it is trained.

    Attributes:
        window: Words on each side at most.
        negatives: Per center.
        shared: Negatives that a group of centers meets together, where contexts are averaged.
        back_only: The one word before is the whole context.
        frozen: Only documents' rows change, and each chunk is a text of its own.
        private: Chunks do not see each other's changes, so that the bits do not depend on threads.
    """

    window: int = 5
    negatives: int = 5
    shared: int = 8
    back_only: bool = False
    frozen: bool = False
    private: bool = False


def padded(dimensions: int) -> int:
    """Return the length of a row of the table, in floats."""
    return -(-dimensions // LANES) * LANES


def new_table(rows: int, dimensions: int) -> NDArray[np.float32]:
    """Return a table of zeros whose rows are padded, and begin where vectors do."""
    row = padded(dimensions)
    memory = np.zeros(rows * row + LANES, np.float32)
    start = -memory.ctypes.data // 4 % LANES
    return memory[start : start + rows * row].reshape(rows, row)


def _longest(net: Net) -> int:
    assert net.path_starts is not None
    return int(np.diff(net.path_starts).max(initial=1))


def _outputs(method: str, net: Net, settings: Settings) -> int:
    """Return how many outputs meet at once at most, rounded up to whole halves of a vector."""
    one = 1 + settings.negatives if net.path is None else _longest(net)
    if method == "dbow":
        one *= GROUP
    if method == "cbow" and net.path is None:
        one = GROUP + settings.shared
    return -(-one // LANES) * LANES


def _hot(method: str, net: Net, settings: Settings) -> int:
    """Return how many of the last outputs a block trains a copy of: none where changes are kept."""
    if net.path is None or settings.private or method == "dbow":
        return 0
    return min(HOT, len(net.keep) - 1)


def _layout(method: str, net: Net, settings: Settings, words: int) -> tuple[dict[str, int], int]:
    """Return where things stand in the memory of a chunk of `words` tokens, and its size."""
    rows = BLOCK + 2 * settings.window + MARGIN
    outputs, row = _outputs(method, net, settings), 4 * net.table.shape[1]
    listed = words + 2 * settings.window + MARGIN
    wide = max(2 * settings.window + 1, GROUP) + MARGIN
    sizes = {
        "at_ids": 4 * listed,
        "at_bits": 8 * listed,
        "at_sentences": 4 * listed,
        "at_hidden": rows * row,
        "at_before": rows * row,
        "at_outputs": (outputs + MARGIN) * row,
        "at_rows": 2 * 8 * outputs,
        "at_targets": 4 * GROUP * outputs,
        "at_weights": 4 * GROUP * outputs,
        "at_gradients": 4 * wide * outputs,
        "at_means": (GROUP + MARGIN) * row,
        "at_d_means": (BLOCK + MARGIN) * row,
        "at_spare": row,
        "at_places_out": 64,
        "at_windows": 16 * GROUP,
        "at_own": 4 * LANES,
        "at_own_weights": 4 * LANES,
        "at_hot": _hot(method, net, settings) * row,
        "at_hot_before": _hot(method, net, settings) * row,
    }
    if settings.private:
        touched = min(len(net.table), _touched(net, settings, listed, outputs))
        sizes |= {
            "at_slots": 4 * len(net.table),
            "at_used": 8 * (touched + 2),
            "at_changes": (touched + 2) * row,
        }
    places, total = {}, 0
    for name, size in sizes.items():
        places[name] = total
        total += -(-size // 64) * 64
    return places, total


def _touched(net: Net, settings: Settings, listed: int, outputs: int) -> int:
    """Return how many rows a chunk of listed words may change."""
    parts = listed
    if net.bag_starts is not None:  # those of the longest words, which may be far longer than most
        parts = int(np.sort(np.diff(net.bag_starts))[-listed:].sum())
    return parts + listed * (max(outputs, 1 + settings.negatives) + 1)


def room_for(method: str, net: Net, settings: Settings, words: int, room: int) -> int:
    """Return the bytes that a `Trainer` of these arguments takes."""
    return room * _layout(method, net, settings, words)[1]


class Trainer:
    """Trains one net, a run of chunks at a time; holds the memory of the chunks.

    Args:
        method: ``"skipgram"``, ``"cbow"`` (with documents: PV-DM) or ``"dbow"``.
        net: What is trained.
        settings: How.
        words: Tokens of a chunk at most.
        room: Chunks of a run at most.
    """

    def __init__(self, method: str, net: Net, settings: Settings, words: int, room: int) -> None:
        self._kernel, self._net, self._settings = KERNELS[method], net, settings
        places, size = _layout(method, net, settings, words)
        hot = _hot(method, net, settings)
        self._memory = lend((room * size // 4,))
        self._memory[:] = 0
        self._changed = np.zeros(len(net.table) if settings.private else 0, np.int32)
        self._shares = shares(room)
        self._record = np.zeros((), ARGUMENTS)
        fields = {
            **places,
            "scratch": address(self._memory),
            "scratch_size": size,
            "room": room,
            "window": 1 if settings.back_only else settings.window,
            "back_only": settings.back_only,
            "negatives": settings.negatives,
            "shared": settings.shared,
            "frozen": settings.frozen,
            "vocabulary": len(net.keep),
            "table": address(net.table),
            "row": 4 * net.table.shape[1],
            "size": net.table.shape[1] // LANES,
            "first_output": net.first_output,
            "first_document": net.first_document,
            "most_outputs": _outputs(method, net, settings),
            "first_hot": net.first_output + len(net.keep) - 1 - hot,
            "hot": hot,
            "rows": len(net.table) if settings.private else 0,
            "changed": address(self._changed),
            "shares": address(self._shares),
        }
        for name in ("keep", "noise", "path_starts", "path", "bag_starts", "bags"):
            array = getattr(net, name)
            fields[name] = 0 if array is None else address(array)
        for name, value in fields.items():
            self._record[name] = value
        self._place = address(self._record)  # NumPy lists all fields to tell it
        ready(self._kernel, *([MERGE] if settings.private else []))

    def run(
        self,
        ids: Shorts,
        spans: Numbers,
        documents: Numbers,
        rates: NDArray[np.float32],
        key: int,
    ) -> tuple[float, int]:
        """Train on chunks; return the loss of the watched pairs, and how many there were.

        Args:
            ids: Word numbers of the whole corpus, −1 after each sentence.
            spans: The first token of each chunk, and the one behind its last, (N, 2).
            documents: How many sentences end before each chunk, (N,).
            rates: Learning rate of each chunk, (N,).
            key: 64 bits that all random choices depend on, with the place in the corpus.
        """
        chunks = len(rates)
        losses = np.zeros((chunks, 2), np.float32)
        record, place = self._record, self._place
        record["ids"], record["tokens"] = address(ids), len(ids)
        record["spans"], record["documents"] = address(spans), address(documents)
        record["rates"], record["losses"] = address(rates), address(losses)
        record["key"], record["chunks"] = np.uint64(key).astype(np.int64), chunks
        run(self._kernel, chunks, place)
        if self._settings.private:
            # any number gives the same bits
            parts = 1 << (min(threads(), PARTS) - 1).bit_length()
            record["parts"] = parts
            run(MERGE, parts, place)
        loss, pairs = losses.sum(0, dtype=np.float64)
        return float(loss), int(pairs)
