"""sestina data check: what in some data spoils training or flatters scores."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sestina import config
from sestina.cli import show
from sestina.cli.inputs import Json, PathArgument, UnusedSeed, records
from sestina.cli.options import with_options
from sestina.errors import counted

if TYPE_CHECKING:
    from sestina.quality.findings import Check, Example, Finding

WIDTH = 80
MARGIN = 9  # columns of the severity
CLASSES = 8  # classes that are listed; of more, the largest and the smallest
TOKEN = 20  # characters of a token that are shown
ROWS = 4  # row numbers of an example that are listed
COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan"}


@with_options(reading=(config.ReadingOptions,), options=(config.CheckOptions,))
def check(
    path: PathArgument,
    reading: dict[str, Any],
    options: dict[str, Any],
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if there is an error or a warning.")
    ] = False,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Check data: copies, leaks between parts, labels, signs, lengths, vocabulary.

    Findings are errors (scores will be wrong), warnings (look at it), notes.
    """
    from sestina.quality.check import check_data

    found = check_data(records(path, reading, need_label=False), **options)
    if json:
        show.as_json({"task": "check", "data": path, **found.to_dict()})
    else:
        _show(path, found)
    if strict and (found.severities["error"] or found.severities["warning"]):
        raise typer.Exit(1)


def _show(path: str, found: Check) -> None:
    show.facts(f"{path}: {counted(found.rows, 'row')}", _facts(found.facts))
    show.out.print()
    for finding in found.findings:
        _show_finding(finding)
    number = found.severities
    if found.findings:
        said = ", ".join(counted(n, severity) for severity, n in number.items() if n)
        show.out.print(f"found: {said}", markup=False)
    else:
        show.out.print("nothing found", markup=False)


def _show_finding(finding: Finding) -> None:
    """Print the severity and the sentence, and below them the examples."""
    lines = textwrap.wrap(finding.sentence, WIDTH - MARGIN, break_on_hyphens=False) or [""]
    colour = COLOURS[finding.severity]
    show.out.print(f"{finding.severity:<{MARGIN}}", end="", style=colour, soft_wrap=True)
    for number, line in enumerate(lines):
        start = " " * MARGIN if number else ""
        show.out.print(start + line, markup=False, soft_wrap=True)
    for example in finding.examples:
        for line in _lines(example):
            show.out.print(" " * MARGIN + line, markup=False, soft_wrap=True, style="dim")
    show.out.print()


def _lines(example: Example) -> list[str]:
    """Return the lines of an example: the rows with what stands there, and the remark."""
    if len(example.texts) > 1:
        pairs = zip(example.rows, example.texts, strict=True)
        lines = [f"row {row:,}: {text}" for row, text in pairs]
    else:
        named = ", ".join(f"{row:,}" for row in example.rows[:ROWS])
        named += " …" if len(example.rows) > ROWS else ""
        rows = f"row{'s' if len(example.rows) > 1 else ''} {named}"
        lines = [f"{rows}: {text}" for text in example.texts or (example.remark,)]
    if example.texts and example.remark:
        lines.append(f"  {example.remark}")
    return [_clipped(line).rstrip() for line in lines]


def _clipped(line: str) -> str:
    """Return a line that fits, where Chinese and Japanese signs take two columns."""
    from rich.cells import cell_len, set_cell_size

    room = WIDTH - MARGIN
    return line if cell_len(line) <= room else set_cell_size(line, room - 2).rstrip(" …") + " …"


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures in words, by name."""
    tokens, kept = dict(facts["tokens"]), facts["vocabulary"]
    tokens.pop("in_all")
    shown: dict[str, Any] = {"parts": show.counts(facts["parts"])}
    if "classes" in facts:
        shown["classes"] = _classes(facts["classes"])
    if "labels_per_row" in facts:
        row = facts["labels_per_row"]
        shown["labels a row"] = (
            f"{row['mean']:.2f} on average, {row['most']} at most, "
            f"{row['rows_with'].get('0', 0):,} without; {row['different_sets']:,} different sets"
        )
    shown["tokens a row"] = ", ".join(f"{name} {number:,}" for name, number in tokens.items())
    shown["cut"] = f"{facts['cut']['rows']:,} are longer than {facts['cut']['max_tokens']:,}"
    shown["vocabulary"] = (
        f"{kept['types']:,} different of {counted(kept['tokens'], 'token')}"
        f"{' of train' if 'train' in facts['parts'] else ''}, {kept['once']:,} occur once; "
        f"with --vocabulary {kept['kept']}, {kept['tokens_kept']:.1%} of them are known"
    )
    for part, row in facts["unknown"].items():
        shown[f"new in {part}"] = (
            (
                f"{row['tokens']:.1%} of the tokens, {row['types']:.1%} of the vocabulary, "
                f"such as {', '.join(map(_short, row['most_frequent']))}"
            )
            if row["most_frequent"]
            else "nothing"
        )
    if "glove-50d" in facts:
        row = facts["glove-50d"]
        shown["in glove-50d"] = (
            f"{row['tokens']:.1%} of the tokens, {row['types']:.1%} of the words"
        )
    return shown


def _short(token: str) -> str:
    return token if len(token) <= TOKEN else token[: TOKEN - 1] + "…"


def _classes(classes: Mapping[str, Mapping[str, int]]) -> str:
    # the largest first; a pair each, since names may be the same once they are cut short
    totals = [(_short(name), sum(parts.values())) for name, parts in classes.items()]
    if len(totals) <= CLASSES:
        return ", ".join(f"{name} {number:,}" for name, number in totals)
    (first, most), (last, least) = totals[0], totals[-1]
    return f"{len(totals):,}, from {first} {most:,} to {last} {least:,}"
