"""One training job of a translator: part, fit, climb the ladder, save, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sestina import metrics
from sestina.cli import show
from sestina.cli.job import (
    Ending,
    claim,
    ending_of,
    keep,
    run_facts,
    say_parts,
    sizes,
    untrained,
    with_given,
    write_report,
)
from sestina.data.parallel import Pairs, known_share, three_pair_parts
from sestina.errors import counted
from sestina.estimators.translator import Translator
from sestina.inspect.translation_ladder import (
    TranslationRung,
    climb_translations,
    translation_verdict,
)
from sestina.inspect.translation_report import TranslationFacts, render_translations

Parts = tuple[Pairs, Pairs, Pairs]
SHOWN = 3  # translations that the result holds


@dataclass
class TranslateJob:
    """What to train on and where to put it.

    Attributes:
        path: What the user called the data.
        out: Folder for the model.
        data: The pairs at `path`.
        given: Pairs of a dev or test file of its own.
        options: Options of `Translator`.
    """

    path: str
    out: Path
    data: Pairs
    given: dict[str, Pairs]
    options: dict[str, Any]

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; "stopped" says why it ended early, if so.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        net = untrained(Translator, self.options)
        metrics.sacrebleu()  # which the ladder needs: said before the training
        whole = with_given(self.data, self.given)
        *parts, said = three_pair_parts(whole, net.seed, net.validation_fraction)
        train, dev, test = parts
        claim(self.out, resume, overwrite)
        say_parts(parts, "test pair", said)
        ending = ending_of(
            net,
            train.sources,
            train.targets,
            validation=(dev.sources, dev.targets),
            checkpoint=self.out,
            resume=resume,
        )
        notes = [*filter(None, [known_share(train, test)]), *net.notes_]
        for note in notes:
            show.say(note)
        rungs = climb_translations(net, train, test)
        result = self._result(net, rungs, (train, dev, test), ending)
        result["notes"] = [*whole.notes, *notes]
        data = f"{self.path}: {counted(len(train), 'training pair')}; {said}"
        keep(net, self.out, {**result, "data": data}, ending)
        lengths = (len(train), len(dev), len(test))
        facts = TranslationFacts(self.path, lengths, said, result["verdicts"][0])
        result["report"] = write_report(
            self.out, lambda: render_translations(net, rungs, test, facts)
        )
        return result

    def _result(
        self, net: Translator, rungs: list[TranslationRung], parts: Parts, ending: Ending
    ) -> dict[str, Any]:
        *plain, own = rungs
        vocabularies = [len(side.vocabulary) for side in (net.source_, net.target_)]
        test = parts[2].take(range(min(SHOWN, len(parts[2]))))
        rows = zip(test.sources, test.targets, own.put[:SHOWN], strict=True)
        keys = ("text", "reference", "translation")
        return {
            "task": "translate",
            "model": str(self.out),
            "name": own.name,
            "level": net.level,
            "pairs": sizes(parts),
            "vocabularies": dict(zip(("source", "target"), vocabularies, strict=True)),
            **run_facts(net),
            "metrics": own.summary(),
            "baseline": {rung.name: rung.summary() for rung in plain},
            "verdicts": [translation_verdict(rungs)],
            "examples": [dict(zip(keys, row, strict=True)) for row in rows],
            **ending._asdict(),
        }

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdict, a translation and where things lie."""
        show.out.print()
        show.translations(
            f"{self.path}: {counted(result['pairs']['test'], 'test pair')}, seed {result['seed']}",
            {**result["baseline"], result["name"]: result["metrics"]},
        )
        show.out.print()
        for sentence in result["verdicts"]:
            show.out.print(sentence, markup=False)
        show.out.print()
        show.facts("", {key: text or "(empty)" for key, text in result["examples"][0].items()})
        show.out.print()
        show.facts(
            "",
            {
                "model": str(self.out),
                "report": result["report"],
                "try": f'sestina predict {self.out} "your text"',
            },
        )
