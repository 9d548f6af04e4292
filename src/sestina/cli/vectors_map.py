"""sestina vectors map: words in a plane, as a page or a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sestina import store
from sestina.cli import show
from sestina.cli.inputs import Json, Overwrite, Seed, VectorsArgument
from sestina.errors import OptionError

if TYPE_CHECKING:
    from sestina.vectors.plane import WordMap
    from sestina.vectors.table import WordVectors


Out = Annotated[
    list[str],
    typer.Option(
        help="File to write: .html to move about in, .png to look at. May be given repeatedly."
    ),
]
Top = Annotated[
    int | None, typer.Option(min=1, help="Draw so many most frequent words: 500 if not given.")
]
Words = Annotated[str | None, typer.Option(help="Draw these words: frog,car,king.")]
Near = Annotated[
    int, typer.Option(min=0, help="Draw so many nearest neighbours of each of --words too.")
]
Pairs = Annotated[
    str | None,
    typer.Option(
        help="Join these words by arrows: king:queen,man:woman, or gender, plural, tense, capitals."
    ),
]
Method = Annotated[
    str, typer.Option(help="How words are placed: pca, or tsne for words without --pairs.")
]
Neighbours = Annotated[
    int, typer.Option(min=0, help="Name so many nearest neighbours with each word of a page.")
]


def map_(
    vectors: VectorsArgument,
    out: Out,
    top: Top = None,
    words: Words = None,
    near: Near = 0,
    pairs: Pairs = None,
    method: Method = "pca",
    neighbours: Neighbours = 8,
    overwrite: Overwrite = False,
    json: Json = False,
    seed: Seed = 0,
) -> None:
    """Draw word vectors in a plane: the most frequent words, chosen ones, or pairs with arrows."""
    from sestina.vectors import maps
    from sestina.vectors.table import WordVectors

    _check(top=top, words=words, pairs=pairs, near=near, method=method)
    for path in out:
        maps.writer_for(path)
        store.refuse_existing(Path(path), overwrite)
    table = WordVectors.load(vectors)
    if pairs is None:
        chosen = None if words is None else _listed(words, "--words")
        drawn = maps.word_map(
            table, chosen, top=top or maps.TOP, near=near, method=method,
            neighbours=neighbours, seed=seed,
        )  # fmt: skip
    else:
        drawn = maps.direction_map(table, _pairs(pairs), neighbours=neighbours)
    drawn = replace(drawn, title=f"{drawn.title}: {Path(vectors).name}")
    for path in out:
        maps.write(drawn, path)
    _report(vectors, table, drawn, out, json)


def _report(vectors: str, table: WordVectors, drawn: WordMap, out: list[str], json: bool) -> None:
    result = {
        "task": "vectors map",
        "vectors": vectors,
        "words": len(drawn.words),
        "arrows": len(drawn.arrows),
        "method": drawn.method,
        "explained": drawn.points.explained,
        "left_out": list(drawn.left_out),
        "files": out,
    }
    if json:
        show.as_json(result)
        return
    rows = {
        "words": f"{len(drawn.words):,} of {len(table):,}",
        "arrows": len(drawn.arrows) or None,
        "placed by": drawn.basis,
        "written": out,
    }
    show.facts(drawn.title, rows)


def _check(**given: Any) -> None:
    """Refuse options that contradict each other.

    Raises:
        OptionError: Two of them ask for different maps.
    """
    named = [f"--{name}" for name in ("top", "words", "pairs") if given[name] is not None]
    if len(named) > 1:
        raise OptionError(f"{' and '.join(named)} ask for different maps; give one of them")
    if given["pairs"] is not None and given["method"] != "pca":
        raise OptionError(
            "--pairs are drawn by pca, where directions mean something; drop --method"
        )
    if given["near"] and given["words"] is None:
        raise OptionError("--near goes with --words; name some words")


def _listed(text: str, option: str) -> list[str]:
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found:
        raise OptionError(f"{option} {text!r} names nothing; give words with commas between them")
    return found


def _pairs(text: str) -> list[tuple[str, str]] | str:
    """Return pairs such as king:queen,man:woman; the name of a set as it is.

    Raises:
        OptionError: A part has not two words.
    """
    if ":" not in text:
        return text.strip()
    found = []
    for part in _listed(text, "--pairs"):
        one, _, other = (word.strip() for word in part.partition(":"))
        if not one or not other or ":" in other:
            raise OptionError(f"{part!r} is not a pair; write king:queen,man:woman")
        found.append((one, other))
    return found
