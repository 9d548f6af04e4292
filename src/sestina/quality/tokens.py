"""How many tokens texts have, and how well training knows the tokens of the other parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import CheckOptions, TextOptions
from sestina.data import datasets
from sestina.data.describe import quantiles
from sestina.data.records import Records
from sestina.errors import counted
from sestina.quality.findings import Example, Finding, shown
from sestina.text.clean import cleaner, sets_marks
from sestina.text.scan import numbered
from sestina.text.tokenise import cut_of
from sestina.text.vocabulary import Vocabulary

LONG = 0.05  # share of texts that are cut, above which it is worth a finding
UNKNOWN = 0.1  # share of tokens that training does not know, likewise
ALONE = 0.5  # share of texts of one token, above which that is what the data are like
FREQUENT = 5  # unknown tokens that are named


@dataclass(frozen=True)
class _Tokens:
    lengths: NDArray[np.int64]  # tokens of each text, (N,)
    counts: dict[str, Counter[str]]  # by part; "all" without parts


def check_tokens(records: Records, options: CheckOptions) -> tuple[dict[str, Any], list[Finding]]:
    """Return figures of the tokens, and what is found about them.

    Args:
        records: Texts and their parts.
        options: `level`, `vocabulary`, `max_tokens` and `examples` matter here.
    """
    tokens = _tokens(records, options)
    known = tokens.counts.get("train") or tokens.counts.get("all") or Counter()
    cut = int((tokens.lengths > options.max_tokens).sum())
    facts: dict[str, Any] = {
        "tokens": {
            "in_all": int(tokens.lengths.sum(dtype=np.int64)),
            **quantiles(tokens.lengths.tolist()),
        },
        "cut": {"max_tokens": options.max_tokens, "rows": cut},
        "vocabulary": _vocabulary(known, options),
        "unknown": {
            part: _unknown(known, counts, options)
            for part, counts in tokens.counts.items()
            if part != "train" and "train" in tokens.counts
        },
    }
    if options.level == "word":
        facts["glove-50d"] = _covered(known, _glove_words())
    found = [
        *_few(records, tokens.lengths, options),
        *_long(tokens.lengths, cut, options),
        *_strange(facts["unknown"]),
    ]
    return facts, found


def _tokens(records: Records, options: CheckOptions) -> _Tokens:
    wish = TextOptions(level=options.level)
    found = numbered(records.texts, cleaner(wish), cut_of(wish), sets_marks(wish))
    parts = records.parts or ["all"] * len(records)
    codes = {part: code for code, part in enumerate(dict.fromkeys(parts))}
    owners = np.repeat([codes[part] for part in parts], found.lengths)  # part of each token
    counts = {}
    for part, code in codes.items():
        numbers = np.bincount(found.ids[owners == code], minlength=len(found.tokens))
        there = np.flatnonzero(numbers).tolist()
        counts[part] = Counter({found.tokens[n]: int(numbers[n]) for n in there})
    return _Tokens(found.lengths, counts)


def _vocabulary(known: Counter[str], options: CheckOptions) -> dict[str, Any]:
    """Return figures of the training vocabulary."""
    kept = Vocabulary.from_counts(known, options.vocabulary)
    return {
        "tokens": known.total(),
        "types": len(known),
        "once": sum(count == 1 for count in known.values()),
        "kept": options.vocabulary,
        "tokens_kept": _share(sum(known[token] for token in kept), known.total()),
    }


def _unknown(known: Counter[str], counts: Counter[str], options: CheckOptions) -> dict[str, Any]:
    """Return which share of a part's tokens and types training does not know."""
    strange = {token: count for token, count in counts.items() if token not in known}
    kept = Vocabulary.from_counts(known, options.vocabulary)
    outside = sum(count for token, count in counts.items() if token not in kept)
    often = sorted(strange.items(), key=lambda item: (-item[1], item[0]))[:FREQUENT]
    return {
        "tokens": _share(sum(strange.values()), counts.total()),
        "types": _share(len(strange), len(counts)),
        "tokens_outside_kept": _share(outside, counts.total()),
        "most_frequent": dict(often),
    }


def _share(part: int, whole: int) -> float:
    return round(part / max(whole, 1), 4)


def _glove_words() -> set[str]:
    with np.load(datasets.path("glove-50d"), allow_pickle=False) as arrays:
        return set(arrays["words"].tolist())


def _covered(known: Mapping[str, int], words: set[str]) -> dict[str, float]:
    """Return which share of tokens and of types a set of words holds."""
    inside = {token: count for token, count in known.items() if token in words}
    return {
        "tokens": _share(sum(inside.values()), sum(known.values())),
        "types": _share(len(inside), len(known)),
    }


def _few(records: Records, lengths: NDArray[np.int64], options: CheckOptions) -> Iterable[Finding]:
    """Yield what is found about texts of no token, and of a single one."""
    empty, single = np.flatnonzero(lengths == 0), np.flatnonzero(lengths == 1)
    if len(empty):
        yield Finding(
            "empty",
            len(empty),
            f"{counted(len(empty), 'row')} without any text; training skips them, so see whether "
            "their texts were lost",
            _at(records, empty, options),
        )
    if len(single) and options.level == "word":
        all_alike = len(single) > ALONE * len(lengths)
        advice = (
            "as most are such, try --level character"
            if all_alike
            else "see whether they say enough to be labelled"
        )
        yield Finding(
            "one_token",
            len(single),
            f"{counted(len(single), 'row')} of a single token; {advice}",
            _at(records, single, options),
        )


def _at(records: Records, rows: NDArray[np.int64], options: CheckOptions) -> tuple[Example, ...]:
    some = rows[: options.examples].tolist()
    return tuple(Example((row + 1,), (shown(records.texts[row]),)) for row in some)


def _long(lengths: NDArray[np.int64], cut: int, options: CheckOptions) -> Iterable[Finding]:
    if cut > LONG * len(lengths):
        enough = int(np.quantile(lengths, 1 - LONG, method="higher"))
        yield Finding(
            "long",
            cut,
            f"{counted(cut, 'row')} ({cut / len(lengths):.0%}) of more than "
            f"{counted(options.max_tokens, 'token')}, to which they are cut; "
            f"--max-tokens {enough} leaves {1 - LONG:.0%} whole",
        )


def _strange(unknown: Mapping[str, Mapping[str, Any]]) -> Iterable[Finding]:
    """Yield a finding where training knows too few of another part's tokens."""
    much = {part: row for part, row in unknown.items() if row["tokens"] > UNKNOWN}
    if much:
        said = ", ".join(f"{row['tokens']:.0%} of {part}" for part, row in much.items())
        yield Finding(
            "unknown_tokens",
            len(much),
            f"Many tokens do not occur in train ({said}); try --level character, "
            "or pre-trained vectors (--vectors)",
        )
