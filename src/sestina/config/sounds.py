"""Options of sounds: what a network hears of them, and from how far."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.options import as_in, option

NORMALISED_BY = ("speaker", "utterance")
NOISES = ("mixed", "babble", "pink", "hum")
DELAYS = ("gcc-phat", "geometry")


@dataclass(eq=False, repr=False, kw_only=True)
class FrameOptions:
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


@dataclass(eq=False, repr=False, kw_only=True)
class LogMelOptions(FrameOptions):
    """How a sound becomes steps of features: frames, and how many of them make a step."""

    stack: int = option(1, "Frames side by side in one step.", least=1)
    skip: int = option(1, "Frames from one step to the next.", least=1)


@dataclass(eq=False, repr=False, kw_only=True)
class DistanceOptions:
    """The rooms, noises and microphones that speech is heard through; ranges are least, most."""

    rate: int = as_in(LogMelOptions, "rate")
    room_length: tuple[float, ...] = option((4.0, 8.0), "Range of lengths, in metres.", least=1)
    room_width: tuple[float, ...] = option((3.0, 6.0), "Range of widths, in metres.", least=1)
    room_height: tuple[float, ...] = option((2.5, 3.5), "Range of heights, in metres.", least=1.5)
    distance: tuple[float, ...] = option(
        (1.0, 3.0), "Range of distances from mouth to microphones, in metres.", least=0.2
    )
    rt60: tuple[float, ...] = option(
        (0.2, 0.6), "Range of seconds in which an echo fades by 60 dB.", least=0.05, most=3
    )
    snr: tuple[float, ...] = option(
        (5.0, 15.0), "Range of decibels by which speech is louder than noise.", least=-40, most=80
    )
    noise: str = option(
        "mixed", "Noise: others who talk, or what always sounds; mixed draws.", choices=NOISES
    )
    talkers: int = option(3, "People who talk at once where the noise is babble.", least=1)
    microphones: int = option(4, "Microphones on a circle, the first of which is SDM.", least=1)
    radius: float = option(0.1, "Radius of their circle, in metres.", least=0.005, most=0.5)
    delays: str = option(
        "gcc-phat",
        "How the beam finds by how much microphones lag: in the sounds, or told by the geometry.",
        choices=DELAYS,
    )
