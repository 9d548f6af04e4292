"""How sequences from one vector are learnt and judged: whole rows at once, each token given.

Letters: N rows, B of them in a batch, T steps, D the vector's size, M tokens foreseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import issparse
from torch import Tensor

from sestina.config import LearningOptions
from sestina.data import chunks as cut
from sestina.data.chunks import Chunk
from sestina.data.ragged import Ragged, shuffled_batches, sorted_batches
from sestina.estimators.language_training import token_losses
from sestina.metrics import perplexity
from sestina.nn.from_vector import VectorNetwork
from sestina.text.attributes import Table
from sestina.train import Problem

ROWS = 64  # read side by side where nothing is learnt


class Pairs(NamedTuple):
    """N vectors and the sequences that belong to them.

    Attributes:
        vectors: (N, D) float32, sparse or not.
        rows: N rows of ids that begin and end with EOS (`data.chunks.framed`).
    """

    vectors: Table
    rows: Ragged

    def batch(self, index: NDArray[np.int64]) -> tuple[Tensor, Chunk]:
        """Return the vectors (B, D) of some rows, and their tokens in one chunk."""
        steps = int(self.rows.lengths[index].max())
        return dense(self.vectors, index), next(cut.chunks(self.rows, index, steps))

    def arrays(self) -> list[NDArray[Any]]:
        """Return what all of it is made of."""
        found = [self.rows.values, self.rows.offsets]
        if issparse(self.vectors):
            return [*found, self.vectors.indptr, self.vectors.indices, self.vectors.data]
        return [*found, np.asarray(self.vectors)]


def dense(vectors: Table, index: NDArray[np.int64]) -> Tensor:
    """Return some rows of vectors, (B, D), sparse or not."""
    rows = vectors[index]
    return torch.from_numpy(rows.toarray() if issparse(rows) else rows)


def keys(vectors: Table) -> list[bytes]:
    """Return bytes for each row that are equal where rows are equal."""
    if not issparse(vectors):
        return [row.tobytes() for row in vectors + 0.0]  # which makes −0 a 0
    places, values = vectors.indices, vectors.data
    return [
        places[start:end].tobytes() + values[start:end].tobytes()
        for start, end in pairwise(vectors.indptr.tolist())
    ]


def measures(vectors: Table) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of each column, (D,); 0 and 1 of columns of 0 and 1."""
    if issparse(vectors):
        other = vectors.copy()
        other.data = (other.data != 0) & (other.data != 1)
        plain = other.sum(axis=0) == 0
        wide = vectors.astype(np.float64)
        mean = wide.mean(axis=0)
        deviation = np.sqrt(np.maximum(wide.multiply(wide).mean(axis=0) - mean**2, 0.0))
    else:
        plain = ((vectors == 0) | (vectors == 1)).all(axis=0)
        mean, deviation = (part(vectors, axis=0, dtype=np.float64) for part in (np.mean, np.std))
    constant = deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-30)
    mean = np.where(plain, 0.0, mean).astype(np.float32)
    return mean, np.where(plain | constant, 1.0, deviation).astype(np.float32)


def problem(
    network: VectorNetwork, options: LearningOptions, pairs: Pairs, dev: Pairs | None
) -> Problem:
    """Return what the training loop needs: teacher forcing over whole rows (row E6)."""

    def batches(epoch: int) -> Iterator[tuple[tuple[Tensor, Chunk], int]]:
        lengths = pairs.rows.lengths
        for index in shuffled_batches(lengths, options.batch_size, options.seed, epoch):
            batch = pairs.batch(index)
            yield batch, len(batch[1].targets)

    def loss(batch: tuple[Tensor, Chunk]) -> Tensor:
        return network.losses(*_foreseen(network, *batch)).mean()

    def validate() -> dict[str, float]:
        assert dev is not None
        mean = float(losses(network, dev).sum() / len(cut.foreseen(dev.rows)))
        return {"loss": mean, "perplexity": perplexity(mean)}

    return Problem(
        network=network,
        batches=batches,
        steps=-(-len(pairs.rows) // options.batch_size),
        loss=loss,
        kernels=network.kernels(),
        validate=None if dev is None else validate,
        unit="tokens",
    )


def losses(network: VectorNetwork, pairs: Pairs) -> NDArray[np.float64]:
    """Return −log P of each row given its vector, (N,); the network in evaluation mode."""
    totals = np.zeros(len(pairs.rows))
    with torch.inference_mode():
        for index in sorted_batches(pairs.rows.lengths, ROWS):
            vectors, chunk = pairs.batch(index)
            each = token_losses(network, *_foreseen(network, vectors, chunk))
            totals += np.bincount(chunk.rows, weights=each, minlength=len(totals))
    return totals


def _foreseen(network: VectorNetwork, vectors: Tensor, chunk: Chunk) -> tuple[Tensor, Tensor]:
    """Return the states that foresee tokens, (M, H), and these tokens, (M,)."""
    inputs, lengths = torch.from_numpy(chunk.inputs), torch.from_numpy(chunk.lengths)
    made = network.read(vectors, inputs, lengths)
    places = torch.from_numpy(chunk.places)
    return made.reshape(-1, made.shape[2])[places], torch.from_numpy(chunk.targets)
