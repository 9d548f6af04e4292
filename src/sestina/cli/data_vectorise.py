"""sestina data vectorise: texts as a sparse table of terms, in one file."""

from __future__ import annotations

import io
import time
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from sestina import config, store
from sestina.cli import show
from sestina.cli.inputs import Json, Overwrite, PathArgument, UnusedSeed, records
from sestina.cli.options import with_any_of, with_options
from sestina.data.records import Records
from sestina.errors import OptionError, nearest
from sestina.text.ngrams import check_lengths

KINDS: dict[str, tuple[str, type]] = {
    "counts": ("sestina.text.bags:Counts", config.BagOptions),
    "multi-hot": ("sestina.text.bags:MultiHot", config.BagOptions),
    "tfidf": ("sestina.text.bags:TfIdf", config.TfIdfOptions),
    "hashing": ("sestina.text.hashing:Hashing", config.HashingOptions),
}
"""What --kind takes: the class, and its options."""


@with_any_of("options", {kind: (options,) for kind, (_, options) in KINDS.items()})
@with_options(reading=(config.ReadingOptions,))
def vectorise(
    path: PathArgument,
    out: Annotated[Path, typer.Option(help="File for the table: .npz.")],
    reading: dict[str, Any],
    options: dict[str, Any],
    kind: Annotated[str, typer.Option(help="Values: " + ", ".join(KINDS) + ".")] = "counts",
    overwrite: Overwrite = False,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Turn texts into a sparse table, a row a text and a column a term.

    Terms are learnt from the training part, where the data name one. The file is
    read by scipy.sparse.load_npz; numpy.load finds in it, too, the columns'
    terms, one a line, and the rows' labels and parts.
    """
    maker = _maker(kind, options)
    if out.suffix.lower() != ".npz":
        raise OptionError(f"a table cannot be written to {str(out)!r}; end its name in .npz")
    store.refuse_existing(out, overwrite)
    found = records(path, reading, need_label=False)
    started = time.perf_counter()
    if found.parts and "train" in found.parts:
        table = maker.fit(found.part("train").texts).transform(found.texts)
    else:
        table = maker.fit_transform(found.texts)
    seconds = time.perf_counter() - started
    store.write_bytes(out, _packed(table, maker, found))
    result = _result(kind, table, maker, found, seconds) | {"file": str(out)}
    if json:
        show.as_json(result)
    else:
        _show(result)


def _maker(kind: str, options: dict[str, Any]) -> Any:
    """Return the transformer that a kind names.

    Raises:
        OptionError: The kind is unknown, or has no such option.
    """
    if kind not in KINDS:
        raise OptionError(f"--kind {kind!r} is unknown{nearest(kind, KINDS)}")
    place, known = KINDS[kind]
    for option in options:
        if option not in {spec.name for spec in fields(known)}:
            flag = option.replace("_", "-")
            raise OptionError(f"--kind {kind} has no option --{flag}; leave it out")
    module, name = place.split(":")
    maker = getattr(import_module(module), name)(**options)
    config.check(maker)
    check_lengths(maker.min_n, maker.max_n)
    return maker


def _packed(table: Any, maker: Any, found: Records) -> bytes:
    """Return a table as scipy.sparse.save_npz writes it, with terms, labels and parts beside it."""
    arrays: dict[str, Any] = {
        "format": np.array(b"csr"), "shape": np.array(table.shape), "_is_array": np.array(True),
        "data": table.data, "indices": table.indices, "indptr": table.indptr,
    }  # fmt: skip
    if hasattr(maker, "vocabulary_"):
        arrays["columns"] = np.array("\n".join(maker.vocabulary_))
    if found.labels is not None:
        arrays["labels"] = np.array(
            [label if isinstance(label, str) else "|".join(label) for label in found.labels]
        )
    if found.parts is not None:
        arrays["parts"] = np.array(found.parts)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _result(kind: str, table: Any, maker: Any, found: Records, seconds: float) -> dict[str, Any]:
    texts, columns = table.shape
    measured: dict[str, Any] = {}
    if hasattr(maker, "collisions_"):
        seen = maker.collisions_
        measured["collisions"] = {
            **seen._asdict(), "rate": seen.rate, "expected": seen.expected, "words": str(seen)
        }  # fmt: skip
    else:
        seen = maker.coverage(found.texts)
        measured["coverage"] = {**seen._asdict(), "words": str(seen)}
    return {
        "task": "data vectorise",
        "kind": kind,
        "texts": texts,
        "columns": columns,
        "stored": int(table.nnz),
        "share_stored": table.nnz / max(texts * columns, 1),
        "seconds": seconds,
        **measured,
    }


def _show(result: dict[str, Any]) -> None:
    measured = result.get("collisions") or result.get("coverage") or {}
    rows = {
        "texts": result["texts"],
        "columns": result["columns"],
        "values stored": f"{result['stored']:,} ({result['share_stored']:.3%} of all)",
        "terms": measured.get("words"),
        "seconds": result["seconds"],
        "written": result["file"],
    }
    show.facts(result["kind"], rows)
