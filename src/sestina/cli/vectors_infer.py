"""sestina vectors infer: vectors of new documents, by a model that doc2vec learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sestina.cli import show
from sestina.cli.inputs import Json
from sestina.errors import DataError, OptionError


def infer(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="File that doc2vec wrote.")],
    text: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="Texts.")] = None,
    file: Annotated[Path | None, typer.Option(help="File of texts instead, one a line.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over each text.")] = 20,
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="Nearest documents shown.")] = 3,
    json: Json = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed; the one of the training if not given.")
    ] = None,
) -> None:
    """Show the training documents nearest to new texts, or with --json their vectors.

    Documents have the numbers of their lines in the corpus, from 0.
    """
    from sestina.vectors.documents import Doc2Vec

    texts = _texts(text, file)
    learned = Doc2Vec.load(model)
    if seed is not None:
        learned.seed = seed
    vectors = learned.infer(texts, epochs=epochs)
    if json:
        show.as_json({"task": "vectors infer", "model": str(model), "vectors": vectors.tolist()})
        return
    for number, (line, vector) in enumerate(zip(texts, vectors, strict=True)):
        if number:
            show.out.print()
        title = line if len(line) <= 50 else line[:49] + "…"
        if not vector.any():
            show.say(f"{title!r} has no word that the model knows")
            continue
        rows = [
            (f"document {name}", f"{cosine:.3f}")
            for name, cosine in learned.documents_.neighbours(vector, n)
        ]
        show.table("", (title, "cosine"), rows)


def _texts(given: list[str] | None, file: Path | None) -> list[str]:
    """Return the texts to infer.

    Raises:
        DataError: There are none, or the file cannot be read.
        OptionError: They come from two sides.
    """
    from sestina.vectors.sources import pieces

    if given and file is not None:
        raise OptionError("give texts or --file, not both")
    texts = given or []
    if file is not None:
        texts = "".join(pieces(file, "utf-8")).removesuffix("\n").split("\n")
    if not texts:
        raise DataError("no text came; give texts, or --file with one a line")
    return texts
