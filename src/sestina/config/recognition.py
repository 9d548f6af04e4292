"""Options of recognisers of speech: what they hear in a step, and how they learn it."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.config.networks import LearningOptions
from sestina.config.series import SignalOptions
from sestina.config.sounds import LogMelOptions
from sestina.options import as_in, option

ALIGNED_BY = ("clean",)


@dataclass(eq=False, repr=False, kw_only=True)
class RecognitionOptions:
    """What a recogniser reads of features, what it writes, and by what it learns."""

    level: str = option(
        "character",
        "Symbols of what is said: its characters, or what blanks part, its words (or phones, "
        "where it is written in them: AH B IY).",
        choices=("character", "word"),
    )
    scaling: str = as_in(SignalOptions, "scaling")
    stack: int = as_in(LogMelOptions, "stack", default=3)
    skip: int = as_in(LogMelOptions, "skip", default=3)
    planes: int | None = option(
        None,
        "Planes that the features of a frame lie in: 3 where bands are followed by their slopes "
        "and the slopes of these. None: one; of sestina train recognise, as deltas say.",
        least=1,
    )
    alignment: str | None = option(
        None,
        "Learn the symbol of each frame, where the teacher hears it in the clean sound, in place "
        "of CTC over all ways to place the symbols.",
        choices=ALIGNED_BY,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class WordsOptions:
    """A language model that is heard beside the sounds."""

    words: str | None = option(
        None, "Of a recogniser: a language model of words to hear, too; its folder."
    )
    word_weight: float = option(0.5, "Weight of its logarithms.", least=0, most=1000)
    word_bonus: float = option(
        0.5, "Added for each word, since a language model likes few.", least=-1000, most=1000
    )


@dataclass(eq=False, repr=False, kw_only=True)
class RecognitionTrainingOptions(LearningOptions):
    """How a recogniser is trained."""

    learning_rate: float = as_in(LearningOptions, "learning_rate", default=1e-3)
    batch_size: int = as_in(LearningOptions, "batch_size", default=16)
    epochs: int = as_in(LearningOptions, "epochs", default=60)
    patience: int | None = as_in(LearningOptions, "patience", default=8)
