"""What verbs do with translators: read sentence pairs, put translations, measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from sestina.cli import show
from sestina.cli.inputs import found_at
from sestina.data import datasets
from sestina.data.parallel import Pairs, read_pairs
from sestina.errors import counted


def pairs(path: str, reading: dict[str, Any]) -> Pairs:
    """Return the sentence pairs at a path or of a shipped data set; what was noted is said.

    Args:
        path: What the user gave.
        reading: Values of `sestina.config.PairReadingOptions`.

    Raises:
        DataError: There is no such path or data set, or it cannot be read.
    """
    return found_at(path, datasets.pairs, partial(read_pairs, **reading), reading)


def translations(
    net: Any, chunks: Iterable[list[str]], beam: int | None
) -> Iterator[list[dict[str, str]]]:
    """Yield sentences and their translations, chunk by chunk."""
    for texts in chunks:
        lines = zip(texts, net.predict(texts, beam), strict=True)
        yield [{"text": text, "translation": line} for text, line in lines]


def measure(net: Any, model: str, data: str, found: Pairs, beam: int | None, json: bool) -> None:
    """Print the figures of a translator on sentence pairs.

    Args:
        net: The translator.
        model: Its folder.
        data: What the user called the pairs.
        found: The pairs.
        beam: Width of the search, or the model's.
        json: Whether to print JSON.
    """
    figures = net.evaluate(found.sources, found.targets, beam)
    if json:
        show.as_json(
            {"task": "evaluate", "model": model, "data": data, "pairs": len(found),
             "beam": beam or net.beam, "metrics": figures}
        )  # fmt: skip
        return
    more = {"parameters": net.n_parameters_, "seconds": net.seconds_}
    title = f"{model} on {data}: {counted(len(found), 'pair')}, beam of {beam or net.beam:,}"
    show.translations(title, {"this model": {**figures, **more}})
