"""Options of word vectors."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.config.texts import ReadingOptions
from sestina.options import as_in, option


@dataclass(eq=False, repr=False, kw_only=True)
class CorpusOptions:
    """How a corpus becomes tokens."""

    tokens: str = option(
        "words",
        "Tokens are words, marks left out, or what stands between blanks.",
        choices=("words", "whitespace"),
    )
    lowercase: bool = option(True, "Turn text to lower case.")
    encoding: str = as_in(ReadingOptions, "encoding")
    min_count: int = option(5, "Leave out words that occur fewer times.", least=1)
    vocabulary: int | None = option(None, "Keep so many of the most frequent words.", least=1)
    kmers: str | None = option(
        None, "Cut DNA into k-mers of these lengths, for instance 3:8, instead of words."
    )


@dataclass(eq=False, repr=False, kw_only=True)
class VectorOptions:
    """What all ways of making word vectors share."""

    dimensions: int = option(100, "Size of a vector.", least=1)
    window: int = option(
        5, "Words on each side that count as context, at most.", least=1, most=1_000_000
    )
    seed: int = option(0, "Seed of every random number.", least=0)
    threads: int | None = option(None, "Threads; otherwise OMP_NUM_THREADS, or all.", least=1)
    verbose: bool = option(False, "Show progress on standard error.")


@dataclass(eq=False, repr=False, kw_only=True)
class SamplingOptions(VectorOptions):
    """How word2vec and its kin are trained."""

    output: str = option(
        "negative",
        "Output layer; a full softmax is for teaching, with word2vec only.",
        choices=("negative", "hierarchical", "softmax"),
    )
    negative: int = option(
        5, "Negatives of a word: 5 to 20 for small corpora, else 2 to 5.", least=1
    )
    subsample: float | None = option(
        1e-3, "Words of a greater share than this are skipped at random.", least=0.0, most=1.0
    )
    noise: float = option(0.75, "Negatives are drawn by count to this power.", least=0.0, most=2.0)
    learning_rate: float = option(0.025, "Step size; it falls to nearly 0.", least=1e-12)
    epochs: int = option(5, "Passes over the corpus.", least=1)
    deterministic: bool = option(
        False, "The same bits for any number of threads; without, only for one thread."
    )


@dataclass(eq=False, repr=False, kw_only=True)
class Word2VecOptions(SamplingOptions):
    """Options of `Word2Vec`."""

    method: str = option(
        "skipgram",
        "What predicts what: a word each one around it, their mean it, or the word before it.",
        choices=("skipgram", "cbow", "one-word"),
    )


@dataclass(eq=False, repr=False, kw_only=True)
class FastTextOptions(SamplingOptions):
    """Options of `FastText`."""

    method: str = option(
        "skipgram",
        "What predicts what: a word each one around it, or their mean it.",
        choices=("skipgram", "cbow"),
    )
    output: str = option(
        "negative",
        "Output layer.",
        choices=("negative", "hierarchical"),
    )
    learning_rate: float = as_in(SamplingOptions, "learning_rate", default=0.05)
    min_n: int = option(3, "Characters of the shortest parts of a word.", least=1)
    max_n: int = option(6, "Characters of the longest parts; 0: no parts.", least=0)
    buckets: int = option(2_000_000, "Numbers that parts are hashed into.", least=1)


@dataclass(eq=False, repr=False, kw_only=True)
class Doc2VecOptions(SamplingOptions):
    """Options of `Doc2Vec`."""

    method: str = option(
        "dbow",
        "What predicts a word: its document (PV-DBOW), or that and its neighbours (PV-DM).",
        choices=("dbow", "dm"),
    )
    output: str = as_in(FastTextOptions, "output")
    epochs: int = as_in(SamplingOptions, "epochs", default=10)


@dataclass(eq=False, repr=False, kw_only=True)
class GloVeOptions(VectorOptions):
    """Options of `GloVe`."""

    epochs: int = option(15, "Passes over the counted pairs.", least=1)
    learning_rate: float = option(0.05, "First step size of AdaGrad.", least=1e-12)
    x_max: float = option(100.0, "Count from which on a pair has the full weight.", least=1e-12)
    alpha: float = option(0.75, "Exponent of the weight below that count.", least=1e-12)
    memory: float = option(1024.0, "Megabytes for counts; the rest goes to disk.", least=16.0)


@dataclass(eq=False, repr=False, kw_only=True)
class PMIOptions(VectorOptions):
    """Options of `PMI`."""

    shift: float = option(1.0, "log2 of this is taken off (number of negatives).", least=1e-12)
    smoothing: float = option(0.75, "Counts of contexts to this power.", least=1e-12, most=1.0)
    positive: bool = option(True, "Negative values become 0 (PPMI).")
    power: float = option(1.0, "Vectors are rows of U times singular values to this.", least=0.0)
    memory: float = as_in(GloVeOptions, "memory")
