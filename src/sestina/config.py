"""Every option of Sestina and its default, stated once.

Estimators inherit the classes, the command line reads them. They are plain data classes rather
than frozen ones, because scikit-learn's ``set_params`` and ``clone`` assign to and read from
exactly these fields of an estimator.
"""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

import numpy as np

from sestina.errors import OptionError, nearest


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    least: float | None = None,
    most: float | None = None,
    encoders: tuple[str, ...] = (),
) -> Any:
    """Return a data-class field with its default, its help line and the values it admits.

    `encoders` are those that the option serves; none named means all.
    """
    return field(
        default=default,
        metadata={
            "help": help,
            "choices": choices,
            "least": least,
            "most": most,
            "encoders": encoders,
        },
    )


ENCODERS = ("bag", "flatten", "mean", "cnn", "rnn", "gru", "lstm")
RECURRENT = ("rnn", "gru", "lstm")
VECTOR_READERS = tuple(name for name in ENCODERS if name != "bag")
POOLS = ("last", "max", "mean")


@dataclass(eq=False, repr=False, kw_only=True)
class ReadingOptions:
    """How a file or folder is read."""

    text: str | None = option(None, "Column of the texts; guessed where it is plain.")
    label: str | None = option(None, "Column of the labels; guessed where it is plain.")
    split: str | None = option(None, "Column that names train, dev and test.")
    encoding: str = option("utf-8", "Encoding of text files.")
    header: bool = option(
        True, "CSV and TSV begin with column names; without, name columns 1, 2, …"
    )
    label_separator: str | None = option(
        None, "What parts several labels in one cell, for instance '|'."
    )


@dataclass(eq=False, repr=False, kw_only=True)
class TextOptions:
    """How texts become sequences of token ids."""

    level: str = option("word", "Tokens are words or characters.", choices=("word", "character"))
    lowercase: bool = option(True, "Turn texts to lower case.")
    html: bool = option(True, "Read HTML: <br /> is white space, &amp; is an ampersand.")
    vocabulary: int = option(
        10_000, "Keep the most frequent tokens; PAD and UNK count too.", least=3
    )
    min_count: int = option(1, "Tokens seen fewer times become UNK.", least=1)
    max_tokens: int = option(500, "Longer texts are cut to so many tokens.", least=1)
    pad: str = option(
        "post",
        "Side that is padded, where an encoder pads.",
        choices=("pre", "post"),
        encoders=("flatten",),
    )
    truncate: str = option("post", "Side that is cut off a long text.", choices=("pre", "post"))
    mark_start: bool = option(False, "Put a START token before each text.")
    mark_end: bool = option(False, "Put an EOS token after each text.")


@dataclass(eq=False, repr=False, kw_only=True)
class EmbeddingOptions:
    """How token ids become vectors."""

    embedding: int = option(32, "Size of a token's vector.", least=1, encoders=VECTOR_READERS)
    vectors: Any = option(
        None,
        "Pre-trained vectors: 'glove-50d', a file (.safetensors, .bin, .txt, .vec) or WordVectors.",
        encoders=VECTOR_READERS,
    )
    fine_tune: bool = option(False, "Train the pre-trained vectors too.", encoders=VECTOR_READERS)
    token_dropout: float = option(
        0.0, "Share of tokens that become UNK at random while training.", least=0.0, most=0.95
    )


@dataclass(eq=False, repr=False, kw_only=True)
class EncoderOptions:
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
    pool: str = option("last", "Recurrent states that are kept.", choices=POOLS, encoders=RECURRENT)
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
class TrainingOptions:
    """How a network is trained."""

    optimiser: str = option(
        "adam", "Optimiser, with its usual constants.", choices=("adam", "rmsprop", "sgd")
    )
    learning_rate: float = option(1e-3, "Step size of the optimiser.", least=1e-12)
    momentum: float = option(0.0, "Momentum of SGD.", least=0.0, most=0.9999)
    batch_size: int = option(64, "Sequences per step.", least=1)
    epochs: int = option(20, "Passes over the training part, at most.", least=1)
    patience: int | None = option(
        3, "Stop after so many epochs without a better validation loss.", least=1
    )
    clip_norm: float | None = option(1.0, "Clip the gradient's norm to this.", least=1e-12)
    clip_value: float | None = option(None, "Clip each gradient value to ± this.", least=1e-12)
    l2: float = option(0.0, "L2 penalty on input and dense kernels.", least=0.0)
    class_weight: Any = option(
        None, "Weigh classes: 'balanced' or {class: weight}.", choices=("balanced",)
    )
    validation_fraction: float = option(
        0.1,
        "Share held out for early stopping where no validation part is given.",
        least=0.0,
        most=0.9,
    )
    seed: int = option(0, "Seed of every random number.", least=0)
    verbose: bool = option(False, "Show progress on standard error.")


