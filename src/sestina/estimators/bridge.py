"""BridgeClassifier: a student of noisy series, taught by one who saw their clean twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sestina.config import BridgeOptions
from sestina.data.ragged import Ragged, sorted_batches
from sestina.errors import DataError, OptionError, counted
from sestina.estimators.base import PREDICT_BATCH, Batch
from sestina.estimators.trained import weights_digest
from sestina.estimators.windowed import WindowedClassifier
from sestina.nn.bridged import BridgedNetwork, Heard
from sestina.nn.heads import Target
from sestina.shapes import as_series
from sestina.signals import Scaling, Values

BRIDGES = ("kd", "dr", "lstm3")


@dataclass(eq=False, repr=False, kw_only=True)
class BridgeClassifier(BridgeOptions, WindowedClassifier):
    """Classify noisy numeric sequences, taught by a network that saw clean ones (rows F1–F5).

    The options are those of `sestina.config`: `BridgeOptions`, `SignalOptions` and
    `TrainingOptions`. A recursive network (`sestina.nn.bridge`) says at each step which class it
    hears, and reads that again `recursions` times; its logits are averaged over the steps. The
    student's loss is (1 − kd) · its own + kd · cross-entropy to the teacher's answers + dr · error
    of the dimension reduction + lstm3 · error of the LSTM layer that follows, all at the last
    recursion. With all three 0 there is no teacher. Source: Kim, El-Khamy and Lee (2017),
    arXiv 1710.10224.

    Attributes (after `fit`):
        n_features_in_: C.
        teacher_: The fitted teacher; None without bridges. It is not saved with the model.

    Example:
        >>> import numpy as np
        >>> from sestina import BridgeClassifier
        >>> rng = np.random.default_rng(0)
        >>> labels = np.arange(40) % 2
        >>> clean = np.where(labels, 1.0, -1.0)[:, None, None] * np.ones((40, 12, 2))
        >>> noisy = clean + rng.normal(size=clean.shape)
        >>> net = BridgeClassifier(hidden=8, reduced=8, filters=(4,), epochs=8, learning_rate=0.02)
        >>> net.fit(clean, noisy, labels).score(noisy, labels)
        1.0
    """

    def fit(  # type: ignore[override]  # its data are pairs, and labels come third
        self,
        clean: Any,
        noisy: Any,
        labels: Any,
        *,
        teacher: Self | None = None,
        groups: Sequence[Any] | None = None,
        validation: tuple[Any, Any, Any] | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on N noisy sequences, their clean twins and their labels.

        Args:
            clean: N sequences (T, C); None where there is no bridge and denoise is 0.
            noisy: Their twins of as many steps, step by step the same moments.
            labels: N labels.
            teacher: A fitted one of the same sub-blocks; by default one is trained on `clean`
                first, with the same options, and held out the same.
            groups: N persons, places, …, none of which is in both training and validation part.
            validation: Clean and noisy sequences and labels for early stopping; by default
                ``validation_fraction`` is held out.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from that checkpoint, where there is one.

        Raises:
            SestinaError: The data, an option, the teacher or the checkpoint cannot be used, or
                training failed; `Trained` says which error is which.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        self._begin()
        self._check()
        pairs = self._pairs_of(clean, noisy)
        held = None
        if validation is not None:
            held = (self._pairs_of(*_three(validation)[:2]), validation[2])
        self.teacher_ = teacher
        if self.bridged and teacher is None:
            side = None if validation is None else (validation[0], validation[2])
            own = None if checkpoint is None else Path(checkpoint) / "teacher"
            self.teacher_ = self._taught(clean, labels, groups, side, own, resume)
        if self.teacher_ is not None:
            self._check_teacher(self.teacher_, labels)
        return super().fit(
            pairs, labels, groups=groups, validation=held, checkpoint=checkpoint, resume=resume
        )

    @property
    def bridged(self) -> bool:
        """Whether a teacher is asked for."""
        return any(getattr(self, name) for name in BRIDGES)

    @property
    def paired(self) -> bool:
        """Whether training needs clean twins."""
        return self.bridged or self.denoise > 0

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class of noisy sequences, (N, K).

        Raises:
            DataError: X has other channels, or a value is missing and the model fills none.
        """
        check_is_fitted(self, "network_")
        rows = as_series(X, gaps=self.fill is not None)
        self._check_channels(rows[0].shape[1])
        return super().predict_proba(rows)

    def denoised(self, X: Any) -> list[Values]:
        """Return what the network takes clean values of noisy sequences to be, (T, C) each.

        Raises:
            OptionError: It was trained with ``denoise=0``.
        """
        check_is_fitted(self, "network_")
        if self.network_.denoiser is None:
            raise OptionError("denoise=0 trains no output for clean values; set denoise=1")
        inputs = self._encode(as_series(X))
        out: list[Any] = [None] * len(inputs)
        with torch.inference_mode():
            for rows in sorted_batches(inputs.lengths, PREDICT_BATCH):
                x, lengths = self._tensors(inputs, rows)
                found = self.network_.denoised(x, lengths).numpy()
                for row, values, length in zip(rows, found, lengths.tolist(), strict=True):
                    out[row] = self._clean_scaling.undone(values[:length])
        return out

    def bridge_errors(self, clean: Any, noisy: Any) -> dict[str, float]:
        """Return the error of each bridge on N pairs, by the mean over steps and units.

        Raises:
            OptionError: There is no teacher, as in a loaded model.
        """
        check_is_fitted(self, "network_")
        if getattr(self, "teacher_", None) is None:
            raise OptionError("there is no teacher: it is known after fit with bridges only")
        pieces, _ = self.cut(self._pairs_of(clean, noisy))
        return self._errors(self._encode(pieces))

    # How a fit goes, step by step.

    def _check(self) -> None:
        if self.filter_width % 2 == 0:
            raise OptionError(f"filter_width={self.filter_width} is even; take an odd number")

    def _pairs_of(self, clean: Any, noisy: Any) -> list[Values]:
        """Return noisy channels, and behind them the clean ones if they are needed, (T, 2C)."""
        gaps = self.fill is not None
        rows = as_series(noisy, gaps)
        if not self.paired:
            return rows
        if clean is None:
            raise DataError(
                "clean=None came; bridges and denoising need the clean twin of every sequence (or "
                "set kd=0, dr=0, lstm3=0 and denoise=0)"
            )
        twins = as_series(clean, gaps)
        if len(twins) != len(rows):
            raise DataError(
                f"{counted(len(twins), 'clean sequence')} came with "
                f"{counted(len(rows), 'noisy one')}; expected one each"
            )
        for n, (one, other) in enumerate(zip(twins, rows, strict=True)):
            if one.shape != other.shape:
                raise DataError(
                    f"sequence {n} is {one.shape} clean and {other.shape} noisy; twins have the "
                    "same steps and channels"
                )
        return [np.concatenate(both, axis=1) for both in zip(rows, twins, strict=True)]

    def _taught(
        self, clean: Any, labels: Any, groups: Any, validation: Any, checkpoint: Any, resume: bool
    ) -> Self:
        """Return a teacher trained on clean sequences."""
        teacher: Self = clone(self).set_params(
            kd=0.0, dr=0.0, lstm3=0.0, denoise=0.0, calibrate=False
        )
        held = None if validation is None else (None, *validation)
        return teacher.fit(
            None, clean, labels, groups=groups, validation=held, checkpoint=checkpoint,
            resume=resume,
        )  # fmt: skip

    def _check_teacher(self, teacher: Self, labels: Any) -> None:
        check_is_fitted(teacher, "network_")
        theirs = teacher.classes_.tolist()
        unknown = sorted({str(label) for label in labels} - set(map(str, theirs)))
        if unknown:
            raise DataError(
                f"the teacher does not know the label {unknown[0]!r}; it was trained with "
                f"{', '.join(map(str, theirs))}"
            )
        for name in ("reduced", "hidden", "blocks"):
            ours, other = getattr(self, name), getattr(teacher, name)
            if ours != other:
                raise OptionError(
                    f"{name}={ours!r} of the student and {other!r} of the teacher; bridges join "
                    "layers of equal width, so give both the same"
                )

    def _learn(self, X: Sequence[Values]) -> Ragged:
        width = X[0].shape[1]
        self.n_features_in_ = width // 2 if self.paired else width
        self.steps_ = max(map(len, X))
        own = [row[:, : self.n_features_in_] for row in X]
        self.scaling_ = Scaling.fitted(own, self.scaling)
        self._clean_scaling = self.scaling_
        if self.teacher_ is not None:
            self._clean_scaling = self.teacher_.scaling_
        elif self.paired:
            clean = [row[:, self.n_features_in_ :] for row in X]
            self._clean_scaling = Scaling.fitted(clean, self.scaling)
        return self._encode(X)

    def _encode(self, X: Sequence[Values]) -> Ragged:
        """Return sequences (T, C), or pairs (T, 2C), scaled."""
        channels = self.n_features_in_
        width = X[0].shape[1]
        if not (self.paired and width == 2 * channels):
            self._check_channels(width)
        ragged = Ragged.of(X, np.empty((0, width), np.float32))
        values = self.scaling_.apply(ragged.values[:, :channels])
        if width > channels:
            twin = self._clean_scaling.apply(ragged.values[:, channels:])
            values = np.concatenate([values, twin], axis=1)
        return Ragged(values, ragged.offsets)

    def _check_channels(self, width: int) -> None:
        if width != self.n_features_in_:
            raise DataError(
                f"the sequences have {counted(width, 'feature')}, those of the training had "
                f"{self.n_features_in_}"
            )

    def _build(self, target: Target, fresh: bool) -> BridgedNetwork:
        if target.multi_label:
            raise DataError(
                "several labels a sequence came; what is fed back is one class a step, so give one "
                "label each"
            )
        return BridgedNetwork(self, self.n_features_in_, target.classes)

    def _loss(self, target: Target, per_class: Tensor | None, batch: Batch) -> Tensor:
        """Return the student's loss; where no clean channels came, that of its own answers."""
        x, lengths, wanted = batch
        channels = self.n_features_in_
        heard = self.network_.heard(x[:, :, :channels], lengths)
        total = target.loss(heard.logits, wanted, per_class)
        if x.shape[2] == channels:
            return total
        if self.teacher_ is not None:
            errors = self._errors_of(self.teacher_, heard, x)
            total = (1.0 - self.kd) * total
            for name in BRIDGES:
                total = total + getattr(self, name) * errors[name]
        if self.denoise:
            total = total + self.denoise * heard.clean_error(x[:, :, channels:])
        return total

    def _validated(self, target: Target, inputs: Ragged, codes: NDArray[Any]) -> dict[str, float]:
        """Return loss, accuracy and the bridges' errors of the network as it stands."""
        found = super()._validated(target, inputs, codes)
        if self.teacher_ is None or inputs.values.shape[1] == self.n_features_in_:
            return found
        return found | {f"{name}_error": error for name, error in self._errors(inputs).items()}

    def _errors_of(self, teacher: Self, heard: Heard, x: Tensor) -> dict[str, Tensor]:
        """Return the bridges' errors of a batch, whose clean channels stand behind the noisy."""
        with torch.no_grad():
            told = teacher.network_.heard(x[:, :, self.n_features_in_ :], heard.lengths)
        return heard.errors(told)

    def _errors(self, inputs: Ragged) -> dict[str, float]:
        """Return the bridges' errors of pairs (T, 2C), by the mean over them."""
        assert self.teacher_ is not None
        totals = dict.fromkeys(BRIDGES, 0.0)
        with torch.inference_mode():
            for rows in sorted_batches(inputs.lengths, PREDICT_BATCH):
                x, lengths = self._tensors(inputs, rows)
                heard = self.network_.heard(x[:, :, : self.n_features_in_], lengths)
                errors = self._errors_of(self.teacher_, heard, x)
                for name in BRIDGES:
                    totals[name] += float(errors[name]) * len(rows)
        return {name: total / len(inputs) for name, total in totals.items()}

    def _identity(self, inputs: Ragged, codes: NDArray[Any], dev: Any) -> dict[str, Any]:
        found = super()._identity(inputs, codes, dev)
        if self.teacher_ is not None:
            found["teacher"] = weights_digest(self.teacher_.network_)
        return found

    def reading(self) -> str:
        """Return in words what the network reads, how often, and who taught it."""
        times = f", said again {counted(self.recursions, 'time')}" if self.recursions else ""
        return super().reading() + times

    def _state(self) -> dict[str, Any]:
        return super()._state() | {"clean": self._clean_scaling.state()}

    def _restore(self, state: dict[str, Any], files: dict[str, str]) -> None:
        super()._restore(state, files)
        self.teacher_ = None
        self._clean_scaling = Scaling.restored(state["clean"], self.n_features_in_)


def _three(validation: Any) -> tuple[Any, Any, Any]:
    if not (isinstance(validation, tuple) and len(validation) == 3):
        raise DataError("validation is not a triple; give a tuple of clean, noisy, labels")
    return validation
