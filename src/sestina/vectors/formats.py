"""Files of word vectors, by the ending of their names."""

from __future__ import annotations

import warnings
from pathlib import Path

from sestina.data.tables import kind_of
from sestina.errors import DataError, DataWarning, OptionError
from sestina.vectors import binary_files, fasttext_files, storage, text_files
from sestina.vectors.rows import Rows

READ = (".txt", ".vec", ".bin", ".ftz", ".safetensors")
WRITTEN = (".txt", ".vec", ".bin", ".safetensors")


def read(path: Path) -> Rows:
    """Read a file of word vectors.

    By the ending: word2vec, GloVe or fastText text (.txt, .vec), word2vec or fastText binary (.bin,
    .ftz), Sestina's own (.safetensors); text and word2vec binary also with .gz or .xz behind it.

    Raises:
        DataError: The file is missing, damaged or of another kind.
    """
    kind = kind_of(path)
    if kind == ".zip" or (kind not in READ and path.exists() and not path.is_dir()):
        raise DataError(_unknown(path, READ))
    if kind == ".safetensors":
        return storage.read(path)
    if kind == ".ftz" or (kind == ".bin" and fasttext_files.is_fasttext(path)):
        return fasttext_files.read(path)
    return binary_files.read(path) if kind == ".bin" else text_files.read(path)


def write(path: Path, rows: Rows, *, dtype: str = "float32", header: bool = True) -> None:
    """Write a file of word vectors, all or nothing, by the ending of its name.

    Args:
        path: .safetensors, .bin (word2vec's), .txt or .vec, the last three also with .gz or .xz.
        rows: What to write. Only .safetensors keeps the rows of n-grams.
        dtype: "float32" or, for .safetensors, "float16", "int8" or "pq".
        header: Whether text begins with a line ``V D``.

    Raises:
        OptionError: The ending is unknown, or an option does not go with it.
        DataError: A word cannot stand in such a file.
        SestinaError: The file cannot be written.
    """
    check_target(path, dtype=dtype, header=header)
    kind = kind_of(path)
    if rows.parts is not None and kind != ".safetensors":
        warnings.warn(
            f"{path.name} holds words only: the rows of n-grams, which make vectors of unseen "
            "words, are left out; .safetensors keeps them",
            DataWarning,
            stacklevel=2,
        )
    try:
        if kind == ".safetensors":
            storage.write(path, rows, dtype=dtype)
        elif kind == ".bin":
            binary_files.write(path, rows)
        else:
            text_files.write(path, rows, header=header)
    except UnicodeEncodeError as error:
        raise DataError(
            f"the word {error.object!r:.60} holds half a character (a surrogate), which no file "
            "can keep; replace or drop the word"
        ) from error


def check_target(path: Path, *, dtype: str = "float32", header: bool = True) -> None:
    """Raise where `write` could not write such a file, whatever the vectors.

    Raises:
        OptionError: The ending is unknown, or an option does not go with it.
    """
    kind = kind_of(path)
    if kind not in WRITTEN or (kind == ".safetensors" and path.suffix.lower() != kind):
        raise OptionError(_unknown(path, WRITTEN))
    if dtype != "float32" and kind != ".safetensors":
        raise OptionError(f"dtype={dtype!r} goes with .safetensors only, not with {path.name}")
    if not header and kind not in (".txt", ".vec"):
        raise OptionError(f"only text is written without a header, not {path.name}")


def _unknown(path: Path, known: tuple[str, ...]) -> str:
    remedy = "unpack it first" if path.suffix.lower() == ".zip" else "give it the ending it needs"
    return (
        f"{path.name} does not end as files of word vectors do ({', '.join(known)}, some with .gz "
        f"or .xz); {remedy}"
    )
