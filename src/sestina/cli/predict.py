"""sestina predict: labels for texts from arguments, a file, or standard input."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show, tagged, translated
from sestina.cli.inputs import (
    Beam,
    Json,
    ModelArgument,
    UnusedSeed,
    estimator_of,
    given_texts,
    model_of,
    say_cuts,
)
from sestina.cli.options import with_options


@with_options(reading=(config.ReadingOptions,), columns=(config.TaggedOptions,))
def predict(
    model: ModelArgument,
    reading: dict[str, Any],
    columns: dict[str, Any],
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Texts; without any, lines of standard input."),
    ] = None,
    file: Annotated[str | None, typer.Option(help="File of texts instead.")] = None,
    beam: Beam = 0,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Label texts: a line each of label, probability and text, parted by tabs.

    Of several labels, parted by |, the probability is the least of theirs. A
    tagger takes words parted by blanks, or a .conll, .conllu or .jsonl file, and
    gives a line each of word and tag, and an empty line after a sentence; a
    translator gives translations, one a line.
    """
    if estimator_of(model) == "Translator":
        chunks = given_texts(texts, file, reading)
        translated.put_translations(
            model_of(model, "Translator"), model, chunks, beam or None, json
        )
        return
    if estimator_of(model) == "SequenceTagger":
        sentences = tagged.given_sentences(texts, file, reading, columns)
        tagged.put_tags(model_of(model, "SequenceTagger"), model, sentences, json)
        return
    net = model_of(model, "TextClassifier")
    rows: list[dict[str, Any]] = []
    for chunk in given_texts(texts, file, reading):
        say_cuts(net, chunk)
        found = _labelled(net, chunk)
        if json:
            rows.extend(found)
            continue
        show.write("".join(map(_line, found)))
        sys.stdout.flush()
    if json:
        show.as_json({"task": "predict", "model": model, "predictions": rows})


def _line(row: dict[str, Any]) -> str:
    labels = row["label"] if isinstance(row["label"], list) else [row["label"]]
    named = "|".join(" ".join(str(label).split()) for label in labels)
    return f"{named}\t{row['probability']:.4f}\t{' '.join(row['text'].split())}\n"


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
