"""What a model that writes is trained on: texts alone, or texts and the columns they are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import polars as pl

from sestina.cli import show
from sestina.cli.given import as_given
from sestina.data.records import Records
from sestina.data.split import row_parts, text_parts
from sestina.errors import DataError, counted
from sestina.estimators.language_model import LanguageModel
from sestina.estimators.sequence_from_vector import SequenceFromVector
from sestina.inspect.given_report import render_given
from sestina.inspect.language import language_ladder, vector_ladder
from sestina.inspect.language_report import render_language
from sestina.inspect.sections import Told

Rungs = dict[str, dict[str, Any]]


class Part(NamedTuple):
    """Some of the data.

    Attributes:
        texts: N texts.
        data: What `fit` takes: the texts, behind what they are from where there is such.
        held: What `fit` takes as its validation part.
    """

    texts: list[str]
    data: tuple[Any, ...]
    held: Any


Parts = tuple[Part, Part, Part, str]
"""Train, dev and test, and how they came about."""


class Source(Protocol):
    """What a job knows of its data, and of the estimator that learns from such data."""

    @property
    def estimator(self) -> Any:
        """The class that learns from it."""

    @property
    def columns(self) -> list[str] | None:
        """The columns that texts are written from; None without."""

    @property
    def data(self) -> Records:
        """The texts, as they were read."""

    def parts(self, net: Any) -> Parts:
        """Return the parts, as the options of an estimator ask."""

    def ladder(self, net: Any, train: Part, test: Part) -> Rungs:
        """Return the figures of n-grams and of the net on the test part, by name."""

    def told(self, net: Any) -> dict[str, str]:
        """Return what the report tells of such data."""

    def report(self, net: Any, rungs: Rungs, test: Part, told: Told) -> str:
        """Return the report as an HTML page."""

    def hint(self, out: Path, options: Mapping[str, Any]) -> str:
        """Return the command to try next, without the name of the program."""


@dataclass(frozen=True)
class Texts:
    """Texts alone: a `LanguageModel` learns them."""

    data: Records

    estimator = LanguageModel
    columns = None

    def parts(self, net: LanguageModel) -> Parts:
        """Return the parts; a running text's are pieces of it, in order."""
        data = _without_blanks(self.data)
        *parts, said = text_parts(data, net.seed, net.running, net.validation_fraction)
        train, dev, test = (Part(texts, (texts,), texts) for texts in parts)
        return train, dev, test, said

    def ladder(self, net: LanguageModel, train: Part, test: Part) -> Rungs:
        """Return the figures of n-grams and of the net on the test part, by name."""
        return language_ladder(net, train.texts, test.texts)

    def told(self, net: LanguageModel) -> dict[str, str]:
        """Return nothing: there is no more to tell."""
        return {}

    def report(self, net: LanguageModel, rungs: Rungs, test: Part, told: Told) -> str:
        """Return the report as an HTML page."""
        return render_language(net, rungs, test.texts, told)

    def hint(self, out: Path, options: Mapping[str, Any]) -> str:
        """Return the command to try next; a model that reads backwards can only judge."""
        return f'score {out} "your text"' if options.get("backwards") else f"generate {out} --n 50"


@dataclass(frozen=True)
class GivenTexts:
    """Texts, and the columns (N, A) that each is written from: for a `SequenceFromVector`."""

    data: Records
    given: pl.DataFrame

    estimator = SequenceFromVector

    @property
    def columns(self) -> list[str]:
        """The columns that texts are written from."""
        return self.given.columns

    def parts(self, net: SequenceFromVector) -> Parts:
        """Return the parts.

        Raises:
            DataError: There are too few texts, or values that only dev and test have.
        """
        *rows, said = row_parts(self.data, net.seed, net.validation_fraction)
        if net.unknown == "error":
            self._refuse_new_symbols(rows[0], [*rows[1], *rows[2]])
        train, dev, test = map(self._part, rows)
        return train, dev, test, said

    def _refuse_new_symbols(self, train: list[int], others: list[int]) -> None:
        """Raise where dev and test have a symbol that is not learnt, before anything is."""
        for name in self.given.select(pl.col(pl.String)).columns:
            known, met = (set(self.given[rows][name]) for rows in (train, others))
            if met - known:
                raise DataError(
                    f"{name} is {min(met - known)!r} in the dev or test part only, so that the net "
                    f"would not know it ({counted(len(met - known), 'such value')}); give more "
                    "texts of it, or --unknown zeros, which takes it as zeros"
                )

    def _part(self, rows: list[int]) -> Part:
        texts = [self.data.texts[n] for n in rows]
        pair = (self.given[rows], texts)
        return Part(texts, pair, pair)

    def ladder(self, net: SequenceFromVector, train: Part, test: Part) -> Rungs:
        """Return the figures of n-grams and of the net on the test part, by name."""
        return vector_ladder(net, train.texts, *test.data)

    def told(self, net: SequenceFromVector) -> dict[str, str]:
        """Return what texts are written from."""
        return {"written from": str(net.attributes_)}

    def report(self, net: SequenceFromVector, rungs: Rungs, test: Part, told: Told) -> str:
        """Return the report as an HTML page."""
        given, texts = test.data
        return render_given(net, rungs, given, texts, told)

    def hint(self, out: Path, options: Mapping[str, Any]) -> str:
        """Return the command to try next, with the values of the first row."""
        return f"generate {out} --given {as_given(self.given.row(0))} --n 50"


def _without_blanks(data: Records) -> Records:
    """Return the records that have a text, and say how many have none."""
    kept = [n for n, text in enumerate(data.texts) if text.strip()]
    if len(kept) == len(data):
        return data
    show.say(f"left out {counted(len(data) - len(kept), 'empty text')}")
    return data.take(kept)
