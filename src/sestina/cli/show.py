"""How results are printed: JSON on standard output, or tables that fit 80 columns."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

BETWEEN = 2  # blanks between two columns of a table
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Signs by which texts, labels or words could steer the terminal that shows them."""


def harmless(text: str) -> str:
    """Return a text whose control signs, but for tabs and line ends, are �."""
    return CONTROL.sub("�", text)


class _Console(Console):
    """rich's, to which no string gives control signs."""

    def render_str(self, text: str, **how: Any) -> Text:  # rich names eight options; all pass
        """Turn a string into rich's own text, as every string printed is."""
        return super().render_str(harmless(text), **how)


# a text may hold ":b:", which rich would take for a picture
out = _Console(highlight=False, soft_wrap=False, emoji=False)
err = _Console(stderr=True, highlight=False, emoji=False)


def write(text: str) -> None:
    """Write on standard output as it is, for programs to read; control signs become �."""
    sys.stdout.write(harmless(text))


def as_json(result: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output; escaped where its encoding lacks a character."""
    text = json.dumps(result, ensure_ascii=False, default=str)
    # JSON escapes the others itself
    text = CONTROL.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(result, default=str)
    sys.stdout.write(text + "\n")


def streamed(
    asked: Mapping[str, Any],
    name: str,
    chunks: Iterable[Sequence[Mapping[str, Any]]],
    line: Callable[[Mapping[str, Any]], str],
    json: bool,
) -> None:
    """Print answers as they come, or all of them in one JSON object.

    Args:
        asked: What the JSON object tells of the question.
        name: What the answers are called in it.
        chunks: The answers.
        line: What is written of one, its line's end included.
        json: Whether to print JSON.
    """
    rows: list[Mapping[str, Any]] = []
    for found in chunks:
        if json:
            rows += found
        else:
            write("".join(map(line, found)))
            sys.stdout.flush()
    if json:
        as_json({**asked, name: rows})


def say(sentence: str) -> None:
    """Print a remark on standard error."""
    err.print(sentence, markup=False, soft_wrap=not err.is_terminal)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], left: int = 1) -> None:
    """Print a table; the first `left` columns are flush left, the others, numbers, flush right.

    Where it is wider than the terminal, the heads of the numbers are broken at their last blank,
    then what is flush left is folded, the first of several such columns last; a number is cut only
    where nothing else is left to give way.
    """
    cells = [[_worded(cell) for cell in row] for row in rows]
    heads = list(columns)
    if _width(heads, cells) > out.width:
        heads[left:] = ["\n".join(head.rsplit(" ", 1)) for head in heads[left:]]
    fits = _width(heads, cells) <= out.width
    grid = Table(box=None, pad_edge=False)
    for number, head in enumerate(heads):
        grid.add_column(
            _plain(head),
            justify="left" if number < left else "right",
            vertical="bottom",
            overflow="fold",
            no_wrap=fits or number >= left or (number == 0 and left > 1),
        )
    for row in cells:
        grid.add_row(*map(_plain, row))
    _print(title, grid)


def _width(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """Return the columns of a terminal that a table takes whose cells are not folded."""
    lines = [heads, *cells]
    return (
        sum(
            max(cell_len(part) for cell in column for part in cell.split("\n")) + BETWEEN
            for column in zip(*lines, strict=True)
        )
        - BETWEEN
    )


def facts(title: str, rows: Mapping[str, Any]) -> None:
    """Print names and values, one a line."""
    grid = Table(box=None, pad_edge=False, show_header=False)
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in rows.items():
        if value not in (None, "", [], {}):
            grid.add_row(name, _plain(value))
    _print(title, grid)


def undone(task: str, done: Mapping[str, Any], what: str, json: bool) -> None:
    """Tell that something was taken off a model, or was not there.

    Args:
        task: The verb.
        done: "model", "undone" and "decisions".
        what: What was taken off, in the words of the user.
        json: Whether to print it as JSON.
    """
    if json:
        as_json({"task": task, **done})
    elif done["undone"]:
        left = "; ".join(done["decisions"]) or "as trained"
        facts(f"{done['model']}: {what} undone", {"it decides": left})
    else:
        say(f"{done['model']} has no {what} to undo")


def _print(title: str, grid: Table) -> None:
    """Print a table below its title, which may be wider.

    Away from a terminal lines end with their last sign, not with blanks.
    """
    parts = [Text(harmless(title), style="bold"), grid] if title else [grid]
    if out.is_terminal:
        out.print(*parts, sep="\n")
        return
    with out.capture() as shown:
        out.print(*parts, sep="\n")
    out.file.writelines(line.rstrip() + "\n" for line in shown.get().splitlines())


def ladder(title: str, rungs: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the ladder of models: accuracy with its interval, F1, parameters, seconds.

    F1 is the mean over the classes (macro); with several labels micro F1 stands beside it, and
    where tags mark spans, F1 is that of the spans.
    """
    several = any("micro_f1" in row for row in rungs.values())
    spans = any("span_f1" in row for row in rungs.values())
    rows = []
    for name, row in rungs.items():
        low, high = row["interval"]
        f1 = (row["f1"], row["micro_f1"]) if several else (row.get("span_f1", row["f1"]),)
        rows.append(
            (
                name,
                f"{row['accuracy']:.3f}",
                f"{low:.3f}–{high:.3f}",
                *(f"{value:.3f}" for value in f1),
                f"{row['parameters']:,}",
                f"{row['seconds']:.1f}",
            )
        )
    heads = ("macro F1", "micro F1") if several else ("span F1",) if spans else ("F1",)
    table(title, ("model", "accuracy", "95 % interv.", *heads, "parameters", "seconds"), rows)


def perplexities(title: str, rungs: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the ladder of language models."""
    rows = [
        (
            name,
            f"{row['perplexity']:,.2f}",
            f"{row['bits_per_character']:.3f}",
            f"{row['parameters']:,}",
            f"{row['seconds']:.1f}",
        )
        for name, row in rungs.items()
    ]
    table(title, ("model", "perplexity", "bits/char.", "parameters", "seconds"), rows)


def translations(title: str, rungs: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the ladder of translators: chrF, BLEU, share of exact ones, perplexity."""
    rows = [
        (
            name,
            f"{row['chrf']:.1f}",
            f"{row['bleu']:.1f}",
            f"{row['exact']:.1%}",
            f"{row['perplexity']:,.2f}" if "perplexity" in row else "",
            f"{row['parameters']:,}",
            f"{row['seconds']:.1f}",
        )
        for name, row in rungs.items()
    ]
    heads = ("model", "chrF", "BLEU", "exact", "perplex.", "parameters", "seconds")
    table(title, heads, rows)


def recognitions(title: str, rungs: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the ladder of recognisers: word and character error rates, with their intervals."""
    rows = [
        (
            name,
            *(cell for rate in ("wer", "cer") for cell in _rate(row, rate)),
            f"{row['parameters']:,}",
            f"{row['seconds']:.1f}",
        )
        for name, row in rungs.items()
    ]
    between = "95\N{NO-BREAK SPACE}%"  # which stays on one line
    heads = ("model", "WER", between, "CER", between, "parameters", "seconds")
    table(title, heads, rows)


def _rate(row: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Return an error rate and its interval."""
    low, high = row[f"{name}_interval"]
    return f"{row[name]:.3f}", f"{low:.3f}–{high:.3f}"


def forecasts(title: str, rungs: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the ladder of forecasters: MASE, sMAPE, absolute error, coverage, folds."""
    own = [*rungs.values()][-1]
    bands = [name for name in ("quantile_loss", "coverage") if name in own]
    rows = [
        (
            name,
            f"{row['mase']:.3f}",
            f"{row['smape']:.1f}",
            f"{row['mae']:.4g}",
            *(f"{row[key]:.3f}" if key in row else "" for key in bands),
            f"{row['parameters']:,}",
            f"{row['seconds']:.1f}",
        )
        for name, row in rungs.items()
    ]
    heads = ["q. loss" if name == "quantile_loss" else name for name in bands]
    table(title, ("model", "MASE", "sMAPE", "error", *heads, "parameters", "seconds"), rows)


def _plain(value: Any) -> str:
    """Return a value as it is shown, escaped for rich."""
    from rich.markup import escape

    return escape(_worded(value))


def _worded(value: Any) -> str:
    """Return a value as it is shown."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_worded(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_worded(v) for v in value)
    return str(value)


def counts(parts: Mapping[str, int]) -> str:
    """Return named counts as one phrase."""
    return ", ".join(f"{name} {number:,}" for name, number in parts.items())
