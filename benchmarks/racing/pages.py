"""Results between runs, and the pages that show them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def ordered(results: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """Return the records of the rows in the order of their numbers."""
    return sorted((int(number), found) for number, found in results.items())


def read(folder: Path) -> dict[str, Any]:
    """Return earlier results in a folder, row → record."""
    file = folder / "results.json"
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def write(
    results: Mapping[str, Any], folder: Path, markdown: Callable[[Mapping[str, Any]], str]
) -> None:
    """Write results.json and table.md into a folder, each whole or not at all."""
    text = json.dumps(results, indent=1, ensure_ascii=False)
    _replace(folder / "results.json", text + "\n")
    _replace(folder / "table.md", markdown(results))


def illustrated(report: str, picture: Path, caption: str, page: Path) -> str:
    """Return a report with its picture below, linked as from a page."""
    return f"{report}\n![{caption}]({os.path.relpath(picture, page.parent)})"


def publish(report: str, page: Path, marker: str) -> None:
    """Put a report between the markers of a page, at its end where it has none."""
    begin, end = f"<!-- {marker}: begin -->", f"<!-- {marker}: end -->"
    text = page.read_text("utf-8")
    if begin not in text:
        text = f"{text.rstrip()}\n\n{begin}\n{end}\n"
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    _replace(page, f"{before}{begin}\n{report}\n{end}{after}")


def _replace(file: Path, text: str) -> None:
    partial = file.with_name(file.name + ".partial")
    partial.write_text(text, "utf-8")
    partial.replace(file)
