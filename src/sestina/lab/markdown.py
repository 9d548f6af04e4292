"""Records → one Markdown page: the table of all rows, and each experiment with its curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sestina import config
from sestina.errors import counted
from sestina.lab import figures
from sestina.lab.experiment import Experiment
from sestina.lab.journal import newest

Record = dict[str, Any]

HEADS = (
    "row", "experiment", "data", "parameters", "seeds", "accuracy", "averaged", "the lecture's",
    "loss", "the lecture's", "linear", "seconds",
)  # fmt: skip
INTRODUCTION = """\
Accuracy and loss are those of the test part, mean ± standard deviation over the seeds (row D13 of
the lectures). Every network is trained with a part of the training texts held out, and the epoch of
the lowest validation loss is kept. The lectures' figures are of 25,000 + 25,000 IMDb reviews; where
the data are others, so is the figure that one may expect. Parameters are counted at the lecture's
sizes (10,000 words, its vectors), whatever the vocabulary of the data; "match" says that they are
the lecture's to the last one. "Averaged" is the accuracy of the mean of the seeds' probabilities,
"linear" that of the best linear model on the same texts (TF-IDF + logistic regression, NB-SVM), its
penalty chosen by the same held-out ones; in rows E the best of each word's usual tag and logistic
regression on windows of words, of n-grams, or of a dictionary (IBM model 1) and the like. Where a
task has no accuracy, another figure stands in its place, and its short name before it: the
perplexity of what writes texts (ppl), chrF (0 to 100) of translations, the share of exact answers
where each question has one (exact), the F1 of spans (F1). In parentheses stand 95 % intervals
(Wilson's), and McNemar's p tells how likely it is that chance alone sets the averaged networks and
a linear model apart. Seconds are those of one fit, and of all else that the machine did meanwhile:
compare orders of magnitude. Options behind a name were given by `--set`.
"""


def page(records: Sequence[Record], experiments: Sequence[Experiment], command: str) -> str:
    """Return the page.

    Args:
        records: Oldest first.
        experiments: All that should be in the table, whether they were run or not.
        command: The command line that writes the page.
    """
    last = newest(records)
    lines = ["# The lectures' experiments", "", f"Written by `{command}`.", "", INTRODUCTION]
    lines += ["| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|"]
    known = {experiment.name for experiment in experiments}
    for experiment in experiments:
        found = [record for record in last if record["experiment"] == experiment.name]
        lines += [_row(record) for record in found] or [_not_run(experiment)]
    lines += [_row(record) for record in last if record["experiment"] not in known]
    lines.append("")
    order = {experiment.name: n for n, experiment in enumerate(experiments)}
    for record in sorted(last, key=lambda r: order.get(r["experiment"], len(order))):
        lines += _section(record)
    return "\n".join(lines).rstrip() + "\n"


def _row(record: Record) -> str:
    summary, lecture = record["summary"], record["lecture"]
    cells = [
        record["row"],
        _name(record) + (" (quick)" if record["quick"] else ""),
        record["data"]["name"],
        figures.parameters(record["parameters"]),
        str(len(record["runs"])),
        figures.headline(record),
        figures.spread(summary.get("ensemble"), None),
        figures.stated(lecture),
        figures.spread(summary["loss"], None),
        figures.lecture(lecture["loss"]),
        figures.linear(record),
        figures.seconds(record),
    ]
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _not_run(experiment: Experiment) -> str:
    nothing = figures.NOTHING
    cells = [experiment.row, f"`{experiment.name}`", "not run yet", *[nothing] * (len(HEADS) - 3)]
    cells[7] = figures.stated(config.to_dict(experiment.lecture))
    cells[9] = figures.lecture(experiment.lecture.loss)
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _section(record: Record) -> list[str]:
    data, lecture = record["data"], record["lecture"]
    row = record["row"] and f"{record['row']}: "  # experiments of one's own may have none
    lines = [f"## {row}{_name(record)} on {data['name']}", ""]
    lines += [figures.about(record), ""]
    averaged = figures.ensemble(record)
    facts = {
        "parameters": figures.counted_in_words(record["parameters"])
        + f"; on these data {figures.own_size(record)}",
        "the lecture": lecture["said"],
        figures.measure(record).name: figures.measured(record),
        "the seeds' networks averaged": averaged if averaged != figures.NOTHING else "",
        **figures.more(record),
        "each alone": figures.members(record),
        "beside it": figures.linear_models(record),
        "apart by chance (McNemar)": figures.against(record),
        "data": f"{data['train']:,} train, {data['dev']:,} dev, {data['test']:,} test; "
        f"{data['split']}; SHA-256 of what was read {data['sha256'][:12]}…",
        "run": f"{record['date']}, "
        + ", ".join(f"{name} {version}" for name, version in record["versions"].items())
        + f"; {counted(record['machine']['processors'], 'processor')}",
    }
    lines += [f"- {name}: {fact}" for name, fact in facts.items() if fact]
    run = record["runs"][0]
    for name, net in figures.networks(run).items():
        lines += ["", *_curves(net, f"seed {run['seed']}" + (f", {name}" if name else ""))]
    return [*lines, ""]


def _name(record: Record) -> str:
    said = figures.changed(record)
    return f"`{record['experiment']}`" + (f" with `{said}`" if said else "")


def _curves(net: Record, which: str) -> list[str]:
    """Return the losses by epoch as bars, on one scale, so that over-fitting is seen.

    Where nothing has a loss they are accuracies.
    """
    history = net["history"]
    what = figures.learned(history)
    rows = {
        name: [row[key] for row in history if key in row]
        for name, key in (("training", what), ("validation", f"validation_{what}"))
    }
    every = [value for values in rows.values() for value in values]
    if not every:
        return []
    low, high = min(every), max(every)
    last = history[-1]["epoch"]
    some = f" ({len(history)} of {last:,} shown)" if len(history) < last else ""
    head = f"{what.capitalize()} by epoch{some}, {which}, best epoch {net['best_epoch']}"
    lines = [f"{head}:", "", "```text"]
    for name, values in rows.items():
        if values:
            best = f"lowest {min(values):.3f}" if what == "loss" else f"highest {max(values):.3f}"
            ends = f"{values[0]:.3f} → {values[-1]:.3f}, {best}"
            lines.append(f"{name:<10} {figures.curve(values, low, high)}  {ends}")
    return [*lines, "```"]
