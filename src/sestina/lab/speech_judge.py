"""How recognisers of distant speech are judged: by word and character error rates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sestina.data.split import held_out
from sestina.lab.compare import counts
from sestina.lab.experiment import Experiment
from sestina.lab.parts import FOLDS, LESS, QUICK, SPLIT_SEED, fold
from sestina.lab.speech import SpeechFolder
from sestina.lab.teachers import Teachers
from sestina.recognition.errors import character_errors, word_errors

SHOWN = 3  # utterances


Parts = tuple[Any, ...]  # `Spoken` each, which loads scikit-learn


@dataclass
class SpeechJudge:
    """Judges what students write of distant speech (row F6).

    Where the folder names no parts, each seed tests a fifth of the texts, five of them every one.

    Attributes:
        quick: Whether a few utterances are enough; no baseline is asked then.
        teachers: Those of the experiments before.
        whole: All utterances.
        share: Of the training part, to stop early by.
        learnt: Of which data, by which teachers are told apart.
        parts: Train, dev and test of the seed that is being run.
    """

    quick: bool
    teachers: Teachers = field(default_factory=Teachers)
    whole: Any = None
    share: float = 0.0
    learnt: tuple[str, ...] = ()
    parts: Parts = ()

    def parted(self, experiment: Experiment, data: SpeechFolder, share: float) -> tuple[Any, str]:
        """Return train, dev and test of the first seed as the device heard them, and how so."""
        self.whole, self.share = data.twins(experiment.device), share
        self.learnt = (data.digest, str(self.quick))
        said = self._draw(SPLIT_SEED)
        return self.parts, f"{said}; heard by {experiment.device}"

    def _draw(self, seed: int) -> str:
        """Draw the parts of a seed and return how they came about."""
        if self.whole.parts is not None:
            *three, said = self.whole.three(SPLIT_SEED, self.share)
        else:
            left, tested = fold(self.whole.texts, seed)
            rest = self.whole.take(left)
            kept, held = held_out(rest.texts, self.share, seed)
            three = [rest.take(kept), rest.take(held), self.whole.take(tested)]
            said = f"a fifth tested, by text (number {seed % FOLDS + 1}); dev drawn"
        if self.quick:
            sizes = zip(three, QUICK.values(), strict=True)
            three = [part.take(range(min(len(part), most // LESS))) for part, most in sizes]
            said += "; a few utterances of each part only"
        self.parts = tuple(three)
        return str(said)

    def fit(self, net: Any, used: Any) -> None:
        """Train the student, and its teacher first if no experiment before had the same one."""
        self._draw(net.seed)
        train, dev, _ = self.parts
        teacher = self.teachers.shared(
            net,
            (*self.learnt, *train.called, *train.texts, *dev.called, *dev.texts),
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

        train, _, test = self.parts
        plain = {}
        if not self.quick:
            nearest = nearest_texts(train.frames, train.texts, test.frames)
            plain[NEAREST] = error_figures(test.texts, nearest, SPLIT_SEED)
        put = net.predict(test.frames)
        pairs = list(zip(test.texts, put, strict=True))
        found = {
            "accuracy": None,
            "f1": None,
            "loss": None,
            **error_figures(test.texts, put, net.seed),
            "examples": [f"{said} → {written or '(nothing)'}" for said, written in pairs[:SHOWN]],
            "baselines": plain,
            "counts": {
                name: counts(test.called, errors.all, errors.tokens)
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
