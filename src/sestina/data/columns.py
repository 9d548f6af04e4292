"""Which column holds the text, the label, the part: asked for by name, or guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sestina.errors import DataError, nearest

TEXT_NAMES = (
    "text", "review", "sentence", "content", "document", "comment", "message", "tweet", "body",
    "snippet", "utterance", "question", "name",
)
LABEL_NAMES = (
    "label", "labels", "sentiment", "class", "category", "topic", "topics", "target", "lang",
    "language", "gender", "author", "genre",
)
SPLIT_NAMES = ("split", "part", "fold", "subset")


@dataclass(frozen=True)
class Columns:
    """The columns asked for by name; None means: guess."""

    text: str | None = None
    label: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Found:
    """The columns that will be read, and a note for each that was guessed."""

    text: str
    label: str | None
    split: str | None
    notes: tuple[str, ...]


def find(names: Sequence[str], asked: Columns, source: str, need_label: bool) -> Found:
    """Return which of the columns `names` hold text, label and part.

    Raises:
        DataError: A column asked for is missing, or none or several could be meant.
    """
    notes: list[str] = []
    label = _asked(names, asked.label, source) or _guess(names, LABEL_NAMES)
    text = _asked(names, asked.text, source) or _guess(names, TEXT_NAMES, without=label)
    if text is None and len(names) == 1:
        text = names[0]
    if len(names) == 2:  # two columns, one known: the other is the other
        text = text or next(name for name in names if name != label) if label else text
        label = label or next((name for name in names if name != text), None) if text else label
    if text is None:
        raise DataError(_unclear(names, "text", TEXT_NAMES, source))
    if label is None and need_label:
        raise DataError(_unclear([n for n in names if n != text], "label", LABEL_NAMES, source))
    split = _asked(names, asked.split, source) or _guess(names, SPLIT_NAMES, without=label)
    for kind, wish, got in (("text", asked.text, text), ("label", asked.label, label),
                            ("split", asked.split, split)):
        if wish is None and got is not None:
            notes.append(f"took column {got!r} as the {kind}")
    return Found(text, label, split, tuple(notes))


def _asked(names: Sequence[str], wish: str | None, source: str) -> str | None:
    if wish is not None and wish not in names:
        hint = nearest(wish, names) if len(names) < 30 else ""
        raise DataError(f"{source} has no column {wish!r}{hint}")
    return wish


def _guess(names: Sequence[str], known: Sequence[str], without: str | None = None) -> str | None:
    """Return the one column whose lower-case name is known; the first kind of name wins alone."""
    meant = [name for name in names if name.strip().lower() in known and name != without]
    exact = [name for name in meant if name.strip().lower() == known[0]]
    chosen = exact or meant
    return chosen[0] if len(chosen) == 1 else None


def _unclear(names: Sequence[str], kind: str, known: Sequence[str], source: str) -> str:
    meant = [name for name in names if name.strip().lower() in known]
    shown = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
    if len(meant) > 1:
        return (
            f"{source}: the {kind} could be column {' or '.join(meant)}; say which with --{kind}"
        )
    return f"{source} has the columns {shown or '(none)'}; name the {kind}'s with --{kind} COLUMN"
