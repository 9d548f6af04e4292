"""The models behind `Subwords`, made by the package `tokenizers`: learnt from lines, or rebuilt.

A tokenizer is always made here, of its parts and of its merges or scores. What else the JSON of
the package may hold, such as rules by which texts are rewritten first, is not taken from a file.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import environ
from typing import Any

from sestina.config import SubwordOptions
from sestina.errors import MissingExtra
from sestina.text.detokenise import BLANK
from sestina.text.vocabulary import PAD, UNK

STEP, DIGITS = 1e-4, 4  # of the scores of a unigram model
FIRST = [PAD, UNK]


def library() -> Any:
    """Return the package.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtra("tokenizers", "subword") from error
    return tokenizers


def learnt(lines: Sequence[str], wish: SubwordOptions) -> Any:
    """Return the tokenizer that is learnt from lines of text."""
    model = _around(wish, _untrained(wish))
    with _one_thread():
        model.train_from_iterator(lines, _trainer(wish, _letters(model, lines, wish.vocabulary)))
    found = json.loads(model.to_str())["model"]
    return rebuilt(_settled(found) if wish.method == "unigram" else found, wish)


def rebuilt(found: Mapping[str, Any], wish: SubwordOptions) -> Any:
    """Return the tokenizer of a model as the package writes it: `found["vocab"]` and so on.

    Raises:
        LookupError: Something is missing.
        TypeError: Something is of another kind.
        ValueError: It is no model, or not one that begins with PAD and UNK.
    """
    from tokenizers import models

    bpe = wish.method == "bpe"
    if bpe:
        parts = sorted(found["vocab"], key=found["vocab"].__getitem__)
        merges = [(one, other) for one, other in found["merges"]]
        if [found["vocab"][part] for part in parts] != list(range(len(parts))):
            raise ValueError("its ids are not 0, 1, 2, …")
    else:
        pairs = [(part, float(score)) for part, score in found["vocab"]]
        parts = [part for part, _ in pairs]
        if not all(math.isfinite(score) for _, score in pairs):
            raise ValueError("a score is no finite number")
    _check(parts)
    try:
        made = (
            models.BPE(found["vocab"], merges, unk_token=UNK) if bpe else models.Unigram(pairs, 1)
        )
    except Exception as error:  # the package raises this very class, no kind of its own
        raise ValueError(str(error)) from error
    return _around(wish, made)


def _check(parts: Sequence[str]) -> None:
    if list(parts[:2]) != FIRST:
        raise ValueError(f"it does not begin with {PAD} and {UNK}")
    if not all(isinstance(part, str) and part for part in parts):
        raise ValueError("a part is no string, or empty")
    if len(set(parts)) != len(parts):
        raise ValueError("a part occurs twice")


def _around(wish: SubwordOptions, model: Any) -> Any:
    """Return a tokenizer of a model that reads texts as `Subwords` does."""
    from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

    whole = Tokenizer(model)
    steps = [normalizers.Lowercase()] if wish.lowercase else []
    blank = normalizers.Replace(Regex(r"\s+"), " ")
    whole.normalizer = normalizers.Sequence([*steps, blank, normalizers.Strip()])
    words = pre_tokenizers.Metaspace(replacement=BLANK, prepend_scheme="always")
    # marks stand alone: "film." begins with the same part as "film", and no part can be "<pad>"
    whole.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.Punctuation()])
    return whole


def _untrained(wish: SubwordOptions) -> Any:
    from tokenizers import models

    return models.BPE(unk_token=UNK) if wish.method == "bpe" else models.Unigram()


def _letters(model: Any, lines: Sequence[str], vocabulary: int) -> list[str]:
    """Return the characters that get a part of their own, the most frequent of the texts."""
    counts = Counter({BLANK: 1})
    for line in lines:
        counts.update(model.normalizer.normalize_str(line).replace(" ", BLANK))
    most = vocabulary // 2
    return sorted(sorted(counts, key=lambda letter: (-counts[letter], letter))[:most])


def _trainer(wish: SubwordOptions, letters: list[str]) -> Any:
    from tokenizers import trainers

    shared: dict[str, Any] = {
        "vocab_size": wish.vocabulary,
        "special_tokens": FIRST,
        "initial_alphabet": letters,
        "show_progress": False,
    }
    if wish.method == "bpe":
        return trainers.BpeTrainer(limit_alphabet=len(letters), **shared)
    return trainers.UnigramTrainer(unk_token=UNK, **shared)


def _settled(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a unigram model whose parts and their scores do not depend on chance.

    `tokenizers` adds up in an order that differs from run to run, which shows in the last digits,
    and gives the letters that were not worth a part the lowest score, each 0.0001 more than the
    one before, in such an order too. So scores are rounded, and those letters made equal.
    """
    scores = [(part, score) for part, score in found["vocab"] if part not in FIRST]
    least = min(score for _, score in scores)
    above = least + STEP * (sum(len(part) == 1 for part, _ in scores) + 1)
    rounded = [
        (part, round(least if len(part) == 1 and score < above else score, DIGITS))
        for part, score in scores
    ]
    rounded.sort(key=lambda pair: (-pair[1], pair[0]))
    return {"vocab": [*((name, 0.0) for name in FIRST), *rounded]}


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
