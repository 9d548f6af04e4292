"""sestina evaluate | predict | info: use a trained model."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from sestina.cli import show
from sestina.cli.inputs import (
    Encoding,
    Header,
    Json,
    LabelColumn,
    LabelSeparator,
    PathArgument,
    Seed,
    SplitColumn,
    TextColumn,
    UnusedSeed,
    records,
)
from sestina.data.columns import Columns
from sestina.errors import DataError, OptionError

ModelArgument = Annotated[str, typer.Argument(metavar="DIR", help="Model folder.")]
STREAM = 1_000  # lines of standard input that are predicted together


def evaluate(
    model: ModelArgument,
    path: PathArgument,
    part: Annotated[
        str | None,
        typer.Option(
            help="Part to evaluate on, where PATH names parts: train, dev or test; "
            "test by default.",
            rich_help_panel="Data",
        ),
    ] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    split: SplitColumn = None,
    encoding: Encoding = "utf-8",
    header: Header = True,
    label_separator: LabelSeparator = None,
    json: Json = False,
    seed: Seed = 0,
) -> None:
    """Measure a model on labelled texts: accuracy with its 95 % interval, F1 per class."""
    how = {"encoding": encoding, "header": header, "label_separator": label_separator}
    found = _part(records(path, Columns(text, label, split), **how), part)
    from sestina.inspect.evaluate import judged
    from sestina.inspect.per_class import per_class

    net = _text_model(model)
    codes = net._labels.encode(found.labels)
    rung = judged(
        "this model",
        net.predict_proba(found.texts),
        codes,
        parameters=net.n_parameters_,
        seconds=net.seconds_,
        seed=seed,
    )
    classes = per_class(rung.probabilities, codes, net.classes_.tolist())
    result = {
        "task": "evaluate",
        "model": model,
        "data": path,
        "texts": len(found),
        "metrics": rung.summary(),
        "classes": classes,
    }
    if json:
        show.as_json(result)
        return
    show.ladder(f"{model} on {path}: {len(found):,} texts", {rung.name: rung.summary()})
    show.out.print()
    show.table(
        "",
        ("class", "precision", "recall", "F1", "texts"),
        [
            (
                row["class"],
                f"{row['precision']:.3f}",
                f"{row['recall']:.3f}",
                f"{row['f1']:.3f}",
                row["support"],
            )
            for row in classes
        ],
    )


def predict(
    model: ModelArgument,
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]…", help="Texts; without any, lines of standard input."),
    ] = None,
    file: Annotated[str | None, typer.Option(help="File of texts instead.")] = None,
    text: TextColumn = None,
    encoding: Encoding = "utf-8",
    header: Header = True,
    json: Json = False,
    seed: UnusedSeed = 0,
) -> None:
    """Label texts: one line each of label, probability and text, parted by tabs."""
    if texts and file:
        raise OptionError("give texts or --file, not both")
    net = _text_model(model)
    rows: list[dict[str, Any]] = []
    for chunk in _texts(texts, file, Columns(text), encoding, header):
        found = _labelled(net, chunk)
        if json:
            rows.extend(found)
            continue
        for row in found:
            shown = " ".join(row["text"].split())
            label = (
                "|".join(map(str, row["label"])) if isinstance(row["label"], list) else row["label"]
            )
            sys.stdout.write(f"{label}\t{row['probability']:.4f}\t{shown}\n")
        sys.stdout.flush()
    if json:
        show.as_json({"task": "predict", "model": model, "predictions": rows})


def info(model: ModelArgument, json: Json = False, seed: UnusedSeed = 0) -> None:
    """Tell what a model folder holds: network, parameters, data, figures, options."""
    from sestina import store
    from sestina.estimators.loading import load

    net = load(model)
    _, head, files = store.load_folder(model, ("metrics.json",))
    facts = json_module.loads(files["metrics.json"])
    if json:
        show.as_json(
            {**{k: head[k] for k in ("estimator", "version", "options", "learned")}, "facts": facts}
        )
        return
    show.facts(
        model,
        {
            "estimator": f"{head['estimator']}, written by Sestina {head['version']}",
            "data": facts.get("data"),
            "classes": head["learned"]["classes"],
            "parameters": f"{net.n_parameters_:,} ({show.counts(net.parameter_counts_)})",
            "trainable": net.n_trainable_parameters_,
            "epochs": f"{len(net.history_)}, the best was {net.best_epoch_}",
            "seconds": round(net.seconds_, 1),
            "noticed": "; ".join(net.notes_),
        },
    )
    if "metrics" in facts:
        show.out.print()
        show.ladder("test part", {**facts["baseline"], facts["name"]: facts["metrics"]})
    show.out.print()
    show.facts("options", {k: str(v) for k, v in head["options"].items() if v not in (None, [])})


def _text_model(folder: str) -> Any:
    from sestina.estimators.loading import load
    from sestina.estimators.text_classifier import TextClassifier

    net = load(folder)
    if not isinstance(net, TextClassifier):
        raise DataError(
            f"{folder!r} holds a {type(net).__name__}, which reads no texts; use it from Python"
        )
    return net


def _part(found: Any, wish: str | None) -> Any:
    """Return the part to evaluate on: the one asked for, or test where the data name parts."""
    if wish is None and (found.parts is None or "test" not in found.parts):
        return found
    name = wish or "test"
    chosen = found.part(name)
    if not len(chosen):
        raise DataError(
            f"{found.source} has no part {name!r}; use train, dev or test, or drop --part"
        )
    show.say(f"evaluating on the part {name!r}")
    return chosen


def _texts(
    texts: list[str] | None, file: str | None, columns: Columns, encoding: str, header: bool
) -> Iterator[list[str]]:
    """Yield texts from the arguments, a file, or standard input, in chunks."""
    if texts:
        yield texts
    elif file:
        yield records(file, columns, encoding=encoding, header=header, need_label=False).texts
    else:
        if sys.stdin.isatty():
            show.say("reading texts from standard input, one a line; end with Ctrl-D")
        yield from _lines()


def _lines() -> Iterator[list[str]]:
    """Yield the lines of standard input: each at once on a terminal, else in chunks."""
    size = 1 if sys.stdin.isatty() else STREAM
    chunk: list[str] = []
    try:
        for line in sys.stdin:
            chunk.append(line.rstrip("\r\n"))
            if len(chunk) >= size:
                yield chunk
                chunk = []
    except UnicodeDecodeError as error:
        raise DataError(
            f"standard input is not UTF-8 ({error.reason}); convert it first"
        ) from error
    if chunk:
        yield chunk


def _labelled(net: Any, texts: list[str]) -> list[dict[str, Any]]:
    """Return label and probability per text; for several labels, the least probable one's."""
    table = net.predict_proba(texts)
    labels = net._labels.decode(net._decide(table))
    rows = []
    for text, label, probabilities in zip(texts, labels, table, strict=True):
        plain = (
            label if isinstance(label, list) else label.item() if hasattr(label, "item") else label
        )
        each = {
            str(k): round(float(p), 6) for k, p in zip(net.classes_, probabilities, strict=True)
        }
        chosen = [each[str(k)] for k in plain] if isinstance(plain, list) else [each[str(plain)]]
        rows.append(
            {
                "text": text,
                "label": plain,
                "probability": min(chosen, default=1 - max(each.values())),
                "probabilities": each,
            }
        )
    return rows
