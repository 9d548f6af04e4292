"""A record's figures as short strings, for the screen and for pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sestina.lab.tasks import MEASURES, Measure

Record = dict[str, Any]
NOTHING = "–"
BARS = "▁▂▃▄▅▆▇█"


def spread(mean: float | None, sd: float | None, digits: int = 3) -> str:
    """Return ``0.750 ± 0.012``, without a deviation where there is one run only."""
    if mean is None:
        return NOTHING
    return f"{mean:.{digits}f}" + ("" if sd is None else f" ± {sd:.{digits}f}")


def changed(record: Record) -> str:
    """Return the options that were set otherwise than in the experiment's file."""
    values = record.get("changed", {}).items()
    return ", ".join(f"{name}={_setting(value)}" for name, value in values)


def _setting(value: Any) -> str:
    """Return a value as ``--set`` takes it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def title(record: Record) -> str:
    """Return the name of the experiment, and what was changed of it."""
    said = changed(record)
    return f"{record['experiment']}, {said}" if said else str(record["experiment"])


def about(record: Record) -> str:
    """Return what was done, by which decks, and what to know of it."""
    deck = record["deck"] and f"{record['deck']}."
    return " ".join(filter(None, [record["title"], deck, record["note"]]))


def measure(record: Record) -> Measure:
    """Return what the figure is that tables show of a record."""
    return MEASURES[_figure(record["summary"])]


def of_record(record: Record) -> str:
    """Return the name of that figure."""
    return _figure(record["summary"])


def _figure(summary: Record) -> str:
    """Return the name of that figure; older records do not give it, others may not be known."""
    found = str(summary.get("figure"))
    if found in MEASURES and found in summary:
        return found
    return "perplexity" if "perplexity" in summary else "accuracy"


def measured(record: Record) -> str:
    """Return that figure of the test part, mean ± standard deviation over the seeds."""
    return _of_summary(record["summary"], _figure(record["summary"]))


def _of_summary(summary: Record, name: str) -> str:
    return spread(summary[name], summary[f"{name}_sd"], MEASURES[name].digits)


def headline(record: Record) -> str:
    """Return that figure as tables show it: marked as what it is, unless it is an accuracy."""
    return f"{measure(record).short} {measured(record)}".strip()


def more(record: Record) -> dict[str, str]:
    """Return what else was found, by name: the other figures, baselines beside them; examples."""
    summary, run = record["summary"], record["runs"][0]
    found = {}
    for name, one in MEASURES.items():
        if name != _figure(summary) and summary.get(name) is not None:
            rows = summary.get("beside", {}).get(name, {})
            told = [_of_summary(summary, name), _named(rows, one)]
            found[one.name] = "; beside it ".join(filter(None, told))
    if "micro_f1" in summary:
        both = (spread(summary[key], summary[f"{key}_sd"]) for key in ("micro_f1", "f1"))
        found["F1"] = "micro {}, macro {}; accuracy wants all labels of a text".format(*both)
    if "preferred" in summary:
        gaps = ", ".join(f"{gap:+.2f}" for gap in summary["preferred"])
        found["log P, first less second"] = gaps
    if written := run.get("written"):
        found["texts it ends"] = f"{written['ended']:.0%}, of them new {written['new']:.0%}"
        found["it writes"] = _in_short(written["texts"])
    if examples := run.get("examples"):
        found["for instance"] = _in_short(examples)
    return found


def _in_short(texts: Sequence[str]) -> str:
    return " | ".join(" ".join(text.split())[:160] for text in texts)


def linear(record: Record) -> str:
    """Return the same figure of the best baseline on the same texts."""
    one, found = measure(record), record["summary"]["baselines"].values()
    if not found:
        return NOTHING
    best = one.best(float(pair[0]) for pair in found)
    pair = next(pair for pair in found if float(pair[0]) == best)
    return f"{one.short} {_fixed(pair, one.digits)}".strip()


def linear_models(record: Record) -> str:
    """Return that figure of every baseline and, where it is known, its 95 % interval."""
    summary = record["summary"]
    return _named(summary["baselines"], measure(record), summary.get("against", {}))


def _named(rows: Record, one: Measure, intervals: Record | None = None) -> str:
    """Return a figure of several models, behind their names."""
    return ", ".join(
        f"{name} {_fixed(pair, one.digits)}{_interval((intervals or {}).get(name))}"
        for name, pair in rows.items()
    )


def _interval(found: Record | None) -> str:
    return "" if found is None else " ({:.3f}–{:.3f})".format(*found["interval"])


def against(record: Record) -> str:
    """Return how likely chance alone sets each linear model and the seeds' average apart."""
    found = record["summary"].get("against", {}).items()
    return ", ".join(f"{name} {_chance(row['mcnemar_p'])}" for name, row in found)


