"""LanguageModel: texts → the probability of texts, and new ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sestina import config
from sestina.config import (
    ContinuingOptions,
    LanguageOptions,
    LanguageTextOptions,
    LanguageTrainingOptions,
    TextOptions,
)
from sestina.data import chunks
from sestina.data.ragged import Ragged
from sestina.data.read import read
from sestina.data.split import cut_off_end, held_out
from sestina.errors import DataError, counted
from sestina.estimators import language_training as reading
from sestina.estimators import written
from sestina.estimators.given_model import check_same, language_model
from sestina.estimators.token_stream import TokenStream
from sestina.estimators.trained import Trained, weights_digest
from sestina.estimators.writer import Writer
from sestina.nn.language import LanguageNetwork
from sestina.text.encode import cut_up, encode, in_ids, learn_vocabulary
from sestina.text.inputs import as_texts
from sestina.text.parts import read_vocabulary
from sestina.text.scan import Numbered
from sestina.text.transformer import of_texts
from sestina.text.vocabulary import EOS, Vocabulary
from sestina.train import Problem, random_stream

ALIKE = (  # what a model shares with the one that it begins as, beside how texts are cleaned
    "level", "subword_method", "backwards", "cell", *config.VARIANT, "embedding",
    "hidden", "layers", "tied",
)  # fmt: skip


@dataclass(eq=False, repr=False, kw_only=True)
class LanguageModel(
    LanguageTextOptions,
    LanguageOptions,
    ContinuingOptions,
    LanguageTrainingOptions,
    Writer,
    Trained,
    BaseEstimator,
):
    """Learn which token follows which, and write texts like those it was trained on (rows E2–E4).

    The options are those of `sestina.config`: `LanguageTextOptions`, `LanguageOptions`,
    `ContinuingOptions` and `LanguageTrainingOptions`. Every text ends with EOS, which is
    foreseen like any token; rare tokens are UNK. All logarithms are natural. ``level="subword"``
    needs the extra `subword`. A model that reads `backwards` foresees what stands before: it
    judges texts, and serves taggers and classifiers, but writes none. With `pretrained` it begins
    as a model of other texts, whose tokens it knows, and goes on (the second stage of ULMFiT;
    Howard and Ruder 2018).

    Attributes (after `fit`):
        vocabulary_: The `Vocabulary`, V tokens; with subwords it knows how texts are cut, too.
        tokens_: Tokens trained on, EOS included.

    Example:
        >>> from sestina import LanguageModel
        >>> verse = ["rose is a rose is a rose"] * 40
        >>> model = LanguageModel(hidden=16, embedding=16, dropout=0, input_dropout=0, seed=1)
        >>> model = model.set_params(learning_rate=0.02, validation_fraction=0).fit(verse)
        >>> model.generate("rose is", n=2, temperature=0)
        'rose is a rose'
    """

    _files: ClassVar[tuple[str, ...]] = ("vocabulary.json",)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that inputs are one-dimensional lists of strings."""
        return of_texts(super().__sklearn_tags__())

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        validation: Any = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on texts.

        Args:
            X: N texts, or the path of a file or folder of them (`sestina.read`; a plain file has
                one text a line, empty lines left out).
            y: Not used; scikit-learn passes it.
            validation: Texts, or a path, for early stopping; by default `validation_fraction` of X
                is held out: the end of a running text, else texts drawn at random.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from that checkpoint, where there is one.

        Raises:
            SestinaError: X, `pretrained`, an option or the checkpoint cannot be used, or training
                failed; `Trained` says which error is which.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        started = self._begin()
        texts, held = self._held_out(self._texts_of(X), validation)
        self.notes_: list[str] = config.unused(self)
        start = self._start()
        self.vocabulary_, found = self._learnt(texts, start)
        encoded = in_ids(found, self.vocabulary_, self._reading())
        self.tokens_ = len(encoded.ids.values)
        if encoded.empty == len(texts):
            raise DataError(f"no token in {counted(len(texts), 'text')}; give some with words")
        rows = self._laid(encoded.ids, self.running)
        dev = None if held is None else self._laid(self._encode(held), self.running)
        self.network_ = self._built(start)
        self.notes_ += written.notes(encoded, self.network_, self)
        parts = [rows] if dev is None else [rows, dev]
        first = {} if start is None else {"pretrained": weights_digest(start.network_)}
        run = self._train(
            lambda: reading.problem(self.network_, self, rows, dev),
            lambda: self._options_and_data(
                [a for r in parts for a in (r.values, r.offsets)], **first
            ),
            checkpoint,
            resume,
        )
        self._keep(run, started)
        return self

    def _start(self) -> LanguageModel | None:
        """Return the fitted model to begin as; None without one."""
        if self.pretrained is None:
            return None
        start = language_model(self.pretrained, "pretrained", LanguageModel)
        alike = config.to_dict(start, config.CleaningOptions)
        check_same("pretrained", alike | {name: getattr(start, name) for name in ALIKE}, self)
        return start

    def _learnt(self, texts: list[str], start: LanguageModel | None) -> tuple[Vocabulary, Numbered]:
        """Return the vocabulary, which may be another model's and more, and the texts cut up."""
        options = self._reading()
        if start is None:
            if not self.extend:
                self.notes_.append("extend does nothing without pretrained")
            return learn_vocabulary(texts, options)
        known = vocabulary = start.vocabulary_
        found = cut_up(texts, known, options)
        if self.extend and self.level != "subword":  # parts of words are learnt all together
            vocabulary = known.extended(found.counts(), self.vocabulary, self.min_count)
        more = len(vocabulary) - len(known)
        self.notes_.append(
            f"begins as a language model of {counted(len(known), 'token')}"
            + (f"; {more:,} more begin as the mean of these" if more else "")
        )
        return vocabulary, found

    def _built(self, start: LanguageModel | None) -> LanguageNetwork:
        """Return the network to train."""
        cutoffs = None if start is None else start.network_.cutoffs
        with random_stream(self.seed, 0):
            network = LanguageNetwork(self, len(self.vocabulary_), cutoffs=cutoffs)
        if start is not None:
            network.begin_as(start.network_)
        return network

    # What it makes of texts.

    def score_texts(self, X: Any) -> NDArray[np.float64]:
        """Return log P of each text, (N,), natural: of its tokens and of EOS behind them.

        Each text is read by itself, also by a model of running text.
        """
        check_is_fitted(self, "network_")
        rows = self._laid(self._encode(as_texts(X)), running=False)
        return -reading.losses(self.network_, self, rows, running=False)

    def score_text(self, text: str) -> float:
        """Return log P of one text, natural (row E2)."""
        if not isinstance(text, str):
            raise DataError(f"{text!r:.60} came; expected one text, or use score_texts")
        return float(self.score_texts([text])[0])

    def score_tokens(self, text: str) -> list[tuple[str, float]]:
        """Return the tokens of one text, EOS behind them, and log P of each, natural.

        A token outside the vocabulary has the log P of UNK.
        """
        return self.stream().scored(self.tokens(text))

    def score(self, X: Any, y: None = None) -> float:
        """Return the mean log P of a token: minus the logarithm of the perplexity."""
        return -math.log(self.perplexity(X))

    def perplexity(self, X: Any) -> float:
        """Return e to the mean of −log P of a token; EOS and UNK are tokens.

        Texts of a model of running text are taken as one, in their order.
        """
        return self.figures(X)["perplexity"]

    def bits_per_character(self, X: Any) -> float:
        """Return the bits that a character takes on average; a text's end counts as one.

        A word model pays for an unknown word what UNK costs, not its spelling.
        """
        return self.figures(X)["bits_per_character"]

    def figures(self, X: Any) -> dict[str, float]:
        """Return perplexity, bits per character, tokens and characters, and the share unknown.

        Args:
            X: N texts, or the path of a file or folder of them.
        """
        check_is_fitted(self, "network_")
        texts = self._texts_of(X)
        encoded = encode(texts, self.vocabulary_, self._reading())
        rows = self._laid(encoded.ids, self.running)
        total = float(reading.losses(self.network_, self, rows, self.running).sum())
        return written.figures(total, encoded, written.characters(texts, self))

    def task(self, X: Any, y: Any = None) -> Problem:
        """Return what training would see of texts; there is no y."""
        check_is_fitted(self, "network_")
        rows = self._laid(self._encode(self._texts_of(X)), self.running)
        return reading.problem(self.network_, self, rows, None)

    def rows(self, X: Any) -> Ragged:
        """Return texts in the ids that the model reads and foresees; each row begins with EOS.

        A baseline that is to be compared with the model reads these too.
        """
        check_is_fitted(self, "vocabulary_")
        return self._laid(self._encode(self._texts_of(X)), self.running)

    def stream(self) -> TokenStream:
        """Return a text's beginning: feed a token, get the distribution of the next.

        A model that reads backwards begins at a text's end.
        """
        check_is_fitted(self, "network_")
        window = self.tbptt if self.scheme == "windows" else None
        return TokenStream(self.network_, self.vocabulary_, self, self.running, window)

    # Texts in and out.

    def _reading(self) -> TextOptions:
        """Return how texts are read, in the terms of `text.encode`."""
        return written.reading_of(self)

    def _texts_of(self, X: Any) -> list[str]:
        if not isinstance(X, str | Path):
            texts = as_texts(X)
        elif not Path(X).exists():
            raise DataError(f"there is no file {str(X)!r:.80}; give a path, or a list of texts")
        else:
            texts = [text for text in read(X, need_label=False).texts if text.strip()]
        if not texts:
            raise DataError("no text came; give one at least")
        return texts

    def _held_out(self, texts: list[str], validation: Any) -> tuple[list[str], list[str] | None]:
        """Return the texts to train on and those to validate by."""
        if validation is not None:
            return texts, self._texts_of(validation)
        if not self.validation_fraction:
            return texts, None
        if self.running:
            return cut_off_end(texts, self.validation_fraction)
        if len(set(texts)) < 2:
            raise DataError(
                f"{counted(len(texts), 'text')} of one wording came, of which none can be held "
                "out; give others, or validation_fraction=0, or running=True for one long text"
            )
        kept, held = held_out(texts, self.validation_fraction, self.seed)
        return [texts[n] for n in kept], [texts[n] for n in held]

    def _encode(self, texts: Sequence[str]) -> Ragged:
        return encode(texts, self.vocabulary_, self._reading()).ids

    def _laid(self, ids: Ragged, running: bool) -> Ragged:
        """Return texts as rows that begin with EOS: one a text, or one of all.

        A row that is read backwards is turned round, and begins with the EOS that was its end.
        """
        rows = (chunks.joined if running else chunks.framed)(ids, self.vocabulary_[EOS])
        return rows.turned() if self.backwards else rows

    # The model folder.

    def _facts(self) -> dict[str, Any]:
        return {
            "vocabulary": len(self.vocabulary_),
            "tokens": self.tokens_,
            "use": "model.score_text('…')" if self.backwards else "model.generate('', n=50)",
        }

    def _texts(self) -> dict[str, str]:
        return {"vocabulary.json": self.vocabulary_.to_json()}

    def _learned(self) -> dict[str, Any]:
        cutoffs = list(self.network_.cutoffs)
        return {**super()._learned(), "tokens": self.tokens_, "cutoffs": cutoffs}

    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None:
        """Become fitted again from what `_learned` returned, the weights and the text files."""
        self.vocabulary_ = read_vocabulary(files["vocabulary.json"], self.level)
        self.tokens_ = learned["tokens"]
        self._recall(learned, files)
        with random_stream(self.seed, 0):
            cutoffs = learned.get("cutoffs")  # which folders of earlier versions have not
            network = LanguageNetwork(self, len(self.vocabulary_), cutoffs=cutoffs)
        self._take_weights(network, arrays)
