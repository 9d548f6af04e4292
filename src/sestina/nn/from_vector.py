"""The network of a sequence from one vector: vector → first states → token after token (row E6).

Letters: B rows, T steps, D the vector's size, E that of an embedding, H hidden, V tokens.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sestina.config import StackOptions
from sestina.kernels.cells import STATES
from sestina.nn import initialise
from sestina.nn.language import LanguageNetwork
from sestina.nn.states import States, rows_of


class VectorReader(nn.Module):
    """A vector → what the layers begin with, and what each step gets beside its token.

    The states are dense layers of the vector (Vinyals, Toshev, Bengio and Erhan, Show and tell,
    2015, whose image is the first input); beside the tokens it stands in E numbers, so that a long
    sequence does not forget it (Cho et al. 2014).

    Args:
        options: Sizes.
        cell: Name of the cell in `kernels.cells`.
        features: D.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, options: StackOptions, cell: str, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self._shape = (options.layers, STATES[cell], options.hidden)
        self.states = nn.Linear(features, int(np.prod(self._shape)))
        self.beside = nn.Linear(features, options.embedding)
        for layer in (self.states, self.beside):
            initialise.dense(layer)

    def standardise(self, mean: NDArray[np.float32], scale: NDArray[np.float32]) -> None:
        """Take `mean` off the vectors from now on, and divide by `scale`, (D,) each."""
        self.mean.copy_(torch.from_numpy(mean))
        self.scale.copy_(torch.from_numpy(scale))

    def forward(self, vectors: Tensor) -> tuple[States, Tensor]:
        """Map vectors (B, D) → states of each layer, (1, B, H) each, and (B, E) for every step."""
        vectors = (vectors - self.mean) / self.scale
        made = self.states(vectors).view(-1, *self._shape)
        states: States = []
        for layer in made.unbind(1):  # (B, states, H)
            h, *c = (part[None].contiguous() for part in layer.unbind(1))
            h = torch.tanh(h)  # as every h that follows
            states.append((h, *c) if c else h)
        return states, self.beside(vectors)


class VectorNetwork(LanguageNetwork):
    """Vectors and token ids → states from which the next token is foreseen (row E6).

    Args:
        options: Sizes and dropout.
        tokens: V.
        features: D.
    """

    def __init__(self, options: StackOptions, tokens: int, features: int) -> None:
        super().__init__(options, tokens, beside=options.embedding)
        cell = self.encoder[0].cell
        assert isinstance(cell, str)
        self.vector = VectorReader(options, cell, features)

    def read(self, vectors: Tensor, ids: Tensor, lengths: Tensor) -> Tensor:
        """Map vectors (B, D), ids (B, T) with lengths (B,) → states (B, T, H) of the last layer."""
        states, beside = self.vector(vectors)
        made, _ = self(ids, lengths, states, beside)
        result: Tensor = made
        return result


class Decoder:
    """Rows of a network in the middle of their texts, which go on token by token.

    Args:
        network: The trained network.
        vectors: What each row is given, (R, D).
        opening: Tokens that every row begins with, (T,).
    """

    def __init__(self, network: VectorNetwork, vectors: Tensor, opening: NDArray[np.int64]) -> None:
        self._network = network
        with torch.inference_mode():
            self._states, self._beside = network.vector(vectors)
        self.log_probabilities = self._read(np.tile(opening, (len(vectors), 1)))

    def advance(self, rows: NDArray[np.int64], tokens: NDArray[np.int64]) -> None:
        """Go on with some rows, perhaps several times with one, by a token each.

        Args:
            rows: Which of the present rows become the next ones, (R',).
            tokens: The token of each, (R',).
        """
        chosen = torch.from_numpy(rows)
        self._states = rows_of(self._states, chosen)
        self._beside = self._beside[chosen]
        self.log_probabilities = self._read(tokens[:, None])

    def _read(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """Read ids (R, T) and return log P of the tokens behind them, (R, V)."""
        lengths = torch.full((len(ids),), ids.shape[1])
        with torch.inference_mode():
            made, self._states = self._network(
                torch.from_numpy(ids), lengths, self._states, self._beside
            )
            found: NDArray[np.float64] = self._network.log_probabilities(made[:, -1]).numpy()
        return found
