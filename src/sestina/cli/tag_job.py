"""One training job for a tagger: part, fit, climb the ladder, save."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sestina import config
from sestina.cli import show
from sestina.cli.job import claim, ended_early, keep, run_facts
from sestina.cli.tagged import known_share, seen_facts, words_in
from sestina.data.tagged import TaggedSentences, three_tagged_parts
from sestina.errors import OptionError, counted
from sestina.estimators.sequence_tagger import SequenceTagger
from sestina.inspect.tag_ladder import TagRung, climb_tags, tag_verdict, tagger_name

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
        """Do the job and return what ``--json`` prints; after Ctrl-C "interrupted" is true in it.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        net = SequenceTagger(**self.options, verbose=True)
        config.check(net)
        if not net.validation_fraction:
            raise OptionError("--validation-fraction 0 leaves no dev part to tune the baseline on")
        data = _with_given(self.data, self.given)
        *parts, said = three_tagged_parts(data, net.seed, net.validation_fraction)
        train, dev, test = parts
        claim(self.out, resume, overwrite)
        show.say(
            f"{len(train):,} train, {len(dev):,} dev, {counted(len(test), 'test sentence')}: {said}"
        )
        careful = known_share(train, test)
        interrupted = ended_early(
            net,
            train.sentences,
            train.tags,
            validation=(dev.sentences, dev.tags),
            checkpoint=self.out,
            resume=resume,
        )
        for note in (*filter(None, [careful]), *net.notes_):
            show.say(note)
        name = tagger_name(net)
        rungs = climb_tags({name: net}, train, dev, test)
        result = self._result(net, rungs, (train, dev, test), interrupted)
        result["notes"] = [*data.notes, *filter(None, [careful]), *net.notes_]
        trained = counted(len(train), "training sentence")
        keep(net, self.out, {**result, "data": f"{self.path}: {trained}; {said}"}, interrupted)
        return result

    def _result(
        self, net: SequenceTagger, rungs: list[TagRung], parts: Parts, interrupted: bool
    ) -> dict[str, Any]:
        *plain, own = rungs
        names = ("train", "dev", "test")
        return {
            "task": "tag",
            "model": str(self.out),
            "name": own.name,
            "encoder": net.encoder,
            "classes": net.classes_.tolist(),
            "scheme": net.scheme_,
            "sentences": dict(zip(names, map(len, parts), strict=True)),
            "words": dict(zip(names, words_in(parts), strict=True)),
            **run_facts(net),
            "metrics": own.summary(),
            "baseline": {rung.name: rung.summary() for rung in plain},
            "verdicts": [tag_verdict(rungs, own.name, rung.name) for rung in reversed(plain)],
            "interrupted": interrupted,
        }

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdict and where things lie."""
        rungs = {**result["baseline"], result["name"]: result["metrics"]}
        show.out.print()
        show.ladder(
            f"{self.path}: {counted(result['words']['test'], 'test word')}, "
            f"{counted(len(result['classes']), 'tag')}, seed {result['seed']}",
            rungs,
        )
        show.out.print()
        for sentence in result["verdicts"]:
            show.out.print(sentence, markup=False)
        show.out.print()
        show.facts(
            "",
            {
                **seen_facts(result["metrics"]),
                "model": str(self.out),
                "try": f'sestina predict {self.out} "your words"',
            },
        )


def _with_given(data: TaggedSentences, given: dict[str, TaggedSentences]) -> TaggedSentences:
    """Return the sentences with dev and test ones of their own files as these parts."""
    if not given:
        return data
    parts = data.parts or ["train"] * len(data)
    kept = data.take([r for r, part in enumerate(parts) if part not in given])
    sentences, tags = list(kept.sentences), list(kept.tags or [])
    parts = [part for part in parts if part not in given]
    for name, more in given.items():
        sentences += more.sentences
        tags += more.tags or []
        parts += [name] * len(more)
    return TaggedSentences(sentences, tags, parts, data.notes, data.source)
