"""sestina vectors neighbours | similarity | analogy | odd-one-out | direction | complete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from sestina.cli import show
from sestina.cli.inputs import Json, UnusedSeed
from sestina.errors import DataError, OptionError, counted
from sestina.vectors.table import Found, WordVectors

Source = Annotated[
    str,
    typer.Argument(metavar="VECTORS", help="File of word vectors, or a shipped name: glove-50d."),
]
Words = Annotated[list[str], typer.Argument(metavar="WORD", help="Words.")]
Number = Annotated[int, typer.Option("-n", "--number", min=1, help="How many answers.")]


def neighbours(
    source: Source, words: Words, n: Number = 10, json: Json = False, seed: UnusedSeed = 0
) -> None:
    """Show the words nearest to a word, or to each of several, by cosine."""
    found = WordVectors.load(source).neighbours(words, n)
    if json:
        rows = [
            {"word": word, "neighbours": _rows(each, "cosine")}
            for word, each in zip(words, found, strict=True)
        ]
        _as_json("neighbours", source, answers=rows)
        return
    for number, (word, each) in enumerate(zip(words, found, strict=True)):
        if number:
            show.out.print()
        _table(word, each, "cosine")


def similarity(source: Source, words: Words, json: Json = False, seed: UnusedSeed = 0) -> None:
    """Show the cosine of two words, or of each two of several."""
    if len(words) < 2:
        raise OptionError("one word came; give two or more to compare")
    vectors = WordVectors.load(source)
    pairs = [(one, two) for i, one in enumerate(words) for two in words[i + 1 :]]
    rows = [(one, two, vectors.similarity(one, two)) for one, two in pairs]
    if json:
        answers = [{"words": [one, two], "cosine": cosine} for one, two, cosine in rows]
        _as_json("similarity", source, answers=answers)
        return
    cells = [(one, two, f"{cosine:.3f}") for one, two, cosine in rows]
    show.table("", ("word", "word", "cosine"), cells, left=2)


def analogy(
    source: Source,
    a: Annotated[str, typer.Argument(metavar="A", help="A is to B …")],
    b: Annotated[str, typer.Argument(metavar="B", help="… as …")],
    c: Annotated[str, typer.Argument(metavar="C", help="… C is to which word?")],
    n: Number = 10,
    method: Annotated[
        str, typer.Option(help="How cosines are combined: add (3CosAdd) or multiply (3CosMul).")
    ] = "add",
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Answer: A is to B as C is to which word?"""
    found = WordVectors.load(source).analogy([b, c], [a], n, method)
    score = "cosine" if method == "add" else "score"
    if json:
        _as_json("analogy", source, a=a, b=b, c=c, method=method, answers=_rows(found, score))
        return
    _table(f"{a} is to {b} as {c} is to …", found, score)


def odd_one_out(source: Source, words: Words, json: Json = False, seed: UnusedSeed = 0) -> None:
    """Show which of three or more words is least like the others."""
    found = WordVectors.load(source).outliers(words)
    if json:
        answers = _rows(found, "cosine")
        _as_json("odd-one-out", source, odd_one_out=found[0][0], answers=answers)
        return
    _table(f"{found[0][0]} is the odd one out", found, "cosine with their mean")


def direction(
    source: Source,
    pairs: Annotated[
        list[str], typer.Argument(metavar="FIRST:SECOND", help="Pairs, such as man:woman.")
    ],
    along: Annotated[
        str, typer.Option(help="Words to order along the direction, parted by commas.")
    ] = "",
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Find what pairs of words differ by, and order other words along it."""
    vectors = WordVectors.load(source)
    found = vectors.direction([_pair(text) for text in pairs])
    placed = found.along([word.strip() for word in along.split(",") if word.strip()])
    facts = {"explained": found.explained, "agreement": found.agreement}
    left_out = [None] * len(pairs) if len(pairs) == 1 else found.left_out.tolist()
    if json:
        rows = [
            {"first": first, "second": second, "cosine": cosine}
            for (first, second), cosine in zip(found.pairs, left_out, strict=True)
        ]
        _as_json("direction", source, **facts, pairs=rows, along=_rows(placed, "cosine"))
        return
    show.facts("direction", {name: _share(value) for name, value in facts.items()})
    if len(pairs) > 1:
        cells = [(*p, f"{c:.3f}") for p, c in zip(found.pairs, left_out, strict=True)]
        show.out.print()
        show.table("", ("from", "to", "cosine with the direction of the others"), cells, left=2)
    if placed:
        show.out.print()
        _table(f"from {found.pairs[0][0]} to {found.pairs[0][1]}", placed, "cosine")


def complete(
    source: Source,
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="Words of the context.")],
    n: Number = 10,
    noise: Annotated[
        float,
        typer.Option(
            min=0,
            help="Power of the counts to multiply by; 0.75 after negative sampling.",
        ),
    ] = 0.0,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Show the words most probable in a context; unknown words of it are left out, and named."""
    vectors = WordVectors.load(source)
    unknown = [word for word, known in zip(words, vectors.known(words), strict=True) if not known]
    if unknown:
        show.say(f"left out, having no vector: {', '.join(unknown)}")
    context = [word for word in words if word not in unknown]
    if not context:
        raise DataError(f"none of {counted(len(words), 'word')} has a vector; give others")
    found = vectors.predict_word(context, n, noise=noise)
    if json:
        rows = _rows(found, "probability")
        _as_json("complete", source, context=context, unknown=unknown, answers=rows)
        return
    _table(" ".join(context), found, "probability")


def _pair(text: str) -> tuple[str, str]:
    first, colon, second = text.partition(":")
    if not (first and colon and second) or ":" in second:
        raise OptionError(f"{text!r} is not a pair of words; write FIRST:SECOND, as man:woman")
    return first, second


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.0%}"


def _rows(found: Found, score: str) -> list[dict[str, Any]]:
    return [{"word": word, score: value} for word, value in found]


def _as_json(task: str, source: str, **facts: Any) -> None:
    show.as_json({"task": f"vectors {task}", "vectors": source, **facts})


def _table(title: str, found: Sequence[tuple[str, float]], score: str) -> None:
    show.table("", (title, score), [(word, f"{value:.3f}") for word, value in found])
