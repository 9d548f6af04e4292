"""What `SequenceTagger` needs beside its network: checks, the scheme of tags, batches, figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import itemgetter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sestina import metrics, spans
from sestina.config import TaggerOptions
from sestina.data.ragged import Ragged
from sestina.errors import DataError, OptionError, counted
from sestina.estimators.contexts import Contexts
from sestina.estimators.step_stream import StepStream
from sestina.nn.tagger import TaggerNetwork, WordBatch
from sestina.text.inputs import as_sentences
from sestina.text.vocabulary import Vocabulary
from sestina.text.words import Lexicon, Numbered

Tags = Sequence[Sequence[Any]]
FILES = ("vocabulary.json", "known.json", "characters.json", "contexts.json")


@dataclass(frozen=True)
class Tagged:
    """N sentences in numbers, and those of their tags, (sum of lengths,)."""

    words: Numbered
    tags: Ragged

    def goal(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the tags of some sentences, (B, T) int64, zeros beyond their ends."""
        return torch.from_numpy(self.tags.padded(rows)[0])

    def arrays(self) -> Iterator[NDArray[Any]]:
        """Yield all that they consist of."""
        for part in (self.words.ids, self.words.spellings, self.tags):
            yield from (part.values, part.offsets)


def paired(X: Any, y: Any) -> tuple[list[list[str]], list[list[Any]]]:
    """Return sentences and their tags as lists of lists, one tag for each word.

    Raises:
        DataError: They are not so.
    """
    if y is None:
        raise DataError("no tags came; give a list of them for each sentence")
    sentences, tags = as_sentences(X), as_sentences(y, "tags")
    if len(sentences) != len(tags):
        raise DataError(
            f"{counted(len(sentences), 'sentence')} came with tags of {len(tags):,}; expected as "
            "many"
        )
    if not sentences:
        raise DataError("no sentences came; give one at least")
    for n, (words, row) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(row):
            raise DataError(
                f"sentence {n} has {counted(len(words), 'word')} and {counted(len(row), 'tag')}; "
                "expected one tag for each word"
            )
    return sentences, tags


def idle(options: TaggerOptions) -> list[str]:
    """Return a sentence for each option that is set, but does nothing without another."""
    needs = {
        "character_embedding": "characters",
        "character_hidden": "characters",
        "pool": "characters='rnn'",
        "widths": "characters='cnn'",
        "fine_tune": "vectors",
        "vector_words": "vectors",
    }
    active = {f"characters={options.characters!r}"}
    active |= {name for name in ("characters", "vectors") if getattr(options, name) is not None}
    return [
        f"{spec.name} does nothing without {needs[spec.name]}"
        for spec in fields(options)
        if needs.get(spec.name) not in (None, *active)
        and getattr(options, spec.name) != spec.default
    ]


def _by_spans(row: Mapping[str, float]) -> float:
    """Return what is lowest in the epoch of the highest F1, and of equal ones the lowest loss."""
    return 1e-6 * math.tanh(row["validation_loss"]) - row["validation_span_f1"]


RANKS: dict[str, Callable[[Mapping[str, float]], float]] = {
    "loss": itemgetter("validation_loss"),
    "span_f1": _by_spans,
}


def check_best_by(options: TaggerOptions, spans_marked: bool, held_out: bool) -> None:
    """Refuse to tell the best epoch by spans where there are none, or no part to find them in.

    Raises:
        OptionError: So it is.
    """
    if options.best_by == "span_f1" and not (spans_marked and held_out):
        reason = (
            "no part is held out; raise validation_fraction"
            if spans_marked
            else "the tags mark no spans, as B-PER and I-PER do; leave it at 'loss'"
        )
        raise OptionError(f"best_by='span_f1' cannot be followed: {reason}")


def scheme(options: TaggerOptions, tags: Tags, notes: list[str]) -> str | None:
    """Return the scheme that tags shall keep to; None for none, with a note where that is odd.

    Raises:
        DataError: The scheme asked for is not theirs, or they break it.
    """
    asked = options.scheme
    found = spans.scheme_of({tag for row in tags for tag in row})
    if asked == "none" or (asked == "auto" and found is None):
        return None
    wanted = found if asked == "auto" else asked
    reason = ""
    if found is None or (wanted == "bio" and found == "bioes"):
        reason = "tags such as B-PER, I-PER" + ("" if wanted == "bio" else ", E-PER, S-PER")
        reason = f"they are not all {reason} and O"
    elif wanted and (place := spans.first_offence(tags, wanted)) is not None:
        n, word = place
        near = " ".join(map(str, tags[n][max(word - 1, 0) : word + 2]))
        reason = f"sentence {n} breaks it at word {word}: {near}"
    elif wanted and not spans.can_always_end(spans.allowed(_names(tags), wanted)):
        reason = "no tag of theirs can stand in every place"
    if not reason:
        return wanted
    if asked == "auto":
        notes.append(f"tags look like {str(wanted).upper()}, which is not kept to: {reason}")
        return None
    raise DataError(f"scheme={asked!r} is not that of the tags: {reason}; set scheme='none'")


def _names(tags: Tags) -> list[str]:
    return sorted({tag for row in tags for tag in row})


