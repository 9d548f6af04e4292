"""Texts → tokens: words with or without marks, what stands between blanks, characters."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from sestina.config import OneHotTokensOptions, TermOptions, TextOptions

# The contractions of English are parted as in the Penn Treebank, which pre-trained vectors expect
# (does|n't, it|'s); a run of letters and digits is a word; any other mark stands alone. Cases are
# spelt out, because without regard to case Python takes the long ſ for an s.
WORD = re.compile(
    r"[^\W\d_]+?(?=[nN]['’][tT]\b)|[nN]['’][tT]\b"
    r"|['’](?:[sSdDmM]|[rRvV][eE]|[lL][lL])\b|\w+|[^\w\s]"
)
BARE = re.compile(r"\w")
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)

Tokeniser = Callable[[str], list[str]]
Cleaner = Callable[[str], str]


def words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order."""
    return WORD.findall(text.replace("’", "'"))


def bare_words(text: str) -> list[str]:
    """Return the words of a text, in order, punctuation marks left out."""
    return [word for word in words(text) if BARE.search(word)]


def characters(text: str) -> list[str]:
    """Return the characters of a text, in order; white space is one blank."""
    return list(" ".join(text.split()))


def cleaned(text: str) -> str:
    """Return a text with ``<br />`` as a blank and HTML entities as the characters they name."""
    if "<" in text:
        text = BREAK.sub(" ", text)
    return html.unescape(text) if "&" in text else text


CUTS: dict[str, Tokeniser] = {
    "words": bare_words,
    "words+marks": words,
    "whitespace": str.split,
    "characters": characters,
}
"""What texts can be cut into, by the names of `config.TermOptions.tokens`."""


def cleaner(options: TextOptions | TermOptions | OneHotTokensOptions) -> Cleaner:
    """Return the function text → text that `options` describe: what is done before cutting."""

    def clean(text: str) -> str:
        if options.html:
            text = cleaned(text)
        return text.lower() if options.lowercase else text

    return clean


def cut_of(options: TextOptions) -> str:
    """Return which of `CUTS` the options of a classifier ask for."""
    return "words+marks" if options.level == "word" else "characters"


def tokeniser(options: TextOptions) -> Tokeniser:
    """Return the function text → tokens that `options` describe."""
    clean, cut = cleaner(options), CUTS[cut_of(options)]
    return lambda text: cut(clean(text))
