"""sestina predict: labels, tags, translations or texts, from arguments, a file, standard input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import typer

from sestina import config
from sestina.cli import forecasts, given, recorded, show, spoken, tagged, translated
from sestina.cli.inputs import (
    SEARCHING,
    Beam,
    Device,
    Json,
    ModelArgument,
    UnusedSeed,
    estimator_of,
    given_texts,
    model_of,
    refuse_unused,
    say_cuts,
)
from sestina.cli.judging import facts_of
from sestina.cli.options import with_options
from sestina.errors import OptionError

Answers = Iterator[list[dict[str, Any]]]
Line = Callable[[Mapping[str, Any]], str]


class Asked(NamedTuple):
    """What the user gave, as `predict` has it."""

    model: str
    texts: list[str] | None
    file: str | None
    reading: dict[str, Any]
    columns: dict[str, Any]
    series: dict[str, Any]
    hearing: dict[str, Any]
    beam: int
    device: str | None

    def lines(self) -> Iterator[list[str]]:
        """Yield texts in chunks."""
        return given_texts(self.texts, self.file, self.reading)


@with_options(
    reading=(config.ReadingOptions,),
    columns=(config.TaggedOptions,),
    series=(config.RecordingOptions,),
    hearing=(config.WordsOptions,),
)
def predict(
    model: ModelArgument,
    reading: dict[str, Any],
    columns: dict[str, Any],
    series: dict[str, Any],
    hearing: dict[str, Any],
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Texts; without any, lines of standard input."),
    ] = None,
    file: Annotated[str | None, typer.Option(help="File of texts instead.")] = None,
    beam: Beam = 0,
    device: Device = None,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Label texts: a line each of label, probability and text, parted by tabs.

    Of several labels, parted by |, the probability is the least of theirs. A
    tagger takes words parted by blanks, or a .conll, .conllu or .jsonl file, and
    gives a line each of word and tag, and an empty line after a sentence; a
    translator gives translations, one a line. A model trained with --given takes
    values parted by commas, or a table with its columns, and gives the text most
    probably written from each, one a line. A classifier of series takes a --file
    of recordings, and gives label, probability and name of each; a forecaster
    takes a table such as it was trained on, and gives the steps that follow as
    CSV. A recogniser takes files of sound, or a --file that is a folder or table
    of speech, and gives a line each of the sound and what is said.
    """
    asked = Asked(model, texts, file, reading, columns, series, hearing, beam, device)
    told = {"words": hearing["words"], "device": device, "beam": beam}
    refuse_unused(model, told, (*SEARCHING, "SequenceFromVector"))
    answers, line = KINDS.get(estimator_of(model), _labels)(asked)
    show.streamed({"task": "predict", "model": model}, "predictions", answers, line, json)


def _labels(asked: Asked) -> tuple[Answers, Line]:
    net = model_of(asked.model, "TextClassifier")
    return (_labelled(net, chunk) for chunk in asked.lines()), _line


def _tags(asked: Asked) -> tuple[Answers, Line]:
    sentences = tagged.given_sentences(asked.texts, asked.file, asked.reading, asked.columns)
    return tagged.tags_put(model_of(asked.model, "SequenceTagger"), sentences), tagged.by_word


def _translations(asked: Asked) -> tuple[Answers, Line]:
    net = model_of(asked.model, "Translator")
    found = translated.translations(net, asked.lines(), asked.beam or None)
    return found, lambda row: row["translation"] + "\n"


def _recorded(asked: Asked) -> tuple[Answers, Line]:
    net = model_of(asked.model, estimator_of(asked.model))
    columns = {**asked.reading, **asked.series}
    found = recorded.given_recordings(asked.texts, asked.file, columns)
    found = recorded.suited(found, net, facts_of(asked.model).get("channels", ()))
    return recorded.labelled(net, found), recorded.line


def _recognised(asked: Asked) -> tuple[Answers, Line]:
    if bool(asked.texts) == bool(asked.file):
        raise OptionError("this model hears speech; name files of sound, or a folder with --file")
    net, facts = model_of(asked.model, "BridgeRecognizer"), facts_of(asked.model)
    search = spoken.Search.asked(net, asked.beam or None, asked.hearing)
    if asked.texts:
        return spoken.recognised(net, facts, asked.texts, search), spoken.line
    assert asked.file is not None
    found = spoken.heard(asked.file, facts, asked.device, need_text=False)
    return spoken.put(net, found, search), spoken.line


def _written(asked: Asked) -> tuple[Answers, Line]:
    net = model_of(asked.model, "SequenceFromVector")
    found = given.written_from(net, asked.texts, asked.file, asked.reading, asked.beam or None)
    return found, lambda row: row["text"] + "\n"


def _ahead(asked: Asked) -> tuple[Answers, Line]:
    if not asked.file or asked.texts:
        raise OptionError("a forecaster goes on with a table; give it by --file")
    return forecasts.foretold(asked.model, asked.file), forecasts.as_csv()


KINDS: dict[str, Callable[[Asked], tuple[Answers, Line]]] = {
    "BridgeClassifier": _recorded,
    "BridgeRecognizer": _recognised,
    "SequenceFromVector": _written,
    "SequenceTagger": _tags,
    "SeriesClassifier": _recorded,
    "SeriesForecaster": _ahead,
    "Translator": _translations,
}
"""What answers for a kind of model; the others are text classifiers, or refused as such."""


def _line(row: Mapping[str, Any]) -> str:
    labels = row["label"] if isinstance(row["label"], list) else [row["label"]]
    named = "|".join(" ".join(str(label).split()) for label in labels)
    return f"{named}\t{row['probability']:.4f}\t{' '.join(row['text'].split())}\n"


def _labelled(net: Any, texts: list[str]) -> list[dict[str, Any]]:
    """Return label and probability per text; of several labels, the least probable one's."""
    say_cuts(net, texts)
    table = net.predict_proba(texts)
    names = [str(name) for name in net.classes_]
    rows = []
    for text, label, shares in zip(texts, net.labels_of(table), table, strict=True):
        each = dict(zip(names, (round(float(share), 6) for share in shares), strict=True))
        chosen = label if isinstance(label, list) else [label]
        sure = min((each[str(name)] for name in chosen), default=1 - max(each.values()))
        rows.append({"text": text, "label": label, "probability": sure, "probabilities": each})
    return rows
