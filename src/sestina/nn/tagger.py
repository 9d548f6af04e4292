"""The network of a sequence tagger: words and their characters → encoder → a tag for each word."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sestina.config import EncoderOptions, TaggerOptions
from sestina.nn import encoders, parts
from sestina.nn.contextual import ContextualEmbedding
from sestina.nn.crf import CRF, Independent
from sestina.nn.embedding import TokenEmbedding
from sestina.nn.heads import Head

READERS = {"rnn": "lstm", "cnn": "cnn"}


class WordBatch(NamedTuple):
    """B sentences of T words at most, with U different spellings."""

    words: Tensor  # (B, T) int64: rows of the trained table
    known: Tensor  # (B, T) int64: rows of the pre-trained one
    spelt: Tensor  # (B, T) int64: which of the spellings
    lengths: Tensor  # (B,) int64
    characters: Tensor  # (U, C) int64
    sizes: Tensor  # (U,) int64: characters of each spelling
    context: Tensor  # (B, T) int64: rows of the language models' table, where there are such


class CharacterReader(nn.Module):
    """Spellings → one vector each, recurrent (Lample et al. 2016) or CNN (Ma and Hovy 2016).

    Args:
        options: What reads, and its sizes.
        characters: Number of different characters, PAD and UNK among them.
    """

    def __init__(self, options: TaggerOptions, characters: int) -> None:
        super().__init__()
        reading = EncoderOptions(
            encoder=READERS[str(options.characters)],
            hidden=options.character_hidden,
            bidirectional=True,
            pool=options.pool,
            widths=tuple(options.widths),
        )
        size = options.character_embedding
        self.embedding = TokenEmbedding(characters, size, None, trainable=True)
        self.encoder = encoders.build(reading, size, 0)
        self.features = self.encoder.features

    def forward(self, characters: Tensor, sizes: Tensor) -> Tensor:
        """Map characters (U, C) of true sizes (U,) → vectors (U, F)."""
        vectors: Tensor
        if isinstance(self.encoder, encoders.Recurrent):
            vectors = self.encoder(self.embedding.lookup(characters), sizes)
        else:
            vectors = self.encoder(self.embedding(characters), sizes)
        return vectors


class TaggerNetwork(nn.Module):
    """Sentences in numbers → scores of each word's tags; row E2.

    Args:
        options: Encoder, its sizes and dropout; what reads characters; CRF or not.
        allowed: Which tag may follow which, (K + 1, K + 1) bool.
        embedding: Trained vectors of the words.
        known: Pre-trained vectors, perhaps of more words; or None.
        characters: Number of different characters.
        lost: Share of each word's occurrences that become UNK while training, (V,); None: none.
        contextual: What makes vectors of words in their context; or None.
    """

    lost: Tensor | None

    def __init__(
        self,
        options: TaggerOptions,
        allowed: NDArray[np.bool_],
        embedding: TokenEmbedding,
        known: TokenEmbedding | None,
        characters: int,
        lost: NDArray[np.float32] | None = None,
        contextual: ContextualEmbedding | None = None,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.known = known
        self.contextual = contextual
        self.characters = CharacterReader(options, characters) if options.characters else None
        size = embedding.weight.shape[1]
        size += 0 if known is None else known.weight.shape[1]
        size += 0 if self.characters is None else self.characters.features
        size += 0 if contextual is None else contextual.features
        self.encoder = encoders.stacked(size, options)
        features = options.hidden * (2 if options.bidirectional else 1)
        tags = len(allowed) - 1
        self.head = Head(features, tuple(options.dense), tags, options.dropout)
        self.tags = (CRF if options.crf else Independent)(tags, allowed)
        self.input_dropout = options.input_dropout
        losing = None if lost is None else torch.from_numpy(lost)
        self.register_buffer("lost", losing, persistent=False)

    def forward(self, batch: WordBatch) -> Tensor:
        """Map a batch → emissions (B, T, K)."""
        words = batch.words
        if self.training and self.lost is not None:
            gone = torch.rand(words.shape) < self.lost[words]
            words = words.masked_fill(gone & (words != 0), 1)  # 1 is UNK
        dropped = self.training and bool(self.input_dropout)
        alone = self.known is None and self.characters is None and self.contextual is None
        if alone and not dropped:
            states, _ = self.encoder(self.embedding.lookup(words), lengths=batch.lengths)
        else:
            x = self.vectors(batch._replace(words=words))
            x = parts.drop_features(x, self.input_dropout) if dropped else x
            states, _ = self.encoder(x, lengths=batch.lengths)
        emissions: Tensor = self.head(states)
        return emissions

    def vectors(self, batch: WordBatch) -> Tensor:
        """Return what is known of each word side by side, (B, T, D)."""
        found = [self.embedding(batch.words)]
        if self.known is not None:
            found.append(self.known(batch.known))
        if self.characters is not None:
            spellings = self.characters(batch.characters, batch.sizes)
            # not spellings[spelt], whose gradient threads add up in the order they come
            found.append(nn.functional.embedding(batch.spelt, spellings))
        if self.contextual is not None:
            found.append(self.contextual(batch.context, batch.lengths))
        return torch.cat(found, dim=2)

    def loss(self, batch: WordBatch, tags: Tensor) -> Tensor:
        """Return −log P(tags), (B, T), divided by the number of words."""
        total: Tensor = self.tags.loss(self(batch), tags, batch.lengths)
        return total / batch.lengths.sum().clamp(min=1)

    def kernels(self) -> list[Tensor]:
        """Return the weights that an L2 penalty falls on: input and dense kernels (Keras' rule)."""
        return parts.kernels(self, (TokenEmbedding, CRF))

    def parameter_counts(self) -> dict[str, int]:
        """Return the number of parameters of each part."""
        return parts.parameter_counts(self)
