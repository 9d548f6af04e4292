"""Words → parts of words that are learnt: byte-pair encoding and unigram models (row A2).

The work is done by the package `tokenizers`, the extra ``subword``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import environ
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import SubwordOptions, check, from_dict, to_dict
from sestina.errors import DataError, MissingExtra, ModelError, OptionError, counted
from sestina.text.inputs import as_texts
from sestina.text.vocabulary import PAD, UNK

BLANK = "▁"  # stands for the blank before a word
STEP, DIGITS = 1e-4, 4  # of the scores of a unigram model


class Subwords:
    """Parts of words and their ids; PAD is 0, UNK is 1.

    A frequent word is one part, a rare one several, an unseen one perhaps letters; only a
    character is UNK that the training texts lack, or that is not among their most frequent ones,
    half as many as the vocabulary. White space, of whatever kind, is one blank. Immutable: make
    one with `learn` or `from_json`.

    Args:
        model: A `tokenizers.Tokenizer`.
        options: What it was learnt with.
    """

    __slots__ = ("_model", "options")

    def __init__(self, model: Any, options: SubwordOptions) -> None:
        model.encode_special_tokens = True  # "<pad>" in a text is five letters like others
        self._model = model
        self.options = options

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
        library = _library()
        wish = _wished(options)
        lines = [line for line in as_texts(texts) if line.strip()]
        if not lines:
            raise DataError("there is no word in the texts to learn subwords from; give more")
        model = _untrained(library, wish)
        trainer = _trainer(library, wish, _letters(model, lines, wish.vocabulary // 2))
        with _one_thread():
            model.train_from_iterator(lines, trainer)
        if wish.method == "unigram":
            model.model = _settled(json.loads(model.to_str())["model"]["vocab"])
        return cls(model, wish)

    def __len__(self) -> int:
        return int(self._model.get_vocab_size())

    def __repr__(self) -> str:
        return f"Subwords({self.options.method}, {counted(len(self), 'part')})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subwords) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    @property
    def tokens(self) -> tuple[str, ...]:
        """All parts, by id; a part that begins a word begins with ▁."""
        return tuple(self._model.id_to_token(number) for number in range(len(self)))

    def cut(self, text: str) -> list[str]:
        """Return the parts of a text, in order.

        Raises:
            DataError: It is no text.
        """
        return list(self._encoded([text])[0].tokens)

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the ids of the parts of texts, (T,) each.

        Raises:
            DataError: One string came instead of a list, or something is no text.
        """
        return [np.array(row.ids, np.int32) for row in self._encoded(texts)]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids, PAD left out: what was encoded, but for case and kinds of blanks.

        Raises:
            OptionError: An id lies outside.
        """
        rows = [int(number) for number in ids]
        if any(not 0 <= number < len(self) for number in rows):
            raise OptionError(f"an id lies outside 0 … {len(self) - 1}")
        parts = [self._model.id_to_token(number) for number in rows if number]
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
        library = _library()
        try:
            found = json.loads(text)
            options, inner = _wished(found["options"]), json.dumps(found["model"])
        except (ValueError, KeyError, TypeError, AttributeError, OptionError) as error:
            raise _damaged(error) from error
        try:
            model = library.Tokenizer.from_str(inner)
        except Exception as error:  # the package raises this very class, no kind of its own
            raise _damaged(error) from error
        if (model.token_to_id(PAD), model.token_to_id(UNK)) != (0, 1):
            raise ModelError(f"the JSON of the subwords does not begin with {PAD} and {UNK}")
        return cls(model, options)

    def _encoded(self, texts: Sequence[str]) -> list[Any]:
        return list(self._model.encode_batch(as_texts(texts), add_special_tokens=False))


def _library() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtra("tokenizers", "subword") from error
    return tokenizers


def _damaged(error: Exception) -> ModelError:
    return ModelError(f"the JSON of the subwords is damaged ({error!s:.80}); learn them again")


def _wished(options: dict[str, Any]) -> SubwordOptions:
    wish = SubwordOptions(**from_dict(SubwordOptions, options))
    check(wish)
    return wish


def _untrained(library: Any, wish: SubwordOptions) -> Any:
    from tokenizers import models, normalizers, pre_tokenizers

    if wish.method == "bpe":
        model = library.Tokenizer(models.BPE(unk_token=UNK))
    else:
        model = library.Tokenizer(models.Unigram())
    steps = [normalizers.Lowercase()] if wish.lowercase else []
    blank = normalizers.Replace(library.Regex(r"\s+"), " ")
    model.normalizer = normalizers.Sequence([*steps, blank, normalizers.Strip()])
    model.pre_tokenizer = pre_tokenizers.Metaspace(replacement=BLANK, prepend_scheme="always")
    return model


def _letters(model: Any, lines: Sequence[str], most: int) -> list[str]:
    """Return the characters that get a part of their own, the most frequent of the texts."""
    counts = Counter({BLANK: 1})
    for line in lines:
        counts.update(model.normalizer.normalize_str(line).replace(" ", BLANK))
    return sorted(sorted(counts, key=lambda letter: (-counts[letter], letter))[:most])


def _trainer(library: Any, wish: SubwordOptions, letters: list[str]) -> Any:
    from tokenizers import trainers

    shared: dict[str, Any] = {
        "vocab_size": wish.vocabulary,
        "special_tokens": [PAD, UNK],
        "initial_alphabet": letters,
        "show_progress": False,
    }
    if wish.method == "bpe":
        return trainers.BpeTrainer(limit_alphabet=len(letters), **shared)
    return trainers.UnigramTrainer(unk_token=UNK, **shared)


def _settled(scores: list[tuple[str, float]]) -> Any:
    """Return a unigram model whose parts and their scores do not depend on chance.

    `tokenizers` adds up in an order that differs from run to run, which shows in the last digits,
    and gives the letters that were not worth a part the lowest score, each 0.0001 more than the
    one before, in such an order too. So scores are rounded, and those letters made equal.
    """
    from tokenizers import models

    learnt = [(part, score) for part, score in scores if part not in (PAD, UNK)]
    least = min(score for _, score in learnt)
    above = least + STEP * (sum(len(part) == 1 for part, _ in learnt) + 1)
    rounded = [
        (part, round(least if len(part) == 1 and score < above else score, DIGITS))
        for part, score in learnt
    ]
    rounded.sort(key=lambda pair: (-pair[1], pair[0]))
    return models.Unigram([(PAD, 0.0), (UNK, 0.0), *rounded], 1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let `tokenizers` work on one thread, so that sums are added in one order."""
    name = "TOKENIZERS_PARALLELISM"
    before = environ.get(name)
    environ[name] = "false"
    try:
        yield
    finally:
        if before is None:
            del environ[name]
        else:
            environ[name] = before
