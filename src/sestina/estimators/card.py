"""The model card, README.md of a model folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sestina.errors import counted


def model_card(name: str, options: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """Return a model card in Markdown.

    Args:
        name: The estimator's name.
        options: Its options.
        facts: What is known: "classes", "parameters", "epochs", "metrics", "baseline", "data",
            "reads", "decisions", "outdated", "use" (a line of Python), …
    """
    kind = next(options[key] for key in ("encoder", "cell", "blocks") if options.get(key))
    lines = [
        "---",
        "library_name: sestina",
        "---",
        "",
        f"# {name} ({kind})",
        "",
        f"Trained with [Sestina](https://pypi.org/project/sestina) {facts['version']}. "
        f"{counted(facts['parameters'], 'parameter')}, {counted(facts['epochs'], 'epoch')}, "
        f"seed {options['seed']}.",
        "",
        "## Use",
        "",
        "```python",
        "import sestina",
        "model = sestina.load('THIS FOLDER')",
        str(facts.get("use", "model.predict([…])")),
        "```",
        "",
        "## Data",
        "",
        str(facts.get("data") or "Not recorded: the model was saved from Python."),
        "",
        *_classes(facts),
        *([f"It reads {facts['reads']}.", ""] if facts.get("reads") else []),
        "## Figures",
        "",
        *_figures(facts),
        "",
        *([f"Careful: {facts['outdated']}.", ""] if facts.get("outdated") else []),
        *(f"{note[:1].upper()}{note[1:]}.\n" for note in facts.get("decisions", ())),
        "## Limits",
        "",
        "The model knows nothing but its training data: it is as one-sided as they are, and its "
        "figures hold for texts like them. Probabilities are not calibrated unless said above.",
        "",
    ]
    return "\n".join(lines)


def _classes(facts: Mapping[str, Any]) -> list[str]:
    """Return a paragraph that names the classes, where there are any."""
    if "classes" not in facts:
        return []
    classes = facts["classes"]
    shown = ", ".join(map(str, classes[:20])) + (" …" if len(classes) > 20 else "")
    return [f"{counted(len(classes), 'class', 'classes')}: {shown}.", ""]


def _figures(facts: Mapping[str, Any]) -> list[str]:
    """Return the table of the model and its baselines, by what they were measured."""
    metrics = facts.get("metrics") or {}
    rows = [("this model", metrics), *(facts.get("baseline") or {}).items()]
    if "bits_per_character" in metrics:
        lines = ["| | perplexity | bits per character |", "|---|---|---|"]
        cells = ("perplexity", "bits_per_character")
        return lines + [f"| {n} | {row[cells[0]]:.2f} | {row[cells[1]]:.3f} |" for n, row in rows]
    if "mase" in metrics:
        lines = ["| | MASE | sMAPE | absolute error |", "|---|---|---|---|"]
        names = ("mase", "smape", "mae")
        return lines + [f"| {n} | " + " | ".join(f"{row[c]:.4g}" for c in names) + " |"
                        for n, row in rows]  # fmt: skip
    if "chrf" in metrics:
        lines = ["| | chrF | BLEU | exact |", "|---|---|---|---|"]
        return lines + [
            f"| {n} | {row['chrf']:.1f} | {row['bleu']:.1f} | {row['exact']:.1%} |"
            for n, row in rows
        ]
    if "wer" in metrics:
        lines = [
            "| | word error rate | 95 % interval | character error rate |",
            "|---|---|---|---|",
        ]
        return lines + [
            f"| {n} | {row['wer']:.3f} | {_span(row['wer_interval'])} | {row['cer']:.3f} |"
            for n, row in rows
        ]
    rows = [(name, row) for name, row in rows if row and "accuracy" in row]
    if not rows:
        return ["None recorded."]
    last = "span F1" if any("span_f1" in row for _, row in rows) else "macro F1"
    lines = [f"| | accuracy | 95 % interval | {last} |", "|---|---|---|---|"]
    for name, row in rows:
        low, high = row.get("interval", (float("nan"),) * 2)
        f1 = row.get("span_f1", row["f1"])
        lines.append(f"| {name} | {row['accuracy']:.4f} | {low:.4f}–{high:.4f} | {f1:.4f} |")
    return lines


def _span(interval: Any) -> str:
    return "–".join(f"{end:.3f}" for end in interval)
