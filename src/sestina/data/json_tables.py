"""JSON and JSONL → one polars table."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

import polars as pl

from sestina.data.records import absent
from sestina.errors import DataError, DataWarning, counted

ROW = '{"text": "…", "label": "…"}'  # what objects should look like
HALF = re.compile("[\ud800-\udfff]")  # JSON can hold it; no UTF-8 can
CELLS, FILLED = 10**8, 0.1  # of a table; larger and emptier ones are none


def from_json(text: str, source: str) -> pl.DataFrame:
    """Return a list of objects, or one object of columns as pandas writes it, as a table.

    Raises:
        DataError: It is neither, or no JSON.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("{") and "\n" in text.strip():
            return from_lines(text, source)  # JSONL under the name of JSON
        raise DataError(
            f"{source} is not JSON ({error!s:.80}); expected a list of objects such as [{ROW}]"
        ) from error
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return _from_rows(content, source)
    if isinstance(content, dict):
        columns = [list(v.values()) if isinstance(v, dict) else v for v in content.values()]
        lengths = {len(column) for column in columns if isinstance(column, list)}
        if not lengths:
            return _from_rows([content], source)
        if len(lengths) == 1 and all(isinstance(column, list) for column in columns):
            return pl.DataFrame([_series(k, v) for k, v in zip(content, columns, strict=True)])
    raise DataError(
        f"{source} holds no table; expected a JSON list of objects such as [{ROW}], "
        "or one object of columns of equal length"
    )


def from_lines(text: str, source: str) -> pl.DataFrame:
    """Return JSONL, one object a line, as a table.

    Raises:
        DataError: A line is no object; the sentence names it.
    """
    return _from_rows(list(_parsed(text, source)), source)


def _parsed(text: str, source: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if not line.strip():
            continue
        expected = f"expected one object a line, such as {ROW}"
        try:
            row = json.loads(line.strip())
        except (ValueError, RecursionError) as error:  # ValueError: a number of 5,000 digits, too
            why = f"{error!s:.80}"
            if isinstance(error, json.JSONDecodeError):
                why = f"{error.msg} at column {error.colno}"
            raise DataError(f"{source}: line {number} is not JSON ({why}); {expected}") from error
        if not isinstance(row, dict):
            raise DataError(f"{source}: line {number} is not a JSON object; {expected}")
        yield row


def _from_rows(rows: list[dict[str, Any]], source: str) -> pl.DataFrame:
    names = dict.fromkeys(key for row in rows for key in row)
    cells = len(names) * len(rows)
    if cells > CELLS and sum(map(len, rows)) < FILLED * cells:
        raise DataError(
            f"{source} has {counted(len(names), 'different key')} in "
            f"{counted(len(rows), 'object')}; expected objects of the same keys, such as {ROW}"
        )
    return pl.DataFrame([_series(name, [row.get(name) for row in rows]) for name in names])


def _series(name: str, values: list[Any]) -> pl.Series:
    r"""Return JSON values as a column of lists, of numbers with a point, or else of strings.

    NaN, which Python writes for what is missing, is None.

    Warns:
        DataWarning: Strings hold half a character, as ``"\ud83d"``, which becomes U+FFFD.
    """
    name = name.encode(errors="backslashreplace").decode()
    values = [None if absent(value) else value for value in values]
    try:
        return _typed(name, values)
    except UnicodeEncodeError:
        mended = [_mended(value) for value in values]
        broken = sum(one != other for one, other in zip(values, mended, strict=True))
        warnings.warn(
            f"{counted(broken, 'value')} of column {name!r} with half a character, "
            "as where a text was cut within a picture, which becomes �",
            DataWarning,
            stacklevel=2,
        )
        return _typed(name, mended)


def _typed(name: str, values: list[Any]) -> pl.Series:
    kinds = {type(value) for value in values} - {type(None)}
    if dict in kinds:
        return pl.Series(name, values, dtype=pl.Object)
    if list in kinds:  # a lone value is a list of one
        rows = [v if v is None or isinstance(v, list) else [v] for v in values]
        strings = [None if row is None else [_plain(v) for v in row] for row in rows]
        return pl.Series(name, strings, dtype=pl.List(pl.String))
    if float in kinds and kinds <= {int, float} and not any(map(_inexact, values)):
        numbers = [None if value is None else float(value) for value in values]
        return pl.Series(name, numbers, dtype=pl.Float64)
    return pl.Series(name, [_plain(value) for value in values], dtype=pl.String)


def _plain(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _inexact(value: Any) -> bool:
    """Tell whether a whole number is so large that a number with a point is another."""
    return isinstance(value, int) and abs(value) > 2**53


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return HALF.sub("\ufffd", value)
    return [_mended(item) for item in value] if isinstance(value, list) else value
