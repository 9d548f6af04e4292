"""SeriesClassifier: numeric sequences → labels."""

from __future__ import annotations

from dataclasses import dataclass

from sklearn.utils.validation import check_is_fitted

from sestina.config import EncoderOptions, SeriesOptions
from sestina.data.ragged import Ragged
from sestina.errors import OptionError, counted
from sestina.estimators.sample_stream import SampleStream
from sestina.estimators.step_stream import StepStream, looks_ahead, refuse
from sestina.estimators.windowed import WindowedClassifier
from sestina.nn.heads import Target
from sestina.nn.series import SeriesNetwork
from sestina.signals import Values


@dataclass(eq=False, repr=False, kw_only=True)
class SeriesClassifier(SeriesOptions, EncoderOptions, WindowedClassifier):
    """Classify numeric sequences: N arrays of T steps × C channels, T may vary (row C16).

    The options are those of `sestina.config`: `SeriesOptions`, `EncoderOptions` and
    `TrainingOptions`; the encoder "bag" is for texts only. Missing values (NaN) are refused unless
    `fill` says what to put there. Channels are scaled by what the training part shows. With
    `window` a series is cut up, the network learns each window by its series' label, and answers
    are the mean over a series' windows. The encoder "flatten" reads as many steps as the longest
    training series has; the end of a longer series is cut off, which `notes_` says of validation
    data and a `DataWarning` of new data.

    Attributes (after `fit`):
        n_features_in_: C.
        classes_: (K,) class labels.
        steps_: Steps of the longest window in training.
        scaling_: What is taken off each channel, and what it is divided by.
    """

    def stream(self) -> SampleStream:
        """Return a series' beginning: feed a sample, get P of each class by what has come, (K,).

        After the samples of a whole series, and after each of them, the probabilities are those
        that `predict_proba` gives for the series so far, to the bit.

        Raises:
            OptionError: The model looks ahead.
        """
        check_is_fitted(self, "network_")
        refuse(
            [
                *looks_ahead(self, "series"),
                (bool(self.filters), "its convolutions look at the steps that follow; train with "
                 "filters=()"),
                (self.fill == "linear", "fill='linear' needs the value behind a gap; train with "
                 "fill='forward'"),
            ]
        )  # fmt: skip
        cell = self.network_.encoder.cell
        steps = StepStream[Values](cell, lambda x: x, self._shares, self.pool)
        return SampleStream(steps, self.scaling_, self, self._tempered)

    def _cut_note(self, inputs: Ragged) -> str:
        cut = int((inputs.lengths > self.steps_).sum())
        if self.encoder != "flatten" or not cut:
            return ""
        return (
            f"cut {cut:,} of {counted(len(inputs), 'series', 'series')} to "
            f"{counted(self.steps_, 'step')}, the length of the longest in training; "
            "an encoder other than 'flatten' reads any length"
        )

    def _build(self, target: Target, fresh: bool) -> SeriesNetwork:
        if self.encoder == "bag":
            raise OptionError("encoder='bag' counts tokens, which series have not; use 'mean'")
        if self.encoder == "flatten" and self.filters:
            raise OptionError(
                "encoder='flatten' reads steps as they stand; leave filters out, or take 'lstm'"
            )
        return SeriesNetwork(self, self, target, self.n_features_in_, self.steps_)
