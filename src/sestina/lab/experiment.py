"""Experiments: one TOML file each, read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from sestina import config
from sestina.config import (
    BridgeOptions,
    ContinuingOptions,
    EmbeddingOptions,
    EncoderOptions,
    FineTuningOptions,
    ForecastOptions,
    ForecastTrainingOptions,
    GivenOptions,
    InContextOptions,
    LanguageOptions,
    LanguageTextOptions,
    LanguageTrainingOptions,
    LearningOptions,
    LinearOptions,
    NgramOptions,
    PretrainingOptions,
    RecallOptions,
    RecognitionOptions,
    RecognitionTrainingOptions,
    SeriesOptions,
    SignalOptions,
    SimilarityOptions,
    StackOptions,
    TaggerOptions,
    TextNeuronOptions,
    TextOptions,
    TrainingOptions,
    TranslationTextOptions,
    TranslatorOptions,
    TranslatorTrainingOptions,
    WrittenOptions,
    option,
)
from sestina.errors import DataError, OptionError, nearest
from sestina.lab.tasks import MEASURES, TASKS

FOLDER = "experiments"
TABLES = ("options", "members", "lecture")
NONE = "none"  # how a TOML file, which has no null, switches an option off


@dataclass(eq=False, repr=False, kw_only=True)
class TextClassifierOptions(
    TextOptions, EmbeddingOptions, NgramOptions, FineTuningOptions, EncoderOptions, TrainingOptions
):
    """Options of `TextClassifier`, known without loading torch."""


@dataclass(eq=False, repr=False, kw_only=True)
class PretrainedClassifierOptions(PretrainingOptions, TextClassifierOptions):
    """Options of `PretrainedClassifier`, likewise."""


@dataclass(eq=False, repr=False, kw_only=True)
class InContextClassifierOptions(InContextOptions, TextClassifierOptions):
    """Options of `InContextClassifier`, likewise."""


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceTaggerOptions(TaggerOptions, LearningOptions):
    """Options of `SequenceTagger`, known without loading torch."""


@dataclass(eq=False, repr=False, kw_only=True)
class SeriesClassifierOptions(SeriesOptions, EncoderOptions, TrainingOptions):
    """Options of `SeriesClassifier`, known without loading torch."""


@dataclass(eq=False, repr=False, kw_only=True)
class BridgeClassifierOptions(BridgeOptions, SignalOptions, TrainingOptions):
    """Options of `BridgeClassifier`, known without loading torch."""


@dataclass(eq=False, repr=False, kw_only=True)
class BridgeRecognizerOptions(BridgeOptions, RecognitionOptions, RecognitionTrainingOptions):
    """Options of `BridgeRecognizer`, known without loading torch."""


@dataclass(eq=False, repr=False, kw_only=True)
class LanguageModelOptions(
    LanguageTextOptions, LanguageOptions, ContinuingOptions, LanguageTrainingOptions
):
    """Options of `LanguageModel`, known without loading torch."""


@dataclass(eq=False, repr=False, kw_only=True)
class TranslationOptions(TranslationTextOptions, TranslatorOptions, TranslatorTrainingOptions):
    """Options of `Translator`, known without loading torch."""


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceFromVectorOptions(
    WrittenOptions, GivenOptions, LanguageTrainingOptions, StackOptions
):
    """Options of `SequenceFromVector`, known without loading torch."""


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceSimilarityOptions(TextOptions, SimilarityOptions, LearningOptions):
    """Options of `SequenceSimilarity`, known without loading torch."""


@dataclass(eq=False, repr=False, kw_only=True)
class SeriesForecasterOptions(ForecastOptions, ForecastTrainingOptions):
    """Options of `SeriesForecaster`, known without loading torch."""


# What an experiment may train: where it lives, and its options. It takes these, has scikit-learn's
# fit (with validation=…), and afterwards history_, best_epoch_, seconds_, notes_, n_parameters_ and
# n_trainable_parameters_. A history without losses tells accuracies. How it is judged, the task
# says (`judge_of` in lab/judges.py).
ESTIMATORS: dict[str, tuple[str, type]] = {
    "TextClassifier": ("sestina.estimators.text_classifier", TextClassifierOptions),
    "PretrainedClassifier": ("sestina.lab.pretrained", PretrainedClassifierOptions),
    "InContextClassifier": ("sestina.lab.pretrained", InContextClassifierOptions),
    "TextNeuron": ("sestina.lab.text_neuron", TextNeuronOptions),
    "SequenceTagger": ("sestina.estimators.sequence_tagger", SequenceTaggerOptions),
    "SeriesClassifier": ("sestina.estimators.series", SeriesClassifierOptions),
    "BridgeClassifier": ("sestina.estimators.bridge", BridgeClassifierOptions),
    "BridgeRecognizer": ("sestina.estimators.recognizer", BridgeRecognizerOptions),
    "LanguageModel": ("sestina.estimators.language_model", LanguageModelOptions),
    "Translator": ("sestina.estimators.translator", TranslationOptions),
    "SequenceSimilarity": (
        "sestina.estimators.sequence_similarity", SequenceSimilarityOptions,
    ),
    "SeriesForecaster": ("sestina.estimators.forecaster", SeriesForecasterOptions),
    "SequenceFromVector": (
        "sestina.estimators.sequence_from_vector", SequenceFromVectorOptions,
    ),
    "RecallTrial": ("sestina.lab.recall", RecallOptions),
    "LinearRecurrence": ("sestina.lab.linear", LinearOptions),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Lecture:
    """What a lecture says of its experiment; None where it says nothing."""

    parameters: int | None = option(None, "All parameters.", least=1)
    trainable: int | None = option(None, "Those that are trained.", least=1)
    head: bool = option(True, "Whether these counts have the output layer in them.")
    accuracy: float | None = option(None, "Accuracy on its data.", least=0.0, most=1.0)
    loss: float | None = option(None, "Loss on its data.", least=0.0)
    wer: Any = option(
        (), "Word error rates of all and of main speakers on its data, by the paper's tables."
    )
    said: str = option("", "What these figures are of, in a few words.")
    vocabulary: int = option(10_000, "Words of its vocabulary.", least=3)
    vector_size: int | None = option(None, "Size of its pre-trained vectors.", least=1)
    classes: int = option(2, "Its classes.", least=2)
    channels: int = option(9, "Channels of its series.", least=1)


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One experiment, as its TOML file describes it."""

    name: str = option("", "Name of the file, without its ending.")
    title: str = option("", "What is done, in a few words.")
    row: str = option("", "Row of the lectures' table, for instance C2.")
    deck: str = option("", "The decks it is from.")
    note: str = option("", "What a reader should know.")
    task: str = option("reviews", "What its data are: see `TASKS`.", choices=tuple(TASKS))
    figure: str | None = option(
        None,
        "Figure that tables show, where the data have it; by default the task's first.",
        choices=tuple(MEASURES),
    )
    data: str = option(
        "movie-snippets", "Shipped data set, or toy data, to run on; empty where none fits."
    )
    device: str = option("sdm", "Device that hears speech far off: sdm or mdm.")
    training_texts: int | None = option(
        None, "Train on so many texts, drawn anew for each seed.", least=2
    )
    tests: str = option(
        "others",
        "What of recordings in noise is tested: those of others, or the last quarter of each.",
        choices=("others", "later"),
    )
    twins: float = option(
        1.0,
        "Share of the recordings in noise that students learn from, drawn anew for each seed; "
        "teachers hear all, nearby.",
        least=0.01,
        most=1.0,
    )
    seeds: int = option(5, "Seeds to run.", least=1)
    estimator: str = option("TextClassifier", "What is trained.", choices=tuple(ESTIMATORS))
    prefer: Any = option(
        (), "Pairs of texts: a language model should find the first of each more probable."
    )
    options: Any = option(None, "Options of the estimator, by the names of `sestina.config`.")
    members: Any = option(
        None, "Options of each of several networks, by a name of its own, beside those of all."
    )
    lecture: Any = option(None, "What the lecture says of it: `Lecture`.")

    @property
    def networks(self) -> dict[str, dict[str, Any]]:
        """Options of each network, by its name: the estimator's where there is one only."""
        if not self.members:
            return {self.estimator: self.options}
        return {name: {**self.options, **own} for name, own in self.members.items()}

    @property
    def figures(self) -> tuple[str, ...]:
        """What it is judged by, by the names in `MEASURES`; tables show the first there is."""
        usual = TASKS[self.task].figures
        return usual if self.figure is None else (self.figure, *usual)

    @property
    def kind(self) -> type:
        """The options that the estimator has."""
        return ESTIMATORS[self.estimator][1]

    def with_options(self, **options: Any) -> Experiment:
        """Return the experiment with some options replaced, in all of its networks."""
        members = {
            name: {key: value for key, value in own.items() if key not in options}
            for name, own in (self.members or {}).items()
        }
        return replace(self, options={**self.options, **options}, members=members)

    def build(self, **options: Any) -> dict[str, Any]:
        """Return the unfitted estimators by name, with further options."""
        place, _ = ESTIMATORS[self.estimator]
        kind = getattr(import_module(place), self.estimator)
        return {name: kind(**{**own, **options}) for name, own in self.networks.items()}

    def check(self) -> None:
        """Check the options of every network.

        Raises:
            OptionError: A value makes no sense, or a member has no name to call it by.
        """
        config.check(self)
        for name, own in self.networks.items():
            if "." in name or "=" in name:
                raise OptionError(f"member {name!r} has a dot or = in its name; name it otherwise")
            if "seed" in own:
                raise OptionError("seed is no option here; --seed and --seeds say which seeds run")
            config.check(self.kind(**own))
        if len(self.networks) == 1 and self.members:
            raise OptionError("members has one network only; name two, or give [options] alone")


