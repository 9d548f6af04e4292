"""Options of networks that put a tag on every word, and of the files they read."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.config.cells import RECURRENT
from sestina.config.networks import POOLS, EmbeddingOptions, EncoderOptions
from sestina.options import as_in, option


@dataclass(eq=False, repr=False, kw_only=True)
class TaggedOptions:
    """Which columns of a CoNLL file hold the words and their tags."""

    word_column: int | None = option(
        None, "Column of the words, from 1; the first where not named.", least=1
    )
    tag_column: int | None = option(
        None, "Column of the tags, from 1; the last where not named.", least=1
    )


@dataclass(eq=False, repr=False, kw_only=True)
class TaggerOptions(EmbeddingOptions, EncoderOptions):
    """How the words of a sentence become tags."""

    embedding: int = option(64, "Size of a word's trained vector.", least=1)
    encoder: str = option("lstm", "What reads the sentence.", choices=RECURRENT)
    hidden: int = option(64, "Units of a recurrent layer, in each direction.", least=1)
    bidirectional: bool = option(True, "Read the sentence in both directions.")
    pool: str = option("last", "States of a word's characters that are kept.", choices=POOLS)
    widths: tuple[int, ...] = option((3,), "Widths of the convolutions over characters.", least=1)
    dropout: float = as_in(EncoderOptions, "dropout", default=0.3)
    crf: bool = option(True, "Learn which tag follows which, and tag whole sentences (CRF).")
    scheme: str = option(
        "auto",
        "Forbid what the scheme of the spans forbids; auto tells the scheme by the tags.",
        choices=("auto", "none", "bio", "bioes"),
    )
    best_by: str = option(
        "loss",
        "What tells the best epoch on the dev part, at which training stops: its loss, or the F1 "
        "of its spans.",
        choices=("loss", "span_f1"),
    )
    characters: str | None = option(
        None, "Read the characters of words too: recurrent or CNN.", choices=("rnn", "cnn")
    )
    character_embedding: int = option(16, "Size of a character's vector.", least=1)
    character_hidden: int = option(
        32, "Units a direction, or filters a width, of what reads characters.", least=1
    )
    lowercase: bool = option(True, "Look words up in lower case; their characters keep theirs.")
    vocabulary: int | None = option(
        None, "Keep so many of the most frequent words; PAD and UNK count too.", least=3
    )
    min_count: int = option(1, "Words seen fewer times become UNK.", least=1)
    rare_dropout: float = option(
        0.25,
        "α: a word seen n times becomes UNK with probability α / (α + n) while training, so that "
        "unknown words are learnt.",
        least=0.0,
    )
    vector_words: int = option(
        100_000, "Words of the pre-trained vectors to keep, the first ones.", least=1
    )
