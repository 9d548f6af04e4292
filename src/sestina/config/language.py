"""Options of language models, and of sequences from one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sestina.config.cells import RECURRENT, CellOptions
from sestina.config.networks import LearningOptions
from sestina.config.texts import OneHotOptions, TokenOptions, VerbatimOptions
from sestina.options import as_in, option


@dataclass(eq=False, repr=False, kw_only=True)
class WrittenOptions(VerbatimOptions, TokenOptions):
    """How texts become the tokens that a model reads and writes."""

    vocabulary: int = option(
        50_000,
        "Keep the most frequent tokens, or learn so many parts of words; PAD, UNK and EOS count "
        "too.",
        least=4,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class LanguageTextOptions(WrittenOptions):
    """How texts become the tokens of a language model."""

    running: bool = option(
        False, "The texts are one running text, as a book's lines are: the state goes on."
    )
    backwards: bool = option(
        False, "Read texts from their ends, to foresee what stands before, not what follows."
    )


@dataclass(eq=False, repr=False, kw_only=True)
class StackOptions(CellOptions):
    """Recurrent layers, one on the other, between the tokens read and the token foreseen."""

    cell: str = option("lstm", "Recurrent cell.", choices=RECURRENT)
    embedding: int = option(200, "Size of a token's vector.", least=1)
    hidden: int = option(200, "Units of a recurrent layer.", least=1)
    layers: int = option(1, "Stacked recurrent layers.", least=1)
    tied: bool = option(True, "The output layer's weights are the tokens' vectors.")
    adaptive: int = option(
        20_000, "From so many tokens on, the adaptive softmax, which is never tied.", least=64
    )
    dropout: float = option(
        0.3,
        "Share of features dropped between layers and before the output, one mask a sequence.",
        least=0.0,
        most=0.95,
    )
    input_dropout: float = option(
        0.3, "Share of input features dropped, one mask a sequence.", least=0.0, most=0.95
    )


@dataclass(eq=False, repr=False, kw_only=True)
class LanguageOptions(StackOptions):
    """The network of a language model, and how it is led through texts."""

    scheme: str = option(
        "stateful",
        "Predict every token, the state carried from chunk to chunk; or, from windows of tbptt "
        "tokens, the one behind each.",
        choices=("stateful", "windows"),
    )
    tbptt: int = option(
        35, "Tokens of a chunk that gradients go back through, or a window.", least=1
    )


@dataclass(eq=False, repr=False, kw_only=True)
class ContinuingOptions:
    """How a language model begins as one of other texts, and how carefully that is changed."""

    pretrained: Any = option(
        None, "Begin as a language model of other texts: the folder of one whose options agree."
    )
    extend: bool = option(
        True,
        "With pretrained: tokens that it lacks get a place behind its own, as far as vocabulary "
        "and min_count admit them; else they are UNK.",
        levels=("word", "character"),
    )
    layer_decay: float = option(
        1.0,
        "Each layer learns so many times slower than the one above it; ULMFiT takes 2.6.",
        least=1.0,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class GivenOptions:
    """What a sequence is given to begin with: the columns of a table."""

    standard: bool = option(
        True,
        "Take off the mean of each column of numbers, and divide by its standard deviation; "
        "columns of 0 and 1 stay.",
    )
    unknown: str = option(
        OneHotOptions.unknown,
        "A symbol not seen before is an error, or all zeros.",
        choices=("error", "zeros"),
    )


@dataclass(eq=False, repr=False, kw_only=True)
class LanguageTrainingOptions(LearningOptions):
    """How a language model is trained."""

    learning_rate: float = as_in(LearningOptions, "learning_rate", default=2e-3)
    batch_size: int = as_in(
        LearningOptions,
        "batch_size",
        default=20,
        help="Texts, pieces of a running text or windows per step.",
    )
