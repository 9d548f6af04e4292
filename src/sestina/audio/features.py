"""Sounds → sequences of features, as scikit-learn's transformers have it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sklearn.base import BaseEstimator, TransformerMixin

from sestina.audio.filterbank import Frames, log_mel
from sestina.audio.frames import scaled_together, stacked, with_slopes
from sestina.audio.sound import Sound, refuse_infinite
from sestina.config import LogMelOptions, check
from sestina.errors import DataError, counted


@dataclass(eq=False, repr=False, kw_only=True)
class LogMel(LogMelOptions, TransformerMixin, BaseEstimator):
    """Turn sounds into log-mel features: Kaldi's filterbanks, slopes, scaling, stacking.

    Nothing is learnt: `fit` checks the options, and speakers are scaled by what `transform` is
    given of them.

    Example:
        >>> import numpy as np
        >>> from sestina.audio.features import LogMel
        >>> from sestina.audio.sound import Sound
        >>> noise = np.random.default_rng(0).normal(scale=0.1, size=8000).astype(np.float32)
        >>> LogMel(bands=23, stack=3, skip=3).fit_transform([Sound(noise, 8000)])[0].shape
        (33, 207)
    """

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn that there is nothing to fit."""
        return True

    @property
    def n_features(self) -> int:
        """Features of a step: bands, slopes, frames side by side."""
        return self.bands * (1 + self.deltas) * self.stack

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Check the options.

        Raises:
            OptionError: One makes no sense.
        """
        check(self)
        return self

    def transform(
        self,
        X: Iterable[Sound],
        speakers: Sequence[Hashable] | None = None,
        names: Sequence[str] | None = None,
    ) -> list[Frames]:
        """Return the features of N sounds, (T_n, `n_features`) each, float32.

        Args:
            X: N sounds, which are taken one after the other.
            speakers: Who speaks in each; without it all are taken for one.
            names: What messages call each; its place by default.

        Raises:
            DataError: A sound is shorter than a frame or holds a NaN, or there is not a speaker,
                or a name, for each.
            OptionError: An option makes no sense.
        """
        check(self)
        rows = [self._frames(sound, name) for sound, name in _named(X, names)]
        if self.normalise is not None:
            owners: Sequence[Hashable] = [None] * len(rows) if speakers is None else speakers
            if self.normalise == "utterance":
                owners = range(len(rows))
            rows = scaled_together(rows, owners)
        return [stacked(row, self.stack, self.skip) for row in rows]

    def _frames(self, sound: Sound, name: str) -> Frames:
        """Return bands and slopes of one sound."""
        if not isinstance(sound, Sound):
            raise DataError(
                f"{name} is a {type(sound).__name__}; expected a Sound: samples and their rate"
            )
        refuse_infinite(sound.samples, name)
        try:
            found = log_mel(
                sound.at(self.rate).samples, self.rate, bands=self.bands, frame=self.frame,
                hop=self.hop, preemphasis=self.preemphasis, low=self.low, high=self.high,
            )  # fmt: skip
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
        return with_slopes(found, self.deltas)


def _named(sounds: Iterable[Sound], names: Sequence[str] | None) -> Iterator[tuple[Sound, str]]:
    """Yield sounds one after the other, each with what messages call it.

    Raises:
        DataError: There is not a name for each.
    """
    count = 0
    for count, sound in enumerate(sounds, 1):
        if names is not None and count > len(names):
            raise DataError(f"more sounds came than {counted(len(names), 'name')}; give one each")
        yield sound, f"item {count - 1}" if names is None else names[count - 1]
    if names is not None and count < len(names):
        raise DataError(
            f"{counted(len(names), 'name')} came for {counted(count, 'sound')}; give one each"
        )
