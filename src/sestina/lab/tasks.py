"""What experiments are of: their data, what learns from these, and the figures to judge it by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A figure by which models are judged.

    Attributes:
        name: What it is, in words.
        short: What stands before it in a table; nothing before an accuracy.
        digits: Digits behind its point.
        falls: Whether less of it is better.
    """

    name: str
    short: str
    digits: int = 3
    falls: bool = False

    def best(self, values: Iterable[float]) -> float:
        """Return the best of some values."""
        return min(values) if self.falls else max(values)


MEASURES = {
    "solved": Measure("share of seeds that pass", "passed", 2),
    "squared_error": Measure("mean squared error", "MSE", 4, falls=True),
    "gradient": Measure("logarithm to base 10 of the gradient that is left", "log₁₀", 2),
    "accuracy": Measure("accuracy", ""),
    "voted": Measure("accuracy of recordings, by vote", "voted"),
    "teacher": Measure("the teacher's accuracy on clean twins", "teacher"),
    "drops": Measure("falls of the dev accuracy by 0.05 or more", "falls", 1, falls=True),
    "wer": Measure("word error rate", "WER", falls=True),
    "cer": Measure("character error rate", "CER", falls=True),
    "teacher_wer": Measure("the teacher's word error rate on clean twins", "teacher", falls=True),
    "span_f1": Measure("F1 of spans", "F1"),
    "unseen": Measure("words not in training", "unseen"),
    "chrf": Measure("chrF", "chrF", 1),
    "bleu": Measure("BLEU", "BLEU", 1),
    "exact": Measure("exact answers", "exact"),
    "perplexity": Measure("perplexity", "ppl", 2, falls=True),
    "bits_per_character": Measure("bits per character", "bits", falls=True),
    "mase": Measure("scaled error (MASE)", "MASE", falls=True),
    "smape": Measure("percentage error (sMAPE)", "sMAPE", 2, falls=True),
    "quantile_loss": Measure("quantile loss", "q. loss", falls=True),
    "coverage": Measure("values within the quantiles", "within"),
    "judged": Measure("new, judged as wished", "judged"),
    "judge": Measure("the judge's accuracy", "judge"),
}


@dataclass(frozen=True)
class Task:
    """What an experiment may be of.

    Attributes:
        data: Its data, in words.
        estimator: What learns from them; None: any that tells labels of texts.
        figures: Its figures, by their names in `MEASURES`; tables show the first.
    """

    data: str
    estimator: str | None = None
    figures: tuple[str, ...] = ("accuracy",)


TASKS = {
    "reviews": Task("reviews"),
    "languages": Task("texts of several languages"),
    "topics": Task("texts with topics"),
    "names": Task("first names"),
    "tag": Task("tagged words", "SequenceTagger", ("accuracy", "span_f1", "unseen")),
    "series": Task("recordings of numbers", "SeriesClassifier", ("accuracy", "voted", "drops")),
    "bridge": Task("recordings of numbers", "BridgeClassifier", ("accuracy", "voted", "teacher")),
    "speech": Task(
        "speech and its distant twins, in a folder as sestina data distance and AMI have them",
        "BridgeRecognizer",
        ("wer", "cer", "teacher_wer"),
    ),
    "generate": Task("texts to write like", "LanguageModel", ("perplexity", "bits_per_character")),
    "translate": Task(
        "sentences and translations", "Translator", ("chrf", "bleu", "exact", "perplexity")
    ),
    "recall": Task(
        "made sequences to remember", "RecallTrial", ("solved", "squared_error", "accuracy")
    ),
    "linear": Task("no data", "LinearRecurrence", ("gradient",)),
    "similarity": Task("texts with labels, in pairs", "SequenceSimilarity"),
    "forecast": Task(
        "values over time",
        "SeriesForecaster",
        ("mase", "smape", "quantile_loss", "coverage"),
    ),
    "given": Task(
        "texts to write from their labels",
        "SequenceFromVector",
        ("perplexity", "bits_per_character", "exact", "judged", "judge"),
    ),
}
