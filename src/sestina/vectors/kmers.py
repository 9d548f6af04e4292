"""DNA as words: overlapping k-mers of random length.

Ng, dna2vec: Consistent vector representations of variable-length k-mers, 2017: at each base a
length between two bounds is drawn, and the k-mer of that length that begins there is a word.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, DataWarning, OptionError, counted
from sestina.vectors.corpus import Corpus, Source, finished, namer, ordered, paths_of
from sestina.vectors.sources import pieces, refuse_missing

LONGEST = 10  # 4¹⁰ is a million words
BASES = "ACGT"
CODES = np.full(128, 4, np.uint8)
CODES[[ord(base) for base in BASES + BASES.lower()]] = [0, 1, 2, 3] * 2
NAMED = 5  # signs that are no bases, of which a warning tells
Numbers = NDArray[np.int64]


def lengths(text: str) -> tuple[int, int]:
    """Return the shortest and the longest k of ``"3:8"`` or ``"6"``.

    Raises:
        OptionError: It is neither, or out of range.
    """
    match = re.fullmatch(r"(\d+)(?::(\d+))?", text)
    least, most = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= least <= most <= LONGEST:
        raise OptionError(
            f"kmers={text!r} is not a range of lengths from 1 to {LONGEST}; give for instance 3:8"
        )
    return least, most


def read_kmers(
    source: Source,
    file: Path,
    kmers: str,
    min_count: int,
    vocabulary: int | None,
    seed: int,
    encoding: str = "utf-8",
) -> Corpus:
    """Read DNA, FASTA or a sequence a line, and write the ids of its k-mers to `file`.

    Letters other than A, C, G and T end a sentence, as headers and, outside FASTA, line ends do.

    Raises:
        DataError: A file cannot be read, holds no DNA, or is FASTQ.
        OptionError: The lengths make no sense.

    Warns:
        DataWarning: There are letters other than A, C, G and T; they are counted.
    """
    least, most = lengths(kmers)
    paths = paths_of(source)
    if paths is None:
        raise DataError("k-mers are cut from files; give a FASTA file or one sequence a line")
    refuse_missing(paths)
    rng = np.random.default_rng((seed, 0xD7A))  # unlike what a user may have drawn the DNA from
    first = np.cumsum([0, *(4**k for k in range(least, most + 1))])
    counts, written = np.zeros(first[-1], np.int64), 0
    others = np.zeros(len(CODES), np.int64)
    with file.open("wb") as to:
        for path in paths:
            for bases in _sequences(path, encoding, others):
                written += _write(bases, first, least, rng, counts, to)
    _say_others(others)
    if not written:
        raise DataError(f"{paths[0]} holds no DNA: no run of the letters A, C, G, T to cut")
    words = [name for k in range(least, most + 1) for name in _names(k)]
    names, order = ordered(namer(words), counts, min_count, vocabulary)
    every = np.arange(len(counts), dtype=np.int32)
    ids = finished(file, [(written, every)], order, keep_empty=False)
    return Corpus(tuple(names), counts[order], ids, int((ids < 0).sum()), int(counts.sum()))


def _write(
    bases: NDArray[np.uint8],
    first: Numbers,
    least: int,
    rng: np.random.Generator,
    counts: Numbers,
    to: BinaryIO,
) -> int:
    """Write the k-mers of one sequence of bases 0 … 3; return how many ids were written."""
    most = least + len(first) - 2
    total = 0
    for start in range(0, max(len(bases) - least + 1, 0), 1 << 20):
        part = bases[start : start + (1 << 20) + most - 1].astype(np.int64)
        places = min(len(bases) - least + 1 - start, 1 << 20)
        drawn = rng.integers(least, most + 1, places)
        drawn = np.minimum(drawn, len(part) - np.arange(places))  # to the end at most
        code, ids = np.zeros(len(part), np.int64), np.empty(places, np.int64)
        for k in range(1, min(most, len(part)) + 1):
            code[: len(part) - k + 1] = 4 * code[: len(part) - k + 1] + part[k - 1 :]
            if k >= least:
                chosen = np.flatnonzero(drawn == k)
                ids[chosen] = first[k - least] + code[chosen]
        if len(ids) > len(counts) // 8:
            counts += np.bincount(ids, minlength=len(counts))
        else:  # many short runs would read all counts each time
            np.add.at(counts, ids, 1)
        to.write(ids.astype(np.int32).tobytes())
        total += places
    if total:
        to.write(np.array([-1], np.int32).tobytes())
        total += 1
    return total


def _names(k: int) -> list[str]:
    names = [""]
    for _ in range(k):
        names = [name + base for name in names for base in BASES]
    return names


def _say_others(others: Numbers) -> None:
    """Warn of signs that are no bases, counted by their codes (128,)."""
    found = {chr(n): int(others[n]) for n in np.argsort(-others, kind="stable") if others[n]}
    if found:
        named = ", ".join(f"{sign!r} {count:,}" for sign, count in list(found.items())[:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        warnings.warn(
            f"{counted(sum(found.values()), 'sign')} other than A, C, G, T ended the runs of DNA "
            f"they stood in: {named}{more}",
            DataWarning,
            stacklevel=2,
        )


def _sequences(path: Path, encoding: str, others: Numbers) -> Iterator[NDArray[np.uint8]]:
    """Yield runs of bases, as numbers 0 … 3; a run goes on over the lines of FASTA.

    What stands between them is counted in `others`, (128,), a sign beyond ASCII as "?".
    """
    rest, fasta = "", False
    waiting: list[NDArray[np.uint8]] = []
    for number, piece in enumerate(pieces(path, encoding)):
        if not number and piece.lstrip().startswith("@"):
            raise DataError(
                f"{path} begins as FASTQ does, whose lines of quality would pass for DNA; "
                "turn it into FASTA first, for instance with: seqtk seq -a"
            )
        lines = (rest + piece).split("\n")
        rest = lines.pop()
        for line in lines:
            if line.startswith((">", ";")):  # a name, or a remark
                fasta = True
                yield from _joined(waiting)
                continue
            signs = np.frombuffer(line.strip().encode("ascii", "replace"), np.uint8)
            codes = CODES[signs]
            breaks = np.flatnonzero(codes == 4)
            if len(breaks):
                others += np.bincount(signs[breaks], minlength=len(others))
            for n, run in enumerate(np.split(codes, breaks)):
                if n:
                    yield from _joined(waiting)
                waiting.append(run[1:] if n else run)
            if not fasta:
                yield from _joined(waiting)
    yield from _joined(waiting)


def _joined(waiting: list[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Yield what waits as one run, and forget it."""
    if waiting:
        run = np.concatenate(waiting)
        waiting.clear()
        yield run
