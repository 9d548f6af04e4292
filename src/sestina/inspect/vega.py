"""The package Altair, which describes charts, and its tables of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from sestina.errors import MissingExtra


def library() -> ModuleType:
    """Return the package.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import altair
    except ImportError as error:
        raise MissingExtra("altair", "report") from error
    return altair


def inline(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return a chart without marks, of rows that it holds itself."""
    alt = library()
    return alt.Chart(alt.InlineData(values=list(rows)))
