"""What users give as texts, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sestina.errors import DataError
from sestina.text.scan import Document
from sestina.text.vocabulary import EOS, PAD


def as_texts(X: Any) -> list[str]:
    """Return inputs as a list of strings.

    Raises:
        DataError: A single string came, or something that is not a string.
    """
    texts = _as_list(X)
    for n, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(
                f"text {n} is {text!r:.60} ({type(text).__name__}); expected a list of strings"
            )
    return texts


def as_documents(X: Any) -> list[Document]:
    """Return inputs as a list of texts or of lists of tokens.

    Raises:
        DataError: A single string came, or something that is neither.
    """
    documents = _as_list(X)
    for n, document in enumerate(documents):
        if not isinstance(document, str) and not _is_tokens(document):
            raise DataError(
                f"text {n} is {document!r:.60} ({type(document).__name__}); "
                "expected strings, or lists of tokens such as ['the', 'cat']"
            )
    return documents


def as_sequences(y: Any) -> tuple[list[Any], bool]:
    """Return sequences, N strings or N lists of tokens, and whether they are lists.

    Raises:
        DataError: They are neither, or both, or a token is one of a vocabulary's marks.
    """
    documents = as_documents(y)
    lists = [not isinstance(document, str) for document in documents]
    if any(lists) and not all(lists):
        raise DataError(
            f"sequence {lists.index(True)} is a list, sequence {lists.index(False)} a string; "
            "expected all strings, or all lists of tokens"
        )
    if not any(lists):
        return list(documents), False
    for n, document in enumerate(documents):
        if mark := {PAD, EOS}.intersection(document):
            raise DataError(
                f"sequence {n} holds the token {min(mark)!r}, which marks where sequences end; "
                "give it another name"
            )
    return list(map(list, documents)), True


def _is_tokens(document: Any) -> bool:
    plain = isinstance(document, Sequence) and not isinstance(document, bytes)
    return plain and all(isinstance(token, str) for token in document)


def _as_list(X: Any) -> list[Any]:
    if isinstance(X, str | bytes):
        raise DataError("one string came; expected a list of texts, for instance ['…']")
    if hasattr(X, "columns") or isinstance(X, Mapping):  # a list of it would be its columns' names
        raise DataError(
            f"a {type(X).__name__} came; expected its column of texts, for instance X['text']"
        )
    if getattr(X, "ndim", 1) != 1:
        raise DataError(f"an array of shape {X.shape} came; expected one dimension, a text each")
    if hasattr(X, "tolist"):
        X = X.tolist()
    elif hasattr(X, "to_list"):
        X = X.to_list()
    try:
        return list(X)
    except TypeError as error:
        raise DataError(f"{X!r:.60} came; expected a list of texts, for instance ['…']") from error


def as_sentences(X: Any, what: str = "words") -> list[list[Any]]:
    """Return sentences as a list of lists of words, or their tags.

    Args:
        X: N sentences.
        what: What stands in them, "words" (strings) or "tags" (strings or whole numbers).

    Raises:
        DataError: A string came in place of a list, or something that is no word or tag.
    """
    rows = [_cut(row, n, what) for n, row in enumerate(_as_list(X))]
    kinds: Any = str if what == "words" else (str, int, np.integer)
    for n, row in enumerate(rows):
        for item in row:
            if not isinstance(item, kinds):
                raise DataError(
                    f"sentence {n} has {item!r:.60} ({type(item).__name__}) among its {what}; "
                    f"expected {'strings' if what == 'words' else 'strings or whole numbers'}"
                )
    return rows


def _cut(row: Any, number: int, what: str) -> list[Any]:
    if isinstance(row, str | bytes) or not hasattr(row, "__iter__"):
        raise DataError(
            f"sentence {number} came as {row!r:.60} ({type(row).__name__}); expected a list of "
            f"{what}, one for each word"
        )
    return row.tolist() if isinstance(row, np.ndarray) else list(row)
