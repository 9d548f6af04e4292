"""Options of language models."""

from __future__ import annotations

from dataclasses import dataclass

from sestina.config.networks import RECURRENT, LearningOptions
from sestina.config.texts import CleaningOptions
from sestina.options import option


@dataclass(eq=False, repr=False, kw_only=True)
class LanguageTextOptions(CleaningOptions):
    """How texts become the tokens that a language model reads and writes."""

    level: str = option("word", "Tokens are words or characters.", choices=("word", "character"))
    vocabulary: int = option(
        50_000, "Keep the most frequent tokens; PAD, UNK and EOS count too.", least=4
    )
    min_count: int = option(1, "Tokens seen fewer times become UNK.", least=1)
    lowercase: bool = option(False, "Turn texts to lower case.")
    html: bool = option(False, "Read HTML: <br /> is white space, &amp; is an ampersand.")
    running: bool = option(
        False, "The texts are one running text, as a book's lines are: the state goes on."
    )


@dataclass(eq=False, repr=False, kw_only=True)
class LanguageOptions:
    """The network of a language model."""

    scheme: str = option(
        "stateful",
        "Predict every token, the state carried from chunk to chunk; or, from windows of tbptt "
        "tokens, the one behind each.",
        choices=("stateful", "windows"),
    )
    tbptt: int = option(
        35, "Tokens of a chunk that gradients go back through, or a window.", least=1
    )
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
    recurrent_dropout: float = option(
        0.0,
        "Share of the state dropped where it recurs, one mask a sequence.",
        least=0.0,
        most=0.95,
    )
    weight_drop: float = option(
        0.0,
        "Share of recurrent weights dropped, one mask a step of training.",
        least=0.0,
        most=0.95,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class LanguageTrainingOptions(LearningOptions):
    """How a language model is trained."""

    learning_rate: float = option(2e-3, "Step size of the optimiser.", least=1e-12)
    batch_size: int = option(20, "Texts, pieces of a running text or windows per step.", least=1)
