"""One neuron: Rosenblatt's perceptron with its step, and the sigmoid neuron (row C1)."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from sestina import config
from sestina.config import NeuronOptions, PerceptronOptions, SigmoidNeuronOptions
from sestina.errors import DataError


@dataclass(eq=False, repr=False, kw_only=True)
class Neuron(NeuronOptions, ClassifierMixin, BaseEstimator):
    """Weigh the features, add the bias, and answer the second class above zero.

    Attributes (after `fit`):
        classes_: The two class labels; the neuron fires for the second.
        weights_: A weight per feature, (D,).
        bias_: What is added to the weighted sum, so that inputs of all zeros need not give 0.
        history_: One row per epoch.
        n_iter_: Epochs.
        best_epoch_: That whose weights are kept: the last, or the best on validation rows.
        n_features_in_: D.
    """

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that there are two classes, and that sparse rows may come."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: Any, validation: tuple[Any, Any] | None = None) -> Self:
        """Train on N rows of D features, dense or sparse, and N labels of two classes.

        Args:
            X: (N, D).
            y: (N,).
            validation: Rows (M, D) and labels (M,) that are not learned from. They are answered
                after each epoch, and the weights of the epoch with the lowest loss on them are
                kept; for a step, which has none, of that with the fewest errors (the pocket
                algorithm: Gallant 1990, with other rows in place of the training ones).

        Raises:
            DataError: There are not exactly two classes, or a validation label is none of them.
            OptionError: An option makes no sense.
            ValueError: X holds no finite numbers, or not as many rows as y has labels.
        """
        config.check(self)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        if issparse(X) and not X.has_canonical_format:  # one column twice in a row
            X = X.copy()
            X.sum_duplicates()
        check_classification_targets(y)
        if type_of_target(y) != "binary":
            raise DataError(
                "Only binary classification is supported. The type of the target is "
                f"{type_of_target(y)}. Give two classes, or one neuron per class"
            )
        self.classes_, wanted = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            only = self.classes_.tolist()[0]
            raise DataError(f"one class only: every label is {only!r}; give rows of two classes")
        held = None if validation is None else self._held(*validation)
        self.weights_, self.bias_ = np.zeros(X.shape[1]), 0.0
        self.history_: list[dict[str, float]] = []
        least, best = math.inf, (self.weights_, self.bias_, 0)
        for row in self._epochs(X, wanted):
            if held is not None:
                row |= {
                    f"validation_{name}": value for name, value in self._measured(*held).items()
                }
                value = row.get("validation_loss", row["validation_errors"])
                if value < least:
                    least, best = value, (self.weights_.copy(), self.bias_, len(self.history_) + 1)
            self.history_.append(row)
        self.n_iter_ = self.best_epoch_ = len(self.history_)
        if held is not None:
            self.weights_, self.bias_, self.best_epoch_ = best
        return self

    def _held(self, X: Any, y: Any) -> tuple[NDArray[np.float64] | csr_matrix, NDArray[np.int64]]:
        """Return validation rows (M, D) and their answers (M,) of 0 and 1."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64, reset=False)
        unknown = sorted(map(str, set(y.tolist()) - set(self.classes_.tolist())))
        if unknown:
            raise DataError(
                f"the validation label {unknown[0]!r} did not occur in training, where the classes "
                f"were {', '.join(map(str, self.classes_))}; check the labels"
            )
        return X, np.searchsorted(self.classes_, y)

    @abstractmethod
    def _epochs(
        self, X: NDArray[np.float64] | csr_matrix, wanted: NDArray[np.int64]
    ) -> Iterator[dict[str, float]]:
        """Find weights and bias for rows X (N, D) and answers `wanted` (N,) of 0 and 1.

        Yield the row of each epoch while weights and bias are those that it tells of.
        """

    @abstractmethod
    def _measured(
        self, X: NDArray[np.float64] | csr_matrix, wanted: NDArray[np.int64]
    ) -> dict[str, float]:
        """Return how the weights do on rows X (M, D) whose answers `wanted` (M,) should be."""

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the weighted sums, bias included, of N rows: (N,)."""
        check_is_fitted(self, "weights_")
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return self._sums(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of each of N rows: the second where the weighted sum is above 0."""
        fires = self.decision_function(X) > 0
        labels: NDArray[Any] = self.classes_[fires.astype(int)]
        return labels

    def _sums(self, X: NDArray[np.float64] | csr_matrix) -> NDArray[np.float64]:
        return np.asarray(X @ self.weights_ + self.bias_)


def _errors(sums: NDArray[np.float64], wanted: NDArray[np.int64]) -> int:
    """Return how many weighted sums (N,) are on the wrong side of 0."""
    return int(((sums > 0) != wanted).sum())


