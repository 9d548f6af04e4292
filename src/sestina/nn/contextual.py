"""Words in context: the states of language models that stand still, mixed layer by layer (row B5).

Peters et al., Deep contextualized word representations, 2018 (ELMo). Letters: B texts, T words, L
layers, H units of one way, F of all ways (forwards and backwards: 2 H).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from sestina.nn.embedding import TokenEmbedding
from sestina.nn.layers import Stack


def turned(rows: Tensor, lengths: Tensor) -> Tensor:
    """Return rows (B, T, …), each from its true end to its beginning, zeros behind it."""
    at = lengths[:, None] - 1 - torch.arange(rows.shape[1])  # (B, T)
    found = rows[torch.arange(len(rows))[:, None], at.clamp(min=0)]
    return found.masked_fill((at < 0).view(*at.shape, *(1,) * (rows.dim() - 2)), 0)


class Way(nn.Module):
    """The embedding and the recurrent layers of a language model, read in its direction.

    The first of the L layers are the words' vectors, where these are as long as a state.

    Args:
        embedding: Vectors of the tokens.
        layers: The recurrent layers.
        backwards: Whether texts are read from their ends.
        end: The token that stands before every text.
    """

    def __init__(self, embedding: TokenEmbedding, layers: Stack, backwards: bool, end: int) -> None:
        super().__init__()
        self.embedding, self.layers = embedding, layers
        self.backwards, self.end = backwards, end
        size = layers[0].hidden_size
        assert isinstance(size, int)
        self.features, self.tokens = size, len(embedding.weight)
        self._has_vectors = embedding.weight.shape[1] == size
        self.depth = len(layers) + self._has_vectors

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Map token ids (B, T) of true lengths (B,) → states (B, T, L, H), zeros at padding.

        A word's state is the one after it was read.
        """
        if self.backwards:
            ids = turned(ids, lengths)
        begun = nn.functional.pad(ids, (1, 0), value=self.end)
        x = self.embedding.lookup(begun)
        found = [self.embedding(begun)] if self._has_vectors else []
        found += self.layers(x, lengths + 1)[0]
        states = torch.stack([made[:, 1:] for made in found], dim=2)
        return turned(states, lengths) if self.backwards else states


class ContextualEmbedding(nn.Module):
    """Token ids → one vector a word: γ · Σ sⱼ hⱼ over the layers, s a softmax (Peters 2018, eq. 1).

    γ and s are trained with whatever reads the vectors; the language models are not, and know no
    dropout.

    Args:
        ways: One or two, with as many layers each.
    """

    def __init__(self, ways: Sequence[Way]) -> None:
        super().__init__()
        self.ways = nn.ModuleList(ways)
        self.ways.requires_grad_(False)
        self.depth, self.tokens = ways[0].depth, ways[0].tokens
        self.features = sum(way.features for way in ways)
        self.weights = nn.Parameter(torch.zeros(self.depth))
        self.gamma = nn.Parameter(torch.ones(1))
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Do nothing: language models that stand still drop nothing out."""
        return super().train(False)

    def layers(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Map token ids (B, T) of true lengths (B,) → all layers, (B, T, L, F).

        Ids beyond those of the language models are UNK to them.
        """
        ids = ids.masked_fill(ids >= self.tokens, 1)
        with torch.no_grad():
            return torch.cat([way(ids, lengths) for way in self.ways], dim=3)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Map token ids (B, T) of true lengths (B,) → vectors (B, T, F), zeros at padding."""
        shares = self.weights.softmax(dim=0)
        mixed: Tensor = self.gamma * torch.einsum("btlf,l->btf", self.layers(ids, lengths), shares)
        return mixed
