"""sestina evaluate: a model's figures on labelled texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer

from sestina import config
from sestina.cli import given, show, tagged, translated
from sestina.cli.inputs import (
    Beam,
    Json,
    Kind,
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


class Asked(NamedTuple):
    """What the user gave, as `evaluate` has it."""

    model: str
    path: str
    reading: dict[str, Any]
    columns: dict[str, Any]
    sides: dict[str, Any]
    part: str | None
    beam: int | None
    json: bool

    def chosen(self, found: Kind) -> Kind:
        """Return the part asked for, or the test part."""
        return part_of(found, self.part, "test", "evaluating on")


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
    asked = Asked(model, path, reading, columns, sides, part, beam or None, json)
    KINDS.get(estimator_of(model), _labels)(asked)


def _translations(asked: Asked) -> None:
    how = {key: asked.reading[key] for key in ("split", "encoding", "header")}
    sides = {**asked.sides, **how}
    translated.measure(asked.model, asked.path, sides, asked.part, asked.beam, asked.json)


def _texts(asked: Asked) -> None:
    found = asked.chosen(tagged.texts_of(asked.path, asked.reading))
    texts = [text for text in found.texts if text.strip()]  # empty ones do not count
    _language(asked, texts, model_of(asked.model, "LanguageModel").figures(texts))


def _given(asked: Asked) -> None:
    net = model_of(asked.model, "SequenceFromVector")
    if net.lists_:
        raise DataError("the model was trained on lists of tokens; evaluate it from Python")
    found, values = given.pairs_of(net, asked.path, asked.reading)
    rows, texts = given.of_part(found, values, asked.chosen(found))
    _language(asked, texts, net.figures(rows, texts))


def _tags(asked: Asked) -> None:
    sentences = tagged.tagged(asked.path, asked.columns, asked.reading["encoding"])
    chosen = asked.chosen(sentences)
    net = model_of(asked.model, "SequenceTagger")
    tagged.measure(net, asked.model, asked.path, chosen, asked.json)


def _labels(asked: Asked) -> None:
    found = on_test_part(asked.model, asked.path, asked.reading, asked.part)
    _classifier(asked.model, asked.path, *found, asked.json)


KINDS: dict[str, Callable[[Asked], None]] = {
    "LanguageModel": _texts,
    "SequenceFromVector": _given,
    "SequenceTagger": _tags,
    "Translator": _translations,
}
"""What measures a kind of model; the others are text classifiers, or refused as such."""


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


def _language(asked: Asked, texts: list[str], figures: dict[str, float]) -> None:
    """Print the figures of a model that writes texts."""
    if asked.json:
        found = {"task": "evaluate", "model": asked.model, "data": asked.path, "texts": len(texts)}
        show.as_json({**found, "metrics": figures})
        return
    show.facts(
        f"{asked.model} on {asked.path}: {counted(len(texts), 'text')}",
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
