"""News stories with topic codes → records: NewsML (RCV1), small XML like it, Reuters-21578.

A text is a story's title and body, its labels are its topic codes, any number of them (lectures'
row A1; the layouts of Lewis, Yang, Rose and Li, JMLR 2004, and of Lewis' Reuters-21578, 1997).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from sestina.data.entities import unescape
from sestina.data.markup import tree
from sestina.data.records import PARTS, Label, Records
from sestina.data.tables import decode, kind_of, read_bytes, refuse_swollen
from sestina.errors import DataError, counted

XML, SGML, ZIP = (".xml",), (".sgm", ".sgml"), (".zip",)
STORIES = (*XML, *SGML, *ZIP)
LEWIS = "LEWISSPLIT"

_OPEN = re.compile(r"<REUTERS\b([^<>]*)>")
_TOPIC = re.compile(r"<D>([^<]*)</D>")
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*"([^"]*)"')


@dataclass(frozen=True)
class Story:
    """A text and what its file says of it; None where the file says nothing.

    `used` is false where the usual split of Reuters-21578 (ModApte) leaves the story out.
    """

    text: str
    topics: list[str] | None = None
    part: str | None = None
    used: bool = True


def read_stories(
    files: Sequence[Path], source: Path, encoding: str, need_label: bool = True
) -> Records:
    """Return the stories of files: .xml, .sgm, or .zip archives of those.

    Args:
        files: Files in the order of their records.
        source: What the user named; a folder of it named train or test tells the part, unless
            the stories tell it themselves.
        encoding: Encoding of files that do not declare their own.
        need_label: Whether rows serve to learn; then stories that Reuters-21578 leaves out of its
            split are left out, and counted.

    Raises:
        DataError: A file is no news, or not well-formed; the sentence says where.
    """
    found: list[Story] = []
    notes: Counter[str] = Counter()
    for file in files:
        part = next((p for p in file.relative_to(source).parts[:-1] if p.lower() in PARTS), None)
        for data, path in _contents(file):
            for story in _stories(data, path, encoding, notes):
                found.append(story if story.part or not part else _within(story, part))
    said = [f"{what}: {counted(count, 'file')}" for what, count in notes.items()]
    named = need_label and any(story.part for story in found)
    kept = [s for s in found if not need_label or (s.used and (s.part or not named))]
    if len(kept) < len(found):
        many = counted(len(found), "story", "stories")
        said.append(f"left out {len(found) - len(kept):,} of {many}, which are in no part")
    labels: list[Label] = [list(story.topics or ()) for story in kept]
    return Records(
        [story.text for story in kept],
        labels if any(story.topics is not None for story in kept) else None,
        [story.part or "" for story in kept] if named else None,
        tuple(said),
        str(source),
    )


def story_text(data: bytes, path: Path, encoding: str) -> str:
    """Return title and body of the stories in a file as one text, whatever codes they have."""
    return "\n".join(story.text for story in _stories(data, path, encoding, Counter()))


def _within(story: Story, part: str) -> Story:
    return Story(story.text, story.topics, part, story.used)


def _contents(file: Path) -> Iterator[tuple[bytes, Path]]:
    """Yield what a file holds, or what an archive's files hold, each with the name for messages."""
    if kind_of(file) not in ZIP:
        yield read_bytes(file), file
        return
    try:
        with zipfile.ZipFile(file) as archive:
            held = archive.infolist()
            refuse_swollen(sum(m.file_size for m in held), file.stat().st_size, file)
            members = sorted(m for m in archive.namelist() if kind_of(Path(m)) in (*XML, *SGML))
            for member in members:
                if not Path(member).name.startswith("."):  # as macOS adds them
                    yield _unpacked(archive, member, file), file / member
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{file} cannot be read, or is no zip archive, or a truncated one ({error}); "
            "download it again"
        ) from error
    if not members:
        raise DataError(f"{file} holds no .xml or .sgm files; unpack it and give what it holds")


def _unpacked(archive: zipfile.ZipFile, member: str, file: Path) -> bytes:
    """Return what a file of an archive holds."""
    try:
        return archive.read(member)
    except (RuntimeError, NotImplementedError) as error:
        # zipfile's words for an archive that wants a password, and for a rare compression
        raise DataError(f"{file} cannot be unpacked ({error}); unpack it yourself") from error


def _stories(data: bytes, path: Path, encoding: str, notes: Counter[str]) -> Iterable[Story]:
    if kind_of(path) in SGML:
        return _reuters(_latin(data, path, encoding, notes), path)
    return _news(tree(data, path, encoding), path)


