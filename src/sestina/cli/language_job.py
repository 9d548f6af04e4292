"""One training job of a language model: split, fit, climb the ladder, save."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sestina import config, store
from sestina.cli import show
from sestina.cli.job import claim, ended_early
from sestina.data.records import Records
from sestina.data.split import text_parts
from sestina.errors import OptionError, counted
from sestina.estimators.language_model import LanguageModel
from sestina.inspect.language import language_ladder, name_of


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
        if not interrupted:
            (self.out / store.CHECKPOINT).unlink(missing_ok=True)
        return result

    def _result(
        self,
        net: LanguageModel,
        rungs: dict[str, dict[str, Any]],
        parts: tuple[list[str], ...],
        interrupted: bool,
    ) -> dict[str, Any]:
        name = name_of(net)
        speeds = [row["sequences_per_second"] for row in net.history_]
        return {
            "task": "generate",
            "model": str(self.out),
            "name": name,
            "level": net.level,
            "texts": dict(zip(("train", "dev", "test"), map(len, parts), strict=True)),
            "vocabulary": len(net.vocabulary_),
            "tokens": net.tokens_,
            "tokens_per_second": round(sum(speeds) / len(speeds)),
            "parameters": net.n_parameters_,
            "trainable_parameters": net.n_trainable_parameters_,
            "epochs": len(net.history_),
            "best_epoch": net.best_epoch_,
            "seconds": round(net.seconds_, 3),
            "seed": net.seed,
            "metrics": rungs[name],
            "baseline": {key: row for key, row in rungs.items() if key != name},
            "notes": [*self.data.notes, *net.notes_],
            "interrupted": interrupted,
        }

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder and where things lie."""
        show.out.print()
        show.perplexities(
            f"{self.path}: {counted(result['texts']['test'], 'test text')}, a vocabulary of "
            f"{result['vocabulary']:,}, seed {result['seed']}",
            {**result["baseline"], result["name"]: result["metrics"]},
        )
        show.out.print()
        show.facts(
            "",
            {
                "model": str(self.out),
                "tokens/s": result["tokens_per_second"],
                "try": f"sestina generate {self.out} --n 50",
            },
        )


def _without_blanks(data: Records) -> Records:
    """Return the records that have a text, and say how many have none."""
    kept = [n for n, text in enumerate(data.texts) if text.strip()]
    if len(kept) == len(data):
        return data
    show.say(f"left out {counted(len(data) - len(kept), 'empty text')}")
    return data.take(kept)
