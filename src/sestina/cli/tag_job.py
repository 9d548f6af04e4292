"""One training job for a tagger: part, fit, climb the ladder, save, report."""

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
    with_given,
    write_report,
)
from sestina.cli.tagged import known_share, seen_facts, words_in
from sestina.data.tagged import TaggedSentences, three_tagged_parts
from sestina.errors import counted
from sestina.estimators.sequence_tagger import SequenceTagger
from sestina.inspect.sections import Told, changed_options, helps, run_told
from sestina.inspect.tag_ladder import TagRung, climb_tags, tag_verdict, tagger_name
from sestina.inspect.tag_report import render_tags

Parts = tuple[TaggedSentences, TaggedSentences, TaggedSentences]


@dataclass
class TagJob:
    """What to train on and where to put it.

    Attributes:
        path: What the user called the data.
        out: Folder for the model.
        data: The sentences at `path`.
        given: Sentences of a dev or test file of its own.
        options: Options of `SequenceTagger`.
    """

    path: str
    out: Path
    data: TaggedSentences
    given: dict[str, TaggedSentences]
    options: dict[str, Any]

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; "stopped" says why it ended early, if so.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        net = untrained(SequenceTagger, self.options)
        whole = with_given(self.data, self.given)
        *parts, said = three_tagged_parts(whole, net.seed, net.validation_fraction)
        train, dev, test = parts
        claim(self.out, resume, overwrite)
        say_parts(parts, "test sentence", said)
        careful = list(filter(None, [known_share(train, test)]))
        ending = ending_of(
            net,
            train.sentences,
            train.tags,
            validation=(dev.sentences, dev.tags),
            checkpoint=self.out,
            resume=resume,
        )
        for note in (*careful, *net.notes_):
            show.say(note)
        rungs = climb_tags({tagger_name(net): net}, train, dev, test)
        result = self._result(net, rungs, (train, dev, test), ending)
        result["notes"] = [*whole.notes, *careful, *net.notes_]
        data = f"{self.path}: {counted(len(train), 'training sentence')}; {said}"
        keep(net, self.out, {**result, "data": data}, ending)
        page = self._told(net, result, said)
        result["report"] = write_report(self.out, lambda: render_tags(net, rungs, test, page))
        return result

    def _result(
        self, net: SequenceTagger, rungs: list[TagRung], parts: Parts, ending: Ending
    ) -> dict[str, Any]:
        *plain, own = rungs
        words = words_in(parts)
        return {
            "task": "tag",
            "model": str(self.out),
            "name": own.name,
            "encoder": net.encoder,
            "classes": net.classes_.tolist(),
            "scheme": net.scheme_,
            "sentences": sizes(parts),
            "words": dict(zip(("train", "dev", "test"), words, strict=True)),
            **run_facts(net),
            "metrics": own.summary(),
            "baseline": {rung.name: rung.summary() for rung in plain},
            "verdicts": [tag_verdict(rungs, own.name, rung.name) for rung in reversed(plain)],
            **ending._asdict(),
        }

    def _told(self, net: SequenceTagger, result: dict[str, Any], said: str) -> Told:
        """Return what the report tells beside its figures."""
        sentences, words = (show.counts(result[unit]) for unit in ("sentences", "words"))
        facts = {
            "data": self.path,
            "sentences": f"{sentences}: {said}",
            "words": words,
            "tags": ", ".join(map(str, result["classes"][:30])),
            "noticed": "; ".join(result["notes"]),
            **run_told(net),
            "decisions": "; ".join(net.decision_notes()),
        }
        return Told(self.path, facts, result["verdicts"], changed_options(net), helps(net))

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdict and where things lie."""
        title = (
            f"{self.path}: {counted(result['words']['test'], 'test word')}, "
            f"{counted(len(result['classes']), 'tag')}, seed {result['seed']}"
        )
        facts = seen_facts(result["metrics"])
        show_end(result, title, f'predict {self.out} "your words"', facts=facts)
