"""Sentence ends found in the Brown corpus: precision, recall, F1.

    python benchmarks/sentences.py [--publish]
    python benchmarks/sentences.py --corpus brown-full.conll.xz --files brown-files.tsv

Data: the shipped `brown-news`, 88 texts with their sentences parted by people. The sentences of a
text are joined to running text as it was printed: marks stand at their words, a headline (known by
its tags in -hl) is a paragraph of its own, everything else is one. A sentence without a letter or
digit, which is an error of the corpus (a lone bracket), belongs to the one before. The rules were
written by looking at the genre news; all others are held out.

Brown also cuts after every semicolon and some colons, and where the corpus lost a mark. So there
are two tasks: all its breaks, and those after . ? ! and headlines. `naive` cuts after . ? ! before
a capital letter, digit or quotation mark. Abbreviations are learned from the corpus itself.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import lzma
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from racing import pages

from sestina.data import datasets
from sestina.text.abbreviations import learn_abbreviations
from sestina.text.sentences import PARAGRAPH, spans

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARKER = "sentences"
SEEN = "news"  # the genre that the rules were written on
NAIVE = re.compile(r"[.?!][\"')]*(?=\s+[\"'(]*[A-Z0-9])")
ENDED = re.compile(r"[.?!][\"')\]]*\Z")
CLOSING = frozenset(("''", ")", "]", ",", ".", ";", ":", "?", "!", "%"))
ALL, MARKED = "all", "after . ? ! or headline"
Ends = set[int]


@dataclass(frozen=True)
class Text:
    """Running text, where its sentences end (the last left out), and which ends have a mark."""

    genre: str
    text: str
    ends: Ends
    marked: Ends


def main() -> None:
    parser = argparse.ArgumentParser(description="Sentence ends in the Brown corpus.")
    parser.add_argument("--corpus", type=Path, help="another file like brown-news.conll.gz")
    parser.add_argument("--files", type=Path, help="which of its sentences are of which text")
    parser.add_argument("--publish", action="store_true", help="write into docs/benchmarks.md")
    args = parser.parse_args()
    corpus = args.corpus or datasets.path("brown-news")
    found = texts(corpus, args.files or datasets.path("brown-news-files"))
    report = f"Data: `{corpus.name}`, {len(found)} texts.\n\n{table(found)}"
    print(report)
    if args.publish:
        pages.publish(report.rstrip(), PAGE, MARKER)


def texts(corpus: Path, files: Path) -> list[Text]:
    """Return the texts of a tagged corpus as they were printed."""
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(corpus.suffix, open)
    with opener(corpus, "rt", encoding="utf-8") as lines:
        blocks = lines.read().strip("\n").split("\n\n")
    with files.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    found = []
    for row in rows:
        first = int(row["first_sentence"])
        found.append(joined(row["genre"], blocks[first : first + int(row["sentences"])]))
    return found


def joined(genre: str, blocks: list[str]) -> Text:
    """Return the sentences of one text, given as lines of word and tag, as running text."""
    text, was_headline = "", True
    ends: list[int] = []
    headlines: Ends = set()
    for block in blocks:
        tokens = [line.split(" ")[:2] for line in block.split("\n")]
        while ends and len(tokens) > 1 and tokens[0][0] in (")", "''"):
            text += printed([tokens.pop(0)[0]])  # it closes what the sentence before has opened
            ends[-1] = len(text)
        sentence, headline = printed([word for word, _ in tokens]), is_headline(tokens)
        lone = bool(ends) and not any(letter.isalnum() for letter in sentence)
        if lone:
            ends.pop()
        gap = "" if not text else "\n\n" if headline or was_headline else " "
        text += ("" if lone and sentence[0] in "\"')]." else gap) + sentence
        ends.append(len(text))
        if headline:
            headlines.add(len(text))
        was_headline = headline
    inner = set(ends[:-1])
    marked = {end for end in inner if end in headlines or ENDED.search(text[max(end - 9, 0) : end])}
    return Text(genre, text, inner, marked)


def printed(words: list[str]) -> str:
    """Return tokens as they stand in print: marks at their words, quotation marks straight."""
    text, inside, glued = "", False, True
    for n, word in enumerate(words):
        if n and word in ("?", "!", ";", ":") and words[n - 1] == word:
            continue  # the corpus has these marks twice
        if word == "." and text.endswith("."):
            continue  # after an abbreviation one full stop does for two
        if word == "'":
            closes, inside = inside, not inside
        else:
            closes = word in CLOSING
        text += ("" if glued or closes else " ") + {"``": '"', "''": '"'}.get(word, word)
        glued = word in ("``", "(", "[") or (word == "'" and not closes)
    return text


def is_headline(tokens: list[list[str]]) -> bool:
    tags = [tag for word, tag in tokens if any(letter.isalnum() for letter in word)]
    return bool(tags) and sum(tag.endswith("-hl") for tag in tags) > len(tags) / 2


def naive(text: str) -> Ends:
    return {match.end() for match in NAIVE.finditer(text)} | {
        gap.start() for gap in PARAGRAPH.finditer(text)
    }


def scores(
    found: list[Text], cut: Callable[[str], Ends], marked: bool
) -> tuple[int, float, float, float]:
    """Return the number of breaks, and precision, recall and F1 of those that `cut` finds."""
    right = given = wanted = 0
    for one in found:
        gold, ends = one.marked if marked else one.ends, cut(one.text) - {len(one.text)}
        right, given, wanted = right + len(gold & ends), given + len(ends), wanted + len(gold)
    precision, recall = right / max(given, 1), right / max(wanted, 1)
    return wanted, precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def table(found: list[Text]) -> str:
    """Return the table in Markdown."""
    learned = learn_abbreviations(one.text for one in found)

    def ours(semicolons: bool, more: frozenset[str] = frozenset()) -> Callable[[str], Ends]:
        how = {"semicolons": semicolons, "abbreviations": more}
        return lambda text: {end for _, end in spans(text, "en", **how)}

    ways = (
        (ALL, "naive", naive),
        (ALL, "rules", ours(False)),
        (ALL, "rules, semicolons=True", ours(True)),
        (MARKED, "naive", naive),
        (MARKED, "rules", ours(False)),
        (MARKED, "rules, learned abbreviations", ours(False, learned)),
    )
    lines = ["| texts | breaks | way | number | precision | recall | F1 |", "|---" * 7 + "|"]
    for name, part in parts(found):
        for task, way, cut in ways:
            number, *figures = scores(part, cut, task == MARKED)
            cells = [name, task, way, f"{number:,}", *(f"{value:.4f}" for value in figures)]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def parts(found: list[Text]) -> Iterator[tuple[str, list[Text]]]:
    yield f"{SEEN} (rules written on it)", [one for one in found if one.genre == SEEN]
    others = sorted({one.genre for one in found} - {SEEN})
    if others:
        shown = ", ".join(others) if len(others) < 4 else f"{len(others)} other genres"
        yield f"{shown} (held out)", [one for one in found if one.genre in others]


if __name__ == "__main__":
    main()
