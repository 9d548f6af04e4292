"""sestina vectors convert: one file of word vectors → another format."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from sestina import store
from sestina.cli import show
from sestina.cli.inputs import Json, Overwrite, UnusedSeed

Source = Annotated[
    str,
    typer.Argument(metavar="IN", help="File of word vectors, or the name of shipped ones."),
]
Target = Annotated[
    Path,
    typer.Argument(metavar="OUT", help="File to write: .safetensors, .bin, .txt or .vec."),
]


def convert(
    source: Source,
    target: Target,
    dtype: Annotated[
        str,
        typer.Option(
            help="float32, float16, int8 or pq, of 4, 2, 1 and about ¼ bytes a number; "
            ".safetensors only."
        ),
    ] = "float32",
    header: Annotated[
        bool, typer.Option(help="Begin text with a line of counts, as GloVe does not.")
    ] = True,
    overwrite: Overwrite = False,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Write word vectors in another format, told by the endings of the two names.

    Read are text of word2vec, GloVe and fastText (.txt, .vec), word2vec
    binary (.bin), models of fastText (.bin, .ftz) and .safetensors; text and
    word2vec binary with .gz or .xz too. Only .safetensors keeps what makes
    vectors of unseen words.
    """
    from sestina.data import datasets
    from sestina.vectors import formats
    from sestina.vectors.rows import Rows
    from sestina.vectors.subwords import Subwords
    from sestina.vectors.table import WordVectors

    started = time.perf_counter()
    formats.check_target(target, dtype=dtype, header=header)
    store.refuse_existing(target, overwrite)
    if source in datasets.names() or not Path(source).suffix:
        vectors = WordVectors.load(source)
        rows = Rows(vectors.words, vectors.matrix)
    else:
        rows = formats.read(Path(source))
    formats.write(target, rows, dtype=dtype, header=header)
    parts = formats.read(target).parts if target.suffix.lower() == ".safetensors" else None
    facts = {
        "task": "vectors convert",
        "input": source,
        "output": str(target),
        "words": len(rows.words),
        "dimensions": int(rows.matrix.shape[1]),
        "dtype": dtype,
        "ngram_rows": len(parts.matrix) if isinstance(parts, Subwords) else 0,
        "bytes": target.stat().st_size,
        "seconds": round(time.perf_counter() - started, 3),
    }
    if json:
        show.as_json(facts)
        return
    facts["n-gram rows"] = facts.pop("ngram_rows") or ""
    show.facts(str(target), {k: v for k, v in facts.items() if k not in ("task", "output")})
