"""Options of networks whose answers are fed back, and of what a teacher tells them (section F)."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.options import option

BLOCKS = ("recursive", "feed-forward")


@dataclass(eq=False, repr=False, kw_only=True)
class RecursiveOptions:
    """The sub-blocks of a recursive network."""

    blocks: str = option(
        "recursive",
        "Convolutions and LSTM layers whose answers are fed back; or a feed-forward network that "
        "sees a few steps, to compare with.",
        choices=BLOCKS,
    )
    recursions: int = option(0, "How often what is said of each step is fed back.", least=0)
    hidden: int = option(48, "Units of every LSTM layer.", least=1)
    reduced: int = option(48, "Values of a step after dimension reduction.", least=1)
    layers: int = option(2, "LSTM layers behind it.", least=1)
    feedback_layers: int = option(2, "LSTM layers over what is fed back.", least=1)
    filters: tuple[int, ...] = option((16, 16), "Filters of each convolution.", least=1)
    filter_width: int = option(5, "Steps and bands that a convolution sees; odd.", least=1)
    band_pool: int = option(
        1, "Bands of which the first convolution keeps the largest value.", least=1
    )
    dropout: float = option(
        0.3, "Share of units dropped after the reduction and before the output.", least=0.0,
        most=0.95,
    )  # fmt: skip


@dataclass(eq=False, repr=False, kw_only=True)
class BridgeOptions(RecursiveOptions):
    """Bridges from a teacher to a student: the weight of each error in the student's loss."""

    kd: float = option(
        0.5,
        "Share of the loss that asks for the teacher's answers, in place of the labels.",
        least=0.0,
        most=1.0,
    )
    dr: float = option(
        1.0, "Weight of the bridge between the layers of dimension reduction.", least=0.0
    )
    lstm3: float = option(
        1.0, "Weight of the bridge between the LSTM layers that follow them.", least=0.0
    )
    denoise: float = option(
        0.0, "Weight of a second task instead: to tell the clean values of each step.", least=0.0
    )


@dataclass(eq=False, repr=False, kw_only=True)
class DegradationOptions:
    """How bad the noisy twins of clean series are, where none are given."""

    noise_db: float = option(
        -5.0,
        "Signal over noise in decibels: at −5 noise is 1.8 times the signal's deviation.",
        least=-100.0,
        most=300.0,
    )
    lost: float = option(
        0.5,
        "Share of samples lost; the last that came stands in their place.",
        least=0.0,
        most=0.99,
    )
    gain: float = option(
        0.5, "Deviation of the logarithm of each channel's gain, drawn once a series.", least=0.0,
        most=5.0,
    )  # fmt: skip
