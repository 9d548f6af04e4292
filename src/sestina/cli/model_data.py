"""The data that a model is measured on, read as its kind wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

import typer

from sestina import config
from sestina.cli import forecasts, given, recorded, spoken, tagged, translated
from sestina.cli.inputs import (
    Kind,
    estimator_of,
    model_of,
    part_of,
    records,
    say_cuts,
    suited,
)
from sestina.cli.judging import facts_of
from sestina.cli.show import say
from sestina.errors import DataError

MeasuredPart = Annotated[
    str | None,
    typer.Option(help="Part to measure on: train, dev or test; test where PATH names parts."),
]


@dataclass(frozen=True)
class Asked:
    """What the user gave.

    Attributes:
        model: Model folder.
        path: File, folder or data set.
        reading: Values of ReadingOptions.
        part: The part asked for.
        doing: What is done with the data, for the remark.
        series: Values of RecordingOptions.
        columns: Values of TaggedOptions.
        sides: Values of PairOptions.
        device: The one that heard speech; None: that of the training.
        hearing: Values of WordsOptions.
    """

    model: str
    path: str
    reading: dict[str, Any]
    part: str | None
    doing: str
    series: dict[str, Any]
    columns: dict[str, Any] = field(default_factory=dict)
    sides: dict[str, Any] = field(default_factory=dict)
    device: str | None = None
    hearing: dict[str, Any] = field(default_factory=dict)

    def chosen(self, found: Kind, net: Any = None) -> Kind:
        """Return the part asked for, or the test part."""
        return part_of(found, self.part, "test", self.doing)


class HeldOut(Asked):
    """What the user gave to decide something of a classifier by."""

    def chosen(self, found: Kind, net: Any = None) -> Kind:
        """Return the part asked for, or dev; where the data name none, drawn as for training."""
        if found.parts is None and self.part is not None:
            found = _parted(found, net)
        elif found.parts is None:
            say(
                "the data name no parts, so all of it is used; if the model was trained on it, add "
                "--part dev, which draws the same dev part again"
            )
        return part_of(found, self.part, "dev", self.doing)


def _parted(found: Any, net: Any) -> Any:
    """Return records or recordings with the parts that training would have drawn."""
    from sestina.data.split import three_parts

    share = net.validation_fraction or config.TrainingOptions.validation_fraction
    *parts, said = three_parts(found, net.seed, share)
    say(f"the data name no parts: {said}")
    named = zip(("train", "dev", "test"), parts, strict=True)
    return parts[0].followed_by(parts[1:], [name for name, part in named for _ in range(len(part))])


class Data(NamedTuple):
    """A model, and N rows of what it was trained on."""

    kind: str  # the class of the model
    net: Any
    X: Any
    y: Any  # None where the model takes none
    source: Any = None  # what X was taken from, where more of it is told

    @property
    def unit(self) -> str:
        """What a row is called, of a classifier."""
        return "text" if self.kind == "TextClassifier" else "recording"


def data_of(asked: Asked) -> Data:
    """Return a model, and the data asked for.

    Raises:
        SestinaError: Either cannot be read, or they do not go together.
    """
    kind = estimator_of(asked.model)
    return Data(kind, *READERS.get(kind, _labels)(asked))


def _translations(asked: Asked) -> tuple[Any, Any, Any]:
    how = {key: asked.reading[key] for key in ("split", "encoding", "header")}
    found = asked.chosen(translated.pairs(asked.path, {**asked.sides, **how}))
    return model_of(asked.model, "Translator"), found.sources, found.targets


def _texts(asked: Asked) -> tuple[Any, Any, Any]:
    found = asked.chosen(tagged.texts_of(asked.path, asked.reading))
    texts = [text for text in found.texts if text.strip()]  # empty ones do not count
    return model_of(asked.model, "LanguageModel"), texts, None


def _given(asked: Asked) -> tuple[Any, Any, Any]:
    net = model_of(asked.model, "SequenceFromVector")
    if net.lists_:
        raise DataError("the model was trained on lists of tokens; measure it from Python")
    found, values = given.pairs_of(net, asked.path, asked.reading)
    return net, *given.of_part(found, values, asked.chosen(found))


def _tags(asked: Asked) -> tuple[Any, Any, Any]:
    sentences = tagged.tagged(asked.path, asked.columns, asked.reading["encoding"])
    chosen = asked.chosen(sentences)
    return model_of(asked.model, "SequenceTagger"), chosen.sentences, chosen.tags


def _recordings(asked: Asked) -> tuple[Any, Any, Any]:
    net = model_of(asked.model, estimator_of(asked.model))
    found = recorded.recordings(asked.path, {**asked.reading, **asked.series})
    names = facts_of(asked.model).get("channels", ())
    chosen = recorded.suited(asked.chosen(found, net), net, names)
    return net, chosen.rows, chosen.labels


def _speech(asked: Asked) -> tuple[Any, ...]:
    net, facts = model_of(asked.model, "BridgeRecognizer"), facts_of(asked.model)
    chosen = spoken.of_part(spoken.heard(asked.path, facts, asked.device), asked.part)
    return net, chosen.frames, chosen.texts, chosen


def _labels(asked: Asked) -> tuple[Any, Any, Any]:
    net = model_of(asked.model, "TextClassifier")
    found = suited(asked.chosen(records(asked.path, asked.reading), net), net)
    say_cuts(net, found.texts)
    return net, found.texts, found.labels


def _series(asked: Asked) -> tuple[Any, ...]:
    net, found = forecasts.model_and_series(asked.model, asked.path, ahead=False)
    return net, found.values, found.past() if net.n_known_ else None, found


READERS: dict[str, Callable[[Asked], tuple[Any, ...]]] = {
    "BridgeClassifier": _recordings,
    "BridgeRecognizer": _speech,
    "LanguageModel": _texts,
    "SequenceFromVector": _given,
    "SequenceTagger": _tags,
    "SeriesClassifier": _recordings,
    "SeriesForecaster": _series,
    "Translator": _translations,
}
"""What reads for a kind of model; the others are text classifiers, or refused as such."""
