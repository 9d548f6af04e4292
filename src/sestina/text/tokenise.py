"""Texts → tokens: words with or without marks, what stands between blanks, characters."""

from __future__ import annotations

import re
from collections.abc import Callable

from sestina.config import TextOptions
from sestina.text.clean import MARKS, cleaner, sets_marks

# The contractions of English are parted as in the Penn Treebank, which pre-trained vectors expect
# (does|n't, it|'s); a run of letters and digits is a word; any other mark stands alone. Cases are
# spelt out, because without regard to case Python takes the long ſ for an s.
WORD = re.compile(
    r"[^\W\d_]+?(?=[nN]['’][tT]\b)|[nN]['’][tT]\b"
    r"|['’](?:[sSdDmM]|[rRvV][eE]|[lL][lL])\b|\w+|[^\w\s]"
)
BARE = re.compile(r"\w")
MARK = re.compile("(" + "|".join(map(re.escape, MARKS)) + ")")

Tokeniser = Callable[[str], list[str]]


def words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order."""
    return WORD.findall(text.replace("’", "'"))


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


def around_marks(cut: str) -> Tokeniser:
    """Return one of `CUTS` that leaves the marks of cleaning, such as ``<url>``, whole."""
    inner: Tokeniser = list if cut == "characters" else CUTS[cut]

    def tokenise(text: str) -> list[str]:
        tokens: list[str] = []
        for number, piece in enumerate(MARK.split(" ".join(text.split()))):
            tokens.extend([piece] if number % 2 else inner(piece))
        return tokens

    return tokenise


def cut_of(options: TextOptions) -> str:
    """Return which of `CUTS` the options of a classifier ask for."""
    return "words+marks" if options.level == "word" else "characters"


def tokeniser(options: TextOptions) -> Tokeniser:
    """Return the function text → tokens that `options` describe: first cleaned, then cut."""
    name = cut_of(options)
    clean, cut = cleaner(options), around_marks(name) if sets_marks(options) else CUTS[name]
    return lambda text: cut(clean(text))
