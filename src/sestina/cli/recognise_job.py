"""One training job of a recogniser: hear, part, fit, climb the ladder, save, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sestina import config
from sestina.audio.features import LogMel
from sestina.audio.twins import Spoken, spoken_twins
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
    write_report,
)
from sestina.config import FrameOptions
from sestina.errors import DataError, counted
from sestina.estimators.recognising import as_spoken_texts, long_enough
from sestina.estimators.recognizer import BridgeRecognizer
from sestina.inspect.recognition_ladder import (
    RecognitionRung,
    climb_recognition,
    recognition_verdict,
)
from sestina.inspect.recognition_report import render_recognition

SHOWN = 3  # utterances that the result holds
FEW = 50


@dataclass
class RecogniseJob:
    """What to train on and where to put it.

    Attributes:
        path: What the user called the data.
        out: Folder for the model.
        devices: The one nearby, and the one far off.
        frames: Options of `FrameOptions`.
        options: Options of `BridgeRecognizer`.
    """

    path: str
    out: Path
    devices: tuple[str, str]
    frames: dict[str, Any]
    options: dict[str, Any]

    def run(self, resume: bool, overwrite: bool) -> dict[str, Any]:
        """Do the job and return what ``--json`` prints; "stopped" says why it ended early, if so.

        Raises:
            SestinaError: The data, an option or the folder does not do; nothing was lost.
            KeyboardInterrupt: Ctrl-C before the first epoch was finished.
        """
        maker = LogMel(**self.frames).fit()
        planes = self.options["planes"] or 1 + maker.deltas
        net = untrained(BridgeRecognizer, {**self.options, "planes": planes})
        whole = spoken_twins(self.path, maker, *self.devices)
        *parts, said = whole.three(net.seed, net.validation_fraction)
        *learnt, test = parts
        (train, dev), short = _long_enough(learnt, net.skip, net.level)
        parts = [train, dev, test]
        claim(self.out, resume, overwrite)
        say_parts(parts, "test utterance", said)
        ending = ending_of(
            net,
            train.clean,
            train.frames,
            train.texts,
            validation=(dev.clean, dev.frames, dev.texts),
            checkpoint=self.out,
            resume=resume,
        )
        notes = [*whole.notes, *short, *_doubts(train, test), *net.notes_]
        for note in notes:
            show.say(note)
        rungs = climb_recognition(net, train, test)
        result = self._result(net, rungs, (train, dev, test), ending)
        result["notes"] = notes
        facts = {
            **result,
            "data": f"{self.path}: {counted(len(train), 'training utterance')}; {said}",
            "frames": config.to_dict(maker, FrameOptions),
            "device": self.devices[1],
        }
        keep(net, self.out, facts, ending)
        title = f"{self.path}, {self.devices[1]}"
        told = (title, said, [*result["verdicts"], *_of_teacher(result)], notes)
        result["report"] = write_report(
            self.out, lambda: render_recognition(net, rungs, maker, (train, dev, test), told)
        )
        return result

    def _result(
        self, net: BridgeRecognizer, rungs: list[RecognitionRung], parts: tuple[Spoken, ...],
        ending: Ending,
    ) -> dict[str, Any]:  # fmt: skip
        *plain, own = rungs
        test = parts[2]
        rows = list(zip(test.called, test.texts, own.put, strict=True))[:SHOWN]
        found = {
            "task": "recognise",
            "model": str(self.out),
            "name": own.name,
            "devices": dict(zip(("clean", "noisy"), self.devices, strict=True)),
            "utterances": sizes(parts),
            "level": net.level,
            "symbols": len(net.symbols_),
            **run_facts(net),
            "metrics": own.summary(),
            "baseline": {rung.name: rung.summary() for rung in plain},
            "verdicts": [recognition_verdict(rung, own, net.seed) for rung in plain],
            "examples": [
                dict(zip(("sound", "said", "recognised"), row, strict=True)) for row in rows
            ],
            **ending._asdict(),
        }
        if net.teacher_ is not None:
            found["teacher"] = net.teacher_.evaluate(test.clean, test.texts)
            found["bridge_errors"] = net.bridge_errors(test.clean, test.frames)
        return found

    def show(self, result: dict[str, Any]) -> None:
        """Print the ladder, the verdicts, an utterance and where things lie."""
        show.out.print()
        count = counted(result["utterances"]["test"], "test utterance")
        show.recognitions(
            f"{self.path}, {self.devices[1]}: {count}, seed {result['seed']}",
            {**result["baseline"], result["name"]: result["metrics"]},
        )
        show.out.print()
        for sentence in (*result["verdicts"], *_of_teacher(result)):
            show.out.print(sentence, markup=False)
        show.out.print()
        show.facts("", {key: text or "(empty)" for key, text in result["examples"][0].items()})
        show.out.print()
        try_ = f"sestina predict {self.out} sound.wav"
        show.facts("", {"model": self.out, "report": result["report"], "try": try_})


def _of_teacher(result: dict[str, Any]) -> list[str]:
    """Return in a sentence how good the teacher is, if there is one."""
    if "teacher" not in result:
        return []
    return [f"The teacher, on the clean twins: WER {result['teacher']['wer']:.3f}."]


def _long_enough(parts: Sequence[Spoken], skip: int, level: str) -> tuple[list[Spoken], list[str]]:
    """Return parts without the utterances that have fewer steps than CTC needs, and a note of them.

    So short are some of those that one only nods to; the test part keeps them.

    Raises:
        DataError: None is left of a part.
    """
    kept = [
        long_enough(
            [-(-len(row) // skip) for row in part.frames],
            as_spoken_texts(part.texts, len(part)),
            level,
        )
        for part in parts
    ]
    if not all(kept):
        raise DataError(
            f"skip={skip} leaves all training or all validation utterances fewer steps than "
            f"{level}s; lower --skip, or check sounds and texts"
        )
    lost = sum(map(len, parts)) - sum(map(len, kept))
    note = f"left out {counted(lost, 'utterance')} with fewer steps than {level}s (--skip)"
    return [part.take(rows) for part, rows in zip(parts, kept, strict=True)], [note] * bool(lost)


def _doubts(train: Spoken, test: Spoken) -> list[str]:
    """Return what makes the test figures doubtful: texts seen in training, or too few."""
    found = []
    seen = len(set(test.texts) & set(train.texts))
    if seen:
        found.append(
            f"careful: train and test share {counted(seen, 'text')}, so the figures are too good"
        )
    if len(test) < FEW:
        found.append(f"careful: the test part is too small to prove anything (rows: {len(test)})")
    return found
