"""Files of a corpus → pieces of text that end where a word ends; compressed files are opened."""

from __future__ import annotations

import codecs
import gzip
import lzma
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from sestina.errors import DataError, MissingExtra, OptionError

PIECE = 1 << 18  # bytes read at once

Failures = (OSError, EOFError, lzma.LZMAError, zlib.error)


def pieces(path: Path, encoding: str) -> Iterator[str]:
    """Yield the text of a file, a quarter of a megabyte at a time; each piece ends in white space.

    Raises:
        DataError: The file is missing, empty, damaged, binary or not in `encoding`; the sentence
            names the line.
        OptionError: There is no such encoding.
    """
    decoder, wide = _decoder(encoding)
    rest: list[str] = []  # the beginning of a word that the next block goes on with
    empty, ended = True, True
    for number, block in enumerate(_blocks(path)):
        if not number and not wide and b"\0" in block[:8192]:
            wide = block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            what = "in UTF-16; name that: --encoding utf-16" if wide else "a binary file"
            raise DataError(f"{path} is {what}; expected text, one sentence a line")
        text = _decoded(decoder, block, path, encoding, number)
        end = max(text.rfind("\n"), text.rfind(" "))
        if end < 0:
            rest.append(text)
            continue
        piece = "".join([*rest, text[: end + 1]])
        rest = [text[end + 1 :]]
        empty, ended = empty and not piece.strip(), piece.endswith("\n")
        yield piece
    last = "".join([*rest, _decoded(decoder, b"", path, encoding, None)])
    if empty and not last.strip():
        raise DataError(f"{path} is empty; expected text, one sentence a line")
    if last or not ended:
        yield last + "\n"


def _decoder(encoding: str) -> tuple[codecs.IncrementalDecoder, bool]:
    """Return a decoder, and whether its encoding has bytes of zero in plain text."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(encoding)  # hex, rot13 and their like do not make text of bytes
        decoder = codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)()
        return decoder, name.startswith(("utf-16", "utf-32"))
    except (LookupError, ValueError) as error:
        raise OptionError(f"unknown encoding {encoding!r}; try utf-8, latin-1 or cp1252") from error


def _decoded(
    decoder: codecs.IncrementalDecoder, block: bytes, path: Path, encoding: str, number: int | None
) -> str:
    """Decode a block, the one of that number, or what is left of the last one."""
    try:
        return decoder.decode(block, final=not block)
    except UnicodeDecodeError as error:
        left = len(error.object) - len(block)  # bytes of the block before, decoded with this one
        before = sum(one.count(b"\n") for one in islice(_blocks(path), number))
        line = before + error.object.count(b"\n", max(left, 0), error.start) + 1
        other = "latin-1" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else "utf-8"
        raise DataError(
            f"{path} is not {encoding}: byte 0x{error.object[error.start]:02x} in line {line}; "
            f"name its encoding, for instance --encoding {other}"
        ) from error
    except UnicodeError as error:  # UTF-16 without its mark, for instance: no byte is at fault
        raise DataError(
            f"{path} is not {encoding} ({error}); name its encoding, for instance --encoding utf-8"
        ) from error


def refuse_missing(paths: Sequence[Path]) -> None:
    """Raise where one of several files is not there, before the first is read.

    Raises:
        DataError: A path leads nowhere, or to a folder.
    """
    for path in paths:
        if os.path.isdir(path):
            raise DataError(f"{path} is a folder; name the files in it, for instance {path}/*.txt")
        if not os.path.exists(path):  # False, too, of a text that is too long for a path
            bare = " " in path.name and (not path.suffix or " " in path.suffix)
            text = "; texts are given as lists of tokens, such as [['the', 'cat'], …]"
            raise DataError(
                f"there is no file {str(path.absolute())!r:.200}; check the path and its ending"
                f"{text if bare else ''}"
            )


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, decompressed as its ending says."""
    refuse_missing([path])
    try:
        with _opened(path) as file:
            while block := file.read(PIECE):
                yield block
    except Failures as error:
        raise DataError(
            f"{path} cannot be read, or is damaged or not compressed as its ending says ({error}); "
            "check it, or download it again"
        ) from error


def _opened(path: Path) -> BinaryIO:
    openers: dict[str, Callable[..., Any]] = {
        ".gz": gzip.open,
        ".xz": lzma.open,
        ".lzma": lzma.open,
        ".zst": _open_zstandard,
    }
    return cast(BinaryIO, openers.get(path.suffix.lower(), open)(path, "rb"))


def _open_zstandard(path: Path, mode: str) -> Any:
    try:
        import zstandard
    except ModuleNotFoundError as error:
        raise MissingExtra("zstandard", "zstd") from error
    return zstandard.open(path, mode)
