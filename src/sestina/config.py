"""Every option of Sestina and its default, stated once.

Estimators inherit the classes, the command line reads them. They are plain data classes rather
than frozen ones, because scikit-learn's ``set_params`` and ``clone`` assign to and read from
exactly these fields of an estimator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sestina.options import check, from_dict, option, to_dict, unused

__all__ = ["check", "from_dict", "option", "to_dict", "unused"]

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
class CleaningOptions:
    """What is done to texts before they are cut up."""

    lowercase: bool = option(True, "Turn texts to lower case.")
    html: bool = option(True, "Read HTML: <br /> is white space, &amp; is an ampersand.")
    entities: bool = option(False, "Read entities such as &amp; without html, which does so too.")
    urls: bool = option(False, "Each web address becomes one token.")
    accents: bool = option(False, "Take accents off letters: é becomes e.")
    digits: str | None = option(
        None, "Each digit becomes 0, or each number one token.", choices=("zero", "token")
    )


@dataclass(eq=False, repr=False, kw_only=True)
class TextOptions(CleaningOptions):
    """How texts become sequences of token ids."""

    level: str = option("word", "Tokens are words or characters.", choices=("word", "character"))
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
class SentenceOptions:
    """How running text is cut into sentences."""

    language: str = option("en", "Language: da, de, en, es, fr, it, nb, nl, pt or sv.")
    semicolons: bool = option(False, "A semicolon ends a sentence too, as in the Brown corpus.")
    learn: bool = option(False, "First learn abbreviations from the texts.")


@dataclass(eq=False, repr=False, kw_only=True)
class CheckOptions:
    """What `sestina data check` looks for."""

    near: bool = option(True, "Look for near duplicates.")
    similar: float = option(
        0.8,
        "Near duplicates have this Jaccard index of character shingles, or more.",
        least=0.7,
        most=1.0,
    )
    rare: int = option(10, "Point out classes with fewer rows.", least=1)
    level: str = option(
        TextOptions.level, "Tokens are words or characters.", choices=("word", "character")
    )
    vocabulary: int = option(
        TextOptions.vocabulary, "Tokens that a model would know, PAD and UNK included.", least=3
    )
    max_tokens: int = option(
        TextOptions.max_tokens, "Tokens to which a model would cut texts.", least=1
    )
    examples: int = option(3, "Examples of each finding.", least=0)


@dataclass(eq=False, repr=False, kw_only=True)
class TermOptions(CleaningOptions):
    """What texts are cut into for a table of texts by terms."""

    tokens: str = option(
        "words",
        "Tokens are words, marks left out or kept, what stands between blanks, or characters.",
        choices=("words", "words+marks", "whitespace", "characters"),
    )
    min_n: int = option(1, "Tokens of the shortest n-grams.", least=1)
    max_n: int = option(1, "Tokens of the longest n-grams.", least=1)


@dataclass(eq=False, repr=False, kw_only=True)
class BagOptions(TermOptions):
    """Options of `Counts` and `MultiHot`."""

    vocabulary: int | None = option(None, "Keep so many of the most frequent terms.", least=1)
    min_count: int = option(1, "Leave out terms that occur fewer times.", least=1)


@dataclass(eq=False, repr=False, kw_only=True)
class TfIdfOptions(BagOptions):
    """Options of `TfIdf`."""

    formula: str = option(
        "lecture",
        "count / terms of the text · log(N / n), as taught; or scikit-learn's, smoothed and of "
        "length 1.",
        choices=("lecture", "scikit-learn"),
    )


@dataclass(eq=False, repr=False, kw_only=True)
class HashingOptions(TermOptions):
    """Options of `Hashing`."""

    buckets: int = option(1 << 18, "Columns that terms are hashed into.", least=1, most=2**31 - 1)
    signed: bool = option(
        False, "Count half of the terms negatively, so that collisions cancel out on average."
    )


@dataclass(eq=False, repr=False, kw_only=True)
class OneHotOptions:
    """Options of `OneHot`."""

    categories: Any = option(
        None, "Values of each column, in order; those of the training rows, sorted, if not given."
    )
    unknown: str = option(
        "error", "A value not seen before is an error, or all zeros.", choices=("error", "zeros")
    )


@dataclass(eq=False, repr=False, kw_only=True)
class OneHotTokensOptions(CleaningOptions):
    """Options of `OneHotTokens`."""

    tokens: str = option(
        "characters",
        "Tokens are characters, words, marks left out or kept, or what stands between blanks.",
        choices=("characters", "words", "words+marks", "whitespace"),
    )
    lowercase: bool = option(False, "Turn texts to lower case.")
    html: bool = option(False, "Read HTML: <br /> is white space, &amp; is an ampersand.")
    alphabet: Any = option(
        None, "The tokens, in order; those of the training texts, sorted, if not given."
    )
    end: str | None = option(None, "A token put after each text, for instance END.")
    unknown: str = option(
        "error",
        "A token outside the alphabet is an error, or all zeros.",
        choices=("error", "zeros"),
    )
    sparse: bool = option(False, "Give sparse tables, for alphabets of many words.")


@dataclass(eq=False, repr=False, kw_only=True)
class SubwordOptions:
    """Options of `Subwords`."""

    method: str = option(
        "bpe",
        "Pairs that are merged (BPE), or parts that are dropped (unigram).",
        choices=("bpe", "unigram"),
    )
    vocabulary: int = option(8_000, "Parts of words to learn; PAD and UNK count too.", least=3)
    lowercase: bool = option(True, "Turn texts to lower case.")


@dataclass(eq=False, repr=False, kw_only=True)
class ComponentOptions:
    """Options of `Components`."""

    components: int = option(2, "Directions to keep.", least=1)
    shares: bool = option(
        False, "Divide each row by its sum first, as counts of unequal texts ask."
    )
    standard: bool = option(False, "Divide each column by its standard deviation.")
    centre: bool | None = option(
        None, "Take off the means of the columns; None: of a dense table, not of a sparse one."
    )
    seed: int = option(0, "Seed of the randomised SVD of a sparse table.", least=0)


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
    calibrate: bool = option(
        False, "Fit a temperature on the validation part, so that probabilities mean what they say."
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
