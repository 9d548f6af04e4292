"""Three utterances of a test part, as a recogniser's report shows them: sounds and levels.

Letters: T frames, M mel bands.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from sestina.audio.features import LogMel
from sestina.audio.filterbank import Frames
from sestina.audio.frames import unstacked
from sestina.audio.sound import Sound
from sestina.audio.twins import Spoken
from sestina.errors import DataWarning
from sestina.estimators.recognizer import BridgeRecognizer
from sestina.recognition.errors import character_errors

LONGEST = 15.0  # seconds of an utterance that are shown
RATE = 16_000  # samples a second of a sound that is played, at most
DECIBELS = 10 / np.log(10)  # of a natural logarithm of a power


@dataclass(frozen=True)
class Prompt:
    """One utterance.

    Attributes:
        rank: Where it stands among those of the test part.
        name: What it is called.
        said: What is said.
        heard: What was recognised.
        cer: Its character error rate.
        seconds: How long it lasts.
        sounds: Its first `LONGEST` seconds: "clean" and "noisy".
        levels: Their power in mel bands, in decibels, (T, M) each; "denoised", too, where the
            network tells it.
    """

    rank: str
    name: str
    said: str
    heard: str
    cer: float
    seconds: float
    sounds: dict[str, Sound]
    levels: dict[str, Frames]


def chosen_prompts(true: Sequence[str], put: Sequence[str]) -> dict[str, int]:
    """Return which utterances have the lowest, the middle and the highest character error rate.

    Of equal ones the first counts as the better. Of one utterance, or two, there are fewer.

    Args:
        true: What is said.
        put: What was recognised.
    """
    errors = character_errors(true, put)
    order = np.argsort(errors.all / np.maximum(errors.tokens, 1), kind="stable").tolist()
    places = {"Best": 0, "Worst": len(order) - 1, "Median": (len(order) - 1) // 2}
    kept = {place: rank for rank, place in reversed(places.items())}
    return {kept[place]: order[place] for place in sorted(kept)}


def prompts_of(
    net: BridgeRecognizer, test: Spoken, put: Sequence[str], maker: LogMel
) -> list[Prompt]:
    """Return the best, the median and the worst utterance of a test part.

    Args:
        net: The recogniser.
        test: The test part.
        put: What was recognised of it.
        maker: What made its features.

    Raises:
        DataError: A sound cannot be read any more.
    """
    plain = clone(maker).set_params(deltas=0, normalise=None, stack=1, skip=1)
    most = int(LONGEST * 1000 / maker.hop)
    found = []
    for rank, n in chosen_prompts(test.texts, put).items():
        sounds = _sounds(test, n)
        both = [
            DECIBELS * row[: len(test.frames[n])] for row in plain.transform([*sounds.values()])
        ]
        levels = dict(zip(sounds, both, strict=True))
        if net.network_.denoiser is not None:
            levels["denoised"] = _denoised(net, test.take([n]), levels["clean"])
        said, heard = test.texts[n], put[n]
        cer = character_errors([said], [heard]).rate
        found.append(
            Prompt(
                rank, test.called[n], said, heard, cer, sounds["noisy"].seconds,
                {side: _played(sound) for side, sound in sounds.items()},
                {side: frames[:most] for side, frames in levels.items()},
            )
        )  # fmt: skip
    return found


def _sounds(test: Spoken, n: int) -> dict[str, Sound]:
    """Return what both devices heard of an utterance."""
    with warnings.catch_warnings():  # that one is clipped was told when features were made of it
        warnings.simplefilter("ignore", DataWarning)
        return {"clean": test.near[n].sound(), "noisy": test.rows[n].sound()}


def _denoised(net: BridgeRecognizer, one: Spoken, clean: Frames) -> Frames:
    """Return what a network takes the clean levels of an utterance to be, (T, M).

    Args:
        net: The recogniser, of scaled features.
        one: The utterance.
        clean: Its clean levels, which say how its features were scaled: band by band, in line.
    """
    steps = net.denoised(one.frames)[0]
    bands = clean.shape[1]
    told = unstacked(steps, net.stack, net.skip, len(clean))[:, :bands]
    scaled = one.clean[0][:, :bands]
    spread = clean.std(axis=0) / np.maximum(scaled.std(axis=0), np.finfo(np.float32).tiny)
    found: Frames = clean.mean(axis=0) + spread * (told - scaled.mean(axis=0))
    return found


def _played(sound: Sound) -> Sound:
    """Return the beginning of a sound as it is played: not clipped, of no higher rate."""
    sound = sound.at(min(sound.rate, RATE))
    samples = sound.samples[: int(LONGEST * sound.rate)]
    return Sound(samples / max(1.0, float(np.abs(samples).max())), sound.rate)
