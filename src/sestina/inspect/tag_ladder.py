"""How good taggers are beside the baselines, and whether a difference is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina import metrics
from sestina.data.tagged import TaggedSentences
from sestina.estimators import tagging
from sestina.estimators.sequence_tagger import SequenceTagger
from sestina.inspect.tag_baselines import TagBaseline, usual_tag, window_regression

NAMES = {"rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM", "mingru": "minGRU", "minlstm": "minLSTM"}


@dataclass(frozen=True)
class TagRung:
    """One tagger's showing.

    Attributes:
        name: What it is.
        figures: Those of `SequenceTagger.evaluate`.
        predicted: The tags it put.
        right: Which words it got right, laid end to end.
        parameters: Numbers it learned.
        seconds: Seconds it took to fit.
    """

    name: str
    figures: dict[str, Any]
    predicted: list[list[Any]]
    right: NDArray[np.bool_]
    parameters: int
    seconds: float

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain JSON values."""
        more = {"parameters": self.parameters, "seconds": round(self.seconds, 3)}
        return {**self.figures, **more}


def tagger_name(net: SequenceTagger) -> str:
    """Return a short name of what a net is, such as ``bidirectional LSTM-CRF + characters``."""
    name = NAMES[net.encoder] + ("-CRF" if net.crf else "")
    name = f"bidirectional {name}" if net.bidirectional else name
    name = f"{net.layers}-layer {name}" if net.layers > 1 else name
    more = [f"characters ({net.characters})"] if net.characters else []
    more += ["vectors"] if net.vectors is not None else []
    more += ["context"] if net.contextual is not None else []
    return " + ".join([name, *more])


def climb_tags(
    nets: Mapping[str, SequenceTagger],
    train: TaggedSentences,
    dev: TaggedSentences,
    test: TaggedSentences,
) -> list[TagRung]:
    """Return the rungs of both baselines and of fitted nets, weakest idea first.

    All nets must have been fitted on `train`, with `dev` for early stopping.
    """
    rungs = plain_rungs(next(iter(nets.values())), train, dev, test)
    return [*rungs, *(net_rung(name, net, test) for name, net in nets.items())]


def plain_rungs(
    net: SequenceTagger, train: TaggedSentences, dev: TaggedSentences, test: TaggedSentences
) -> list[TagRung]:
    """Return the rungs of both baselines, learnt from the parts that a fitted net was."""
    seen = net.seen(test.sentences)
    plain = [usual_tag(train, test.sentences), window_regression(train, dev, test.sentences)]
    return [baseline_rung(one, test, seen) for one in plain]


def baseline_rung(one: TagBaseline, test: TaggedSentences, seen: NDArray[np.bool_]) -> TagRung:
    """Return the rung of a baseline; `seen` are the test words that the training part held."""
    true = test.tags or []
    figures = tagging.figures(true, one.predicted, seen)
    right = tagging.right(true, one.predicted)
    return TagRung(one.name, figures, one.predicted, right, one.parameters, one.seconds)


def net_rung(name: str, net: SequenceTagger, test: TaggedSentences) -> TagRung:
    """Return the rung of a fitted net on test sentences."""
    shown = TagBaseline(name, net.predict(test.sentences), net.n_parameters_, net.seconds_)
    return baseline_rung(shown, test, net.seen(test.sentences))


def tag_verdict(rungs: Sequence[TagRung], name: str, other: str) -> str:
    """Return one sentence: whether a tagger beats another, by words and, if there are, by spans.

    Words of one sentence are not independent; McNemar's test takes them to be.
    """
    one, two = (next(rung for rung in rungs if rung.name == who) for who in (name, other))
    points = 100 * (one.figures["accuracy"] - two.figures["accuracy"])
    spans = ""
    if "span_f1" in one.figures:
        more = 100 * (one.figures["span_f1"] - two.figures["span_f1"])
        spans = f"; span F1 {more:+.1f} points"
    if points == 0:
        return f"{name} and {other} tag as many words rightly{spans}."
    verb = "beats" if points > 0 else "loses to"
    p = metrics.mcnemar(one.right, two.right)
    shown = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    proof = "" if p < 0.05 else ", which may be chance"
    return f"{name} {verb} {other} by {abs(points):.1f} points (McNemar {shown}{proof}){spans}."
