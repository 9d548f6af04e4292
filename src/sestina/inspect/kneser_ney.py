"""Interpolated Kneser–Ney n-grams: the baseline of every language model.

Kneser and Ney 1995; with three discounts an order, Chen and Goodman 1999. Letters: V tokens, N
n-grams of an order, C contexts, P places at which a token is foreseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sestina.data.chunks import foreseen
from sestina.data.ragged import Ragged
from sestina.errors import DataError, OptionError

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
FEW = (0.5, 1.0, 1.5)  # discounts where there are too few counts to estimate them by


@dataclass(frozen=True)
class Order:
    """The n-grams of one length.

    Attributes:
        keys: context · V + token of each, rising, (N,); a context is the number of an n-gram that
            is a token shorter, and 0 before single tokens.
        counts: How often each was seen; below the highest order: behind how many tokens.
        discounts: What is taken off counts of 0, 1, 2, and 3 or more, (4,).
        totals: The sum of the counts by context, (C,).
        owed: The sum of what was taken off, by context, (C,): the share of shorter n-grams.
    """

    keys: Numbers
    counts: Numbers
    discounts: Floats
    totals: Floats
    owed: Floats

    @classmethod
    def of(cls, keys: Numbers, counts: Numbers, contexts: int, tokens: int) -> Order:
        """Return the order of n-grams and their counts; there are C `contexts`, V `tokens`."""
        discounts = _discounts(counts)
        of = keys // tokens
        totals = np.bincount(of, weights=counts, minlength=contexts).astype(np.float64)
        taken = discounts[np.minimum(counts, 3)]
        owed = np.bincount(of, weights=taken, minlength=contexts).astype(np.float64)
        return cls(keys, counts, discounts, totals, owed)

    def find(self, keys: Numbers) -> Numbers:
        """Return the numbers of n-grams by their keys; −1 for one never seen."""
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, at, -1)


class KneserNey:
    """Learns P(token | the `order` − 1 tokens before it) from rows of token ids.

    A row begins with the token that ends a text (`data.chunks`), which is not foreseen. Token 0,
    PAD, has no probability; the others have some after any context, and sum to 1.

    Args:
        order: Tokens of the longest n-grams.

    Attributes (after `fit`):
        n_parameters_: N-grams of all lengths.

    Raises:
        OptionError: The order is less than 1.
    """

    def __init__(self, order: int = 5) -> None:
        if order < 1:
            raise OptionError(f"order={order!r} makes no sense; give 1 or more")
        self.order = order

    def fit(self, rows: Ragged, tokens: int) -> KneserNey:
        """Count the n-grams of rows of ids below `tokens`, which is V.

        Raises:
            DataError: There is no token to foresee, or an id is not below V.
        """
        self._tokens = tokens
        values, at = self._read(rows)
        keys, ends, examples = [np.arange(tokens)], [values], [at]
        for _ in range(1, self.order):
            before = ends[-1][at - 1]
            places = at[before >= 0]
            whole = before[before >= 0] * tokens + values[places]
            table, first, numbers = np.unique(whole, return_index=True, return_inverse=True)
            end = np.full(len(values), -1, np.int64)
            end[places] = numbers
            keys.append(table)
            ends.append(end)  # which n-gram ends at each place, or −1 where a row is too short
            examples.append(places[first])  # a place where each ends
        self._orders = []
        for depth in range(self.order):
            found = ends[depth][at]
            if depth + 1 < self.order:  # how many different tokens stand before it
                found = ends[depth][examples[depth + 1]]
            if (
                depth and depth + 1 < self.order
            ):  # before a row's beginning stands nothing: how often
                starts = rows.offsets[:-1][rows.lengths > depth] + depth
                found = np.concatenate([found, ends[depth][starts]])
            counts = np.bincount(found[found >= 0], minlength=len(keys[depth]))
            contexts = len(keys[depth - 1]) if depth else 1
            self._orders.append(Order.of(keys[depth], counts, contexts, tokens))
        self.n_parameters_ = sum(int((order.counts > 0).sum()) for order in self._orders)
        return self

    def log_probabilities(self, rows: Ragged) -> Floats:
        """Return log P of every token of rows but their first ones, (P,), natural.

        Raises:
            DataError: There is no token to foresee, or an id is not below V.
        """
        values, at = self._read(rows)
        shares = np.full(len(at), 1 / (self._tokens - 1))
        ends = np.zeros(len(values), np.int64)  # the empty n-gram ends anywhere
        for depth, order in enumerate(self._orders):
            if not len(order.keys):  # all rows were shorter
                break
            before = ends[at - 1]
            context = np.maximum(before, 0)
            totals = order.totals[context]
            known = (before >= 0) & (totals > 0)
            found = np.where(known, order.find(context * self._tokens + values[at]), -1)
            counts = np.where(found >= 0, order.counts[np.maximum(found, 0)], 0)
            kept = counts - order.discounts[np.minimum(counts, 3)]
            mixed = (kept + order.owed[context] * shares) / np.maximum(totals, 1)
            shares = np.where(known, mixed, shares)
            if depth:
                ends = np.full(len(values), -1, np.int64)
                ends[at] = found
            else:
                ends = values
        logs: Floats = np.log(shares)
        return logs

    def probabilities(self, context: Sequence[int]) -> Floats:
        """Return P of each token after some, (V,)."""
        last = [*context][-max(self.order - 1, 1) :]
        rows = [np.array([*last, token]) for token in range(1, self._tokens)]
        logs = self.log_probabilities(Ragged.of(rows, np.empty(0, np.int64)))
        return np.concatenate([[0.0], np.exp(logs[len(last) - 1 :: len(last)])])

    def perplexity(self, rows: Ragged) -> float:
        """Return e to the mean of −log P of a token."""
        return float(np.exp(-self.log_probabilities(rows).mean()))

    def _read(self, rows: Ragged) -> tuple[Numbers, Numbers]:
        """Return the rows' ids, and where those stand that are to be foreseen."""
        at = foreseen(rows)
        if not len(at):
            raise DataError("no row has a token to foresee; give longer texts")
        if not 0 <= rows.values.min() <= rows.values.max() < self._tokens:
            raise DataError(
                f"the ids {rows.values.min()} to {rows.values.max()} came; expected 0 to "
                f"{self._tokens - 1}"
            )
        return rows.values.astype(np.int64), at


def _discounts(counts: Numbers) -> Floats:
    """Return what is taken off counts of 0, 1, 2, and 3 or more, (4,) (Chen and Goodman 1999)."""
    n = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].astype(float)
    if (n > 0).all():
        share = n[0] / (n[0] + 2 * n[1])
        k = np.arange(1, 4)
        found = k - (k + 1) * share * n[1:] / n[:3]
        if ((found >= 0) & (found <= k)).all():
            return np.concatenate([[0.0], found])
    return np.array([0.0, *FEW])
