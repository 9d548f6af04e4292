"""sestina vectors evaluate: analogy questions, and people's judgements of pairs of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sestina.cli import show
from sestina.cli.inputs import Json, UnusedSeed, VectorsArgument
from sestina.errors import counted

if TYPE_CHECKING:
    from sestina.vectors.evaluation import Analogies, Section, Similarity


def evaluate(
    vectors: VectorsArgument,
    analogies: Annotated[
        str | None,
        typer.Option(help="File of analogy questions, or the shipped set: analogies."),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(help="File of word1, word2, score, or wordsim353. May be given repeatedly."),
    ] = None,
    top: Annotated[
        int,
        typer.Option(min=0, help="Put questions to so many most frequent words. 0 means all."),
    ] = 30_000,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Judge word vectors by the sets that are named; by both shipped ones if none is."""
    from sestina.vectors import evaluation
    from sestina.vectors.table import WordVectors

    if not analogies and not pairs:
        analogies, pairs = "analogies", ["wordsim353"]
    table = WordVectors.load(vectors)
    similarities = [evaluation.similarity(table, source) for source in pairs or ()]
    asked = evaluation.analogies(table, analogies, top=top or None) if analogies else None
    if json:
        found = {"analogies": asked.to_dict()} if asked else {}
        show.as_json(
            {
                "task": "vectors evaluate",
                "vectors": vectors,
                "words": len(table),
                "dimensions": table.dimensions,
                **found,
                "pairs": [one.to_dict() for one in similarities],
            }
        )
        return
    head = f"{vectors}: {counted(len(table), 'word')} × {table.dimensions}\n"
    show.out.print(head, markup=False, soft_wrap=True)
    if asked:
        _show_analogies(asked)
    if similarities:
        _show_pairs(similarities)


def _show_analogies(asked: Analogies) -> None:
    rows = [_row(section) for section in asked.sections]
    totals = [part for part in (asked.semantic, asked.syntactic) if part.asked + part.left_out]
    rows += [("", "", "", "", ""), *map(_row, totals if totals[1:] else ()), _row(asked.total)]
    what = f"{asked.source}, put to the first {counted(asked.words, 'word')}"
    show.table(what, ("section", "right", "asked", "accuracy", "left out"), rows)
    show.out.print("left out: a word of the question is unknown\n", style="dim")


def _row(section: Section) -> tuple[str | int, ...]:
    accuracy = "–" if section.accuracy is None else f"{section.accuracy:.1%}"
    return section.name, section.right, section.asked, accuracy, section.left_out


def _show_pairs(similarities: list[Similarity]) -> None:
    rows = [
        (one.source, "–" if one.rho is None else f"{one.rho:.3f}", one.pairs, one.left_out)
        for one in similarities
    ]
    show.table("pairs of words", ("set", "Spearman's rho", "pairs", "left out"), rows)
