"""What verbs do with taggers: read tagged sentences, put tags, measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sestina.cli import show
from sestina.cli.inputs import found_at, given_texts, records
from sestina.data import datasets
from sestina.data.records import Records
from sestina.data.tables import kind_of
from sestina.data.tagged import TaggedSentences, read_tagged
from sestina.errors import counted

CONLL = (".conll", ".conllu")
COLUMNS = (*CONLL, ".jsonl", ".ndjson")  # endings of files with words apart


def tagged(
    path: str, columns: dict[str, Any], encoding: str, need_tags: bool = True
) -> TaggedSentences:
    """Return the tagged sentences at a path or of a shipped data set; what was noted is said.

    Args:
        path: What the user gave.
        columns: Values of `sestina.config.TaggedOptions`.
        encoding: Encoding of the file.
        need_tags: Whether to refuse a file without tags.

    Raises:
        DataError: There is no such path or data set, or it cannot be read.
    """
    read_file = partial(read_tagged, **columns, encoding=encoding, need_tags=need_tags)
    return found_at(path, datasets.tagged, read_file, columns)


def texts_of(path: str, reading: dict[str, Any]) -> Records:
    """Return texts, whatever their labels; of tagged sentences their words, parted by blanks.

    Args:
        path: What the user gave.
        reading: Values of `sestina.config.ReadingOptions`.

    Raises:
        DataError: There is no such path or data set, or it cannot be read.
    """
    named = path in datasets.names() and not Path(path).exists()
    if not (named and datasets.get(path).task == "tag") and kind_of(Path(path)) not in CONLL:
        return records(path, reading, need_label=False)
    columns = {"word_column": None, "tag_column": None}
    found = tagged(path, columns, reading["encoding"], need_tags=False)
    texts = [" ".join(words) for words in found.sentences]
    return Records(texts, None, found.parts, found.notes, found.source)


def given_sentences(
    texts: list[str] | None, file: str | None, reading: dict[str, Any], columns: dict[str, Any]
) -> Iterator[list[list[str]]]:
    """Yield sentences from the arguments, a file or standard input, in chunks."""
    if file and not texts and kind_of(Path(file)) in COLUMNS:
        yield tagged(file, columns, reading["encoding"], need_tags=False).sentences
        return
    for chunk in given_texts(texts, file, reading):
        yield [text.split() for text in chunk]


def tags_put(net: Any, chunks: Iterable[list[list[str]]]) -> Iterator[list[dict[str, Any]]]:
    """Yield sentences and the tags of their words, chunk by chunk; spans where tags mark such."""
    from sestina.spans import spans_of

    for sentences in chunks:
        rows = zip(sentences, net.predict(sentences), strict=True)
        yield [
            {"tokens": words, "tags": tags}
            | ({} if net.scheme_ is None else {"spans": spans_of(tags)})
            for words, tags in rows
        ]


def by_word(row: Mapping[str, Any]) -> str:
    """Return a line each of word and tag, and an empty one behind the sentence."""
    pairs = zip(row["tokens"], row["tags"], strict=True)
    return "".join(f"{word}\t{tag}\n" for word, tag in pairs) + "\n"


def measure(net: Any, model: str, data: str, found: TaggedSentences, json: bool) -> None:
    """Print the figures of a tagger on tagged sentences."""
    result = _measured(net, model, data, found)
    if json:
        show.as_json(result)
    else:
        _show(result)


def _measured(net: Any, model: str, data: str, found: TaggedSentences) -> dict[str, Any]:
    """Return the figures of a tagger on tagged sentences, as ``--json`` prints them."""
    predicted = net.predict(found.sentences)
    from sestina.estimators import tagging

    figures = tagging.figures(found.tags or [], predicted, net.seen(found.sentences))
    more = {"parameters": net.n_parameters_, "seconds": round(net.seconds_, 3)}
    return {
        "task": "evaluate",
        "model": model,
        "data": data,
        "sentences": len(found),
        "words": sum(map(len, found.sentences)),
        "metrics": {**figures, **more},
        "decisions": net.decision_notes(),
        "classes": _per_tag(found.tags or [], predicted),
    }


def _per_tag(true: list[list[str]], predicted: list[list[Any]]) -> list[dict[str, Any]]:
    import numpy as np

    from sestina.estimators.tagging import flat
    from sestina.inspect.per_class import per_class

    names, codes = np.unique(np.concatenate([flat(true), flat(predicted)]), return_inverse=True)
    half = len(codes) // 2
    return per_class(codes[half:], codes[:half], names.tolist())


def _show(result: dict[str, Any]) -> None:
    """Print the figures, then a table by tag or by kind of span."""
    found = result["metrics"]
    sentences, words = counted(result["sentences"], "sentence"), counted(result["words"], "word")
    title = f"{result['model']} on {result['data']}: {sentences}, {words}"
    show.ladder(title, {"this model": found})
    show.out.print()
    show.facts("", {**seen_facts(found), "decisions": "; ".join(result["decisions"])})
    show.out.print()
    if "spans" in found:
        kinds = found["spans"]["kinds"].items()
        rows = [{"class": "all", **found["spans"]}, *({"class": k, **row} for k, row in kinds)]
        name, unit = "kind of span", "spans"
    else:
        rows, name, unit = result["classes"], "tag", "words"
    shares = ("precision", "recall", "f1")
    lines = [(row["class"], *(f"{row[k]:.3f}" for k in shares), row["support"]) for row in rows]
    show.table("", (name, "precision", "recall", "F1", unit), lines)


def seen_facts(figures: dict[str, Any]) -> dict[str, str]:
    """Return in words how often words seen in training, and others, have the right tag."""
    parts = {name: figures[name] for name in ("seen", "unseen")}
    return {
        f"{name} words": f"accuracy {part['accuracy']:.3f} of {counted(part['words'], 'word')}"
        for name, part in parts.items()
        if part["words"]
    }


def known_share(train: TaggedSentences, test: TaggedSentences) -> str:
    """Return how many test sentences the training part holds, in words; mostly nothing."""
    known = {tuple(words) for words in train.sentences}
    seen = sum(tuple(words) in known for words in test.sentences)
    if not seen:
        return ""
    return (
        f"careful: the training part holds {seen:,} of "
        f"{counted(len(test), 'test sentence')}, so the figures are too good"
    )


def words_in(parts: Iterable[TaggedSentences]) -> list[int]:
    """Return how many words each part has."""
    return [sum(map(len, part.sentences)) for part in parts]
