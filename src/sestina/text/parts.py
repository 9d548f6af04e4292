"""Parts of words as the vocabulary of a model; any vocabulary from the JSON of a model folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sestina.config import TextOptions
from sestina.errors import ModelError, OptionError
from sestina.text.clean import MARKS, cleaner, sets_marks
from sestina.text.subword import Subwords
from sestina.text.tokenise import MARK
from sestina.text.vocabulary import EOS, PAD, START, UNK, Vocabulary


class SubwordVocabulary(Vocabulary):
    """Parts of words, their ids, and how texts are cut into them: PAD, UNK, marks, then parts.

    Args:
        subwords: The parts. Their own ids are others where there are marks.
        marks: Tokens that are no part: START and EOS, and what cleaning puts in.
    """

    __slots__ = ("_marks", "subwords")

    def __init__(self, subwords: Subwords, marks: Sequence[str] = ()) -> None:
        super().__init__([PAD, UNK, *marks, *subwords.tokens[2:]])
        self._marks = tuple(marks)
        self.subwords = subwords

    @classmethod
    def learn(cls, texts: Sequence[str], options: TextOptions) -> SubwordVocabulary:
        """Return the parts of words that texts, once cleaned, are best made of.

        Raises:
            DataError: There is no word.
            MissingExtra: The package `tokenizers` is not installed.
        """
        marks = marks_of(options)
        lines: Iterable[str] = map(cleaner(options), texts)
        if sets_marks(options):
            lines = (piece for line in lines for piece in MARK.split(line)[::2])
        found = Subwords.learn(
            lines,
            method=options.subword_method,
            vocabulary=options.vocabulary - len(marks),
            lowercase=False,  # cleaning has done that
        )
        return cls(found, marks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SubwordVocabulary) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def to_json(self) -> str:
        """Return the vocabulary as JSON text."""
        whole = {"marks": self._marks, **json.loads(self.subwords.to_json())}
        return json.dumps(whole, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> SubwordVocabulary:
        """Return the vocabulary that `to_json` wrote.

        Raises:
            ModelError: The text is damaged or not Sestina's.
            MissingExtra: The package `tokenizers` is not installed.
        """
        try:
            whole = json.loads(text)
            marks = whole.pop("marks")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ModelError(f"vocabulary.json is damaged: {error}") from error
        known = (START, EOS, *MARKS)
        if not isinstance(marks, list) or marks != [mark for mark in known if mark in marks]:
            raise ModelError(f"vocabulary.json is damaged: {marks!r:.60} are no marks")
        try:
            return cls(Subwords.from_json(json.dumps(whole)), marks)
        except OptionError as error:  # a part that is named like a mark
            raise ModelError(f"vocabulary.json is damaged: {error}") from error


def marks_of(options: TextOptions) -> list[str]:
    """Return the tokens that no part of a word may be, as far as options ask for them."""
    marks = [START] if options.mark_start else []
    marks += [EOS] if options.mark_end else []
    return [*marks, *MARKS] if sets_marks(options) else marks


def read_vocabulary(text: str, level: str) -> Vocabulary:
    """Return the vocabulary that `to_json` of either kind wrote, for a model of this level.

    Raises:
        ModelError: The text is damaged, or of another level.
        MissingExtra: It holds subwords, and the package `tokenizers` is not installed.
    """
    kind = SubwordVocabulary if level == "subword" else Vocabulary
    return kind.from_json(text)