def _chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def members(record: Record) -> str:
    """Return the accuracy of each of several networks alone."""
    found = record["summary"].get("members", {}).items()
    return ", ".join(f"{name} {spread(*pair)}" for name, pair in found)


def networks(run: Record) -> dict[str, Record]:
    """Return the networks of a run, each with its history, by name; a single one has none."""
    return dict(run.get("members") or {"": run})


def _fixed(pair: Sequence[Any], digits: int = 3) -> str:
    """Return mean and deviation; no deviation where every seed has the same texts."""
    mean, sd = pair
    return spread(mean, sd or None, digits)


def ensemble(record: Record) -> str:
    """Return the accuracy of the seeds' averaged probabilities, with its 95 % interval."""
    value = record["summary"].get("ensemble")
    if value is None:
        return NOTHING
    low, high = record["summary"]["ensemble_interval"]
    return f"{value:.3f} ({low:.3f}–{high:.3f})"


def loss(record: Record) -> str:
    """Return the loss on the test part."""
    return spread(record["summary"]["loss"], record["summary"]["loss_sd"])


def losses(record: Record) -> str:
    """Return the loss and the lecture's; nothing where the neuron has none."""
    if record["summary"]["loss"] is None:
        return ""
    return f"{loss(record)}; the lecture's {lecture(record['lecture']['loss'])}"


def lecture(stated: float | None) -> str:
    """Return a figure of the lecture's, as many digits as it has, two at least."""
    return NOTHING if stated is None else f"{stated:.2f}" if stated * 100 % 1 == 0 else f"{stated}"


def stated(figures: Record) -> str:
    """Return the figure of a lecture that stands beside ours; of several tables the last one's."""
    tables = figures.get("wer")
    if figures["accuracy"] is None and isinstance(tables, dict) and tables:
        of_all, _ = list(tables.values())[-1]
        return f"{MEASURES['wer'].short} {lecture(of_all)}"
    return lecture(figures["accuracy"])


def parameters(counts: Record) -> str:
    """Return our count at the lecture's sizes, and whether it is the lecture's."""
    stated, match = counts["lecture"], counts["match"]
    shown = "trainable" if set(stated) == {"trainable"} else "total"
    text = f"{counts[shown]:,}"
    if match is None:
        return text
    return f"{text} match" if match else f"{text} differ"


def counted_in_words(counts: Record) -> str:
    """Return the counts in a sentence: ours, the lecture's, and what they are of."""
    part = "" if counts["head"] else " without the output layer"
    ours = f"{counts['total']:,}{part}"
    if counts["trainable"] != counts["total"]:
        ours += f", of them {counts['trainable']:,} trained"
    ours += f", with the lecture's vocabulary of {counts['vocabulary']:,}"
    if counts["match"] is None:
        return f"{ours}; the lecture gives no count"
    stated = counts["lecture"]
    if len(set(stated.values())) == 1:
        theirs = f"{next(iter(stated.values())):,}"
    else:
        theirs = " and ".join(f"{n:,} ({key})" for key, n in stated.items())
    verb = "match" if counts["match"] else "differ from"
    return f"{ours}; they {verb} the lecture's {theirs}"


def own_size(record: Record) -> str:
    """Return the parameters of the networks that were trained, on the data's own vocabulary."""
    sizes = sorted({(run["parameters"], run["trainable"]) for run in record["runs"]})
    low, high = sizes[0][0], sizes[-1][0]
    total = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    less, more = min(trained for _, trained in sizes), max(trained for _, trained in sizes)
    if (less, more) == (low, high):
        return total
    return (
        f"{total}, of them "
        + (f"{less:,}" if less == more else f"{less:,} to {more:,}")
        + (" trained")
    )


def seconds(record: Record) -> str:
    """Return the seconds of one fit, mean over the seeds."""
    return f"{record['summary']['seconds']:.1f}"


def learned(history: Sequence[Record]) -> str:
    """Return what tells of learning in a history: "loss", or "accuracy" where there is none."""
    return "loss" if not history or any("loss" in row for row in history) else "accuracy"


def curve(values: Sequence[float], low: float, high: float) -> str:
    """Return values as a row of bars, the lowest at `low`, the highest at `high`."""
    span = (high - low) or 1.0
    last = len(BARS) - 1
    return "".join(BARS[round(min(max((v - low) / span, 0.0), 1.0) * last)] for v in values)
