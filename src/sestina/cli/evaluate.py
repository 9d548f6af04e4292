"""sestina evaluate: a model's figures on labelled texts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sestina import config
from sestina.cli import show, tagged, translated
from sestina.cli.given import of_part
from sestina.cli.given import pairs as given_pairs
from sestina.cli.inputs import (
    Beam,
    Json,
    ModelArgument,
    PathArgument,
    UnusedSeed,
    estimator_of,
    model_of,
    part_of,
)
from sestina.cli.judging import on_test_part
from sestina.cli.options import with_options
from sestina.data.records import Records
from sestina.errors import DataError, counted


@with_options(
    reading=(config.ReadingOptions,),
    columns=(config.TaggedOptions,),
    sides=(config.PairOptions,),
)
def evaluate(
    model: ModelArgument,
    path: PathArgument,
    reading: dict[str, Any],
    columns: dict[str, Any],
    sides: dict[str, Any],
    part: Annotated[
        str | None,
        typer.Option(help="Part to evaluate on: train, dev or test; test where PATH names parts."),
    ] = None,
    beam: Beam = 0,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Measure a model on labelled texts: accuracy, its 95 % interval, F1 per class.

    The calibration error tells how far the stated probabilities lie from the
    share that is right; for a model with a temperature also without it. A
    tagger wants tagged sentences, and is measured on words and on spans; a
    language model wants no labels: its perplexity and bits per character. One
    trained with --given wants the same columns. A translator wants sentences
    and translations: chrF, BLEU and perplexity.
    """
    kind = estimator_of(model)
    if kind == "Translator":
        how = {key: reading[key] for key in ("split", "encoding", "header")}
        translated.measure(model, path, {**sides, **how}, part, beam or None, json)
        return
    if kind == "LanguageModel":
        found = part_of(tagged.texts_of(path, reading), part, "test", "evaluating on")
        texts = [text for text in found.texts if text.strip()]  # empty ones do not count
        _language(model, path, texts, model_of(model, "LanguageModel").figures(texts), json)
        return
    if kind == "SequenceFromVector":
        net = model_of(model, "SequenceFromVector")
        found, table = given_pairs(path, reading, _names(net))
        rows, texts = of_part(found, table, part_of(found, part, "test", "evaluating on"))
        _language(model, path, texts, net.figures(rows, texts), json)
        return
    if kind == "SequenceTagger":
        sentences = tagged.tagged(path, columns, reading["encoding"])
        chosen = part_of(sentences, part, "test", "evaluating on")
        tagged.measure(model_of(model, "SequenceTagger"), model, path, chosen, json)
        return
    _classifier(model, path, *on_test_part(model, path, reading, part), json)


def _classifier(model: str, path: str, net: Any, found: Records, json: bool) -> None:
    """Print the figures of a text classifier."""
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


def _names(net: Any) -> tuple[str, ...]:
    """Return the columns that a model writes texts from."""
    names: tuple[str, ...] = net.attributes_.names
    if not names or net.lists_:
        raise DataError(
            "the model was trained on a table without column names, or on lists of tokens; "
            "evaluate it from Python"
        )
    return names


def _language(
    model: str, path: str, texts: list[str], figures: dict[str, float], json: bool
) -> None:
    """Print the figures of a model that writes texts."""
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
