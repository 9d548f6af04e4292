"""Texts → tokens: words with or without marks, what stands between blanks, characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from itertools import chain

from sestina.config import TextOptions
from sestina.errors import OptionError
from sestina.text.clean import MARKS, cleaner, sets_marks

BARE = re.compile(r"\w")
JOINERS = "\u200c\u200d"  # between the letters of a word, in Persian and in the scripts of India
MARK = re.compile("(" + "|".join(map(re.escape, MARKS)) + ")")

Tokeniser = Callable[[str], list[str]]
Cut = str | Tokeniser
"""One of `CUTS` by its name, or a function text → tokens that was learnt."""


def words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order.

    What stands on the letter before it, as vowels do in Hindi, and as an accent that is a sign of
    its own, belongs to the word.
    """
    signed = not text.isascii() and not signs().isdisjoint(text)  # their pattern is slower
    return _word(signed).findall(text.replace("’", "'"))


@lru_cache(maxsize=1)
def signs() -> frozenset[str]:
    """Return all signs that go on with a word but begin none: Unicode's marks, and the joiners."""
    every = map(chr, chain(range(0x300, 0x20000), range(0xE0100, 0xE01F0)))
    return frozenset(JOINERS).union(
        sign for sign in every if unicodedata.category(sign).startswith("M")
    )


@lru_cache(maxsize=2)
def _word(signed: bool) -> re.Pattern[str]:
    """Return the pattern of words and marks, of texts that have such signs or of others.

    The contractions of English are parted as in the Penn Treebank, which pre-trained vectors expect
    (does|n't, it|'s); a run of letters and digits is a word; any other mark stands alone. Cases are
    spelt out, because without regard to case Python takes the long ſ for an s.
    """
    more = "".join(sorted(signs())) if signed else ""
    end = rf"(?![\w{more}])"
    return re.compile(
        rf"[^\W\d_]+?(?=[nN]['’][tT]{end})|[nN]['’][tT]{end}"
        rf"|['’](?:[sSdDmM]|[rRvV][eE]|[lL][lL]){end}|\w[\w{more}]*|[^\w\s]"
    )


def bare_words(text: str) -> list[str]:
    """Return the words of a text, in order, punctuation marks left out."""
    return [word for word in words(text) if BARE.search(word)]


def characters(text: str) -> list[str]:
    """Return the characters of a text, in order; white space is one blank."""
    return list(" ".join(text.split()))


CUTS: dict[str, Tokeniser] = {
    "words": bare_words,
    "words+marks": words,
    "whitespace": str.split,
    "characters": characters,
}
"""What texts can be cut into, by the names of `config.TermOptions.tokens`."""


def around_marks(cut: Cut) -> Tokeniser:
    """Return what cuts texts but leaves the marks of cleaning, such as ``<url>``, whole."""
    inner: Tokeniser = list if cut == "characters" else plain(cut)

    def tokenise(text: str) -> list[str]:
        tokens: list[str] = []
        for number, piece in enumerate(MARK.split(" ".join(text.split()))):
            tokens.extend([piece] if number % 2 else inner(piece))
        return tokens

    return tokenise


def plain(cut: Cut) -> Tokeniser:
    """Return the function that cuts texts."""
    return CUTS[cut] if isinstance(cut, str) else cut


def cut_of(options: TextOptions) -> str:
    """Return which of `CUTS` the options of a classifier ask for.

    Raises:
        OptionError: They ask for subwords, into which only a learnt vocabulary cuts texts.
    """
    if options.level == "subword":
        raise OptionError("level='subword' needs parts that were learnt; fit a model first")
    return "words+marks" if options.level == "word" else "characters"


def tokeniser(options: TextOptions, cut: Cut | None = None) -> Tokeniser:
    """Return the function text → tokens that `options` describe: first cleaned, then cut.

    Args:
        options: How texts are cleaned, and cut where `cut` does not say.
        cut: What cuts them; `text.encode.cut_by` has that of a vocabulary.
    """
    whole = cut_of(options) if cut is None else cut
    clean, inner = cleaner(options), around_marks(whole) if sets_marks(options) else plain(whole)
    return lambda text: inner(clean(text))