def names() -> list[str]:
    """Return the names of the shipped experiments, in the order of the lectures' rows."""
    folder = files("sestina.lab") / FOLDER
    found = [entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return sorted((name.removesuffix(".toml") for name in found), key=_order)


def _check_pairs(pairs: Any) -> None:
    good = isinstance(pairs, Sequence) and all(
        isinstance(pair, list) and list(map(type, pair)) == [str, str] for pair in pairs
    )
    if not good:
        raise OptionError(f"prefer={pairs!r:.60} is not a list of pairs of texts")


def _check_tables(wer: Any) -> None:
    good = isinstance(wer, Mapping) and all(
        isinstance(pair, list) and len(pair) == 2 and {*map(type, pair)} <= {int, float}
        for pair in wer.values()
    )
    if not good and wer != ():
        raise OptionError(f"wer={wer!r:.60} is no table of pairs of rates, as {{ a = [0.5, 0.4] }}")


def _order(name: str) -> tuple[str, int, str]:
    """Return the sort key of a name such as c10-lstm: by the row, then the alphabet."""
    digits = name.partition("-")[0].lstrip("abcdefghijklmnopqrstuvwxyz")
    return (name[:1], int(digits) if digits.isdigit() else 1000, name)


def get(name: str) -> Experiment:
    """Return the experiment of a name, or of a TOML file of one's own.

    Raises:
        DataError: There is no such experiment or file.
        OptionError: The file has an unknown key, or a value that makes no sense.
    """
    if name in names():
        text = (files("sestina.lab") / FOLDER / f"{name}.toml").read_text(encoding="utf-8")
        return read(text, name)
    path = Path(name)
    if path.suffix != ".toml":
        raise DataError(f"there is no experiment {name!r}{_meant(name)}")
    try:
        return read(path.read_text(encoding="utf-8"), path.stem)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read as an experiment: {reason}") from error


def _meant(name: str) -> str:
    """Return a hint at the experiments whose names begin so, as those of row c3; else the nearest.

    All names would fill a screen.
    """
    for start in (f"{name.lower()}-", name.lower()):
        if begun := [known for known in names() if known.startswith(start)]:
            return f"; did you mean {' or '.join(begun)}?"
    hint = nearest(name, names())
    return hint if "did you mean" in hint else "; see: sestina lab list"


def read(text: str, name: str) -> Experiment:
    """Return the experiment that a TOML text describes.

    Raises:
        DataError: The text is not TOML.
        OptionError: A key is unknown, or a value makes no sense.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"experiment {name!r} is not TOML: {error}") from error
    try:
        _check_pairs(values.get("prefer", ()))
        tables = {key: _table(values.pop(key, {}), key) for key in TABLES}
        lecture = Lecture(**config.from_dict(Lecture, tables["lecture"]))
        config.check(lecture)
        _check_tables(lecture.wer)
        known = {**config.from_dict(Experiment, values), "name": name, "lecture": lecture}
        experiment = Experiment(**known, options={}, members={})
        config.check(experiment)
        _check_task(experiment, several=bool(tables["members"]))
        members = {key: _table(own, f"members.{key}") for key, own in tables["members"].items()}
        experiment = replace(
            experiment,
            options=_options(experiment.kind, tables["options"]),
            members={key: _options(experiment.kind, own) for key, own in members.items()},
        )
        experiment.check()
    except OptionError as error:
        raise OptionError(f"experiment {name!r}: {error}") from error
    return experiment


def _check_task(experiment: Experiment, several: bool) -> None:
    """Raise unless estimator and figure are some of the task's; `several`: with [members]."""
    name, estimator, figure = experiment.task, experiment.estimator, experiment.figure
    wanted, figures = TASKS[name].estimator, TASKS[name].figures
    if wanted is not None and estimator != wanted:
        raise OptionError(f"task={name!r} wants estimator = {wanted!r}")
    for other, task in TASKS.items():
        if wanted is None and task.estimator == estimator:
            raise OptionError(f"estimator={estimator!r} wants task = {other!r}")
    if wanted is not None and several:
        raise OptionError(f"task={name!r} trains one network; leave [members] out")
    if figure is not None and figure not in figures:
        raise OptionError(
            f"figure={figure!r} is none of task={name!r}; known are {', '.join(figures)}"
        )


def _table(value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise OptionError(f"{key}={value!r} is not a table [{key}]")
    return dict(value)


def _options(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as TOML has them as arguments of an estimator."""
    plain = {key: None if value == NONE else value for key, value in given.items()}
    return config.from_dict(kind, plain)
