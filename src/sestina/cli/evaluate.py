"""sestina evaluate: a model's figures on labelled texts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show, tagged
from sestina.cli.inputs import (
    Json,
    ModelArgument,
    PathArgument,
    UnusedSeed,
    estimator_of,
    language_model,
    part_of,
    records,
    tagger,
)
from sestina.cli.judging import on_test_part
from sestina.cli.options import with_options
from sestina.errors import counted


@with_options(reading=(config.ReadingOptions,), columns=(config.TaggedOptions,))
def evaluate(
    model: ModelArgument,
    path: PathArgument,
    reading: dict[str, Any],
    columns: dict[str, Any],
    part: Annotated[
        str | None,
        typer.Option(help="Part to evaluate on: train, dev or test; test where PATH names parts."),
    ] = None,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Measure a model on labelled texts: accuracy, its 95 % interval, F1 per class.

    The calibration error tells how far the stated probabilities lie from the
    share that is right; for a model with a temperature also without it. A
    tagger wants tagged sentences, and is measured on words and on spans; a
    language model wants no labels: its perplexity and bits per character.
    """
    kind = estimator_of(model)
    if kind == "LanguageModel":
        texts = part_of(records(path, reading, need_label=False), part, "test", "evaluating on")
        _language(model, path, texts.texts, json)
        return
    if kind == "SequenceTagger":
        sentences = tagged.tagged(path, columns, reading["encoding"])
        chosen = part_of(sentences, part, "test", "evaluating on")
        tagged.measure(tagger(model), model, path, chosen, json)
        return
    net, found = on_test_part(model, path, reading, part)
    from sestina.inspect.evaluate import judged_net
    from sestina.inspect.per_class import per_class

    codes = net._labels.encode(found.labels)
    rung = judged_net("this model", net, found.texts, codes)
    result = {
        "task": "evaluate",
        "model": model,
        "data": path,
        "texts": len(found),
        "metrics": {**rung.summary(), **_without_temperature(net, rung.probabilities, codes)},
        "decisions": net.decision_notes(),
        "classes": per_class(rung.decided, codes, net.classes_.tolist()),
    }
    if json:
        show.as_json(result)
    else:
        _show(result)


def _language(model: str, path: str, texts: list[str], json: bool) -> None:
    """Print the figures of a language model; empty texts do not count."""
    texts = [text for text in texts if text.strip()]
    figures = language_model(model).figures(texts)
    if json:
        found = {"task": "evaluate", "model": model, "data": path, "texts": len(texts)}
        show.as_json({**found, "metrics": figures})
        return
    show.facts(
        f"{model} on {path}: {counted(len(texts), 'text')}",
        {
            "perplexity": f"{figures['perplexity']:,.2f}",
            "bits per character": f"{figures['bits_per_character']:.3f}",
            "tokens": figures["tokens"],
            "unknown tokens": f"{figures['unknown']:.1%}",
        },
    )


def _without_temperature(net: Any, probabilities: Any, codes: Any) -> dict[str, float]:
    """Return the calibration error there would be without the temperature, if there is one."""
    from sestina import metrics
    from sestina.estimators.calibration import tempered

    if net.temperature_ == 1.0:
        return {}
    plain = tempered(probabilities, 1 / net.temperature_, codes.ndim == 2)
    return {"calibration_error_before": metrics.expected_calibration_error(plain, codes)}


def _show(result: dict[str, Any]) -> None:
    title = f"{result['model']} on {result['data']}: {counted(result['texts'], 'text')}"
    found = result["metrics"]
    show.ladder(title, {"this model": found})
    show.out.print()
    before = found.get("calibration_error_before")
    show.facts(
        "",
        {
            "calibration error": f"{found['calibration_error']:.3f}"
            + ("" if before is None else f", without the temperature {before:.3f}"),
            "decisions": "; ".join(result["decisions"]),
        },
    )
    show.out.print()
    rows = [
        (row["class"], *(f"{row[k]:.3f}" for k in ("precision", "recall", "f1")), row["support"])
        for row in result["classes"]
    ]
    show.table("", ("class", "precision", "recall", "F1", "texts"), rows)
