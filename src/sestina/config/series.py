"""Options of numeric sequences: how files are read, what is done to values, what reads them."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.config.texts import ReadingOptions
from sestina.options import as_in, option

SCALINGS = ("standard", "robust", "range", "none")
FILLS = ("forward", "linear", "value")


@dataclass(eq=False, repr=False, kw_only=True)
class RecordingOptions:
    """Which columns of a table, or arrays of a file, hold what of recordings."""

    id: str | None = option(None, "Column that tells recordings apart; guessed where it is plain.")
    time: str | None = option(None, "Column by which steps are put in order; guessed likewise.")
    channels: str | None = option(
        None, "Columns of the channels, parted by commas; all others where not named."
    )
    group: str | None = option(
        None,
        "Column, or array, of what stays in one part, as the person; subject and group are taken "
        "for it.",
    )


@dataclass(eq=False, repr=False, kw_only=True)
class SeriesReadingOptions(RecordingOptions):
    """How a file or folder of recordings is read."""

    label: str | None = as_in(ReadingOptions, "label")
    split: str | None = as_in(ReadingOptions, "split")
    encoding: str = as_in(ReadingOptions, "encoding")
    header: bool = as_in(ReadingOptions, "header")


@dataclass(eq=False, repr=False, kw_only=True)
class SignalOptions:
    """What is done to the values of numeric sequences before a network reads them."""

    scaling: str = option(
        "standard",
        "Scale each channel by what the training part shows: mean and deviation; robust, median "
        "and quartiles; range, least to 0 and largest to 1.",
        choices=SCALINGS,
    )
    fill: str | None = option(
        None,
        "Fill missing values with the one before, on a line between both neighbours, or with "
        "fill_value; otherwise they are refused.",
        choices=FILLS,
    )
    fill_value: float = option(
        0.0, "What fill=value puts in, and fill=forward where nothing stands before."
    )
    window: int | None = option(
        None, "Cut into windows of so many steps; answers are the mean over them.", least=1
    )
    overlap: float = option(
        0.5, "Share of a window that the next one reads again.", least=0.0, most=0.99
    )


@dataclass(eq=False, repr=False, kw_only=True)
class ConvolutionOptions:
    """Convolutions that stand before what reads the sequence."""

    filters: tuple[int, ...] = option(
        (), "Filters of each convolution before the encoder; none: no such.", least=1
    )
    filter_width: int = option(5, "Steps that such a convolution sees.", least=1)
    filter_pool: int = option(
        2, "Steps of which each such convolution keeps the largest value.", least=1
    )


@dataclass(eq=False, repr=False, kw_only=True)
class SeriesOptions(SignalOptions, ConvolutionOptions):
    """What `SeriesClassifier` has beside the options of every classifier."""
