"""What students share: twins of sequences, a teacher, the loss with bridges, clean values told."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sestina.checkpoint import epochs_done
from sestina.config import BridgeOptions
from sestina.data.ragged import Ragged, sorted_batches
from sestina.errors import DataError, OptionError, counted
from sestina.estimators.trained import Trained, weights_digest
from sestina.nn.bridge import BRIDGES
from sestina.nn.bridged import Heard
from sestina.progress import announce
from sestina.shapes import as_series
from sestina.signals import Scaling, Values
from sestina.store import TEACHER

BATCH = 256  # sequences that are read together where nothing is learnt
TOLD = 1 << 29  # bytes that all a teacher says may take; more is said anew in every epoch


@dataclass(eq=False, repr=False, kw_only=True)
class Student(BridgeOptions, Trained):
    """Base of the estimators of noisy sequences that a teacher of clean ones may teach.

    Inputs are ragged steps of C noisy channels, and of C clean ones behind them where training
    needs both; behind those, what the teacher makes of the clean ones, which is the same in every
    epoch. The network has `inputs`, C, and `heard` (`sestina.nn.bridged`).
    """

    _alone: ClassVar[dict[str, Any]] = {"kd": 0.0, "dr": 0.0, "lstm3": 0.0, "denoise": 0.0}
    _joined: ClassVar[tuple[str, ...]] = ("reduced", "hidden", "blocks")  # as the teacher has them

    @abstractmethod
    def _paired_inputs(self, pairs: list[Values]) -> Ragged:
        """Return what `_pairs_of` returned as the fitted network reads it."""

    @abstractmethod
    def _answers(self) -> list[Any]:
        """Return what a fitted network can say."""

    @abstractmethod
    def _noisy_inputs(self, X: Any) -> Ragged:
        """Return noisy sequences as the fitted network reads them."""

    @property
    def bridged(self) -> bool:
        """Whether a bridge asks for a teacher."""
        return any(getattr(self, name) for name in BRIDGES)

    @property
    def paired(self) -> bool:
        """Whether training needs clean twins."""
        return self.bridged or self.denoise > 0

    @property
    def wants_teacher(self) -> bool:
        """Whether anything asks for a teacher."""
        return self.bridged

    def untaught(self) -> Self:
        """Return an unfitted estimator of the same options that learns without a teacher."""
        alone: Any = clone(self).set_params(**self._alone)
        found: Self = alone
        return found

    def denoised(self, X: Any) -> list[Values]:
        """Return what the network takes clean values of noisy sequences to be, (T, C) each.

        Raises:
            OptionError: It was trained with ``denoise=0``.
        """
        check_is_fitted(self, "network_")
        if self.network_.denoiser is None:
            raise OptionError("denoise=0 trains no output for clean values; set denoise=1")
        inputs = self._noisy_inputs(X)
        out: list[Any] = [None] * len(inputs)
        with torch.inference_mode():
            for rows in sorted_batches(inputs.lengths, BATCH):
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
        return self._errors(self._paired_inputs(self._pairs_of(clean, noisy)))

    # How a fit goes, step by step.

    def _check_blocks(self) -> None:
        """Raise where the sub-blocks that are asked for cannot be.

        Raises:
            OptionError: They cannot.
        """
        if self.filter_width % 2 == 0:
            raise OptionError(f"filter_width={self.filter_width} is even; take an odd number")
        if self.recursions and self.blocks != "recursive":
            raise OptionError(
                f"recursions={self.recursions} came with blocks={self.blocks!r}, which feeds "
                "nothing back; set recursions=0, or blocks='recursive'"
            )

    @property
    def _gaps(self) -> bool:
        """Whether NaN may stand for a missing value."""
        return False

    def _pairs_of(self, clean: Any, noisy: Any) -> list[Values]:
        """Return noisy channels, and behind them the clean ones if they are needed, (T, 2C).

        Raises:
            DataError: They are no sequences, or no twins, or one is empty.
        """
        rows = as_series(noisy, self._gaps)
        if not self.paired:
            return rows
        if clean is None:
            wish = [name for name, value in self._alone.items() if getattr(self, name) != value]
            none = ", ".join(f"{name}={self._alone[name]}" for name in wish)
            raise DataError(
                f"clean=None came; for {', '.join(wish)} the clean twin of every sequence is "
                f"needed: give them, or set {none}"
            )
        twins = as_series(clean, self._gaps)
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
            if not len(one):
                raise DataError(f"sequence {n} is empty: it has no step to learn by; leave it out")
        return [np.concatenate(both, axis=1) for both in zip(rows, twins, strict=True)]

    def _taught(
        self, clean: Any, labels: Any, validation: Any, checkpoint: str | Path | None,
        resume: bool, **how: Any,
    ) -> Self:  # fmt: skip
        """Return a teacher of the same options, trained on clean sequences without one.

        Args:
            clean: The sequences.
            labels: Theirs.
            validation: As `fit` has it, or None.
            checkpoint: The student's folder; the teacher's is in it.
            resume: Go on from both.
            **how: What else `fit` takes.
        """
        teacher: Any = self.untaught()
        held = None if validation is None else (None, validation[0], validation[2])
        own = None if checkpoint is None else Path(checkpoint) / TEACHER
        if checkpoint is not None and own is not None and resume and epochs_done(Path(checkpoint)):
            # a student that has begun goes on with the teacher it began with, also for more epochs
            teacher.set_params(epochs=epochs_done(own) or self.epochs)
        announce(self.verbose, "first its teacher learns, of clean sequences")
        taught: Self = teacher.fit(
            None, clean, labels, validation=held, checkpoint=own, resume=resume, **how
        )
        announce(self.verbose, "now the student, of noisy ones")
        return taught

    def _take_teacher(self, teacher: Any) -> None:
        """Take a fitted teacher, or None."""
        self.teacher_: Any = teacher

    def _check_teacher(self, teacher: Any, pairs: Sequence[Values], labels: Sequence[Any]) -> None:
        """Raise where a teacher cannot teach.

        Args:
            teacher: A fitted one.
            pairs: As `_pairs_of` returns them.
            labels: What is to be said.

        Raises:
            DataError: It does not know all of it, or learnt of other channels.
            OptionError: It is of another kind, or an option that both must share is another.
            NotFittedError: It has learnt nothing yet.
        """
        _refuse_other(teacher, type(self))
        check_is_fitted(teacher, "network_")
        for name in self._joined:  # first: of another level, its answers are no labels here
            ours, other = getattr(self, name), getattr(teacher, name)
            if ours != other:
                raise OptionError(
                    f"{name}={ours!r} of the student and {other!r} of the teacher; a teacher gives "
                    "the same answers, over the same steps, by layers of the same width, so give "
                    "both the same"
                )
        known = [answer for answer in map(str, teacher._answers()) if answer]
        unknown = sorted({str(label) for label in labels} - {"", *known})
        if unknown:
            raise DataError(
                f"the teacher does not know the label {unknown[0]!r}; it was trained with "
                f"{', '.join(known)}"
            )
        channels = pairs[0].shape[1] // (1 + self.paired)
        if channels != teacher.n_features_in_:
            raise DataError(
                f"the sequences have {counted(channels, 'feature')}, those of the teacher had "
                f"{teacher.n_features_in_}; it can teach of equal ones only"
            )

    def _learn_scaling(self, rows: Sequence[Values], channels: int, kind: str) -> None:
        """Learn how noisy channels are scaled, and the clean ones behind them, if there are any."""
        self.scaling_ = Scaling.fitted([row[:, :channels] for row in rows], kind)
        self._clean_scaling = self.scaling_
        if self.teacher_ is not None:
            self._clean_scaling = self.teacher_.scaling_
        elif self.paired:
            self._clean_scaling = Scaling.fitted([row[:, channels:] for row in rows], kind)

    def _scaled(self, rows: Sequence[Values], channels: int) -> Ragged:
        """Return sequences (T, C) scaled, or pairs (T, 2C) with what the teacher says behind."""
        width = rows[0].shape[1]
        ragged = Ragged.of(rows, np.empty((0, width), np.float32))
        values = self.scaling_.apply(ragged.values[:, :channels])
        if width == channels:
            return Ragged(values, ragged.offsets)
        clean = Ragged(self._clean_scaling.apply(ragged.values[:, channels:]), ragged.offsets)
        return Ragged(
            np.concatenate([values, clean.values, *self._told(clean)], axis=1), clean.offsets
        )

    def _told(self, clean: Ragged) -> list[NDArray[np.float32]]:
        """Return what the teacher says of clean steps, (sum T, M + H + K), unless that is much."""
        if not self.bridged or self.teacher_ is None:
            return []
        width = self.reduced + self.hidden + len(self.teacher_._answers())
        if len(clean.values) * width * 4 > TOLD:
            return []
        told = np.empty((len(clean.values), width), np.float32)
        with torch.inference_mode():
            for rows in sorted_batches(clean.lengths, BATCH):
                x, lengths = self._tensors(clean, rows)
                found = self.teacher_.network_.heard(x, lengths).told.numpy()
                for row, values, length in zip(rows, found, lengths.tolist(), strict=True):
                    start = clean.offsets[row]
                    told[start : start + length] = values[:length]
        return [told]

    def _has_twins(self, values: Any) -> bool:
        """Whether clean channels stand behind the noisy ones of values (…, C or 2C)."""
        return bool(values.shape[-1] > self.network_.inputs)

    def _bridged_loss(self, own: Tensor, heard: Heard, x: Tensor) -> Tensor:
        """Return a student's loss: its own, the bridges' errors, the clean values' (rows F1, F5).

        Args:
            own: What it would be without a teacher.
            heard: What the network made of x.
            x: (B, T, C), or (B, T, 2C or more) with the clean twin behind.
        """
        if not self._has_twins(x):
            return own
        total = own
        if self.bridged and self.teacher_ is not None:
            errors = self._errors_of(heard, x)
            total = (1.0 - self.kd) * total
            for name in BRIDGES:
                total = total + getattr(self, name) * errors[name]
        if self.denoise:
            channels = self.network_.inputs
            total = total + self.denoise * heard.clean_error(x[:, :, channels : 2 * channels])
        return total

    def _tensors(self, inputs: Ragged, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return a padded batch (B, T, C or more) and its true lengths (B,)."""
        x, lengths = inputs.padded(rows)
        return torch.from_numpy(x), torch.from_numpy(lengths)

    def _errors_of(self, heard: Heard, x: Tensor) -> dict[str, Tensor]:
        """Return the bridges' errors of a batch, whose clean channels stand behind the noisy."""
        assert self.teacher_ is not None
        channels, teacher = self.network_.inputs, self.teacher_.network_
        with torch.no_grad():
            if x.shape[2] > 2 * channels:
                told = teacher.retold(x[:, :, 2 * channels :], heard.lengths)
            else:
                told = teacher.heard(x[:, :, channels:], heard.lengths)
        return heard.errors(told)

    def _errors(self, inputs: Ragged) -> dict[str, float]:
        """Return the bridges' errors of pairs (T, 2C), by the mean over all their steps."""
        totals, counts = dict.fromkeys(BRIDGES, 0.0), dict.fromkeys(BRIDGES, 0)
        with torch.inference_mode():
            for rows in sorted_batches(inputs.lengths, BATCH):
                x, lengths = self._tensors(inputs, rows)
                heard = self.network_.heard(x[:, :, : self.network_.inputs], lengths)
                errors = self._errors_of(heard, x)
                for name, count in heard.counts().items():
                    totals[name] += float(errors[name]) * count
                    counts[name] += count
        return {name: total / counts[name] for name, total in totals.items()}

    def _validated_bridges(self, inputs: Ragged) -> dict[str, float]:
        """Return the bridges' errors by their names in the history; none without a teacher."""
        if self.teacher_ is None or not self._has_twins(inputs.values):
            return {}
        return {f"{name}_error": error for name, error in self._errors(inputs).items()}

    def _teacher_sum(self) -> dict[str, str]:
        """Return a sum of the weights of the teacher, if there is one: a resumed run shares it."""
        return {} if self.teacher_ is None else {"teacher": weights_digest(self.teacher_.network_)}


def _refuse_other(teacher: Any, kind: type) -> None:
    """Raise where a teacher is of another kind than its student.

    Raises:
        OptionError: It is.
    """
    if not isinstance(teacher, kind):
        raise OptionError(
            f"teacher={teacher!r:.60} is no {kind.__name__}; give a fitted one, or None"
        )


def three_of(validation: Any) -> tuple[Any, Any, Any]:
    """Return the three sides of a validation part that a user gave.

    Raises:
        DataError: It is no triple.
    """
    if not (isinstance(validation, tuple) and len(validation) == 3):
        raise DataError("validation is not a triple; give a tuple of clean, noisy, labels")
    return validation
