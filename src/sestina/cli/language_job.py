"""One training job of a model that writes: split, fit, climb the ladder, save, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sestina.cli import show
from sestina.cli.job import (
    Ending,
    claim,
    ending_of,
    keep,
    run_facts,
    say_parts,
    show_end,
    sizes,
    untrained,
    write_report,
)
from sestina.cli.language_sources import Part, Rungs, Source
from sestina.errors import counted
from sestina.inspect.language import language_verdict, name_of
from sestina.inspect.language_sections import speed
from sestina.inspect.sections import Told, changed_options, helps, run_told

LEVELS = {"word": "words", "character": "characters", "subword": "parts of words"}


@dataclass
class LanguageJob:
    """What to train on and where to put it.

    Attributes:
        path: What the user called the data.
        out: Folder for the model.
        source: The data, which know the estimator that learns from such.
        options: Options of the estimator.
    """

    path: str
    out: Path
    source: Source
    options: dict[str, Any]

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; "stopped" says why it ended early, if so.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        source = self.source
        net = untrained(source.estimator, self.options)
        *parts, said = source.parts(net)
        train, dev, test = parts
        claim(self.out, resume, overwrite)
        say_parts([part.texts for part in parts], "test text", said)
        ending = ending_of(
            net, *train.data, validation=dev.held, checkpoint=self.out, resume=resume
        )
        for note in net.notes_:
            show.say(note)
        rungs = source.ladder(net, train, test)
        result = self._result(net, rungs, (train, dev, test), ending)
        data = f"{self.path}: {counted(len(train.texts), 'training text')}; {said}"
        keep(net, self.out, {**result, "data": data}, ending)
        told = self._told(net, result, said)
        result["report"] = write_report(self.out, lambda: source.report(net, rungs, test, told))
        return result

    def _result(
        self, net: Any, rungs: Rungs, parts: tuple[Part, Part, Part], ending: Ending
    ) -> dict[str, Any]:
        name = name_of(net)
        plain = {key: row for key, row in rungs.items() if key != name}
        return {
            "task": "generate",
            "model": str(self.out),
            "name": name,
            "level": net.level,
            "given": self.source.columns,
            "texts": sizes(part.texts for part in parts),
            "vocabulary": len(net.vocabulary_),
            "tokens": net.tokens_,
            "tokens_per_second": round(speed(net)),
            **run_facts(net),
            "metrics": rungs[name],
            "baseline": plain,
            "verdicts": [language_verdict(rungs, name, other) for other in reversed(plain)],
            "notes": [*self.source.data.notes, *net.notes_],
            **ending._asdict(),
        }

    def _told(self, net: Any, result: dict[str, Any], said: str) -> Told:
        """Return what the report tells beside its figures."""
        facts = {
            "data": self.path,
            "texts": f"{show.counts(result['texts'])}: {said}",
            **self.source.told(net),
            "tokens": f"{LEVELS[net.level]}: {net.tokens_:,} to train on, a vocabulary of "
            f"{len(net.vocabulary_):,}",
            "noticed": "; ".join(result["notes"]),
            **run_told(net),
            "speed": f"{counted(result['tokens_per_second'], 'token')} a second in training",
        }
        return Told(self.path, facts, result["verdicts"], changed_options(net), helps(net))

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdicts and where things lie."""
        given = f" given {', '.join(result['given'])}" if result["given"] else ""
        title = (
            f"{self.path}{given}: {counted(result['texts']['test'], 'test text')}, a vocabulary "
            f"of {result['vocabulary']:,}, seed {result['seed']}"
        )
        hint = self.source.hint(self.out, self.options)
        facts = {"tokens/s": result["tokens_per_second"]}
        show_end(result, title, hint, ladder=show.perplexities, facts=facts)
