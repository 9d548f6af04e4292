"""Options of networks and their training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sestina.config.cells import RECURRENT, CellOptions
from sestina.config.texts import BagOptions
from sestina.options import option

ENCODERS = ("bag", "flatten", "mean", "cnn", *RECURRENT)
VECTOR_READERS = tuple(name for name in ENCODERS if name != "bag")
POOLS = ("last", "max", "mean", "concat")
IN_CONTEXT = ("mean", "cnn", *RECURRENT)
ONE_HOT = "one-hot"
"""What `vectors` may be in a text classifier, in place of pre-trained ones."""


@dataclass(eq=False, repr=False, kw_only=True)
class EmbeddingOptions:
    """How token ids become vectors."""

    embedding: int = option(32, "Size of a token's vector.", least=1, encoders=VECTOR_READERS)
    vectors: Any = option(
        None,
        "Pre-trained vectors: 'glove-50d', a file (.safetensors, .bin, .txt, .vec) or WordVectors; "
        "of a text classifier also 'one-hot', a column for each token.",
        encoders=VECTOR_READERS,
    )
    vector_words: int = option(
        0,
        "Words of the pre-trained vectors to know beside those of the training texts, the first "
        "ones.",
        least=0,
        encoders=VECTOR_READERS,
    )
    fine_tune: bool = option(False, "Train the pre-trained vectors too.", encoders=VECTOR_READERS)
    contextual: Any = option(
        None,
        "Vectors in context: a language model's folder, or one with forward/ and backward/ in it.",
        encoders=IN_CONTEXT,
    )
    token_dropout: float = option(
        0.0, "Share of tokens that become UNK at random while training.", least=0.0, most=0.95
    )


@dataclass(eq=False, repr=False, kw_only=True)
class NgramOptions:
    """Which hashed n-grams are averaged beside the tokens."""

    word_ngrams: int = option(
        1, "Average n-grams of up to so many tokens too.", least=1, encoders=("mean",)
    )
    min_n: int = option(
        3, "Characters of the shortest parts of words.", least=1, encoders=("mean",)
    )
    max_n: int = option(
        0,
        "Characters of the longest parts of words that are averaged too; 0: none.",
        least=0,
        encoders=("mean",),
    )
    buckets: int = option(
        2_000_000,
        "Numbers that n-grams are hashed into.",
        least=1,
        most=2**31 - 1,
        encoders=("mean",),
    )


@dataclass(eq=False, repr=False, kw_only=True)
class EncoderOptions(CellOptions):
    """How a sequence of vectors becomes one vector, and what follows it."""

    encoder: str = option("lstm", "What reads the sequence.", choices=ENCODERS)
    hidden: int = option(
        32,
        "Units of a recurrent layer, filters of a convolution, units of a bag's layer.",
        least=1,
        encoders=("bag", "cnn", *RECURRENT),
    )
    layers: int = option(1, "Stacked recurrent layers.", least=1, encoders=RECURRENT)
    bidirectional: bool = option(False, "Read the sequence in both directions.", encoders=RECURRENT)
    pool: str = option(
        "last",
        "Recurrent states that are kept; concat: last, maximum and mean side by side.",
        choices=POOLS,
        encoders=RECURRENT,
    )
    widths: tuple[int, ...] = option(
        (3, 4, 5), "Widths of the convolutions, in tokens.", least=1, encoders=("cnn",)
    )
    dense: tuple[int, ...] = option((), "Dense ReLU layers before the output.", least=1)
    dropout: float = option(
        0.0, "Share of units dropped between layers and before the output.", least=0.0, most=0.95
    )
    input_dropout: float = option(
        0.0,
        "Share of input features dropped, one mask per sequence.",
        least=0.0,
        most=0.95,
        encoders=VECTOR_READERS,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class LearningOptions:
    """How a network is trained, whatever it predicts."""

    optimiser: str = option(
        "adam", "Optimiser, with its usual constants.", choices=("adam", "rmsprop", "sgd")
    )
    learning_rate: float = option(1e-3, "Step size of the optimiser.", least=1e-12)
    decay: bool = option(
        False, "Let the learning rate fall to nothing, in a straight line over all epochs."
    )
    warm_up: float = option(
        0.0,
        "Share of all epochs in which the learning rate first rises; with decay that is ULMFiT's "
        "slanted triangle, of 0.1.",
        least=0.0,
        most=0.9,
    )
    momentum: float = option(0.0, "Momentum of SGD.", least=0.0, most=0.9999)
    batch_size: int = option(64, "Sequences per step.", least=1)
    epochs: int = option(20, "Passes over the training part, at most.", least=1)
    patience: int | None = option(
        3, "Stop after so many epochs without a better validation loss.", least=1
    )
    clip_norm: float | None = option(1.0, "Clip the gradient's norm to this.", least=1e-12)
    clip_value: float | None = option(None, "Clip each gradient value to ± this.", least=1e-12)
    l2: float = option(0.0, "L2 penalty on input and dense kernels.", least=0.0)
    validation_fraction: float = option(
        0.1,
        "Share held out for early stopping where no validation part is given.",
        least=0.0,
        most=0.9,
    )
    seed: int = option(0, "Seed of every random number.", least=0)
    verbose: bool = option(False, "Show progress on standard error.")


@dataclass(eq=False, repr=False, kw_only=True)
class TrainingOptions(LearningOptions):
    """How a classifier is trained."""

    class_weight: Any = option(
        None, "Weigh classes: 'balanced' or {class: weight}.", choices=("balanced",)
    )
    calibrate: bool = option(
        False, "Fit a temperature on the validation part, so that probabilities mean what they say."
    )


@dataclass(eq=False, repr=False, kw_only=True)
class FineTuningOptions:
    """How a classifier begins as a language model, and how carefully it is changed."""

    pretrained: Any = option(
        None,
        "Begin as a language model: the folder of one whose options agree.",
        encoders=RECURRENT,
    )
    layer_decay: float = option(
        1.0,
        "Each layer learns so many times slower than the one above it; ULMFiT takes 2.6.",
        least=1.0,
        encoders=RECURRENT,
    )
    unfreeze: bool = option(
        False,
        "Train the output alone in the first epoch, and one layer more in each that follows.",
        encoders=RECURRENT,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class PretrainingOptions:
    """How the laboratory trains language models on the texts of a classifier."""

    pretraining_epochs: int = option(5, "Passes of the language model over the texts.", least=1)
    pretraining_rate: float = option(2e-3, "Its step size.", least=1e-12)
    pretraining_dropout: float = option(
        0.3, "Share of its features dropped, inputs too.", least=0.0, most=0.95
    )


@dataclass(eq=False, repr=False, kw_only=True)
class InContextOptions(PretrainingOptions):
    """How the laboratory trains the language models whose layers are a classifier's vectors."""

    pretraining_size: int = option(100, "Size of their vectors, and units of their layer.", least=1)


@dataclass(eq=False, repr=False, kw_only=True)
class NeuronOptions:
    """How a single neuron is trained."""

    learning_rate: float = option(1.0, "Step size.", least=1e-12)
    epochs: int = option(100, "Passes over the rows, at most.", least=1)


@dataclass(eq=False, repr=False, kw_only=True)
class PerceptronOptions(NeuronOptions):
    """Options of `Perceptron`."""

    seed: int = option(0, "Seed of the order of the rows.", least=0)


@dataclass(eq=False, repr=False, kw_only=True)
class SigmoidNeuronOptions(NeuronOptions):
    """Options of `SigmoidNeuron`."""

    learning_rate: float = option(0.1, "Step size of the gradient descent.", least=1e-12)
    epochs: int = option(1000, "Steps, each over all rows.", least=1)


@dataclass(eq=False, repr=False, kw_only=True)
class TextNeuronOptions(BagOptions, PerceptronOptions):
    """Options of a neuron on bags of words, as the laboratory trains it."""

    activation: str = option(
        "step", "A step, which is the perceptron's, or the sigmoid.", choices=("step", "sigmoid")
    )
    bag: str = option(
        "multi-hot",
        "Mark which terms a text has, or count them.",
        choices=("multi-hot", "counts"),
    )
