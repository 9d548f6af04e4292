"""Records → one HTML page: the table of all rows, and each experiment with its learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sestina.errors import counted
from sestina.inspect import charts, page
from sestina.lab import figures
from sestina.lab.experiment import Experiment
from sestina.lab.journal import newest

Record = dict[str, Any]

TITLE = "The lectures' experiments"
HOW = (
    "Accuracy on the test part, mean ± standard deviation over the seeds. Parameters are counted "
    "at the lecture's sizes; “match” says that they are the lecture's to the last one. The "
    "lectures' figures are of 25,000 + 25,000 IMDb reviews. Where a task has no accuracy, another "
    "figure stands in its place, marked: perplexity (ppl), chrF, the share of exact answers, the "
    "F1 of spans; in rows E the best baseline stands in place of a linear model."
)
LEARNED = {
    "loss": "Where the training loss falls on while the validation loss rises, the network learns "
    "its training texts by heart. The weights of the best epoch are kept.",
    "accuracy": "Where the training accuracy rises on while the validation accuracy falls, the "
    "training texts are learned by heart. The weights of the best epoch are kept.",
}
SEEDS = "The same network started anew and given its batches in another order; best epochs ringed."
MOST_SEEDS = 6


def render(records: Sequence[Record], experiments: Sequence[Experiment]) -> str:
    """Return the page.

    Args:
        records: Oldest first.
        experiments: Those of the table, in its order; records of others follow them.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    order = {experiment.name: n for n, experiment in enumerate(experiments)}
    last = sorted(newest(records), key=lambda r: order.get(r["experiment"], len(order)))
    missing = [e for e in experiments if e.name not in {r["experiment"] for r in last}]
    lede = (
        f"{counted(len(last), 'experiment')} of the lectures, run anew: our figures beside the "
        "lectures' own, and how each network learned."
    )
    sections = [("table", "All rows", _table(last, missing))]
    sections += [
        (f"run-{n}", page.text(figures.title(r)), _experiment(r)) for n, r in enumerate(last)
    ]
    sections.append(("records", "All records", _records(records)))
    return page.whole(TITLE, lede, sections)


def _table(last: Sequence[Record], missing: Sequence[Experiment]) -> str:
    heads = ["Row", "Experiment", "Data", "Parameters", "Accuracy", "Lecture's", "Linear",
             "Loss", "Lecture's", "Seconds"]  # fmt: skip
    rows = [
        [page.text(r["row"]), page.name(figures.title(r)), page.name(r["data"]["name"], 30),
         figures.parameters(r["parameters"]), figures.headline(r),
         figures.stated(r["lecture"]), figures.linear(r), figures.loss(r),
         figures.lecture(r["lecture"]["loss"]), figures.seconds(r)]
        for r in last
    ]  # fmt: skip
    rows += [
        [page.text(e.row), page.name(e.name), "not run yet", *[figures.NOTHING] * (len(heads) - 3)]
        for e in missing
    ]
    return page.table("Our figures and the lectures'", heads, rows, texts=3) + page.note(HOW)


def _experiment(record: Record) -> str:
    lecture, summary = record["lecture"], record["summary"]
    said = lecture["said"] or "as the lecture has it"
    name = figures.measure(record).name
    seeds = counted(len(record["runs"]), "seed")
    tiles = [(name[:1].upper() + name[1:], figures.measured(record), seeds)]
    if figures.stated(lecture) != figures.NOTHING:
        tiles.append(("The lecture's", figures.stated(lecture), said))
    if summary["baselines"]:
        tiles.append((_beside(record), figures.linear(record), "the best, on the same texts"))
    if "ensemble" in summary:
        tiles.append(("Averaged", f"{summary['ensemble']:.3f}", "the seeds' networks together"))
    sentence = page.text(figures.about(record))
    return (
        f'<p class="lede">{sentence}</p><div class="after">{page.tiles(tiles)}</div>'
        f'<div class="after">{_curves(record)}</div><div class="after">{_facts(record)}</div>'
    )


def _beside(record: Record) -> str:
    return "Baseline" if record["row"].startswith("E") else "Linear model"


def _curves(record: Record) -> str:
    first = record["runs"][0]
    learned = [
        _learned(net, f"seed {first['seed']}" + (f", {name}" if name else ""))
        for name, net in figures.networks(first).items()
    ]
    return page.pair(*learned, _by_seed(record["runs"]))


def _learned(net: Record, which: str) -> str:
    """Return the learning curve of one network."""
    history = net["history"]
    if not history:
        return ""
    what = figures.learned(history)
    return page.figure(
        f"{what.capitalize()}, {which}",
        charts.learned(history, net["best_epoch"], what),
        f"{what.capitalize()} by epoch, from {history[0][what]:.3f} to "
        f"{history[-1][what]:.3f} in training; best epoch {net['best_epoch']}.",
        LEARNED[what],
    )


def _by_seed(runs: Sequence[Record]) -> str:
    """Return the validation accuracies of some seeds; of several networks there is no one."""
    history = runs[0]["history"]
    if not history or "validation_accuracy" not in history[0]:
        return ""
    shown = {f"seed {run['seed']}": run for run in runs[:MOST_SEEDS]}
    chart = charts.accuracies(
        {name: run["history"] for name, run in shown.items()},
        {name: run["best_epoch"] for name, run in shown.items()},
    )
    most = max(row["validation_accuracy"] for run in shown.values() for row in run["history"])
    said = f"Validation accuracy by epoch; the highest is {most:.3f}."
    return page.figure("Validation accuracy by seed", chart, said, SEEDS)


def _facts(record: Record) -> str:
    data = record["data"]
    rows = {
        "Data": f"{data['name']}: {data['train']:,} train, {data['dev']:,} dev, "
        f"{data['test']:,} test; {data['split']}",
        "SHA-256 of what was read": data["sha256"],
        "Parameters": figures.counted_in_words(record["parameters"]),
        "On these data": figures.own_size(record),
        "Changed": figures.changed(record),
        "Each alone": figures.members(record),
        **figures.more(record),
        f"{_beside(record)}s": figures.linear_models(record),
        "Apart by chance (McNemar)": figures.against(record),
        "Noticed": "; ".join((*data["notes"], *record["runs"][0]["notes"])),
        "Versions": ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
        "Run": record["date"] + (", quick: a few texts and epochs only" if record["quick"] else ""),
    }
    lines = [[page.text(name), page.text(fact)] for name, fact in rows.items() if fact]
    return page.table("What was run", ["", ""], lines, texts=2)


def _records(records: Sequence[Record]) -> str:
    heads = ["Date", "Experiment", "Data", "Quick", "Seeds", "Accuracy", "Seconds"]
    rows = [
        [page.text(r["date"]), page.name(figures.title(r)), page.name(r["data"]["name"], 30),
         "yes" if r["quick"] else "no", f"{len(r['runs'])}", figures.headline(r),
         figures.seconds(r)]
        for r in reversed(records)
    ]  # fmt: skip
    return page.table("Every record, the last one first", heads, rows, texts=4)
