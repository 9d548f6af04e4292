"""Options of translators, and of the files of sentence pairs that they read."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.config.cells import CellOptions
from sestina.config.language import StackOptions
from sestina.config.networks import LearningOptions
from sestina.config.texts import ReadingOptions, TokenOptions, VerbatimOptions
from sestina.options import as_in, option


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
    split: str | None = as_in(ReadingOptions, "split")
    encoding: str = as_in(ReadingOptions, "encoding")
    header: bool = as_in(ReadingOptions, "header")


@dataclass(eq=False, repr=False, kw_only=True)
class TranslationTextOptions(VerbatimOptions, TokenOptions):
    """How sentences and their translations become tokens."""

    level: str = as_in(TokenOptions, "level", default="subword")
    vocabulary: int = option(
        2_000, "Tokens of each language at most; PAD, UNK and EOS count too.", least=4
    )
    shared: bool = option(False, "One vocabulary, with one table of vectors, for both languages.")
    max_tokens: int = option(
        150,
        "Longer pairs are not trained on; of a longer sentence, the first so many tokens are "
        "translated.",
        least=2,
    )
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
class TranslatorOptions(CellOptions):
    """The network of a translator, and how it looks for a translation."""

    attention: str | None = option(
        "additive",
        "How the decoder looks back at all of the sentence; none: it knows its last state only.",
        choices=("additive", "dot"),
    )
    cell: str = as_in(StackOptions, "cell")
    embedding: int = as_in(StackOptions, "embedding", default=192)
    hidden: int = option(
        192, "Units of a recurrent layer, of the encoder's in each direction.", least=1
    )
    layers: int = option(1, "Stacked recurrent layers, of the encoder and of the decoder.", least=1)
    dropout: float = as_in(StackOptions, "dropout", default=0.4)
    input_dropout: float = as_in(StackOptions, "input_dropout", default=0.4)
    beam: int = option(5, "Beginnings of translations that are followed up side by side.", least=1)
    length_penalty: float = option(
        1.0, "α: log P is divided by ((5 + tokens) / 6) to the α.", least=0.0, most=5.0
    )


@dataclass(eq=False, repr=False, kw_only=True)
class TranslatorTrainingOptions(LearningOptions):
    """How a translator is trained."""

    learning_rate: float = as_in(LearningOptions, "learning_rate", default=6e-3)
    decay: bool = as_in(LearningOptions, "decay", default=True)
    batch_size: int = as_in(LearningOptions, "batch_size", default=32, help="Pairs per step.")
    epochs: int = as_in(LearningOptions, "epochs", default=12)
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
