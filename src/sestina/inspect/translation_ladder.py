"""How good a translator is beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sestina import metrics
from sestina.data.parallel import Pairs
from sestina.estimators.translator import Translator
from sestina.inspect.word_by_word import WordByWord

NAMES = {"rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM", "mingru": "minGRU", "minlstm": "minLSTM"}


@dataclass(frozen=True)
class TranslationRung:
    """One model's showing.

    Attributes:
        name: What it is.
        figures: "chrf", "bleu", "exact"; of a net those of `Translator.evaluate`.
        put: Its translations of the test sentences.
        parameters: Numbers it learned.
        seconds: Seconds it took to fit.
    """

    name: str
    figures: dict[str, Any]
    put: list[str]
    parameters: int
    seconds: float

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain JSON values."""
        more = {"parameters": self.parameters, "seconds": round(self.seconds, 3)}
        return {**self.figures, **more}


def translator_name(net: Translator) -> str:
    """Return a short name of what a net is, such as ``LSTM + additive attention``."""
    name = NAMES[net.cell] if net.layers == 1 else f"{net.layers}-layer {NAMES[net.cell]}"
    return f"{name} + {net.attention} attention" if net.attention else f"{name} without attention"


def climb_translations(net: Translator, train: Pairs, test: Pairs) -> list[TranslationRung]:
    """Return the rungs of the baseline, learnt from the training part, and of a fitted net."""
    return [plain_rung(train, test), net_rung(net, test)]


def plain_rung(train: Pairs, test: Pairs) -> TranslationRung:
    """Return the rung of the baseline, learnt from the training part, on test pairs."""
    plain = WordByWord().fit(train.sources, train.targets)
    put = plain.predict(test.sources)
    found = metrics.translation(test.targets, put)
    return TranslationRung(plain.name, found, put, plain.n_parameters_, plain.seconds_)


def net_rung(net: Translator, test: Pairs) -> TranslationRung:
    """Return the rung of a fitted net on test pairs."""
    put = net.predict(test.sources)
    found = net.figures(test.sources, test.targets, put)
    return TranslationRung(translator_name(net), found, put, net.n_parameters_, net.seconds_)


def translation_verdict(rungs: Sequence[TranslationRung]) -> str:
    """Return one sentence: whether the last rung beats the first, by chrF and BLEU."""
    other, one = rungs[0], rungs[-1]
    chrf, bleu = (one.figures[key] - other.figures[key] for key in ("chrf", "bleu"))
    if chrf == 0:
        return f"{one.name} and {other.name} have the same chrF; BLEU {bleu:+.1f}."
    verb = "beats" if chrf > 0 else "loses to"
    return f"{one.name} {verb} {other.name} by {abs(chrf):.1f} points of chrF; BLEU {bleu:+.1f}."