@dataclass(eq=False, repr=False, kw_only=True)
class CorpusOptions:
    """How a corpus becomes tokens."""

    tokens: str = option(
        "words",
        "Tokens are words, marks left out, or what stands between blanks.",
        choices=("words", "whitespace"),
    )
    lowercase: bool = option(True, "Turn text to lower case.")
    encoding: str = option("utf-8", "Encoding of text files.")
    min_count: int = option(5, "Leave out words that occur fewer times.", least=1)
    vocabulary: int | None = option(None, "Keep so many of the most frequent words.", least=1)
    kmers: str | None = option(
        None, "Cut DNA into k-mers of these lengths, for instance 3:8, instead of words."
    )


@dataclass(eq=False, repr=False, kw_only=True)
class VectorOptions:
    """What all ways of making word vectors share."""

    dimensions: int = option(100, "Size of a vector.", least=1)
    window: int = option(5, "Words on each side that count as context, at most.", least=1)
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
    learning_rate: float = option(0.05, "Step size; it falls to nearly 0.", least=1e-12)
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
    output: str = option(
        "negative",
        "Output layer.",
        choices=("negative", "hierarchical"),
    )
    epochs: int = option(10, "Passes over the corpus.", least=1)


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
    memory: float = option(1024.0, "Megabytes for counts; the rest goes to disk.", least=16.0)


def check(options: Any) -> None:
    """Check every option of an object whose class is built from the classes above.

    Raises:
        OptionError: A value has the wrong type, is out of range, or is not a known choice.
    """
    hints = get_type_hints(type(options))
    for spec in fields(options):
        value = getattr(options, spec.name)
        _check_type(spec.name, value, hints[spec.name])
        _check_choice(spec.name, value, spec.metadata.get("choices", ()))
        _check_range(spec.name, value, spec.metadata, "None" in str(hints[spec.name]))


def unused(options: EncoderOptions) -> list[str]:
    """Return a sentence for each option that is set, but does nothing for the chosen encoder."""
    found = []
    for spec in fields(options):
        served, value = spec.metadata.get("encoders"), getattr(options, spec.name)
        if not served or options.encoder in served:
            continue
        if value is not None if spec.default is None else _plain(value) != _plain(spec.default):
            found.append(
                f"{spec.name} does nothing with encoder={options.encoder!r}, "
                f"only with {', '.join(served)}"
            )
    return found


def _check_type(name: str, value: Any, hint: Any) -> None:
    """Raise unless `value` is of the declared type, taking NumPy's numbers as numbers."""
    text = getattr(hint, "__name__", None) or str(hint)
    if text == "Any" or (value is None and "None" in str(hint)):
        return
    if "tuple" in str(hint):
        good = isinstance(value, tuple | list) and all(_whole(item) for item in value)
        text = "a tuple of whole numbers"
    elif "bool" in str(hint):
        good, text = isinstance(value, bool), "True or False"
    elif "float" in str(hint):
        good, text = isinstance(value, numbers.Real) and not isinstance(value, bool), "a number"
    elif "int" in str(hint):
        good, text = _whole(value), "a whole number"
    else:
        good, text = isinstance(value, str), "a string"
    if not good:
        raise OptionError(f"{name}={value!r} is not {text}")


def _whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if choices and isinstance(value, str) and value not in choices:
        raise OptionError(f"{name}={value!r} is unknown{nearest(value, choices)}")


def _check_range(name: str, value: Any, metadata: Any, may_be_none: bool) -> None:
    none = "; None means none (0 on the command line)" if may_be_none else ""
    values = value if isinstance(value, tuple | list) else (value,)
    least, most = metadata.get("least"), metadata.get("most")
    for item in values:
        if item is None or isinstance(item, str):
            continue
        if isinstance(item, numbers.Real) and not math.isfinite(item):
            raise OptionError(f"{name}={value!r} is not a finite number")
        if least is not None and not item >= least:
            raise OptionError(f"{name}={value!r} is too small: the least is {least:g}{none}")
        if most is not None and not item <= most:
            raise OptionError(f"{name}={value!r} is too large: the most is {most:g}{none}")


def to_dict(options: Any, *kinds: type) -> dict[str, Any]:
    """Return the options that the classes `kinds` declare (all by default) as plain JSON values."""
    named = {spec.name for kind in kinds or (type(options),) for spec in fields(kind)}
    plain = {}
    for spec in fields(options):
        if spec.name in named:
            plain[spec.name] = _plain(getattr(options, spec.name))
    return plain


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: a list for a tuple, Python's numbers for NumPy's."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def from_dict(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    """Return keyword arguments for `kind` from plain JSON values.

    Raises:
        OptionError: A key is not an option of `kind`; the message names the nearest one.
    """
    known = {spec.name: spec for spec in fields(kind)}
    arguments = {}
    for name, value in values.items():
        if name not in known:
            raise OptionError(f"unknown option {name!r}{nearest(name, known)}")
        arguments[name] = tuple(value) if isinstance(known[name].default, tuple) else value
    return arguments
