"""Language models as readers of words in context, for whatever wants their layers (row B5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from sestina import config, store
from sestina.config import CleaningOptions, LanguageOptions, TextOptions
from sestina.data.ragged import Ragged
from sestina.errors import ModelError, OptionError, counted
from sestina.estimators.given_model import check_same, language_model
from sestina.estimators.language_model import LanguageModel
from sestina.estimators.pretraining import read_alike
from sestina.nn.contextual import ContextualEmbedding, Way
from sestina.nn.language import LanguageNetwork
from sestina.text.clean import cleaner
from sestina.text.tokenise import tokeniser
from sestina.text.vocabulary import EOS, Vocabulary

DIRECTIONS = ("forward", "backward")
SIZES = ("cell", "embedding", "hidden", "layers")


@dataclass(frozen=True)
class Contexts:
    """One or two language models as readers of words: what they read alike, and their networks.

    Attributes:
        vocabulary: Their tokens.
        cleaning: What is done to words first.
        sizes: Their cell, embedding, hidden and layers.
        backwards: Of each, whether it reads texts from their ends.
        networks: Of each, its network; none once `parted`, or where weights are still to come.
    """

    vocabulary: Vocabulary
    cleaning: Mapping[str, Any]
    sizes: Mapping[str, Any]
    backwards: Sequence[bool]
    networks: Sequence[LanguageNetwork] = ()

    @classmethod
    def of(cls, given: Any, name: str = "contextual") -> Contexts:
        """Return the readers that language models are.

        Args:
            given: A `LanguageModel`, its folder, a folder with two of those, forward/ and
                backward/, a list of one or two models or folders, or `ContextualVectors`.
            name: The option that they were given for.

        Raises:
            ModelError: A folder is missing, damaged or foreign.
            DataError: A folder holds another kind of model.
            OptionError: A model is not fitted, does not read words, or two do not go together.
        """
        models = [language_model(one, name, LanguageModel) for one in _listed(given, name)]
        first = models[0]
        for model in models:
            if model.level != "word":
                raise OptionError(f"{name} has level={model.level!r}; expected a model of words")
        if len(models) > 1:
            _check_pair(models, name)
        return cls(
            first.vocabulary_,
            config.to_dict(first, CleaningOptions),
            {size: value for size, value in config.to_dict(first).items() if size in SIZES},
            tuple(model.backwards for model in models),
            tuple(model.network_ for model in models),
        )

    @classmethod
    def restored(cls, state: Mapping[str, Any] | None, vocabulary: Vocabulary) -> Contexts | None:
        """Return what `state` told of, its weights still to come; None for None.

        Args:
            state: What `state` returned.
            vocabulary: The models' tokens, perhaps more behind them.
        """
        if state is None:
            return None
        if (known := state.get("tokens", len(vocabulary))) < len(vocabulary):
            vocabulary = Vocabulary(vocabulary.tokens[:known])
        return cls(vocabulary, state["cleaning"], state["sizes"], state["backwards"])

    def state(self) -> dict[str, Any]:
        """Return all but vocabulary and weights as plain JSON values."""
        return {
            "cleaning": dict(self.cleaning),
            "sizes": dict(self.sizes),
            "backwards": list(self.backwards),
            "tokens": len(self.vocabulary),
        }

    def parted(self) -> tuple[ContextualEmbedding, Contexts]:
        """Return the networks as a module with weights of its own, and what reads words for it.

        Where there are no networks, the module is one whose weights will be loaded.
        """
        end = self.vocabulary[EOS]
        networks = self.networks or [self._empty() for _ in self.backwards]
        ways = [
            Way(deepcopy(net.embedding), deepcopy(net.encoder), backwards, end)
            for net, backwards in zip(networks, self.backwards, strict=True)
        ]
        return ContextualEmbedding(ways), replace(self, networks=())

    def _empty(self) -> LanguageNetwork:
        size = len(self.vocabulary)
        return LanguageNetwork(LanguageOptions(**self.sizes), size, cutoffs=())  # a small head

    def ids(self, documents: Sequence[str | Sequence[str]]) -> Ragged:
        """Return texts, or lists of words, in the ids of the vocabulary."""
        cut = tokeniser(TextOptions(**self.cleaning))
        clean = cleaner(CleaningOptions(**self.cleaning))
        lists = [cut(one) if isinstance(one, str) else one for one in documents]
        given = {word for one in documents if not isinstance(one, str) for word in one}
        known = {word: self.vocabulary[clean(word)] for word in given}
        ids = np.fromiter(
            (known.get(word, self.vocabulary[word]) for word in chain.from_iterable(lists)),
            np.int64,
        )
        return Ragged(ids, np.cumsum([0, *map(len, lists)], dtype=np.int64))


def contexts_for(options: Any) -> Contexts | None:
    """Return the readers whose vectors a text classifier shall have, None without any.

    Args:
        options: The classifier: its `contextual`, and what must agree with that.

    Raises:
        SestinaError: A model cannot be read, or an option differs.
    """
    if options.contextual is None or options.encoder not in config.IN_CONTEXT:
        return None
    if options.encoder == "mean" and (options.word_ngrams > 1 or options.max_n):
        raise OptionError("hashed n-grams have no contextual vectors; set word_ngrams=1, max_n=0")
    found = Contexts.of(options.contextual)
    marks = {"mark_start": False, "mark_end": False}
    check_same("contextual", {"level": "word", **found.cleaning, **marks}, options)
    return found


def _listed(given: Any, name: str) -> list[Any]:
    """Return one or two models or folders."""
    given = getattr(given, "models", given)  # those of `ContextualVectors`
    if isinstance(given, str | Path):
        folder = Path(given)
        inside = [folder / way for way in DIRECTIONS if (folder / way).is_dir()]
        if folder.is_dir() and not (folder / store.CONFIG).exists():
            if not inside:
                raise ModelError(
                    f"{name}={str(given)!r} is no language model, and has none in forward/ and "
                    "backward/; give the folder of one, or of two"
                )
            return list(inside)
    found = list(given) if isinstance(given, list | tuple) else [given]
    if not 1 <= len(found) <= len(DIRECTIONS):
        raise OptionError(
            f"{name} has {counted(len(found), 'language model')}; give one, or one each way"
        )
    return found


def _check_pair(models: Sequence[LanguageModel], name: str) -> None:
    """Check that two models read the same words in opposite directions.

    Raises:
        OptionError: They do not.
    """
    first, second = models
    if first.backwards == second.backwards:
        raise OptionError(
            f"{name} has two models that read {'back' if first.backwards else 'for'}wards; "
            "train one of them with, one without backwards"
        )
    sizes = {size: getattr(first, size) for size in SIZES}
    check_same(f"the first model of {name}", {**sizes, **_cleaning(first)}, second)
    if first.vocabulary_ != second.vocabulary_:
        raise OptionError(
            f"the two models of {name} have different vocabularies; train both on the same texts"
        )


def _cleaning(model: LanguageModel) -> dict[str, Any]:
    return {k: v for k, v in read_alike(model).items() if not k.startswith("mark")}
