"""How good a recogniser is beside a baseline, and beside its teacher in the same noise."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.audio.filterbank import Frames
from sestina.audio.twins import Spoken
from sestina.estimators.recognising import error_figures
from sestina.estimators.recognizer import BridgeRecognizer
from sestina.inspect.bridge_report import bridge_name
from sestina.recognition.errors import gain_interval, word_errors

NEAREST = "text of the most similar training sound"
STRETCHED = 30  # steps that every sound is stretched to, to be compared with others


@dataclass(frozen=True)
class RecognitionRung:
    """One recogniser's showing on a noisy test part.

    Attributes:
        name: What it is.
        figures: "wer" and "cer" with intervals, and "words".
        true: What is said.
        put: What it wrote.
        parameters: Numbers it learned.
        seconds: Seconds it took to fit.
    """

    name: str
    figures: dict[str, Any]
    true: list[str]
    put: list[str]
    parameters: int
    seconds: float

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain JSON values."""
        more = {"parameters": self.parameters, "seconds": round(self.seconds, 3)}
        return {**self.figures, **more}


def climb_recognition(net: BridgeRecognizer, train: Spoken, test: Spoken) -> list[RecognitionRung]:
    """Return the rungs of the baseline, of the teacher in the noise if there is one, of a net."""
    started = time.perf_counter()
    put = nearest_texts(train.frames, train.texts, test.frames)
    seconds = time.perf_counter() - started
    numbers = STRETCHED * train.frames[0].shape[1] * len(train)
    plain = _rung(NEAREST, test, put, numbers, seconds, net.seed)
    nets = {bridge_name(net): net}
    if net.teacher_ is not None:
        nets = {"its teacher, who learnt clean sounds": net.teacher_, **nets}
    own = [
        _rung(name, test, one.predict(test.frames), one.n_parameters_, one.seconds_, net.seed)
        for name, one in nets.items()
    ]
    return [plain, *own]


def nearest_texts(
    known: Sequence[Frames], texts: Sequence[str], asked: Sequence[Frames]
) -> list[str]:
    """Return for each sound the text of the known one that is nearest when stretched alike.

    Args:
        known: N sounds, (T, D) each.
        texts: Theirs.
        asked: M sounds.
    """
    ours, theirs = (np.stack([stretched(row) for row in side]) for side in (known, asked))
    squares = (ours**2).sum(axis=1)
    nearest = [int((squares - 2 * ours @ row).argmin()) for row in theirs]
    return [texts[n] for n in nearest]


def stretched(row: Frames) -> NDArray[np.float64]:
    """Return a sound (T, D) at `STRETCHED` moments evenly apart, laid end to end."""
    at = np.linspace(0, len(row) - 1, STRETCHED).round().astype(int)
    steps: NDArray[np.float64] = row[at].astype(np.float64)
    return steps.ravel()


def recognition_verdict(base: RecognitionRung, own: RecognitionRung, seed: int) -> str:
    """Return in a sentence by how much fewer words a rung gets wrong than another."""
    before, after = (word_errors(rung.true, rung.put) for rung in (base, own))
    if not before.rate:
        return f"{base.name} makes no error on the test part."
    if after.rate == before.rate:
        return f"{own.name}: as many word errors as {base.name}."
    gain = 1 - after.rate / before.rate
    low, high = gain_interval(before, after, seed=seed)
    kind = "fewer" if gain >= 0 else "more"
    sure = "" if low > 0 or high < 0 else ", which may be chance"
    return (
        f"{own.name}: {abs(gain):.1%} {kind} word errors than {base.name} "
        f"(95 % interval of the gain {low:.1%} to {high:.1%}){sure}."
    )


def _rung(
    name: str, test: Spoken, put: list[str], parameters: int, seconds: float, seed: int
) -> RecognitionRung:
    figures = error_figures(test.texts, put, seed)
    return RecognitionRung(name, figures, test.texts, put, parameters, seconds)
