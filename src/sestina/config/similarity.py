"""Options of networks that tell how alike two sequences are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sestina.config.networks import VECTOR_READERS, EmbeddingOptions, EncoderOptions
from sestina.options import as_in, option


@dataclass(eq=False, repr=False, kw_only=True)
class SimilarityOptions(EncoderOptions):
    """How a sequence becomes a vector, and how alike two vectors are."""

    encoder: str = option("lstm", "What reads each sequence.", choices=VECTOR_READERS)
    size: int = option(32, "Numbers of a sequence's vector.", least=1)
    measure: str = option(
        "cosine",
        "How alike vectors are: their cosine, or e to the minus sum of their differences.",
        choices=("cosine", "exp-l1"),
    )
    loss: str = option(
        "contrastive",
        "Pull pairs together or push them a margin apart, by labels 0 and 1; or foretell their "
        "similarity, of 0 to 1.",
        choices=("contrastive", "regression"),
    )
    margin: float = option(
        0.5, "What 1 − similarity of unlike pairs should be at least.", least=0.01, most=2.0
    )
    embedding: int = as_in(EmbeddingOptions, "embedding", encoders=())
    vectors: Any = option(
        None, "Pre-trained vectors of words: 'glove-50d', a file, or WordVectors."
    )
    fine_tune: bool = as_in(EmbeddingOptions, "fine_tune", encoders=())
    token_dropout: float = as_in(EmbeddingOptions, "token_dropout")
