"""Sections that the reports of all kinds of models share: in short, the data, how it learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sestina import config
from sestina.errors import counted
from sestina.inspect import charts, page
from sestina.version import __version__

NET_NAMES = {
    "bag": "bag of tokens",
    "flatten": "flatten",
    "mean": "mean vector",
    "cnn": "CNN",
    "rnn": "SimpleRNN",
    "gru": "GRU",
    "lstm": "LSTM",
    "mingru": "minGRU",
    "minlstm": "minLSTM",
}
ALWAYS = ("encoder", "cell", "level", "seed")  # told whether they were changed or not


@dataclass(frozen=True)
class Told:
    """What a report tells beside its figures.

    Attributes:
        title: Name of the data, the page's heading.
        data: What was trained on what: label → sentence.
        verdicts: Plain sentences on who beats whom.
        options: The options worth telling, by name.
        helps: What each option does.
    """

    title: str
    data: Mapping[str, str]
    verdicts: Sequence[str]
    options: Mapping[str, Any]
    helps: Mapping[str, str] = field(default_factory=dict)


def encoder_name(options: config.EncoderOptions) -> str:
    """Return a short name of an encoder, such as ``2-layer bidirectional LSTM``."""
    words = [NET_NAMES[options.encoder]]
    if options.encoder in config.RECURRENT:
        if options.bidirectional:
            words.insert(0, "bidirectional")
        if options.layers > 1:
            words.insert(0, f"{options.layers}-layer")
    return " ".join(words)


def changed_options(net: Any) -> dict[str, Any]:
    """Return an estimator's options that differ from their defaults, and a few always."""
    options = config.to_dict(net)
    shown = {}
    for spec in fields(net):
        value = options[spec.name]
        default = list(spec.default) if isinstance(spec.default, tuple) else spec.default
        changed = (type(value), value) != (type(default), default)
        if spec.name != "verbose" and (spec.name in ALWAYS or changed):
            shown[spec.name] = value if isinstance(value, str | int | float | list) else str(value)
    return shown


def helps(net: Any) -> dict[str, str]:
    """Return what each option of an estimator does."""
    return {spec.name: spec.metadata.get("help", "") for spec in fields(net)}


def run_told(net: Any) -> dict[str, str]:
    """Return in words how large a fitted net is and how it was trained, by label."""
    return {
        "network": f"{counted(net.n_parameters_, 'parameter')}, of them "
        f"{net.n_trainable_parameters_:,} trained",
        "training": f"{counted(len(net.history_), 'epoch')}, the best was {net.best_epoch_}; "
        f"{net.seconds_:.1f} seconds; seed {net.seed}",
        "program": f"Sestina {__version__}",
    }


def short(tiles: Sequence[tuple[str, str, str]], verdicts: Sequence[str]) -> str:
    """Return the large figures and the sentences on who beats whom."""
    said = "".join(f'<li dir="auto">{page.text(line)}</li>' for line in verdicts)
    return page.tiles(tiles) + (f'<ul class="verdicts">{said}</ul>' if said else "")


def data(told: Mapping[str, str], options: Mapping[str, Any], helps: Mapping[str, str]) -> str:
    """Return what was trained on what, and the table of options and what they do."""
    rows = "".join(
        f'<dt dir="auto">{page.text(label[:1].upper() + label[1:])}</dt>'
        f'<dd dir="auto">{page.text(line)}</dd>'
        for label, line in told.items()
        if line
    )
    out = f'<dl class="facts">{rows}</dl>'
    if not options:
        return out
    lines = [
        [f"<code>{page.text(name)}</code>", f"<code>{page.text(page.value(value))}</code>",
         page.text(helps.get(name, ""))]
        for name, value in options.items()
    ]  # fmt: skip
    table = page.table("Options", ["Option", "Value", "What it does"], lines, texts=3)
    how = "Every option that is not left at its default, and a few that tell the net and the seed."
    return f'{out}<div class="after">{table}{page.note(how)}</div>'


def learning(history: charts.History, best: int, unit: str, measures: Mapping[str, str]) -> str:
    """Return the curve of the losses, and of what else the dev part was judged by.

    Args:
        history: One row per epoch.
        best: The epoch whose weights are kept.
        unit: What is trained on, in the plural: "texts".
        measures: Validation figures to draw too where the history has them: key → sentence.
    """
    checked = bool(history) and "validation_loss" in history[0]
    how = (
        f"Lower is better. An epoch is one pass over the training {unit}; the weights after the "
        "marked one are kept. Where the training loss falls on while the validation loss rises, "
        f"the net learns its {unit} by heart."
        if checked
        else "Lower is better. No part was held out, so the last epoch is kept."
    )
    epochs = counted(len(history), "epoch")
    said = f"Loss in {epochs}; the best is epoch {best}."
    pieces = [page.figure("Loss", charts.learned(history, best), said, how)]
    for name, sentence in measures.items():
        values = [row[f"validation_{name}"] for row in history if f"validation_{name}" in row]
        if values:
            title = f"Validation {charts.MEASURES.get(name, name)}"
            said = f"{title} by epoch, from {values[0]:.3f} to {values[-1]:.3f}."
            chart = charts.learned(history, best, name)
            pieces.append(page.figure(title, chart, said, sentence))
    return page.pair(*pieces)