def _news(root: Element, path: Path) -> list[Story]:
    """Return the stories of a tree: each element that a ``<text>`` stands in."""
    found = [_story(element) for element in root.iter() if _children(element, "text")]
    if not found and root.tag.lower() == "text":
        found = [Story(_body([root]))]
    if not found:
        raise DataError(
            f"{path} has no <text> in it, only <{root.tag}>; expected news such as "
            '<newsitem><title>…</title><text>…</text><code code="C15"/></newsitem>'
        )
    return found


def _story(element: Element) -> Story:
    title = _children(element, "title") or _children(element, "headline")
    text = "\n".join(filter(None, (_body(title), _body(_children(element, "text")))))
    inside = list(_own(element))
    codes = [code for group in inside for code in _topic_codes(group)]
    tagged = bool(codes) or any(e.tag.lower() == "codes" for e in inside)
    return Story(text, list(dict.fromkeys(filter(None, codes))) if tagged else None)


def _own(story: Element) -> Iterator[Element]:
    """Yield a story's element and all in it, in their order, but no stories within it."""
    waiting = [story]
    while waiting:
        element = waiting.pop()
        yield element
        waiting.extend(child for child in reversed(element) if not _children(child, "text"))


def _topic_codes(group: Element) -> list[str]:
    """Return the codes right below an element, unless it says that they are no topics.

    RCV1 has three sets a story: bip:topics:1.0, bip:countries:1.0 and bip:industries:1.0.
    """
    kind = group.get("class", "topics") if group.tag.lower() == "codes" else "topics"
    if "topic" not in kind.lower():
        return []
    return [(c.get("code") or c.text or "").strip() for c in _children(group, "code")]


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element if child.tag.lower() == name]


def _body(elements: Iterable[Element]) -> str:
    """Return the text of elements, a line for each of their paragraphs."""
    blocks = [block for element in elements for block in _children(element, "p") or [element]]
    lines = (" ".join("".join(block.itertext()).split()) for block in blocks)
    return "\n".join(line for line in lines if line)


def _latin(data: bytes, path: Path, encoding: str, notes: Counter[str]) -> str:
    """Return the text of a Reuters-21578 file, which is Latin-1 without saying so."""
    try:
        return decode(data, path, encoding)
    except DataError:
        if encoding != "utf-8" or b"<REUTERS" not in data:
            raise
    notes["not UTF-8, so read as Latin-1, the encoding of Reuters-21578"] += 1
    return decode(data, path, "latin-1")


def _reuters(text: str, path: Path) -> Iterator[Story]:
    """Yield the stories of an SGML file, whose elements no XML parser can read.

    The ModApte split uses those with TOPICS="YES", by LEWISSPLIT; TOPICS="YES" with no topic at
    all stays, as a story that no topic fits.
    """
    openings = list(_OPEN.finditer(text))
    if not openings:
        raise DataError(
            f"{path} has no <REUTERS …> in it; expected the .sgm files of Reuters-21578, "
            "or well-formed XML under the ending .xml"
        )
    ends = [match.start() for match in openings[1:]] + [len(text)]
    for opening, limit in zip(openings, ends, strict=True):
        end = text.find("</REUTERS>", opening.end(), limit)
        if end < 0:
            line = text.count("\n", 0, opening.start()) + 1
            raise DataError(
                f"{path}: line {line} opens a <REUTERS> that nothing closes; "
                "download the file again, or cut off what is left of the last story"
            )
        story = text[opening.end() : end]
        said = dict(_ATTRIBUTE.findall(opening[1]))
        title, body = _inside(story, "TITLE"), _inside(story, "BODY")
        if title is None and body is None:
            body = _inside(story, "TEXT")  # TYPE="UNPROC": as it came over the wire
        topics, split = _inside(story, "TOPICS"), said.get(LEWIS, "").lower()
        yield Story(
            "\n".join(" ".join(unescape(piece).split()) for piece in (title, body) if piece),
            None if topics is None else [unescape(t).strip() for t in _TOPIC.findall(topics)],
            split if split in PARTS else None,
            LEWIS not in said or (split in PARTS and said.get("TOPICS", "YES") == "YES"),
        )


def _inside(story: str, name: str) -> str | None:
    """Return what stands between the first opening and closing tag of a name."""
    opening = re.search(rf"<{name}\b[^<>]*>", story)
    if opening is None:
        return None
    end = story.find(f"</{name}>", opening.end())
    return story[opening.end() : end if end >= 0 else len(story)]
