"""Options of reading, cleaning, cutting up and counting texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sestina.options import as_in, option

SUBWORD_METHODS = ("bpe", "unigram")


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
class SubwordOptions:
    """Options of `Subwords`."""

    method: str = option(
        "bpe",
        "Pairs that are merged (BPE), or parts that are dropped (unigram).",
        choices=SUBWORD_METHODS,
    )
    vocabulary: int = option(8_000, "Parts of words to learn; PAD and UNK count too.", least=3)
    lowercase: bool = option(True, "Turn texts to lower case.")


@dataclass(eq=False, repr=False, kw_only=True)
class VerbatimOptions(CleaningOptions):
    """Texts as they stand: what is to be written again, or told letter by letter."""

    lowercase: bool = as_in(CleaningOptions, "lowercase", default=False)
    html: bool = as_in(CleaningOptions, "html", default=False)


@dataclass(eq=False, repr=False, kw_only=True)
class TokenOptions(CleaningOptions):
    """What the tokens of texts are, and which of them are known."""

    level: str = option(
        "word",
        "Tokens are words, characters, or parts of words that are learnt.",
        choices=("word", "character", "subword"),
    )
    subword_method: str = option(
        SubwordOptions.method,
        "With level subword: pairs that are merged (BPE), or parts that are dropped (unigram).",
        choices=SUBWORD_METHODS,
        levels=("subword",),
    )
    vocabulary: int = option(
        10_000,
        "Keep the most frequent tokens, or learn so many parts of words; PAD and UNK count too.",
        least=3,
    )
    min_count: int = option(
        1, "Tokens seen fewer times become UNK.", least=1, levels=("word", "character")
    )


@dataclass(eq=False, repr=False, kw_only=True)
class TextOptions(TokenOptions):
    """How texts become sequences of token ids."""

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
class OneHotTokensOptions(VerbatimOptions):
    """Options of `OneHotTokens`."""

    tokens: str = option(
        "characters",
        "Tokens are characters, words, marks left out or kept, or what stands between blanks.",
        choices=("characters", "words", "words+marks", "whitespace"),
    )
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
