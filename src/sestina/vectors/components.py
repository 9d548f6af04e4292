"""Principal components and SVD of a table, for instance of counts: rows become short vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sestina.config import ComponentOptions, check
from sestina.errors import DataError, OptionError
from sestina.vectors.plane import directions, signed

Table = Any  # an array, or SciPy's CSR


@dataclass(eq=False, repr=False, kw_only=True)
class Components(ComponentOptions, TransformerMixin, BaseEstimator):
    """Describe the rows of a table by a few numbers: PCA and SVD of EDAN95 [002], row A8.

    A dense table is centred and factored whole: principal components. A sparse one is not centred,
    which would fill it, and factored only as far as asked for, by a randomised SVD (Halko,
    Martinsson and Tropp 2011): latent semantic analysis. Of its two signs, each direction takes
    that which makes its largest coefficient positive.

    The options are those of `sestina.config.ComponentOptions`.

    Attributes (after `fit`):
        directions_: (R, D): what one step along each component is in the columns, as scaled.
        singular_values_: Of the table as it was factored, (R,).
        explained_: Share of the variance along each component, (R,); where the table is not
            centred, of the sum of squares.
        mean_: Of the columns, taken off, (D,); zeros where the table is not centred.
        deviation_: Of the columns, by which they are divided, (D,); ones without `standard`.
        n_features_in_: D.

    Example:
        >>> import numpy as np
        >>> from sestina import Components
        >>> counts = np.array([[30, 10, 2], [60, 21, 4], [10, 32, 2], [21, 60, 4]])
        >>> along = Components(shares=True, components=1).fit_transform(counts)
        >>> (along > 0).ravel().tolist()  # the first two rows against the last two
        [False, False, True, True]
    """

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that sparse tables may come, and that shares need counts."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = bool(self.shares)
        tags.transformer_tags.preserves_dtype = ["float64"]
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the components of a table (N, D).

        Raises:
            DataError: Shares are asked for, and a value is negative.
            OptionError: There are more components than rows or columns, or a sparse table is to be
                centred.
            ValueError: It is no table of finite numbers.
        """
        self._fit(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[np.float64]:
        """Find the components, and return the rows in them, (N, R).

        Raises:
            DataError: As `fit`.
            OptionError: As `fit`.
        """
        return self._along(self._fit(X))

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Return rows (N, D) in the components, (N, R).

        Raises:
            NotFittedError: `fit` was not called before.
            DataError: Shares are asked for, and a value is negative.
            ValueError: It is no such table.
        """
        check_is_fitted(self, "directions_")
        return self._along(self._read(X))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return names of the components, (R,).

        Raises:
            NotFittedError: `fit` was not called before.
        """
        check_is_fitted(self, "directions_")
        names = [f"component{n}" for n in range(1, len(self.directions_) + 1)]
        return np.array(names, dtype=object)

    def scaled(self, X: Any) -> Table:
        """Return rows as they are factored: shares, divided, centred if that was done, (N, D).

        Raises:
            NotFittedError: `fit` was not called before.
        """
        check_is_fitted(self, "directions_")
        divided = self._read(X)
        return divided if issparse(divided) else divided - self.mean_

    def _fit(self, X: Any) -> Table:
        """Set what is learnt; return the table, divided but not centred."""
        check(self)
        table = self._taken(validate_data(self, X, **_TABLES))
        most = min(table.shape)
        if self.components > most:
            raise OptionError(
                f"components={self.components} came with a table of n_samples={table.shape[0]} and "
                f"n_features={table.shape[1]}; ask for {most} or fewer"
            )
        centre = not issparse(table) if self.centre is None else self.centre
        if centre and issparse(table):
            raise OptionError("centre=True fills a sparse table; give it dense, or centre=None")
        self.deviation_ = _deviations(table) if self.standard else np.ones(table.shape[1])
        table = _divided(table, self.deviation_)
        self.mean_ = table.mean(axis=0) if centre else np.zeros(table.shape[1])
        factored = table - self.mean_ if centre else table
        if issparse(table):
            self.directions_, self.singular_values_ = _randomised(table, self.components, self.seed)
        else:
            found, values = directions(factored)
            self.directions_ = found[: self.components]
            self.singular_values_ = values[: self.components]
        total = float((factored.data**2).sum() if issparse(factored) else (factored**2).sum())
        self.explained_ = self.singular_values_**2 / (total or 1.0)
        return table

    def _read(self, X: Any) -> Table:
        """Return rows, divided but not centred, (N, D)."""
        table = self._taken(validate_data(self, X, reset=False, **_TABLES))
        return _divided(table, self.deviation_)

    def _taken(self, table: Table) -> Table:
        """Return a table, or each row as shares of its sum."""
        if not self.shares:
            return table
        values = table.data if issparse(table) else table
        if values.size and values.min() < 0:
            raise DataError(
                "Negative values in data passed to Components(shares=True), which takes shares of "
                "sums; give counts, or shares=False"
            )
        sums = np.asarray(table.sum(axis=1), dtype=np.float64).ravel()
        factor = 1 / np.where(sums > 0, sums, 1.0)
        if not issparse(table):
            return table * factor[:, None]
        return _with_values(table, table.data * np.repeat(factor, np.diff(table.indptr)))

    def _along(self, table: Table) -> NDArray[np.float64]:
        """Return rows, divided but not centred, in the components."""
        along: NDArray[np.float64] = table @ self.directions_.T - self.mean_ @ self.directions_.T
        return along


_TABLES = {"accept_sparse": "csr", "dtype": np.float64}


def _deviations(table: Table) -> NDArray[np.float64]:
    """Return the standard deviation of each column, 1 where it does not vary."""
    if issparse(table):
        mean = np.asarray(table.mean(axis=0)).ravel()
        squares = np.asarray(table.power(2).mean(axis=0)).ravel()
        found = np.sqrt(np.maximum(squares - mean**2, 0))
    else:
        found = table.std(axis=0)
    return np.where(found > 1e-12 * np.abs(found).max(initial=0), found, 1.0)


def _divided(table: Table, deviation: NDArray[np.float64]) -> Table:
    if not issparse(table):
        return table / deviation
    return _with_values(table, table.data / deviation[table.indices])


def _with_values(table: csr_array, values: NDArray[np.float64]) -> csr_array:
    return csr_array((values, table.indices, table.indptr), shape=table.shape)


def _randomised(
    table: csr_array, count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # several threads' sums would round in another order
        # scikit-learn's seeds have 32 bits
        _, values, found = randomized_svd(table, count, random_state=seed % 2**32)
    return signed(found), values
