"""BridgeClassifier: a student of noisy series, taught by one who saw their clean twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sestina.data.ragged import Ragged
from sestina.errors import DataError, counted
from sestina.estimators.base import Batch
from sestina.estimators.recognizer import BridgeRecognizer
from sestina.estimators.targets import Labels
from sestina.estimators.taught import Student, three_of
from sestina.estimators.windowed import WindowedClassifier
from sestina.nn.bridged import BridgedNetwork
from sestina.nn.heads import Target
from sestina.shapes import as_series
from sestina.signals import Scaling, Values, filled

__all__ = ["BridgeClassifier", "BridgeRecognizer"]  # of series, and of speech


@dataclass(eq=False, repr=False, kw_only=True)
class BridgeClassifier(Student, WindowedClassifier):
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

    _alone: ClassVar[dict[str, Any]] = {**Student._alone, "calibrate": False}

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
        self._check_blocks()
        pairs = self._pairs_of(clean, noisy)
        held = None
        if validation is not None:
            sides = three_of(validation)[:2]
            held = (self._pairs_of(*sides), validation[2])
        self._take_teacher(teacher)
        if self.wants_teacher and teacher is None:
            self._take_teacher(
                self._taught(clean, labels, validation, checkpoint, resume, groups=groups)
            )
        if self.teacher_ is not None:
            self._check_teacher(self.teacher_, pairs, labels)
        return super().fit(
            pairs, labels, groups=groups, validation=held, checkpoint=checkpoint, resume=resume
        )

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class of noisy sequences, (N, K).

        Raises:
            DataError: X has other channels, or a value is missing and the model fills none.
        """
        check_is_fitted(self, "network_")
        rows = as_series(X, self._gaps)
        self._check_channels(rows[0].shape[1])
        return super().predict_proba(rows)

    # How a fit goes, step by step.

    @property
    def _gaps(self) -> bool:
        return self.fill is not None

    def _paired_inputs(self, pairs: list[Values]) -> Ragged:
        self._check_channels(pairs[0].shape[1] // (1 + self.paired))
        return self._encode(self.cut(pairs)[0])

    def _noisy_inputs(self, X: Any) -> Ragged:
        rows = filled(as_series(X, self._gaps), self)
        self._check_channels(rows[0].shape[1])
        return self._encode(rows)

    def _answers(self) -> list[Any]:
        return list(self.classes_)

    def _check_teacher(self, teacher: Any, pairs: Sequence[Values], labels: Sequence[Any]) -> None:
        """Raise where a teacher cannot teach, also where it knows more classes than there are."""
        super()._check_teacher(teacher, pairs, labels)
        more = sorted({str(one) for one in teacher._answers()} - {str(one) for one in labels})
        if more:
            raise DataError(
                f"the teacher knows the label {more[0]!r}, which none of the sequences has; a "
                "student gives the answers that its teacher gives, so train both on the same labels"
            )
        ours, theirs = (
            [str(one) for one in known] for known in (Labels(labels).classes, teacher.classes_)
        )
        if ours != theirs:
            raise DataError(
                f"the labels of the student are in the order {', '.join(ours)}, those of the "
                f"teacher were {', '.join(theirs)}; give both as numbers, or both as texts"
            )

    def _learn(self, X: Sequence[Values]) -> Ragged:
        width = X[0].shape[1]
        self.n_features_in_ = width // 2 if self.paired else width
        self.steps_ = max(map(len, X))
        self._learn_scaling(X, self.n_features_in_, self.scaling)
        return self._scaled(X, self.n_features_in_)

    def _encode(self, X: Sequence[Values]) -> Ragged:
        """Return sequences (T, C), or pairs (T, 2C), scaled."""
        width = X[0].shape[1]
        if not (self.paired and width == 2 * self.n_features_in_):
            self._check_channels(width)
        return self._scaled(X, self.n_features_in_)

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
        heard = self.network_.heard(x[:, :, : self.n_features_in_], lengths)
        return self._bridged_loss(target.loss(heard.logits, wanted, per_class), heard, x)

    def _validated(self, target: Target, inputs: Ragged, codes: NDArray[Any]) -> dict[str, float]:
        """Return loss, accuracy and the bridges' errors of the network as it stands."""
        found = super()._validated(target, inputs, codes)
        return found | self._validated_bridges(inputs)

    def _identity(self, inputs: Ragged, codes: NDArray[Any], dev: Any) -> dict[str, Any]:
        return super()._identity(inputs, codes, dev) | self._teacher_sum()

    def reading(self) -> str:
        """Return in words what the network reads, how often, and who taught it."""
        times = f", said again {counted(self.recursions, 'time')}" if self.recursions else ""
        return super().reading() + times

    def _state(self) -> dict[str, Any]:
        return super()._state() | {"clean": self._clean_scaling.state()}

    def _restore(self, state: dict[str, Any], files: dict[str, str]) -> None:
        super()._restore(state, files)
        self._take_teacher(None)
        self._clean_scaling = Scaling.restored(state["clean"], self.n_features_in_)
