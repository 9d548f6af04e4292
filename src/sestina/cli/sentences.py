"""sestina data sentences: texts cut into sentences, one a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import Json, PathArgument, UnusedSeed, records
from sestina.cli.options import with_options
from sestina.data import datasets
from sestina.data.markup import PAGES
from sestina.data.stories import STORIES
from sestina.data.tables import TABLES, decode, kind_of, read_bytes
from sestina.errors import counted


@with_options(options=(config.SentenceOptions,), reading=(config.ReadingOptions,))
def sentences(
    path: PathArgument,
    options: dict[str, Any],
    reading: dict[str, Any],
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Cut texts into sentences and print them, one a line.

    A plain text file is one text, whose paragraphs are parted by empty lines;
    tables, pages, news and folders hold a text each row, page, story and file.
    """
    from sestina.text.abbreviations import learn_abbreviations
    from sestina.text.sentences import sentences as cut

    texts = _texts(path, reading)
    learned = learn_abbreviations(texts) if options.pop("learn") else frozenset()
    if learned:
        shown = ", ".join(sorted(learned)[:10]) + (", …" if len(learned) > 10 else "")
        show.say(f"learned {counted(len(learned), 'abbreviation')}: {shown}")
    found = [cut(text, abbreviations=learned, **options) for text in texts]
    if json:
        total = sum(map(len, found))
        show.as_json({"task": "sentences", "data": path, "number": total, "sentences": found})
        return
    for rows in found:
        show.write("".join(" ".join(row.split()) + "\n" for row in rows))


def _texts(path: str, reading: dict[str, Any]) -> list[str]:
    """Return a plain file as one text, anything else as its records."""
    file, others = Path(path), (*TABLES, *PAGES, *STORIES)
    if file.is_dir() or kind_of(file) in others or (path in datasets.names() and not file.exists()):
        return records(path, reading, need_label=False).texts
    return [decode(read_bytes(file), file, reading["encoding"])]
