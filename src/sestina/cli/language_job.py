"""One training job of a model that writes: split, fit, climb the ladder, save, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sestina import config
from sestina.cli import show
from sestina.cli.job import claim, ended_early, keep, run_facts, show_end, sizes, write_report
from sestina.data.records import Records
from sestina.data.split import row_parts, text_parts
from sestina.errors import OptionError, counted
from sestina.estimators.language_model import LanguageModel
from sestina.estimators.sequence_from_vector import SequenceFromVector
from sestina.inspect.language import language_ladder, language_verdict, name_of, vector_ladder
from sestina.inspect.language_report import render_language, speed
from sestina.inspect.sections import Told, changed_options, helps, run_told

Rungs = dict[str, dict[str, Any]]
LEVELS = {"word": "words", "character": "characters", "subword": "parts of words"}


class Part(NamedTuple):
    """Texts, and the rows that they are to be written from, where there are any."""

    texts: list[str]
    given: pl.DataFrame | None

    @property
    def pair(self) -> tuple[Any, ...]:
        """What an estimator's `fit` takes."""
        return (self.texts,) if self.given is None else (self.given, self.texts)


@dataclass
class LanguageJob:
    """What to train on and where to put it.

    Attributes:
        path: What the user called the data.
        out: Folder for the model.
        data: The records at `path`.
        options: Options of the estimator.
        given: The columns that each text is written from, for a `SequenceFromVector`; without
            any, a `LanguageModel` is trained.
    """

    path: str
    out: Path
    data: Records
    options: dict[str, Any]
    given: pl.DataFrame | None = None

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; after Ctrl-C "interrupted" is true in it.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        kind: type[LanguageModel | SequenceFromVector]
        kind = LanguageModel if self.given is None else SequenceFromVector
        net = kind(**self.options, verbose=True)
        config.check(net)
        if not net.validation_fraction:
            raise OptionError("--validation-fraction 0 leaves no dev part to stop early by")
        train, dev, test, said = self._parts(net)
        claim(self.out, resume, overwrite)
        tests = counted(len(test.texts), "test text")
        show.say(f"{len(train.texts):,} train, {len(dev.texts):,} dev, {tests}: {said}")
        held = dev.texts if dev.given is None else dev.pair
        interrupted = ended_early(
            net, *train.pair, validation=held, checkpoint=self.out, resume=resume
        )
        for note in net.notes_:
            show.say(note)
        rungs = self._ladder(net, train, test)
        result = self._result(net, rungs, (train, dev, test), interrupted)
        trained = counted(len(train.texts), "training text")
        keep(net, self.out, {**result, "data": f"{self.path}: {trained}; {said}"}, interrupted)
        result["report"] = None
        if isinstance(net, LanguageModel):
            own, page = net, self._told(net, result, said)
            result["report"] = write_report(
                self.out, lambda: render_language(own, rungs, test.texts, page)
            )
        return result

    @staticmethod
    def _ladder(net: LanguageModel | SequenceFromVector, train: Part, test: Part) -> Rungs:
        """Return the figures of n-grams and of the net on the test part, by name."""
        if isinstance(net, LanguageModel):
            return language_ladder(net, train.texts, test.texts)
        return vector_ladder(net, train.texts, *test.pair)

    def _parts(self, net: LanguageModel | SequenceFromVector) -> tuple[Part, Part, Part, str]:
        """Return the train, dev and test parts, and how they came about."""
        share = net.validation_fraction
        if isinstance(net, LanguageModel):
            data = _without_blanks(self.data)
            *texts, said = text_parts(data, net.seed, net.running, share)
            train, dev, test = (Part(part, None) for part in texts)
        else:
            assert self.given is not None
            *rows, said = row_parts(self.data, net.seed, share)
            train, dev, test = (
                Part([self.data.texts[n] for n in part], self.given[part]) for part in rows
            )
        return train, dev, test, said

    def _result(
        self,
        net: LanguageModel | SequenceFromVector,
        rungs: Rungs,
        parts: tuple[Part, Part, Part],
        interrupted: bool,
    ) -> dict[str, Any]:
        name = name_of(net)
        plain = {key: row for key, row in rungs.items() if key != name}
        return {
            "task": "generate",
            "model": str(self.out),
            "name": name,
            "level": net.level,
            "given": None if self.given is None else self.given.columns,
            "texts": sizes(part.texts for part in parts),
            "vocabulary": len(net.vocabulary_),
            "tokens": net.tokens_,
            "tokens_per_second": round(speed(net)),
            **run_facts(net),
            "metrics": rungs[name],
            "baseline": plain,
            "verdicts": [language_verdict(rungs, name, other) for other in reversed(plain)],
            "notes": [*self.data.notes, *net.notes_],
            "interrupted": interrupted,
        }

    def _told(self, net: LanguageModel, result: dict[str, Any], said: str) -> Told:
        """Return what the report tells beside its figures."""
        facts = {
            "data": self.path,
            "texts": f"{show.counts(result['texts'])}: {said}",
            "tokens": f"{LEVELS[net.level]}: {net.tokens_:,} to train on, a vocabulary of "
            f"{len(net.vocabulary_):,}",
            "noticed": "; ".join(result["notes"]),
            **run_told(net),
            "speed": f"{counted(result['tokens_per_second'], 'token')} a second in training",
        }
        return Told(self.path, facts, result["verdicts"], changed_options(net), helps(net))

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdicts and where things lie."""
        given = "" if self.given is None else f" given {', '.join(result['given'])}"
        title = (
            f"{self.path}{given}: {counted(result['texts']['test'], 'test text')}, a vocabulary "
            f"of {result['vocabulary']:,}, seed {result['seed']}"
        )
        values = "" if self.given is None else f"--given {','.join(map(str, self.given.row(0)))} "
        try_ = f"generate {self.out} {values}--n 50"
        if self.options.get("backwards"):
            try_ = f'score {self.out} "your text"'
        facts = {"tokens/s": result["tokens_per_second"]}
        show_end(result, title, try_, ladder=show.perplexities, facts=facts)


def _without_blanks(data: Records) -> Records:
    """Return the records that have a text, and say how many have none."""
    kept = [n for n, text in enumerate(data.texts) if text.strip()]
    if len(kept) == len(data):
        return data
    show.say(f"left out {counted(len(data) - len(kept), 'empty text')}")
    return data.take(kept)
