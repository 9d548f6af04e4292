"""Options of networks that foretell how a series goes on, and of the tables they read."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.config.networks import POOLS, VECTOR_READERS, EncoderOptions, LearningOptions
from sestina.options import as_in, option


@dataclass(eq=False, repr=False, kw_only=True)
class TimelineOptions:
    """Which columns of a table are the time, the values, the series' name, what is known ahead."""

    time: str | None = option(None, "Column of the time; the first where not named.")
    values: str | None = option(
        None, "Columns to foretell, parted by commas; all other columns of numbers by default."
    )
    id: str | None = option(None, "Column that tells several series apart.")
    covariates: str | None = option(
        None, "Columns known ahead, parted by commas, such as holidays or prices."
    )
    calendar: bool = option(
        False, "Let the place in the year, in the week and in the day be known ahead, too."
    )
    fill: str | None = option(
        None,
        "Fill missing values with the one before, or on a line between those beside.",
        choices=("forward", "linear"),
    )


@dataclass(eq=False, repr=False, kw_only=True)
class ForecastOptions(EncoderOptions):
    """How the past of a series becomes a forecast."""

    horizon: int = option(12, "Steps ahead that are foretold.", least=1)
    context: int | None = option(
        None, "Steps of the past that are read; none: twice the horizon or the season.", least=1
    )
    season: int = option(
        1,
        "Steps after which the series repeats itself, such as 12 months; 1: it does not.",
        least=1,
    )
    quantiles: tuple[float, ...] = option(
        (), "Quantiles to foretell, such as 0.1,0.5,0.9; none: one value.", least=0.001, most=0.999
    )
    loss: str = option(
        "absolute",
        "Of a forecast of one value: the median has the least absolute error, the mean the least "
        "squared one.",
        choices=("absolute", "squared"),
    )
    scaling: str | None = option(
        "standard",
        "By what values are scaled: standard and mean-absolute by the steps that are read, where "
        "levels move; training by the whole training part, where they stay.",
        choices=("standard", "mean-absolute", "training"),
    )
    differences: bool = option(
        True, "Foretell the difference from the value a season before, or from the last one."
    )
    linear: bool = option(
        True, "Add a linear forecast of each variable from its own past (LSTNet's)."
    )
    encoder: str = option("gru", "What reads the past.", choices=VECTOR_READERS)
    pool: str = option("last", "Recurrent states that are kept.", choices=POOLS)
    widths: tuple[int, ...] = as_in(EncoderOptions, "widths", help="Widths of the convolutions.")


@dataclass(eq=False, repr=False, kw_only=True)
class ForecastTrainingOptions(LearningOptions):
    """How a forecaster is trained: many passes over few windows."""

    learning_rate: float = as_in(LearningOptions, "learning_rate", default=3e-3)
    batch_size: int = as_in(LearningOptions, "batch_size", default=32)
    epochs: int = as_in(LearningOptions, "epochs", default=100)
    patience: int | None = as_in(LearningOptions, "patience", default=10)
    validation_fraction: float = as_in(
        LearningOptions,
        "validation_fraction",
        help="Share of each series' steps, the last ones, held out for early stopping; the horizon "
        "at least.",
    )
    refit: bool = option(
        False,
        "Then train once more on all steps, the held-out ones too, for the epochs that were best.",
    )
