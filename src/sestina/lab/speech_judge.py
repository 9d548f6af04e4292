"""How recognisers of distant speech are judged: by word and character error rates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sestina.lab.compare import counts
from sestina.lab.experiment import Experiment
from sestina.lab.parts import LESS, QUICK, SPLIT_SEED
from sestina.lab.speech import SpeechFolder
from sestina.lab.teachers import shared_teacher
from sestina.recognition.errors import character_errors, word_errors

SHOWN = 3  # utterances


@dataclass
class SpeechJudge:
    """Judges what students write of distant speech (row F6).

    Attributes:
        quick: Whether a few utterances are enough; no baseline is asked then.
        sums: Of the clean utterances, by which teachers are told apart.
        baselines: The figures of the most similar training sound, once they are known.
    """

    quick: bool
    sums: tuple[str, ...] = ()
    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)

    def parted(self, experiment: Experiment, data: SpeechFolder, share: float) -> tuple[Any, str]:
        """Return train, dev and test as the experiment's device heard them, and how they came."""
        *three, said = data.twins(experiment.device).three(SPLIT_SEED, share)
        if self.quick:
            sizes = zip(three, QUICK.values(), strict=True)
            three = [part.take(range(min(len(part), most // LESS))) for part, most in sizes]
            said += "; a few utterances of each part only"
        self.sums = (*data.sums, str(self.quick))
        return tuple(three), f"{said}; heard by {experiment.device}"

    def fit(self, net: Any, used: Any) -> None:
        """Train the student, and its teacher first if no experiment before had the same one."""
        train, dev, _ = used
        teacher = shared_teacher(
            net,
            self.sums,
            lambda one: one.fit(
                None, train.clean, train.texts, validation=(None, dev.clean, dev.texts)
            ),
        )
        net.fit(
            train.clean, train.frames, train.texts, teacher=teacher,
            validation=(dev.clean, dev.frames, dev.texts),
        )  # fmt: skip

    def classes(self, used: Any) -> int:
        """Return 0: there are no classes."""
        return 0

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return the error rates of a student, its teacher's on clean twins, and a baseline's."""
        from sestina.estimators.recognising import error_figures
        from sestina.inspect.recognition_ladder import NEAREST, nearest_texts

        train, _, test = used
        if not self.quick and not self.baselines:  # no seed changes it
            put = nearest_texts(train.frames, train.texts, test.frames)
            self.baselines = {NEAREST: error_figures(test.texts, put, SPLIT_SEED)}
        put = net.predict(test.frames)
        pairs = list(zip(test.texts, put, strict=True))
        utterances = [str(n) for n in range(len(pairs))]  # seeds share them
        found = {
            "accuracy": None,
            "f1": None,
            "loss": None,
            **error_figures(test.texts, put, net.seed),
            "examples": [f"{said} → {written or '(nothing)'}" for said, written in pairs[:SHOWN]],
            "baselines": self.baselines,
            "counts": {
                name: counts(utterances, errors.all, errors.tokens)
                for name, errors in (
                    ("wer", word_errors(test.texts, put)),
                    ("cer", character_errors(test.texts, put)),
                )
            },
        }
        found["interval"] = found["wer_interval"]
        if net.teacher_ is not None:
            found["teacher_wer"] = net.teacher_.evaluate(test.clean, test.texts)["wer"]
        return found
