"""Options of sounds: what a network hears of them."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.options import option

NORMALISED_BY = ("speaker", "utterance")


@dataclass(eq=False, repr=False, kw_only=True)
class LogMelOptions:
    """How a sound becomes frames of features."""

    rate: int = option(8000, "Samples a second; sounds of other rates are resampled.", least=1000)
    bands: int = option(40, "Mel bands.", least=1)
    frame: float = option(25.0, "Length of a frame in milliseconds.", least=1)
    hop: float = option(10.0, "Milliseconds from one frame to the next.", least=1)
    preemphasis: float = option(
        0.97, "Share of the sample before that is taken off each one.", least=0, most=1
    )
    low: float = option(20.0, "Lowest frequency, in Hz.", least=0)
    high: float | None = option(None, "Highest frequency, in Hz; half the rate by default.")
    deltas: int = option(
        2, "1: with the slopes of each band; 2: with the slopes of these, too.", least=0, most=2
    )
    normalise: str | None = option(
        "speaker",
        "Take off the mean, and divide by the deviation, of each feature over all frames of a "
        "speaker, or of an utterance.",
        choices=NORMALISED_BY,
    )
    stack: int = option(1, "Frames side by side in one step.", least=1)
    skip: int = option(1, "Frames from one step to the next.", least=1)
