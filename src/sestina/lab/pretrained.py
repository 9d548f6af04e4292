"""Classifiers that first learn their texts' language, as the laboratory trains them (C13, B5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sestina import config
from sestina.config import InContextOptions, PretrainingOptions
from sestina.errors import counted
from sestina.estimators.contexts import Contexts
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
        return _read(
            self,
            texts,
            cell=self.encoder,
            **{name: getattr(self, name) for name in config.VARIANT},
            embedding=self.embedding,
            hidden=self.hidden,
            layers=self.layers,
            pretrained=self.pretrained,
            layer_decay=1.0 if self.pretrained is None else self.layer_decay,
        )


@dataclass(eq=False, repr=False, kw_only=True)
class InContextClassifier(InContextOptions, TextClassifier):
    """A `TextClassifier` whose words have vectors in context, of its own texts (ELMo; row B5).

    Two language models, one each way, read the texts without labels and then stand still; their
    layers, mixed, are the words' vectors, beside pre-trained ones where there are such.
    """

    _settled: ClassVar[dict[str, tuple[str, ...]]] = {}

    def _contexts(self, texts: list[str]) -> Contexts | None:
        sizes = {"embedding": self.pretraining_size, "hidden": self.pretraining_size}
        return Contexts.of([_read(self, texts, backwards=way, **sizes) for way in (False, True)])


def _read(
    net: PretrainedClassifier | InContextClassifier, texts: list[str], **network: Any
) -> LanguageModel:
    """Return a language model that has read a classifier's texts, as that reads them."""
    model = LanguageModel(
        level=net.level,
        vocabulary=net.vocabulary,
        min_count=net.min_count,
        **config.to_dict(net, config.CleaningOptions),
        **network,
        dropout=net.pretraining_dropout,
        input_dropout=net.pretraining_dropout,
        learning_rate=net.pretraining_rate,
        decay=net.decay,
        warm_up=net.warm_up,
        epochs=net.pretraining_epochs,
        seed=net.seed,
        verbose=net.verbose,
    ).fit(texts)
    reached = model.history_[model.best_epoch_ - 1]["validation_perplexity"]
    net.notes_.append(
        f"a language model of {counted(len(model.vocabulary_), 'token')} reached perplexity "
        f"{reached:.1f} in epoch {model.best_epoch_}"
    )
    return model
