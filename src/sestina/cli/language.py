"""sestina generate | complete | score: what a language model writes, and how it judges texts."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show
from sestina.cli.given import GivenValues, values_of
from sestina.cli.inputs import (
    Json,
    ModelArgument,
    Seed,
    UnusedSeed,
    estimator_of,
    given_texts,
    model_of,
)
from sestina.cli.options import with_options
from sestina.cli.tagged import texts_of
from sestina.errors import OptionError


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
    asked = {"task": "generate", "model": model, "prompt": prompt, "n": n, **how, "seed": seed}
    if estimator_of(model) == "SequenceFromVector":
        written = _from_values(model, given, prompt, texts, n=n, **how, seed=seed)
        if json:
            show.as_json({**asked, "given": given, "texts": written})
        else:
            show.write("".join(f"{text}\n" for text in written))
        return
    net = model_of(model, "LanguageModel")
    if given:
        raise OptionError(f"{model!r} was trained without --given; leave it out")
    if json:
        written = [net.generate(prompt, n, **how, seed=seed + k) for k in range(texts)]
        show.as_json({**asked, "texts": written})
        return
    for k in range(texts):
        pieces = net.pieces(prompt, n, **how, seed=seed + k)
        show.write(net.opening(prompt))
        for piece in pieces:
            show.write(piece)
            sys.stdout.flush()
        show.write("\n")


def _from_values(model: str, given: str, prompt: str, texts: int, **how: Any) -> list[str]:
    """Return texts written from the values of ``--given``; lists of tokens parted by blanks."""
    net = model_of(model, "SequenceFromVector")
    row = values_of(net.attributes_, given)
    if not net.lists_:
        return list(net.generate([row] * texts, prompt=prompt, **how))
    return [
        " ".join(tokens) for tokens in net.generate([row] * texts, prompt=prompt.split(), **how)
    ]


def complete(
    model: ModelArgument,
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="The text so far.")],
    n: Annotated[int, typer.Option("-n", "--n", min=1, help="How many words.")] = 10,
    beginning: Annotated[str, typer.Option(help="Only words that begin so; of a word model.")] = "",
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Show the most probable words that follow a text, with their probabilities.

    A word model gives the next word; a character model goes on with the word that
    the text ends in.
    """
    found = model_of(model, "LanguageModel").complete(prefix, n, beginning)
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
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Tell how probable texts are: a line each of log P and text, parted by a tab.

    Log P is natural, of all tokens of a text and of its end.
    """
    net = model_of(model, "LanguageModel")
    rows: list[dict[str, Any]] = []
    for chunk in given_texts(texts, file, reading, texts_of):
        scores = net.score_texts(chunk).tolist()
        if json:
            rows += [
                {"text": text, "log_probability": round(value, 6)}
                for text, value in zip(chunk, scores, strict=True)
            ]
            continue
        for text, value in zip(chunk, scores, strict=True):
            show.write(f"{value:.4f}\t{' '.join(text.split())}\n")
        sys.stdout.flush()
    if json:
        show.as_json({"task": "score", "model": model, "scores": rows})
