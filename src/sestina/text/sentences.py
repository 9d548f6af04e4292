"""Texts → sentences, by rules and lists of abbreviations (lectures' row A2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from sestina.config import SentenceOptions
from sestina.errors import DataError, OptionError
from sestina.text.abbreviations import Rules, rules

# marks, then what closes with them (quotation marks, brackets, notes such as [3]), then white space
END = re.compile(
    r"(?<![.!?…‽])(?P<mark>\.(?:[ \u00a0]\.){2,}|[.!?…‽]++)"
    r"(?P<closed>(?:[\"'”’“‘»›«‹)\]}]|[ \u00a0\u202f]»(?=[\s.,;:)]|$)|\[\d{1,3}\])*)(?=\s|$)"
)
SEMICOLON = re.compile(r";[\"'”’“»›)\]}]*(?=\s|$)")
PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
# Dutch writes 's Avonds and 't Is, with the capital on the second word
BEGINNING = re.compile(
    r"\s*(?:[\"“‘„‚”«»‹›(\[{]*['’][stn]\s(?=[A-Z])|[\"'“‘„‚”’«»‹›(\[{¿¡*•—–-]*[\s—–-]*)"
    r"(?P<word>[^\W\d_]+|\d+|\S)?(?P<stop>\.)?"
)
TOKEN = re.compile(r"\S+$")
OPENERS = "\"'“‘„‚”’«»‹›([{¿¡—–-/"
NUMBER = re.compile(r"\d[\d.,:]*")
ACRONYM = re.compile(r"(?:[^\W\d_]{1,4}\.-?)+[^\W\d_]{1,4}")  # U.S, J.-P
SHORT = re.compile(r"\b(?:[^\W\d_]{1,4}\.\s?){0,3}[^\W\d_]+$")  # z. B, Ph. D
ROMAN = re.compile(r"[IVXLC]{2,}$")
NEAR = 80  # characters before a mark that are looked at
VOWELS = frozenset("aeiouyäöüáéíóúýàèìòùâêîôûãõëïåæøœ")
ENDINGS = frozenset(("etc", "usw", "ecc", "osv", "enz", "o.s.v", "u.s.w", "a.m", "p.m", "m.m"))


def sentences(
    text: str,
    language: str = SentenceOptions.language,
    *,
    abbreviations: Collection[str] = (),
    semicolons: bool = SentenceOptions.semicolons,
) -> list[str]:
    """Return the sentences of a text, without the white space around them.

    Args:
        text: Running text; an empty line ends a sentence, a single line break is a blank.
        language: ISO 639-1 code: da, de, en, es, fr, it, nb, nl, pt or sv.
        abbreviations: More abbreviations, for instance those of `learn_abbreviations`; their last
            full stop and their case do not matter.
        semicolons: Whether a semicolon ends a sentence, as it does in the Brown corpus.

    Raises:
        DataError: It is no string.
        OptionError: There are no rules for that language, or `abbreviations` is a single string.

    Example:
        >>> from sestina import sentences
        >>> sentences("Mr. Smith paid $3.50 for it. 'Why?' asked Dr. J. Doe.")
        ['Mr. Smith paid $3.50 for it.', "'Why?' asked Dr. J. Doe."]
    """
    cut = spans(text, language, abbreviations=abbreviations, semicolons=semicolons)
    return [text[start:end] for start, end in cut]


def spans(
    text: str,
    language: str = SentenceOptions.language,
    *,
    abbreviations: Collection[str] = (),
    semicolons: bool = SentenceOptions.semicolons,
) -> list[tuple[int, int]]:
    """Return where sentences begin and end in a text; the arguments are those of `sentences`."""
    if not isinstance(text, str):
        raise DataError(
            f"{text!r:.60} came ({type(text).__name__}); expected a text as a string, so give "
            "several one by one"
        )
    if isinstance(abbreviations, str):
        raise OptionError(
            f"abbreviations={abbreviations!r:.60} is one string; give several, such as ['approx']"
        )
    more = frozenset(word.removesuffix(".").lower() for word in abbreviations)
    cutter = _Cutter(rules(language), more)
    found = []
    for first, last in _paragraphs(text):
        paragraph = text[first:last]
        start = 0
        for end in cutter.ends(paragraph, semicolons):
            found.append((first + start, first + end))
            start = end
        found.append((first + start, last))
    return [span for span in (_trimmed(text, *span) for span in found) if span[0] < span[1]]


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in PARAGRAPH.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return end - len(piece.lstrip()), start + len(piece.rstrip())


class _Cutter:
    """Decides which marks of a paragraph end a sentence."""

    def __init__(self, known: Rules, more: frozenset[str]) -> None:
        self._rules = known
        self._others = known.others | known.places | more

    def ends(self, text: str, semicolons: bool) -> Iterator[int]:
        """Yield where sentences end, but for the last."""
        marks = list(END.finditer(text))
        if semicolons:
            marks = sorted([*marks, *SEMICOLON.finditer(text)], key=lambda match: match.start())
        start, last = 0, len(text.rstrip())
        for match in marks:
            if match.end() >= last:
                return
            if match[0].startswith(";") or self._cuts(text, start, match):
                start = match.end()
                yield start

    def _cuts(self, text: str, start: int, match: re.Match[str]) -> bool:
        after = BEGINNING.match(text, match.end())
        word, stop = (after["word"] or "", after["stop"]) if after else ("", None)
        if word[:1].islower() or word in (",", ";", ":", ")"):
            return False
        before = text[max(start, match.start() - NEAR) : match.start()]
        if match["mark"] != ".":
            return not before.endswith(("(", "["))  # (!)
        found = TOKEN.search(before)
        token = found[0].lstrip(OPENERS) if found else ""
        if not token:
            return True
        starter = word.lower() in self._rules.starters and not (len(word) == 1 and stop)
        if NUMBER.fullmatch(token):
            return self._number_ends(before, token, word, starter)
        return self._word_ends(before, token, word, starter)

    def _number_ends(self, before: str, number: str, word: str, starter: bool) -> bool:
        """Tell whether a number with a full stop ends the sentence so far."""
        if len(number) > 3:  # a year, a decimal
            return True
        if before.strip() == number:  # 1. An item of a list
            return False
        if not self._rules.heads:
            return True
        head = before.split()[-2:][0].lower()
        return starter and head not in self._rules.heads and word.lower() not in self._rules.dates

    def _word_ends(self, before: str, token: str, word: str, starter: bool) -> bool:
        """Tell whether a word with a full stop ends a sentence before `word`."""
        known = self._rules
        short = SHORT.search(before)
        parts = "".join(short[0].split()).split(".") if short else [token]
        tails = {".".join(parts[-n:]) for n in (1, 2, 3)}  # of z. B: B and z.B
        forms = {form for tail in (*tails, token) for form in _forms(tail)}
        if forms & known.titles:
            return False
        if forms & known.numbered and (word[:1].isdigit() or ROMAN.match(word)):
            return False
        place = short and forms & known.places and before[: short.start()].rstrip().endswith(",")
        if place or (tails | _forms(token)) & ENDINGS:
            return word.lower() not in known.dates
        last = parts[-1]
        short_form = (
            len(last) == 1
            or ACRONYM.fullmatch(token) is not None
            or (bool(known.heads) and ROMAN.match(token) is not None)
            or not forms.isdisjoint(self._others)
            or _unspeakable(last)
        )
        return starter or not short_form


def _forms(word: str) -> set[str]:
    """Return the ways in which lists may have a word: as it is, in lower case, MR as Mr."""
    return {word, word.lower(), word.capitalize() if word.isupper() else word}


def _unspeakable(word: str) -> bool:
    """Tell whether a short word has no vowel and is not in capitals: bldg, Mfg."""
    return (
        1 < len(word) <= 5
        and word.isalpha()
        and not word.isupper()
        and not VOWELS.intersection(word.lower())
    )
