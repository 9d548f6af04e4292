"""Texts → vectors of a fixed size by hashing, with no dictionary; collisions measured (row A5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sestina.config import HashingOptions, check
from sestina.errors import counted
from sestina.text.terms import Terms, TermTransformer, moved


class Collisions(NamedTuple):
    """How terms fell into buckets.

    Attributes:
        terms: Different terms.
        buckets: Buckets there are.
        used: Buckets that hold a term.
        sharing: Terms that share their bucket with another.
    """

    terms: int
    buckets: int
    used: int
    sharing: int

    @property
    def rate(self) -> float:
        """Share of the different terms that share their bucket."""
        return self.sharing / max(self.terms, 1)

    @property
    def expected(self) -> float:
        """The rate that chance alone gives: 1 − (1 − 1/B)^(U − 1)."""
        if self.buckets == 1:
            return float(self.terms > 1)
        return -math.expm1(max(self.terms - 1, 0) * math.log1p(-1 / self.buckets))

    def __str__(self) -> str:
        return (
            f"{self.sharing:,} of {counted(self.terms, 'different term')} ({self.rate:.1%}) share "
            f"their bucket with another; chance gives {self.expected:.1%} "
            f"in {counted(self.buckets, 'bucket')}"
        )


@dataclass(eq=False, repr=False, kw_only=True)
class Hashing(HashingOptions, TermTransformer):
    """Count terms in columns that their hash picks: the hashing trick of BST 261 [000], row A5.

    No dictionary is kept, so `transform` needs no `fit`; `fit` measures on its texts how many
    different terms share a column. Columns, and with ``signed=True`` signs, are those of
    scikit-learn's `HashingVectorizer` (MurmurHash3).

    The options are those of `sestina.config.HashingOptions`; texts may also be lists of tokens.

    Attributes (after `fit`):
        collisions_: The `Collisions`; as text it is a sentence.

    Example:
        >>> from sestina import Hashing
        >>> hashing = Hashing(buckets=8).fit(["a rose is a rose"])
        >>> hashing.collisions_
        Collisions(terms=3, buckets=8, used=3, sharing=0)
        >>> hashing.transform(["a b", "never seen"]).shape
        (2, 8)
    """

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn, too, that `transform` needs no `fit`."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:
        """Measure how many terms of the texts share a column.

        Args:
            X: N texts, or lists of tokens.
            y: Not used; scikit-learn passes it.

        Raises:
            DataError: There is no text, or something is no text.
            OptionError: An option makes no sense.
        """
        self._measure(self._places(self._terms(X, training=True))[0])
        return self

    def fit_transform(self, X: Any, y: Any = None) -> csr_array:
        """Measure collisions, and return the table of the same texts, (N, buckets).

        Raises:
            DataError: As `fit`.
            OptionError: As `fit`.
        """
        terms = self._terms(X, training=True)
        places, signs = self._places(terms)
        self._measure(places)
        return self._hashed(terms, places, signs)

    def transform(self, X: Any) -> csr_array:
        """Return the table of texts, (N, buckets) sparse float32.

        Raises:
            DataError: Something is no text.
            OptionError: An option makes no sense.
        """
        terms = self._terms(X)
        return self._hashed(terms, *self._places(terms))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return names of the columns, (buckets,): their numbers, for words are not kept."""
        check(self)
        return np.array([f"hashing{n}" for n in range(self.buckets)], dtype=object)

    def _places(self, terms: Terms) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the column and the sign of each different term."""
        hashes = hashed(terms.names())
        signs = np.where(hashes < 0, -1, 1) if self.signed else np.ones(len(hashes))
        return np.abs(hashes) % self.buckets, signs.astype(np.float32)

    def _measure(self, places: NDArray[np.int64]) -> None:
        _, sizes = np.unique(places, return_counts=True)
        sharing = int(sizes[sizes > 1].sum())
        self.collisions_ = Collisions(len(places), int(self.buckets), len(sizes), sharing)

    def _hashed(
        self, terms: Terms, places: NDArray[np.int64], signs: NDArray[np.float32]
    ) -> csr_array:
        if self.signed:
            terms.table.data *= signs[terms.table.indices]
        table = moved(terms.table, places, self.buckets)
        table.eliminate_zeros()  # where terms of both signs met
        return table


def hashed(names: Sequence[str]) -> NDArray[np.int64]:
    """Return the MurmurHash3 of words, 32 bits with sign, (U,)."""
    from sklearn.utils import murmurhash3_32

    parts = (murmurhash3_32(name.encode(errors="surrogatepass")) for name in names)
    return np.fromiter(parts, np.int64, len(names))