def allowed(classes: NDArray[Any], scheme: str | None) -> NDArray[np.bool_]:
    """Return which tag may follow which, (K + 1, K + 1), K the border of the sentence."""
    if scheme is None:
        return np.ones((len(classes) + 1,) * 2, np.bool_)
    return spans.allowed(classes.tolist(), scheme)


def lost(
    options: TaggerOptions, words: Vocabulary, counts: Mapping[str, int]
) -> NDArray[np.float32] | None:
    """Return what share of each word's occurrences become UNK while training, (V,).

    α / (α + n) for a word seen n times (Kiperwasser and Goldberg 2016), and `token_dropout` of
    what is left.
    """
    alpha, share = options.rare_dropout, options.token_dropout
    if not alpha and not share:
        return None
    seen = np.array([counts.get(word, 0) for word in words], np.float64)
    rare = alpha / (alpha + seen) if alpha else 0.0 * seen
    return (rare + (1 - rare) * share).astype(np.float32)


def check_found(words: set[str], lexicon: Lexicon, name: str, notes: list[str]) -> None:
    """Note how many of the training part's words have a pre-trained vector.

    Raises:
        DataError: None has.
    """
    found, of = sum(map(lexicon.has_vector, words)), counted(len(words), "word")
    if not found:
        raise DataError(f"{name}: none of the {of} has a vector; wrong language?")
    notes.append(f"{name}: found {found:,} of {of} ({found / len(words):.1%})")


def batch(data: Numbered, rows: NDArray[np.int64]) -> WordBatch:
    """Return some sentences as the network reads them."""
    ids, lengths = data.ids.padded(rows)  # (B, T, 3), or 4 with words in context
    distinct, places = np.unique(ids[:, :, 2], return_inverse=True)
    if len(data.spellings) > 1:
        characters, sizes = data.spellings.padded(distinct)
    else:  # nothing reads them
        characters, sizes = np.zeros((1, 1), np.int32), np.zeros(1, np.int64)
    arrays = (
        ids[:, :, 0], ids[:, :, 1], places.reshape(lengths.size, -1), lengths,
        characters.astype(np.int64), sizes, ids[:, :, 3:].reshape(len(lengths), -1),
    )  # fmt: skip
    return WordBatch(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))


def named(codes: NDArray[np.int64], lengths: Tensor, classes: NDArray[Any]) -> Iterator[list[Any]]:
    """Yield the tags of each sentence of a batch from their numbers (B, T)."""
    for row, length in zip(codes, lengths.tolist(), strict=True):
        yield classes[row[:length]].tolist()


def in_context(data: Numbered, contexts: Contexts | None, sentences: Tags) -> Numbered:
    """Return sentences in numbers, to which those of the language models are added, if any."""
    if contexts is None:
        return data
    more = contexts.ids(sentences).values
    return replace(data, ids=Ragged(np.column_stack([data.ids.values, more]), data.ids.offsets))


def flat(tags: Tags) -> NDArray[Any]:
    """Return the tags of all sentences laid end to end, as strings."""
    return np.array([str(tag) for row in tags for tag in row], dtype=np.str_)


def right(true: Tags, predicted: Tags) -> NDArray[np.bool_]:
    """Return which words have the right tag, laid end to end."""
    return metrics.correct(flat(true), flat(predicted))


def figures(true: Tags, predicted: Tags, seen: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the figures of tags that were put.

    Args:
        true: True tags of N sentences.
        predicted: Tags that were put.
        seen: Which words, laid end to end, the training part held.

    Raises:
        DataError: There is no word.
    """
    hits = right(true, predicted)
    if not len(hits):
        raise DataError("all sentences are empty; give some with words in them")
    found: dict[str, Any] = dict(metrics.classification(flat(true), flat(predicted)))
    found["interval"] = list(metrics.accuracy_interval(hits))
    for name, kind in (("seen", seen), ("unseen", ~seen)):
        share = float(hits[kind].mean()) if kind.any() else None
        found[name] = {"accuracy": share, "words": int(kind.sum())}
    if spans.scheme_of(flat(true).tolist()) is not None:
        texts = [[[str(tag) for tag in row] for row in rows] for rows in (true, predicted)]
        found["spans"] = metrics.span_scores(*texts)
        found["span_f1"] = found["spans"]["f1"]
    return found


def word_stream(network: TaggerNetwork, lexicon: Lexicon) -> StepStream[str]:
    """Return a sentence's beginning: feed a word, get P of each of its tags, (K,).

    Args:
        network: One that looks only back, and at each word on its own.
        lexicon: Its words.
    """

    def vector(word: str) -> NDArray[np.float32]:
        if not isinstance(word, str):
            raise DataError(f"{word!r:.60} ({type(word).__name__}) came; expected a word")
        with torch.inference_mode():
            read = batch(lexicon.numbers([[word]]), np.array([0]))
            found: NDArray[np.float32] = network.vectors(read)[0, 0].numpy()
        return found

    def shares(state: NDArray[np.float32]) -> NDArray[np.float64]:
        with torch.inference_mode():
            scores = network.head(torch.from_numpy(state)[None, None])
            found: NDArray[np.float64] = network.tags.marginals(scores, torch.tensor([1]))[0, 0]
        return found

    return StepStream(network.encoder, vector, shares)
