"""A classifier that first learns its texts' language, as the laboratory trains it (row C13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sestina import config
from sestina.config import PretrainingOptions
from sestina.errors import counted
from sestina.estimators.language_model import LanguageModel
from sestina.estimators.text_classifier import TextClassifier


@dataclass(eq=False, repr=False, kw_only=True)
class PretrainedClassifier(PretrainingOptions, TextClassifier):
    """A `TextClassifier` that begins as a language model of the texts it is fitted on.

    Elsewhere these are two steps: a `LanguageModel` may read many texts more, which have no label.
    Here both see the same ones, so that an experiment needs no other data. With `pretrained`, a
    language model of general texts, there are the three stages of ULMFiT: that model is fine-tuned
    on the texts, then the classifier begins as it. The notes tell how well the language model
    foresees texts that it has not seen.
    """

    _settled: ClassVar[dict[str, tuple[str, ...]]] = {}  # the language model takes them all

    def _language_model(self, texts: list[str]) -> LanguageModel | None:
        model = LanguageModel(
            level=self.level,
            vocabulary=self.vocabulary,
            min_count=self.min_count,
            **config.to_dict(self, config.CleaningOptions),
            cell=self.encoder,
            embedding=self.embedding,
            hidden=self.hidden,
            layers=self.layers,
            pretrained=self.pretrained,
            layer_decay=1.0 if self.pretrained is None else self.layer_decay,
            dropout=self.pretraining_dropout,
            input_dropout=self.pretraining_dropout,
            learning_rate=self.pretraining_rate,
            decay=self.decay,
            warm_up=self.warm_up,
            epochs=self.pretraining_epochs,
            seed=self.seed,
            verbose=self.verbose,
        ).fit(texts)
        reached = model.history_[model.best_epoch_ - 1]["validation_perplexity"]
        self.notes_.append(
            f"a language model of {counted(len(model.vocabulary_), 'token')} reached perplexity "
            f"{reached:.1f} in epoch {model.best_epoch_}"
        )
        return model
