"""Which column holds the text, the label, the part: asked for by name, or guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sestina.errors import DataError, nearest

TEXT_NAMES = (
    "text",
    "review",
    "sentence",
    "content",
    "document",
    "comment",
    "message",
    "tweet",
    "body",
    "snippet",
    "utterance",
    "question",
    "name",
)
LABEL_NAMES = (
    "label",
    "labels",
    "sentiment",
    "class",
    "category",
    "topic",
    "topics",
    "target",
    "lang",
    "language",
    "gender",
    "author",
    "genre",
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


def find(
    names: Sequence[str], asked: Columns, source: str, need_label: bool, header: bool = False
) -> Found:
    """Return which of the columns `names` hold text, label and part.

    Args:
        names: The columns there are.
        asked: Those asked for.
        source: File, for messages.
        need_label: Whether there must be a label.
        header: Whether the names come from a first line that may be data by mistake.

    Raises:
        DataError: A column asked for is missing, or none or several could be meant.
    """
    for wish in (asked.text, asked.label, asked.split):
        must_have(names, wish, source)
    label = asked.label or guess(names, LABEL_NAMES, (asked.text, asked.split))
    text = asked.text or guess(names, TEXT_NAMES, (label, asked.split))
    if len(names) == 1:
        text, label = _only(names[0], source, need_label or asked.label is not None), None
    free = [name for name in names if name != asked.split and _plain(name) != SPLIT_NAMES[0]]
    if len(free) == 2:  # two columns, one known: the other is the other
        if label in free and not text:
            text = next(name for name in free if name != label)
        elif text in free and not label and need_label:
            label = next(name for name in free if name != text)
    if text is None:
        raise DataError(_unclear(names, "text", TEXT_NAMES, source, header))
    if label is None and need_label:
        rest = [name for name in names if name != text]
        raise DataError(_unclear(rest, "label", LABEL_NAMES, source, header))
    if label == text:
        raise DataError(f"{source}: text and label are both column {text!r}; name two columns")
    split = asked.split or guess(names, SPLIT_NAMES, (text, label))
    notes = tuple(
        f"took column {got!r} as the {kind}"
        for kind, wish, got in (
            ("text", asked.text, text),
            ("label", asked.label, label),
            ("split", asked.split, split),
        )
        if wish is None and got is not None
    )
    return Found(text, label, split, notes)


def label_of(names: Sequence[str]) -> str | None:
    """Return the column whose name says that it holds labels; None where none or several do."""
    return guess(names, LABEL_NAMES, ())


def must_have(names: Sequence[str], wish: str | None, source: str) -> None:
    """Raise where there is no column of the name wished for, if one was.

    Raises:
        DataError: There is none; the nearest is named.
    """
    if wish is not None and wish not in names:
        hint = nearest(wish, names) if len(names) < 30 else "; check the name"
        raise DataError(f"{source} has no column {wish!r}{hint}")


def guess(names: Sequence[str], known: Sequence[str], without: Sequence[str | None]) -> str | None:
    """Return the one column whose lower-case name is known; the first kind of name wins alone."""
    meant = [name for name in names if _plain(name) in known and name not in without]
    exact = [name for name in meant if _plain(name) == known[0]]
    chosen = exact or meant
    return chosen[0] if len(chosen) == 1 else None


def _plain(name: str) -> str:
    return name.strip().lower()


def _only(name: str, source: str, need_label: bool) -> str:
    """Return the only column as that of the texts, unless it is several that were read as one."""
    pieces = {mark: [piece.strip().lower() for piece in name.split(mark)] for mark in ";,\t|"}
    for mark, parts in pieces.items():
        if len(parts) > 1 and any(part in TEXT_NAMES + LABEL_NAMES for part in parts):
            shown = "tabs" if mark == "\t" else repr(mark)
            raise DataError(
                f"{source} seems to part its fields with {shown}; "
                "save it as .csv with commas or as .tsv with tabs"
            )
    if need_label:
        raise DataError(
            f"{source} has only the column {_short(name)!r}; expected one for the texts and one "
            "for the labels"
        )
    return name


def _unclear(
    names: Sequence[str], kind: str, known: Sequence[str], source: str, header: bool
) -> str:
    meant = [name for name in names if _plain(name) in known]
    if len(meant) > 1:
        columns = " or ".join(meant)
        return f"{source}: the {kind} could be column {columns}; say which with --{kind} COLUMN"
    shown = ", ".join(map(_short, names[:12])) + (" …" if len(names) > 12 else "")
    unless = " (if these are data already, add --no-header)" if header else ""
    return f"{source} has the columns {shown}{unless}; name the {kind}'s with --{kind} COLUMN"


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"
