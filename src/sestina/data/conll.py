"""CoNLL columns: a word a line with its tags beside it, an empty line after each sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sestina.data.tables import kind_of
from sestina.errors import DataError, counted
from sestina.store import write_text

CONLLU, DOCUMENT = ".conllu", "-DOCSTART-"
BLANKS = " \t\r\n"
SPACES = re.compile(r" +")
WORD, UNIVERSAL = 2, 4  # columns of CoNLL-U: FORM, UPOS


def read_columns(
    lines: Sequence[str], path: Path, word_column: int | None, tag_column: int | None
) -> tuple[list[list[str]], list[list[str]] | None, int]:
    """Return words and tags of CoNLL lines, and how many lines are no word; tags may be None.

    Args:
        lines: The lines.
        path: The file, whose ending tells CoNLL-U.
        word_column: Column of the words, from 1; None: the first, of CoNLL-U the second (FORM).
        tag_column: Column of the tags, from 1; None: the last, of CoNLL-U the fourth (UPOS).

    Raises:
        DataError: A line has other columns than the first, or an empty word; the message names it.
    """
    universal = kind_of(path) == CONLLU
    word = (word_column or (WORD if universal else 1)) - 1
    tag = (tag_column or (UNIVERSAL if universal else 0)) - 1
    sentences: list[list[str]] = []
    tags: list[list[str]] = []
    width = left_out = 0
    fresh = True
    for number, line in enumerate(lines, 1):
        cells = line.split("\t") if "\t" in line else SPACES.split(line.strip(BLANKS))
        empty = not line.strip(BLANKS)
        if empty or (universal and line.startswith("#")):
            fresh = fresh or empty
            continue
        if cells[0] == DOCUMENT or (universal and not cells[0].isdecimal()):
            left_out += 1  # a new document, or words written as one, such as 3-4
            fresh = fresh or cells[0] == DOCUMENT
            continue
        width = width or len(cells)
        if len(cells) != width or not max(word, tag) < width:
            raise DataError(_odd(path, number, line, len(cells), max(width, word + 1, tag + 1)))
        if not cells[word].strip(BLANKS):
            raise DataError(
                f"{path}, line {number}: column {word + 1} of {line[:40]!r} holds no word; mend "
                "it, or name another column"
            )
        if fresh:
            sentences.append([])
            tags.append([])
            fresh = False
        sentences[-1].append(cells[word].strip(BLANKS))
        tags[-1].append(cells[tag].strip(BLANKS))
    alone = width == 1 and tag_column is None
    return sentences, None if alone else tags, left_out


def _odd(path: Path, number: int, line: str, columns: int, wanted: int) -> str:
    return (
        f"{path}, line {number}: {line.strip()[:40]!r} has {counted(columns, 'column')}, expected "
        f"{wanted}; mend it, or name other columns"
    )


def write_conll(
    path: str | Path, sentences: Sequence[Sequence[str]], *columns: Sequence[Sequence[Any]]
) -> None:
    """Write sentences as CoNLL columns: a word a line, and what each further column has for it.

    Args:
        path: The file; it is written under another name first.
        sentences: N lists of words.
        *columns: Each N lists, as long as the sentences: tags, predicted tags, …

    Raises:
        DataError: A word or tag is empty or holds white space, or a column has another length.
    """
    blocks = []
    for n, words in enumerate(sentences):
        rows = [words, *(column[n] for column in columns)]
        if len({len(row) for row in rows}) > 1:
            raise DataError(f"sentence {n}: its columns have lengths {[len(row) for row in rows]}")
        for cell in (str(cell) for row in rows for cell in row):
            if not cell or set(cell) & set(BLANKS):
                raise DataError(
                    f"sentence {n}: {cell!r} does not fit into a column, which white space ends"
                )
        blocks.append(
            "".join(" ".join(map(str, cells)) + "\n" for cells in zip(*rows, strict=True))
        )
    write_text(path, "\n".join(blocks))
