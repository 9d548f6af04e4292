"""HTML pages → text, XML → a tree: nothing that a file names is fetched, expanded or run."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from sestina.data.entities import unescape
from sestina.data.tables import NO_TEXT, decode
from sestina.errors import DataError

PAGES = (".html", ".htm", ".xhtml")

_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]*?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)(?=[\s/>])[^>]*>?|<!--|<!\[", re.IGNORECASE)
_ENDS = {
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
    "<!--": re.compile(r"--!?>"),  # <!--> is a whole one
    "<![": re.compile(">"),
}
_TAG_OPENS = re.compile(r"<(/?[a-z][^\s/>]*|[!?])", re.IGNORECASE)
_TAG = re.compile(r"<(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_BROKEN_TAG = re.compile(r"<[^>]*>")
_MOST_BROKEN = 20  # tags with a quotation mark left open; finding that out takes the whole page
_HIDDEN = frozenset({"template", "noscript", "svg", "math"})
_INLINE = _HIDDEN | frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q s samp"
    " small span strike strong sub sup time tt u var wbr".split()
)


def page_text(data: bytes, path: Path, encoding: str) -> str:
    """Return the text of an HTML page, its title first: a line for each paragraph, cell or item.

    Scripts, styles and comments are left out, entities become characters. Where `encoding` is the
    default, UTF-8, the page's own ``charset`` goes before it.

    Raises:
        DataError: The bytes are not text in that encoding, or a script, a comment or the like has
            no end.
    """
    named = _META.search(data[:4096]) or _DECLARED.match(data[:200])
    source = decode(data, path, _chosen(encoding, named, browser=True))
    page = _Page()
    source = _shown(source, path)
    page.read(source)
    if page.hidden:
        raise _unclosed(path, f"<{page.hidden}>", source.count("\n", 0, page.since) + 1)
    return page.text()


def tree(data: bytes, path: Path, encoding: str) -> Element:
    """Return the root of an XML file, its encoding the declared one where `encoding` is UTF-8.

    Names lose their namespaces. Entities that the file declares are refused, not expanded, and a
    DTD that it refers to is not fetched.

    Raises:
        DataError: The file is not well-formed XML, or declares entities; the sentence names the
            line.
    """
    text = decode(data, path, _chosen(encoding, _DECLARED.match(data[:200])))
    builder, parser = TreeBuilder(), expat.ParserCreate(namespace_separator="}")

    def start(name: str, given: dict[str, str]) -> None:
        builder.start(_local(name), {_local(k): v for k, v in given.items()})

    def refuse(name: str, *_: Any) -> None:
        raise DataError(
            f"{path}: line {parser.CurrentLineNumber} declares or uses the entity {name!r}, which "
            "is not expanded for safety's sake; write the characters themselves instead"
        )

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: builder.end(_local(name))
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    parser.SkippedEntityHandler = refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise DataError(
            f"{path}: line {error.lineno} is not well-formed XML ({what}); {_remedy(what)}"
        ) from error
    return builder.close()


def _chosen(encoding: str, named: re.Match[bytes] | None, browser: bool = False) -> str:
    """Return the encoding of a file: what it names itself, unless the user named another."""
    if named is None or encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        return encoding
    own = named[1].decode("ascii")
    try:
        standard = codecs.lookup(own).name
    except LookupError:
        return encoding  # decoding is strict, so that a wrong guess is noticed
    if standard in NO_TEXT or standard.startswith(("utf-16", "utf-32")):
        return encoding  # in UTF-16 the name could not have been read
    # a browser reads Latin-1 and ASCII as cp1252 (WHATWG Encoding Standard), and so authors do
    return "cp1252" if browser and standard in ("iso8859-1", "ascii") else own


def _shown(source: str, path: Path) -> str:
    """Return a page without scripts, styles, comments and sections such as <![if IE]>."""
    pieces, place = [], 0
    while opening := _UNSEEN.search(source, place):
        kind = (opening[1] or opening[0]).lower()
        whole = opening[0].endswith("/>")  # as in XHTML
        end = opening if whole else _ENDS[kind].search(source, opening.start() + 2)
        if end is None:
            mark = f"<{kind}>" if opening[1] else kind
            raise _unclosed(path, mark, source.count("\n", 0, opening.start()) + 1)
        lines = source.count("\n", opening.start(), end.end())
        pieces += [source[place : opening.start()], "\n" * lines]  # as before, for other messages
        place = end.end()
    return "".join([*pieces, source[place:]])


def _unclosed(path: Path, mark: str, line: int) -> DataError:
    return DataError(
        f"{path}: line {line} opens a {mark} that nothing closes; close it, or save the page again"
    )


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _remedy(what: str) -> str:
    """Return what to do about an error of expat."""
    if "invalid token" in what:
        return "write & as &amp;, < as &lt;, and quote attributes"
    if "entity" in what:
        return "write the character itself instead of its name"
    if "junk" in what:
        return "put one element around all others"
    return "close each element in its turn, or download the file again if it was cut off"


class _Page:
    """Collects the text of a page in lines.

    Not Python's own parser, whose time grows with the square of a broken page's length in many
    versions (CVE-2025-6069); nearly every step here goes on to the end of a tag.
    """

    def __init__(self) -> None:
        self.hidden = ""  # the outermost open element whose text is not shown
        self.since = 0  # where it begins
        self._depth = 0  # how many of its name are open
        self._lines: list[list[str]] = [[]]

    def read(self, source: str) -> None:
        """Take a page without scripts and comments."""
        place = broken = 0
        while opening := _TAG_OPENS.search(source, place):
            start = opening.start()
            tag = _TAG.match(source, start) if broken < _MOST_BROKEN else None
            if tag is None:
                broken += 1
                tag = _BROKEN_TAG.match(source, start)
            if tag is None:  # no > follows any more
                break
            self._text(source[place:start])
            self._tag(opening[1].lower(), tag[0].endswith("/>"), start)
            place = tag.end()
        self._text(source[place:])

    def _text(self, text: str) -> None:
        if not self.hidden:
            self._lines[-1].append(unescape(text))

    def _tag(self, name: str, whole: bool, start: int) -> None:
        bare = name.removeprefix("/")
        if bare in _HIDDEN and not whole and self.hidden in ("", bare):
            self._depth = max(self._depth + (1 if bare == name else -1), 0)
            self.since = self.since if self.hidden else start
            self.hidden = bare if self._depth else ""
        elif bare not in _INLINE:
            self._lines.append([])

    def text(self) -> str:
        """Return the lines that hold text, with single blanks."""
        lines = (" ".join("".join(line).split()) for line in self._lines)
        return "\n".join(line for line in lines if line)
