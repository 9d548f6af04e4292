"""sestina generate | complete | score: what a language model writes, and how it judges texts."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show
from sestina.cli.given import GivenValues
from sestina.cli.inputs import Json, ModelArgument, Seed, UnusedSeed, given_texts
from sestina.cli.options import with_options
from sestina.cli.tagged import texts_of
from sestina.cli.writers import writer_of


def generate(
    model: ModelArgument,
    prompt: Annotated[str, typer.Option(help="How the text begins.")] = "",
    n: Annotated[int, typer.Option("-n", "--n", min=0, help="Tokens to draw, at most.")] = 100,
    temperature: Annotated[
        float, typer.Option(help="Below 1 bolder, above 1 wilder; 0: the most probable token.")
    ] = 1.0,
    top_k: Annotated[
        int, typer.Option(help="Draw among so many of the most probable tokens; 0: among all.")
    ] = 0,
    top_p: Annotated[
        float,
        typer.Option(help="Draw among the fewest tokens with this share together; 0: among all."),
    ] = 0.0,
    texts: Annotated[int, typer.Option(min=1, help="Texts to write, one a line.")] = 1,
    given: GivenValues = "",
    json: Json = False,
    seed: Seed = config.LearningOptions.seed,
) -> None:
    """Write texts like those that a model was trained on, token by token.

    A text ends where the model ends it, or after --n tokens. UNK is drawn again.
    The same seed writes the same text; the second text has the seed after it.
    A model trained with --given writes from values: --given F.
    """
    how = {"temperature": temperature, "top_k": top_k or None, "top_p": top_p or None}
    writer = writer_of(model, given)
    found = writer.written(prompt, texts, seed, n=n, **how)
    if json:
        asked = {"task": "generate", "model": model, "prompt": prompt, "n": n, **how, "seed": seed}
        values = {"given": given} if given else {}
        show.as_json({**asked, **values, "texts": ["".join(pieces) for pieces in found]})
        return
    for pieces in found:
        for piece in pieces:
            show.write(piece)
            sys.stdout.flush()
        show.write("\n")


def complete(
    model: ModelArgument,
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="The text so far.")],
    n: Annotated[int, typer.Option("-n", "--n", min=1, help="How many words.")] = 10,
    beginning: Annotated[str, typer.Option(help="Only words that begin so; of a word model.")] = "",
    given: GivenValues = "",
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Show the most probable words that follow a text, with their probabilities.

    A word model gives the next word; a model of characters or of parts of words
    goes on with the word that the text ends in.
    """
    found = writer_of(model, given).complete(prefix, n, beginning)
    rows = [{"text": word.text, "probability": round(word.probability, 6)} for word in found]
    if json:
        show.as_json({"task": "complete", "model": model, "prefix": prefix, "completions": rows})
        return
    if not rows:
        show.say(f"the model knows no word that begins with {beginning or prefix!r}")
        return
    show.table(
        "", ("word", "probability"), [(row["text"], f"{row['probability']:.4f}") for row in rows]
    )


@with_options(reading=(config.ReadingOptions,))
def score(
    model: ModelArgument,
    reading: dict[str, Any],
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Texts; without any, lines of standard input."),
    ] = None,
    file: Annotated[str | None, typer.Option(help="File of texts instead.")] = None,
    given: GivenValues = "",
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Tell how probable texts are: a line each of log P and text, parted by a tab.

    Log P is natural, of all tokens of a text and of its end.
    """
    writer = writer_of(model, given)
    answers = (
        [
            {"text": text, "log_probability": round(value, 6)}
            for text, value in zip(chunk, writer.scores(chunk), strict=True)
        ]
        for chunk in given_texts(texts, file, reading, texts_of)
    )
    show.streamed({"task": "score", "model": model}, "scores", answers, _scored, json)


def _scored(row: Mapping[str, Any]) -> str:
    return f"{row['log_probability']:.4f}\t{' '.join(row['text'].split())}\n"
