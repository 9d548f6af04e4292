"""Words → parts of words that are learnt: byte-pair encoding and unigram models (row A2).

The work is done by the package `tokenizers`, the extra ``subword``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import SubwordOptions, check, from_dict, to_dict
from sestina.errors import DataError, ModelError, OptionError, counted
from sestina.text.detokenise import BLANK
from sestina.text.inputs import as_texts
from sestina.text.subword_model import learnt, library, rebuilt
from sestina.text.vocabulary import PAD, UNK

HALF = re.compile("[\ud800-\udfff]")  # half a character, which the package does not take


class Subwords:
    """Parts of words and their ids; PAD is 0, UNK is 1.

    A frequent word is one part, a rare one several, an unseen one perhaps letters; only a
    character is UNK that the training texts lack, or that is not among their most frequent ones,
    half as many as the vocabulary. Punctuation marks are parts of their own. White space, of
    whatever kind, is one blank. Immutable: make one with `learn` or `from_json`.

    Args:
        model: A `tokenizers.Tokenizer` of `text.subword_model`.
        options: What it was learnt with.

    Attributes:
        tokens: All parts, by id; a part that begins a word begins with ▁.
    """

    __slots__ = ("_model", "options", "tokens")

    def __init__(self, model: Any, options: SubwordOptions) -> None:
        self._model = model
        self.options = options
        names = (model.id_to_token(number) for number in range(2, model.get_vocab_size()))
        self.tokens: tuple[str, ...] = (PAD, UNK, *names)

    @classmethod
    def learn(cls, texts: Iterable[str], **options: Any) -> Subwords:
        """Return the parts of words that texts are best made of.

        Args:
            texts: N texts.
            options: Those of `sestina.config.SubwordOptions`: `method` "bpe" (Sennrich, Haddow
                and Birch, ACL 2016) or "unigram" (Kudo, ACL 2018), `vocabulary`, `lowercase`.

        Raises:
            DataError: Something is no text, or there is no word.
            OptionError: An option makes no sense.
            MissingExtra: The package `tokenizers` is not installed.
        """
        library()
        wish = _wished(options)
        lines = [line for line in _whole(texts) if line.strip()]
        if not lines:
            raise DataError("there is no word in the texts to learn subwords from; give more")
        return cls(learnt(lines, wish), wish)

    def __len__(self) -> int:
        return len(self.tokens)

    def __repr__(self) -> str:
        return f"Subwords({self.options.method}, {counted(len(self), 'part')})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subwords) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def cut(self, text: str) -> list[str]:
        """Return the parts of a text, in order; characters that are UNK as they stand there.

        Raises:
            DataError: It is no text.
        """
        (text,) = _whole([text])
        row = self._model.encode(text)
        if 1 not in row.ids:
            return list(row.tokens)
        return [
            self._strange(text[slice(*span)]) if number == 1 else part
            for number, part, span in zip(row.ids, row.tokens, row.offsets, strict=True)
        ]

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the ids of the parts of texts, (T,) each.

        Raises:
            DataError: One string came instead of a list, or something is no text.
        """
        return [np.array(row.ids, np.int32) for row in self._model.encode_batch(_whole(texts))]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids, PAD left out: what was encoded, but for case and kinds of blanks.

        Raises:
            OptionError: An id lies outside.
        """
        rows = [int(number) for number in ids]
        if any(not 0 <= number < len(self) for number in rows):
            raise OptionError(f"an id lies outside 0 … {len(self) - 1}")
        parts = [self.tokens[number] for number in rows if number]
        return "".join(parts).replace(BLANK, " ").removeprefix(" ")

    def to_json(self) -> str:
        """Return everything as JSON text."""
        model = json.loads(self._model.to_str())
        return json.dumps({"options": to_dict(self.options), "model": model}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Subwords:
        """Return what `to_json` wrote.

        Raises:
            ModelError: The text is damaged or not Sestina's.
            MissingExtra: The package `tokenizers` is not installed.
        """
        library()
        try:
            found = json.loads(text)
            wish = _wished(found["options"])
            return cls(rebuilt(found["model"]["model"], wish), wish)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ModelError(
                f"the JSON of the subwords is damaged ({error!s:.80}); learn them again"
            ) from error

    def _strange(self, piece: str) -> str:
        """Return an unknown piece of a text, or UNK where a known part looks like it."""
        return UNK if not piece or self._model.token_to_id(piece) is not None else piece


def _whole(texts: Any) -> list[str]:
    """Return texts without half characters, each of which becomes the replacement character."""
    return [HALF.sub("\ufffd", text) for text in as_texts(texts)]


def _wished(options: dict[str, Any]) -> SubwordOptions:
    wish = SubwordOptions(**from_dict(SubwordOptions, options))
    check(wish)
    return wish
