"""sestina evaluate: a model's figures on labelled texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sestina import config
from sestina.cli import forecasts, show, spoken, tagged, translated
from sestina.cli.inputs import (
    Beam,
    Device,
    Json,
    ModelArgument,
    PathArgument,
    UnusedSeed,
    refuse_unused,
)
from sestina.cli.model_data import Asked, Data, MeasuredPart, data_of
from sestina.cli.options import with_options
from sestina.data.parallel import Pairs
from sestina.data.tagged import TaggedSentences
from sestina.errors import counted


@with_options(
    reading=(config.ReadingOptions,),
    columns=(config.TaggedOptions,),
    sides=(config.PairOptions,),
    series=(config.RecordingOptions,),
    hearing=(config.WordsOptions,),
)
def evaluate(
    model: ModelArgument,
    path: PathArgument,
    reading: dict[str, Any],
    columns: dict[str, Any],
    sides: dict[str, Any],
    series: dict[str, Any],
    hearing: dict[str, Any],
    part: MeasuredPart = None,
    beam: Beam = 0,
    device: Device = None,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Measure a model on labelled data: accuracy, its 95 % interval, F1 per class.

    The calibration error tells how far the stated probabilities lie from the
    share that is right; for a model with a temperature also without it. A
    tagger wants tagged sentences, and is measured on words and on spans; a
    language model wants no labels: its perplexity and bits per character. One
    trained with --given wants the same columns. A translator wants sentences
    and translations: chrF, BLEU and perplexity. A forecaster wants a table such
    as it was trained on: MASE beside that of plain forecasts, of the steps that
    are new in it. A recogniser wants speech and what is said: word and character
    error rates.
    """
    asked = Asked(
        model, path, reading, part, "evaluating on", series, columns, sides, device, hearing
    )
    refuse_unused(model, {"words": hearing["words"], "device": device, "beam": beam})
    found = data_of(asked)
    MEASURES[found.kind](asked, found, beam or None, json)


def _translations(asked: Asked, found: Data, beam: int | None, json: bool) -> None:
    pairs = Pairs(found.X, found.y)
    translated.measure(found.net, asked.model, asked.path, pairs, beam, json)


def _tags(asked: Asked, found: Data, beam: int | None, json: bool) -> None:
    tagged.measure(found.net, asked.model, asked.path, TaggedSentences(found.X, found.y), json)


def _forecasts(asked: Asked, found: Data, beam: int | None, json: bool) -> None:
    forecasts.measure(asked.model, found.net, asked.path, found.source, json)


def _speech(asked: Asked, found: Data, beam: int | None, json: bool) -> None:
    search = spoken.Search.asked(found.net, beam, asked.hearing)
    spoken.measure(found.net, asked.model, asked.path, found.source, search, json)


def _classifier(asked: Asked, found: Data, beam: int | None, json: bool) -> None:
    """Print the figures of a classifier of texts or of recordings."""
    from sestina.inspect.evaluate import judged_net
    from sestina.inspect.per_class import per_class

    net, unit = found.net, found.unit
    codes = net._labels.encode(found.y)
    rung = judged_net("this model", net, found.X, codes)
    result = {
        "task": "evaluate",
        "model": asked.model,
        "data": asked.path,
        f"{unit}s": len(found.X),
        "metrics": {**rung.summary(), **_without_temperature(net, rung.probabilities, codes)},
        "decisions": net.decision_notes(),
        "classes": per_class(rung.decided, codes, net.classes_.tolist()),
    }
    if json:
        show.as_json(result)
    else:
        _show(result, unit)


def _language(asked: Asked, found: Data, beam: int | None, json: bool) -> None:
    """Print the figures of a model that writes texts."""
    given = [found.X] if found.y is None else [found.X, found.y]
    texts, figures = len(given[-1]), found.net.figures(*given)
    if json:
        told = {"task": "evaluate", "model": asked.model, "data": asked.path, "texts": texts}
        show.as_json({**told, "metrics": figures})
        return
    show.facts(
        f"{asked.model} on {asked.path}: {counted(texts, 'text')}",
        {
            "perplexity": f"{figures['perplexity']:,.2f}",
            "bits per character": f"{figures['bits_per_character']:.3f}",
            "tokens": figures["tokens"],
            "unknown tokens": f"{figures['unknown']:.1%}",
        },
    )


MEASURES: dict[str, Callable[[Asked, Data, int | None, bool], None]] = {
    "LanguageModel": _language,
    "SequenceFromVector": _language,
    "BridgeRecognizer": _speech,
    "SequenceTagger": _tags,
    "SeriesClassifier": _classifier,
    "BridgeClassifier": _classifier,
    "SeriesForecaster": _forecasts,
    "TextClassifier": _classifier,
    "Translator": _translations,
}
"""What prints the figures of a kind of model."""


def _without_temperature(net: Any, probabilities: Any, codes: Any) -> dict[str, float]:
    """Return the calibration error there would be without the temperature, if there is one."""
    from sestina import metrics
    from sestina.estimators.calibration import tempered

    if net.temperature_ == 1.0:
        return {}
    plain = tempered(probabilities, 1 / net.temperature_, codes.ndim == 2)
    return {"calibration_error_before": metrics.expected_calibration_error(plain, codes)}


def _show(result: dict[str, Any], unit: str) -> None:
    title = f"{result['model']} on {result['data']}: {counted(result[f'{unit}s'], unit)}"
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
    show.table("", ("class", "precision", "recall", "F1", f"{unit}s"), rows)