def _logistic(sums: NDArray[np.float64], wanted: NDArray[np.int64]) -> dict[str, float]:
    """Return the mean logistic loss of weighted sums (N,), and how many are on the wrong side."""
    loss = np.mean(np.logaddexp(0.0, sums) - wanted * sums)
    return {"loss": float(loss), "errors": _errors(sums, wanted)}


@dataclass(eq=False, repr=False, kw_only=True)
class Perceptron(PerceptronOptions, Neuron):
    """A neuron with a step: 1 where the weighted sum is above 0, else 0 (Rosenblatt 1958).

    Row by row, in an order drawn anew for each epoch: where the answer is wrong, the row times
    the step size is added to the weights (0 should have been 1) or taken off (1 should have been
    0). An epoch without an error ends it. Where a plane parts the classes with margin γ and rows
    are no longer than R, it errs at most (R/γ)² times (Novikoff 1962); where none does, as with
    exclusive or, it never comes to rest.

    The options are `sestina.config.PerceptronOptions`.

    Attributes (after `fit`):
        history_: One row per epoch: epoch, errors (corrections made in it).
        converged_: Whether the last epoch had no error.

    Example:
        >>> from sestina import Perceptron
        >>> rows = [[0, 0], [0, 1], [1, 0], [1, 1]]
        >>> [Perceptron().fit(rows, y).score(rows, y) for y in ([0, 0, 0, 1], [0, 1, 1, 1])]
        [1.0, 1.0]
        >>> Perceptron().fit(rows, [0, 1, 1, 0]).converged_
        False
    """

    def _epochs(
        self, X: NDArray[np.float64] | csr_matrix, wanted: NDArray[np.int64]
    ) -> Iterator[dict[str, float]]:
        for epoch in range(1, self.epochs + 1):
            order = np.random.default_rng([self.seed, epoch]).permutation(len(wanted))
            errors = sum(self._correct(X, int(row), int(wanted[row])) for row in order)
            self.converged_ = not errors
            yield {"epoch": epoch, "errors": errors}
            if not errors:
                break

    def _measured(
        self, X: NDArray[np.float64] | csr_matrix, wanted: NDArray[np.int64]
    ) -> dict[str, float]:
        return {"errors": _errors(self._sums(X), wanted)}

    def _correct(self, X: NDArray[np.float64] | csr_matrix, row: int, wanted: int) -> bool:
        """Answer one row, learn from the answer if it is wrong, and tell whether it was."""
        columns: Any = slice(None)
        if isinstance(X, np.ndarray):
            values = X[row]
        else:
            inside = slice(X.indptr[row], X.indptr[row + 1])
            columns, values = X.indices[inside], X.data[inside]
        answer = int(values @ self.weights_[columns] + self.bias_ > 0)
        step = self.learning_rate * (wanted - answer)
        if step:
            self.weights_[columns] += step * values
            self.bias_ += step
        return bool(step)


@dataclass(eq=False, repr=False, kw_only=True)
class SigmoidNeuron(SigmoidNeuronOptions, Neuron):
    """A neuron with the sigmoid 1 / (1 + exp(−z)), trained by gradient descent.

    A step goes down the gradient of the mean logistic loss −log P(label) over all rows, which is
    the mean of (answer − label) · row. Its answer is a probability: logistic regression.

    The options are `sestina.config.SigmoidNeuronOptions`. The steps are the larger, and the
    course the rougher, the larger the features are: scale them to about 1.

    Attributes (after `fit`):
        history_: One row per epoch, before its step: epoch, loss, errors (rows on the wrong side).

    Example:
        >>> from sestina import SigmoidNeuron
        >>> rows = [[0, 0], [0, 1], [1, 0], [1, 1]]
        >>> neuron = SigmoidNeuron(learning_rate=1.0).fit(rows, [0, 0, 0, 1])
        >>> neuron.predict(rows).tolist()
        [0, 0, 0, 1]
    """

    def _epochs(
        self, X: NDArray[np.float64] | csr_matrix, wanted: NDArray[np.int64]
    ) -> Iterator[dict[str, float]]:
        for epoch in range(1, self.epochs + 1):
            sums = self._sums(X)
            yield {"epoch": epoch, **_logistic(sums, wanted)}
            slope = (expit(sums) - wanted) / len(wanted)  # of the loss, by the weighted sum
            self.weights_ -= self.learning_rate * (X.T @ slope)
            self.bias_ -= self.learning_rate * float(slope.sum())

    def _measured(
        self, X: NDArray[np.float64] | csr_matrix, wanted: NDArray[np.int64]
    ) -> dict[str, float]:
        return _logistic(self._sums(X), wanted)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, (N, 2)."""
        sums = self.decision_function(X)
        return np.column_stack([expit(-sums), expit(sums)])
