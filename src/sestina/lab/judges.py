"""Who parts an experiment's data, trains on them, and tells how good it was, by the task.

Where texts have labels that is lab/run.py itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sestina.lab.bridge_judge import BridgeJudge
from sestina.lab.experiment import Experiment
from sestina.lab.forecast_judge import ForecastJudge
from sestina.lab.language_judge import LanguageJudge
from sestina.lab.recall_judge import LinearJudge, RecallJudge
from sestina.lab.series_judge import SeriesJudge
from sestina.lab.similarity_judge import SimilarityJudge
from sestina.lab.speech_judge import SpeechJudge
from sestina.lab.tag_judge import TagJudge
from sestina.lab.teachers import Teachers
from sestina.lab.translation_judge import TranslationJudge
from sestina.lab.vector_judge import VectorJudge


class Judge(Protocol):
    """Parts data, trains on them, and tells how good it was."""

    def parted(self, experiment: Experiment, data: Any, share: float) -> tuple[Any, str]:
        """Return train, dev and test, and a sentence on how they came about."""
        ...

    def fit(self, net: Any, used: Any) -> None:
        """Train."""
        ...

    def figures(self, experiment: Experiment, net: Any, used: Any) -> dict[str, Any]:
        """Return the figures of the test part.

        They are "accuracy", "f1" and "loss", None where a task has no such, others by their names
        in `MEASURES`, "baselines", the figures of each by its name, and what shall be shown.
        """
        ...

    def classes(self, used: Any) -> int:
        """Return how many classes there are; 0 where there are none."""
        ...


JUDGES: dict[str, Callable[[bool], Judge]] = {
    "tag": TagJudge,
    "series": SeriesJudge,
    "generate": LanguageJudge,
    "translate": TranslationJudge,
    "forecast": ForecastJudge,
    "similarity": SimilarityJudge,
    "given": VectorJudge,
    "recall": RecallJudge,
    "linear": LinearJudge,
}
OF_TAUGHT: dict[str, Callable[..., Judge]] = {"bridge": BridgeJudge, "speech": SpeechJudge}


def judge_of(task: str, quick: bool, teachers: Teachers) -> Judge | None:
    """Return who judges a task; nobody where texts have labels.

    Args:
        task: Its name.
        quick: Whether a few data are enough.
        teachers: Those that experiments share.
    """
    if task in OF_TAUGHT:
        return OF_TAUGHT[task](quick, teachers=teachers)
    return JUDGES[task](quick) if task in JUDGES else None
