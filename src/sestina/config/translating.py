"""Options of translators, and of the files of sentence pairs that they read."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.config.networks import RECURRENT, LearningOptions
from sestina.config.texts import SUBWORD_METHODS, CleaningOptions, ReadingOptions, SubwordOptions
from sestina.options import option


@dataclass(eq=False, repr=False, kw_only=True)
class PairOptions:
    """Which columns of a table hold the sentences and their translations."""

    source: str | None = option(None, "Column of the sentences; guessed where it is plain.")
    target: str | None = option(None, "Column of the translations; guessed where it is plain.")


@dataclass(eq=False, repr=False, kw_only=True)
class PairReadingOptions(PairOptions):
    """How a table of sentences and their translations is read and parted."""

    group: str | None = option(
        None, "Column, for instance of books, whose values stay whole in one part."
    )
    split: str | None = option(None, "Column that names train, dev and test.")
    encoding: str = option(ReadingOptions.encoding, "Encoding of text files.")
    header: bool = option(
        ReadingOptions.header, "CSV and TSV begin with column names; without, name columns 1, 2, …"
    )


@dataclass(eq=False, repr=False, kw_only=True)
class TranslationTextOptions(CleaningOptions):
    """How sentences and their translations become tokens."""

    level: str = option(
        "subword",
        "Tokens are parts of words that are learnt, words, or characters.",
        choices=("subword", "word", "character"),
    )
    subword_method: str = option(
        SubwordOptions.method,
        "With level subword: pairs that are merged (BPE), or parts that are dropped (unigram).",
        choices=SUBWORD_METHODS,
        levels=("subword",),
    )
    vocabulary: int = option(
        2_000, "Tokens of each language at most; PAD, UNK and EOS count too.", least=4
    )
    shared: bool = option(False, "One vocabulary, with one table of vectors, for both languages.")
    min_count: int = option(
        1, "Tokens seen fewer times become UNK.", least=1, levels=("word", "character")
    )
    max_tokens: int = option(
        150,
        "Longer pairs are not trained on; of a longer sentence, the first so many tokens are "
        "translated.",
        least=2,
    )
    lowercase: bool = option(False, "Turn texts to lower case.")
    html: bool = option(False, "Read HTML: <br /> is white space, &amp; is an ampersand.")
    lexicon: bool = option(
        True,
        "With attention: what the training pairs make of the tokens attended to (IBM model 1) "
        "bears on the next token.",
        levels=("subword", "word"),
    )
    copy: bool = option(
        True,
        "An UNK becomes what the training pairs make of the word it attends to most, or that word.",
        levels=("word",),
    )


@dataclass(eq=False, repr=False, kw_only=True)
class TranslatorOptions:
    """The network of a translator, and how it looks for a translation."""

    attention: str | None = option(
        "additive",
        "How the decoder looks back at all of the sentence; none: it knows its last state only.",
        choices=("additive", "dot"),
    )
    cell: str = option("lstm", "Recurrent cell.", choices=RECURRENT)
    embedding: int = option(128, "Size of a token's vector.", least=1)
    hidden: int = option(
        128, "Units of a recurrent layer, of the encoder's in each direction.", least=1
    )
    layers: int = option(1, "Stacked recurrent layers, of the encoder and of the decoder.", least=1)
    dropout: float = option(
        0.3,
        "Share of features dropped between layers and before the output, one mask a sequence.",
        least=0.0,
        most=0.95,
    )
    input_dropout: float = option(
        0.3, "Share of input features dropped, one mask a sequence.", least=0.0, most=0.95
    )
    beam: int = option(5, "Beginnings of translations that are followed up side by side.", least=1)
    length_penalty: float = option(
        1.0, "α: log P is divided by ((5 + tokens) / 6) to the α.", least=0.0, most=5.0
    )


@dataclass(eq=False, repr=False, kw_only=True)
class TranslatorTrainingOptions(LearningOptions):
    """How a translator is trained."""

    learning_rate: float = option(2e-3, "Step size of the optimiser.", least=1e-12)
    batch_size: int = option(32, "Pairs per step.", least=1)
    epochs: int = option(30, "Passes over the training part, at most.", least=1)
    label_smoothing: float = option(
        0.1, "Share of the probability that is spread over all tokens.", least=0.0, most=0.9
    )
    scheduled_sampling: float = option(
        0.0,
        "Share of the decoder's inputs that are its own predictions, in the end.",
        least=0.0,
        most=1.0,
    )
    sampling_epochs: int = option(
        10, "Epochs in which that share rises from 0 to its full value.", least=1
    )
