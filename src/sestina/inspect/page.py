"""The HTML pieces that reports are built of: escaped text, numbers, tables, tiles, figures."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sestina.inspect import charts

if TYPE_CHECKING:
    from altair import LayerChart

TEXT_SHOWN = 300


def whole(title: str, lede: str, sections: Sequence[tuple[str, str, str]]) -> str:
    """Return a page that refers to nothing outside itself.

    Args:
        title: Its heading, plain text.
        lede: HTML of the sentence below it.
        sections: Key, heading and HTML of each section; those without HTML are left out.
    """
    sections = [section for section in sections if section[2]]
    links = "".join(f'<li><a href="#{key}">{name}</a></li>' for key, name, _ in sections)
    body = "\n".join(
        f'<section id="{key}" aria-labelledby="{key}-h">'
        f'<h2 id="{key}-h">{name}</h2>\n{inner}</section>'
        for key, name, inner in sections
    )
    style = (files("sestina.inspect") / "page.css").read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{text(title)}: report by Sestina</title>
<style>
{style}</style>
</head>
<body>
<div class="page">
<header>
<h1 dir="auto">{text(title)}</h1>
<p class="lede">{lede}</p>
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main>
{body}
</main>
<footer>Made by Sestina. This page holds all it shows: no network, no scripts.</footer>
</div>
</body>
</html>
"""


def text(raw: object) -> str:
    """Return text as HTML; control characters, which HTML forbids, become �."""
    plain = "".join(
        "�" if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" else c for c in str(raw)
    )
    return escape(plain)


def name(raw: object, most: int = 60) -> str:
    """Return a name as HTML that keeps its own direction of writing."""
    return f"<bdi>{text(charts.shorten(raw, most))}</bdi>"


def token(raw: str) -> str:
    """Return a token as HTML; one that cannot be seen is told by its code."""
    seen = any(unicodedata.category(c)[0] not in "CZM" for c in raw)
    return name(raw if seen else " ".join(f"U+{ord(c):04X}" for c in raw))


def excerpt(raw: str) -> str:
    """Return a text as HTML, cut at a word's end where it is long."""
    line = " ".join(raw.split())
    if len(line) > TEXT_SHOWN:
        head = line[:TEXT_SHOWN]
        cut = head.rfind(" ")
        line = head[: cut if cut > TEXT_SHOWN // 2 else TEXT_SHOWN].rstrip("\u200d\ufe0f ") + " …"
    return text(line) or "(an empty text)"


def seconds(value: float) -> str:
    """Return seconds with as many digits as matter."""
    if value < 0.05:
        return "under 0.1"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def value(raw: Any) -> str:
    """Return an option's value as one would write it."""
    if isinstance(raw, list | tuple):
        return ", ".join(map(value, raw)) or "none"
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    if isinstance(raw, int):
        return f"{raw:,}"
    return f"{raw:g}" if isinstance(raw, float) else "none" if raw is None else str(raw)


def note(sentence: str) -> str:
    """Return a sentence, already HTML, that tells how to read what stands above it."""
    return f'<p class="how">{sentence}</p>'


def pair(*pieces: str) -> str:
    """Return pieces side by side where there is room, one below the other where not."""
    inner = "".join(f"<div>{piece}</div>" for piece in pieces if piece)
    return f'<div class="pair">{inner}</div>' if inner else ""


def columns(*pieces: str) -> str:
    """Return pieces in as many columns as there is room for."""
    inner = "".join(f"<div>{piece}</div>" for piece in pieces if piece)
    return f'<div class="columns">{inner}</div>'


def bar(figure: str, share: float) -> str:
    """Return a figure above a bar that is `share` of a whole one."""
    width = round(100 * min(max(share, 0.0), 1.0))
    return f'{text(figure)}<span class="bar" style="--share:{width}%" aria-hidden="true"></span>'


def tiles(rows: Sequence[tuple[str, str, str]]) -> str:
    """Return large figures: what, figure, a few words below it."""
    unbroken = "&NoBreak;–&NoBreak;"
    inner = "".join(
        f'<div><dt>{text(what)}</dt><dd class="figure">{text(figure)}</dd>'
        f'<dd class="aside">{text(aside).replace("–", unbroken)}</dd></div>'
        for what, figure, aside in rows
    )
    return f'<dl class="tiles">{inner}</dl>'


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    texts: int = 1,
    main: int | None = None,
) -> str:
    """Return a table that scrolls in its own box.

    Args:
        caption: Plain text.
        heads: Plain texts.
        rows: Cells as HTML; the first of a row names it.
        texts: Columns of text; those behind them hold numbers.
        main: Number of the row that is marked as the main model's.
    """
    kind = ["" if n < texts else ' class="number"' for n in range(len(heads))]
    top = "".join(f'<th scope="col"{k}>{text(h)}</th>' for k, h in zip(kind, heads, strict=True))
    body = []
    for number, (first, *cells) in enumerate(rows):
        mark = '<span class="mark">main model</span>' if number == main else ""
        rest = "".join(f"<td{k}>{cell}</td>" for k, cell in zip(kind[1:], cells, strict=True))
        start = '<tr class="main">' if number == main else "<tr>"
        body.append(f'{start}<th scope="row">{first}{mark}</th>{rest}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}">'
        f"<table><caption>{text(caption)}</caption><thead><tr>{top}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def figure(
    title: str,
    chart: LayerChart,
    said: str,
    how: str,
    *,
    fixed: bool = False,
    alone: bool = False,
) -> str:
    """Return a chart for the light and the dark page.

    Args:
        title: Plain text above it.
        chart: An Altair chart.
        said: Plain text for those who cannot see it.
        how: Plain text below it: how to read it.
        fixed: Whether it keeps its size and scrolls where it does not fit.
        alone: Whether nothing stands beside it, so that the last sentence may.
    """
    both = "".join(
        f'<div class="{theme}">{charts.svg(chart, theme)}</div>' for theme in charts.THEMES
    )
    image = f'<div class="chart{" fixed" if fixed else ""}" role="img" aria-label="{text(said)}">'
    image += f"{both}</div>"
    if fixed:
        box = f'<div class="scroll" tabindex="0" role="region" aria-label="{text(title)}">'
        image = f"{box}{image}</div>"
    kind = ' class="alone"' if alone else ""
    caption = f"<figcaption>{text(how)}</figcaption>"
    return f"<figure{kind}><h3>{text(title)}</h3>{image}{caption}</figure>"
