"""sestina predict: labels for texts from arguments, a file, or standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import Json, ModelArgument, UnusedSeed, records, say_cuts, text_model
from sestina.cli.options import with_options
from sestina.errors import DataError, OptionError

CHUNK = 1_000  # lines of standard input that are predicted together


@with_options(reading=(config.ReadingOptions,))
def predict(
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
    """Label texts: a line each of label, probability and text, parted by tabs.

    Of several labels, parted by |, the probability is the least of theirs.
    """
    if texts and file:
        raise OptionError("give texts or --file, not both")
    net = text_model(model)
    rows: list[dict[str, Any]] = []
    for chunk in _texts(texts, file, reading):
        say_cuts(net, chunk)
        found = _labelled(net, chunk)
        if json:
            rows.extend(found)
            continue
        sys.stdout.writelines(map(_line, found))
        sys.stdout.flush()
    if json:
        show.as_json({"task": "predict", "model": model, "predictions": rows})


def _line(row: dict[str, Any]) -> str:
    labels = row["label"] if isinstance(row["label"], list) else [row["label"]]
    named = "|".join(" ".join(str(label).split()) for label in labels)
    return f"{named}\t{row['probability']:.4f}\t{' '.join(row['text'].split())}\n"


def _texts(
    texts: list[str] | None, file: str | None, reading: dict[str, Any]
) -> Iterator[list[str]]:
    """Yield texts from the arguments, a file, or standard input, in chunks."""
    if texts:
        yield texts
    elif file:
        yield records(file, reading, need_label=False).texts
    else:
        if sys.stdin.isatty():
            show.say("reading texts from standard input, one a line; end with Ctrl-D")
        yield from _lines()


def _lines() -> Iterator[list[str]]:
    """Yield the lines of standard input: each at once on a terminal, else in chunks."""
    size = 1 if sys.stdin.isatty() else CHUNK
    chunk: list[str] = []
    if hasattr(sys.stdin, "reconfigure"):  # some locales would let broken bytes through
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="strict")
    try:
        for line in sys.stdin:
            chunk.append(line.rstrip("\r\n"))
            if len(chunk) >= size:
                yield chunk
                chunk = []
    except UnicodeDecodeError as error:
        raise DataError(
            f"standard input is not UTF-8 ({error.reason}); convert it first"
        ) from error
    if chunk:
        yield chunk


def _labelled(net: Any, texts: list[str]) -> list[dict[str, Any]]:
    """Return label and probability per text; of several labels, the least probable one's."""
    table = net.predict_proba(texts)
    names = [str(name) for name in net.classes_]
    rows = []
    for text, label, shares in zip(texts, net.labels_of(table), table, strict=True):
        each = dict(zip(names, (round(float(share), 6) for share in shares), strict=True))
        chosen = label if isinstance(label, list) else [label]
        sure = min((each[str(name)] for name in chosen), default=1 - max(each.values()))
        rows.append({"text": text, "label": label, "probability": sure, "probabilities": each})
    return rows
