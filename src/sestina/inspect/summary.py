"""What a report and a model card say of a net and its data, gathered in one place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from sestina import config
from sestina.data.records import Records
from sestina.estimators.text_classifier import TextClassifier
from sestina.inspect.gradient_page import reaches_of
from sestina.inspect.report import ReportFacts
from sestina.inspect.sections import changed_options, encoder_name, helps, run_told
from sestina.text.encode import cut_by, encode
from sestina.text.tokenise import tokeniser

Parts = tuple[Records, Records, Records]


def net_name(net: TextClassifier) -> str:
    """Return a short name of what a net is, such as ``bidirectional LSTM + glove-50d``."""
    words = [encoder_name(net)]
    if net.vectors is not None and net.encoder != "bag":
        words.append(
            "+ "
            + (
                Path(str(net.vectors)).name
                if isinstance(net.vectors, str | Path)
                else "own vectors"
            )
        )
    if net.encoder in config.RECURRENT and net.pretrained is not None:
        words.insert(0, "pre-trained")
    if net.encoder in config.IN_CONTEXT and net.contextual is not None:
        words.append("+ context")
    return " ".join(words)


def report_facts(
    net: TextClassifier, parts: Parts, said: str, verdicts: list[str], title: str
) -> ReportFacts:
    """Return what the report tells besides the ladder.

    Args:
        net: The main net.
        parts: Train, dev and test records.
        said: How the split came about.
        verdicts: Sentences on the ladder.
        title: Name of the data.
    """
    train, dev, test = parts
    notes, run = "; ".join((*train.notes, *net.notes_)), run_told(net)
    data = {
        "data": title,
        "texts": f"{len(train):,} train, {len(dev):,} dev, {len(test):,} test: {said}",
        "labels": ", ".join(
            f"\u2068{k}\u2069 {v:,}"  # isolates: a name of either direction keeps its count
            for k, v in list(train.label_counts().items())[:12]
        ),
        "noticed": notes,
        "tokens": net.reading(),
        **{**run, "network": f"{net_name(net)}: {run['network']}"},
    }
    return ReportFacts(
        title=title,
        data={name: value for name, value in data.items() if value},
        verdicts=verdicts,
        lengths=encode(train.texts, net.vocabulary_, net).full_lengths,
        max_tokens=net.max_tokens,
        coverage=_coverage(net, test),
        options=changed_options(net),
        helps=helps(net),
        reaches=reaches_of(net, test.texts, test.labels),
    )


def _coverage(net: TextClassifier, test: Records) -> dict[str, Any]:
    """Return how much of the test texts the vocabulary knows, and what it lacks most."""
    tokenise = tokeniser(net, cut_by(net.vocabulary_, net))
    counts: Counter[str] = Counter()
    for text in test.texts:
        counts.update(tokenise(text))
    unknown = Counter({token: n for token, n in counts.items() if net.vocabulary_[token] == 1})
    return {
        "vocabulary": len(net.vocabulary_),
        "known_share": 1 - unknown.total() / max(counts.total(), 1),
        "unknown": sorted(unknown.items(), key=lambda item: (-item[1], item[0]))[:15],
    }
