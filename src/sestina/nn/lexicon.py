"""What a table of translations says of the source tokens that a decoder attends to.

Letters: B sentences, S and T steps, V target tokens, K entries. Token 0, PAD, is no entry's
translation, so that column k is token k + 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sestina.errors import ModelError

FLOOR = 1e-3  # what a token that no entry names has, too


class Table(NamedTuple):
    """Probabilities of target tokens given a source token."""

    starts: NDArray[np.int64]  # (source tokens + 1,): where the entries of each begin
    tokens: NDArray[np.int64]  # (K,) target tokens, 1 at least
    chances: NDArray[np.float32]  # (K,)

    def fits(self, sources: int, targets: int) -> bool:
        """Tell whether it is of so many tokens, and refers to nothing outside; a file may not."""
        starts, tokens, chances = self
        kinds = tuple(str(array.dtype) for array in self)
        if kinds != ("int64", "int64", "float32") or starts.shape != (sources + 1,):
            return False
        if starts[0] or (starts[1:] < starts[:-1]).any():
            return False
        if not tokens.shape == chances.shape == (starts[-1],):
            return False
        known = (tokens >= 1) & (tokens < targets)
        return bool((known & (chances >= 0) & np.isfinite(chances)).all())


class Entries(NamedTuple):
    """The entries of B sentences' tokens; C columns for the target tokens that any one names."""

    columns: Tensor  # (B, C) int64: the logit of each; behind the last, 0 is added to logit 0
    chances: Tensor  # (B, S, C)


class Hints(NamedTuple):
    """What is added to logits (…, V − 1)."""

    columns: Tensor  # (…, C) int64
    values: Tensor  # (…, C)


class Lexicon(nn.Module):
    """log of the mean entry of the source tokens, weighted by attention, for the logits.

    So the net need not learn again which word translates which, and chooses rightly for words too
    rare to learn (Arthur, Neubig and Nakamura, Incorporating discrete translation lexicons into
    neural machine translation, 2016). Tokens that no entry names have the chance `FLOOR`; since
    what all logits share does not matter, log(1 + p / `FLOOR`) is added where p is named, and
    nothing elsewhere. The table itself is not trained.

    Args:
        table: K entries.
        sources: Source tokens.
        targets: Target tokens, V.

    Raises:
        ModelError: The table is not one of such tokens.
    """

    starts: Tensor
    tokens: Tensor
    chances: Tensor

    def __init__(self, table: Table, sources: int, targets: int) -> None:
        super().__init__()
        if not table.fits(sources, targets):
            raise ModelError(
                f"the lexicon does not fit vocabularies of {sources:,} and {targets:,}; copy the "
                "model again"
            )
        self._targets = targets
        for name, array in table._asdict().items():
            self.register_buffer(name, torch.from_numpy(array))

    def entries(self, sources: Tensor) -> Entries:
        """Return the entries of source tokens (B, S)."""
        batch, steps = sources.shape
        every = sources.flatten()
        first, counts = self.starts[every], self.starts[every + 1] - self.starts[every]
        places = torch.arange(len(every)).repeat_interleave(counts)  # of the source tokens
        found = torch.arange(len(places)) + (first - counts.cumsum(0) + counts)[places]
        rows, tokens = places // steps, self.tokens[found] - 1
        named = torch.zeros(batch, self._targets - 1, dtype=torch.bool)
        named[rows, tokens] = True
        order = named.cumsum(1) - 1
        columns = torch.zeros(batch, max(int(named.sum(1).max()), 1), dtype=torch.int64)
        sentences, distinct = named.nonzero(as_tuple=True)
        columns[sentences, order[sentences, distinct]] = distinct
        chances = self.chances.new_zeros(batch, steps, columns.shape[1])
        chances[rows, places % steps, order[rows, tokens]] = self.chances[found]
        return Entries(columns, chances)

    def forward(self, weights: Tensor, entries: Entries) -> Hints:
        """Map attention weights (B, T, S) and entries of B sentences → hints (B, T, …)."""
        values = torch.log1p((weights @ entries.chances) / FLOOR)
        return Hints(entries.columns[:, None].expand_as(values), values)
