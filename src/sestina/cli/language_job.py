"""One training job of a language model: split, fit, climb the ladder, save, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sestina import config
from sestina.cli import show
from sestina.cli.job import (
    claim,
    drop_checkpoint,
    ended_early,
    show_end,
    sizes,
    told,
    write_page,
)
from sestina.data.records import Records
from sestina.data.split import text_parts
from sestina.errors import OptionError, counted
from sestina.estimators.language_model import LanguageModel
from sestina.inspect.language import language_ladder, language_verdict, name_of
from sestina.inspect.language_report import render_language, speed
from sestina.inspect.sections import Told, changed_options, helps, run_facts

LEVELS = {"word": "words", "character": "characters", "subword": "parts of words"}


@dataclass
class LanguageJob:
    """What to train on and where to put it.

    Attributes:
        path: What the user called the data.
        out: Folder for the model.
        data: The records at `path`.
        options: Options of `LanguageModel`.
    """

    path: str
    out: Path
    data: Records
    options: dict[str, Any]

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; after Ctrl-C "interrupted" is true in it.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        net = LanguageModel(**self.options, verbose=True)
        config.check(net)
        if not net.validation_fraction:
            raise OptionError("--validation-fraction 0 leaves no dev part to stop early by")
        data = _without_blanks(self.data)
        train, dev, test, said = text_parts(data, net.seed, net.running, net.validation_fraction)
        claim(self.out, resume, overwrite)
        tests = counted(len(test), "test text")
        show.say(f"{len(train):,} train, {len(dev):,} dev, {tests}: {said}")
        interrupted = ended_early(net, train, validation=dev, checkpoint=self.out, resume=resume)
        for note in net.notes_:
            show.say(note)
        rungs = language_ladder(net, train, test)
        result = self._result(net, rungs, (train, dev, test), interrupted)
        trained = counted(len(train), "training text")
        net.save(self.out, {**result, "data": f"{self.path}: {trained}; {said}"})
        page = self._told(net, result, said)
        result["report"] = write_page(self.out, lambda: render_language(net, rungs, test, page))
        drop_checkpoint(self.out, interrupted)
        return result

    def _result(
        self,
        net: LanguageModel,
        rungs: dict[str, dict[str, Any]],
        parts: tuple[list[str], ...],
        interrupted: bool,
    ) -> dict[str, Any]:
        name = name_of(net)
        plain = {key: row for key, row in rungs.items() if key != name}
        return {
            "task": "generate",
            **told(net, self.out, name, interrupted),
            "level": net.level,
            "texts": sizes(parts),
            "vocabulary": len(net.vocabulary_),
            "tokens": net.tokens_,
            "tokens_per_second": round(speed(net)),
            "metrics": rungs[name],
            "baseline": plain,
            "verdicts": [language_verdict(rungs, name, other) for other in reversed(plain)],
            "notes": [*self.data.notes, *net.notes_],
        }

    def _told(self, net: LanguageModel, result: dict[str, Any], said: str) -> Told:
        """Return what the report tells beside its figures."""
        facts = {
            "data": self.path,
            "texts": f"{show.counts(result['texts'])}: {said}",
            "tokens": f"{LEVELS[net.level]}: {net.tokens_:,} to train on, a vocabulary of "
            f"{len(net.vocabulary_):,}",
            "noticed": "; ".join(result["notes"]),
            **run_facts(net),
            "speed": f"{counted(result['tokens_per_second'], 'token')} a second in training",
        }
        return Told(self.path, facts, result["verdicts"], changed_options(net), helps(net))

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdicts and where things lie."""
        title = (
            f"{self.path}: {counted(result['texts']['test'], 'test text')}, a vocabulary of "
            f"{result['vocabulary']:,}, seed {result['seed']}"
        )
        facts = {"tokens/s": result["tokens_per_second"]}
        try_ = f"generate {self.out} --n 50"
        show_end(result, title, try_, ladder=show.perplexities, facts=facts)


def _without_blanks(data: Records) -> Records:
    """Return the records that have a text, and say how many have none."""
    kept = [n for n, text in enumerate(data.texts) if text.strip()]
    if len(kept) == len(data):
        return data
    show.say(f"left out {counted(len(data) - len(kept), 'empty text')}")
    return data.take(kept)
