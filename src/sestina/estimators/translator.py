"""Translator: sentences → their translations."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sestina import config, metrics
from sestina.config import TranslationTextOptions, TranslatorOptions, TranslatorTrainingOptions
from sestina.data.ragged import Ragged
from sestina.errors import DataError, DataWarning, OptionError, counted
from sestina.estimators import translating, written
from sestina.estimators.trained import Trained
from sestina.estimators.translating import AttentionMap, NumberedPairs
from sestina.estimators.validation import drawn, pair_of
from sestina.nn.lexicon import Table
from sestina.nn.translator import TranslatorNetwork
from sestina.text.encode import Encoded
from sestina.text.ibm1 import IBM1
from sestina.text.inputs import as_texts
from sestina.text.languages import WHOLE, Language
from sestina.text.parts import read_vocabulary
from sestina.text.transformer import of_texts
from sestina.text.vocabulary import EOS
from sestina.train import Problem, random_stream

UNKNOWN = 1  # the id of UNK


@dataclass(eq=False, repr=False, kw_only=True)
class Translator(
    TranslationTextOptions, TranslatorOptions, TranslatorTrainingOptions, Trained, BaseEstimator
):
    """Learn to translate sentences from pairs: an encoder and a decoder with attention (row E5).

    The options are those of `sestina.config`: `TranslationTextOptions`, `TranslatorOptions` and
    `TranslatorTrainingOptions`. Anything that texts can be turned into may be a translation:
    another language, another spelling, dates in another form.

    Attributes (after `fit`):
        source_: The `Language` of the sentences.
        target_: The `Language` of the translations.
        dictionary_: What each word of the training sentences mostly becomes (IBM model 1), by which
            UNKs are filled in; empty unless words are copied.

    Example:
        >>> from sestina import Translator
        >>> sentences = [f"{a} {b}" for a in "abcd" for b in "abcd"] * 8
        >>> reversed_ = [text[::-1] for text in sentences]
        >>> net = Translator(level="word", hidden=16, embedding=16, dropout=0, input_dropout=0)
        >>> net = net.set_params(learning_rate=0.03, epochs=15, validation_fraction=0)
        >>> net.fit(sentences, reversed_).predict(["c a"])
        ['a c']
    """

    _files: ClassVar[tuple[str, ...]] = (
        "vocabulary.json", "target-vocabulary.json", "dictionary.json",
    )  # fmt: skip

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that inputs are one-dimensional lists of strings."""
        return of_texts(super().__sklearn_tags__())

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: tuple[Any, Any] | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on N sentences and their translations.

        Args:
            X: N sentences.
            y: N translations.
            validation: Sentences and translations for early stopping; by default
                ``validation_fraction`` of the pairs is held out, those of one sentence together.
            checkpoint: Folder for a checkpoint after each epoch.
            resume: Go on from that checkpoint, where there is one.

        Raises:
            SestinaError: X or y, an option or the checkpoint cannot be used, or training failed;
                `Trained` says which error is which.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        started = self._begin()
        self.notes_ = [*config.unused(self), *self._idle()]
        sources, targets = translating.paired(X, y)
        sources, targets, held = self._held_out(sources, targets, validation)
        pairs = self._learn(sources, targets)
        dev = None if held is None else self._numbered(*held)
        table = self._table(pairs)
        with random_stream(self.seed, 0):
            self.network_ = self._build(table)
        parts = [pairs] if dev is None else [pairs, dev]
        run = self._train(
            lambda: translating.problem(self.network_, self, pairs, dev),
            lambda: self._options_and_data([a for part in parts for a in part.arrays()]),
            checkpoint,
            resume,
        )
        self._keep(run, started)
        return self

    # What it makes of sentences.

    def predict(self, X: Any, beam: int | None = None) -> list[str]:
        """Return translations of N sentences; that of one without a token is empty.

        Args:
            X: N sentences.
            beam: Beginnings that are followed up side by side; the option by default.

        Raises:
            DataError: X is no list of texts.
            OptionError: `beam` is none.
        """
        check_is_fitted(self, "network_")
        if beam is not None:
            config.check(TranslatorOptions(beam=beam))
        texts = as_texts(X)
        sources = self._read(texts)
        found = translating.searched(
            self.network_,
            sources,
            end=self.target_.end,
            width=int(beam or self.beam),
            penalty=self.length_penalty,
            without=() if self._copies() else (UNKNOWN,),
        )
        found = [ids if size > 1 else [] for ids, size in zip(found, sources.lengths, strict=True)]
        tokens = [self.target_.tokens(ids) for ids in found]
        if self._copies():
            self._fill(texts, sources, found, tokens)
        return [self.target_.joined(row) for row in tokens]

    def score(self, X: Any, y: Any) -> float:
        """Return chrF, 0 to 100, of the translations of X.

        Args:
            X: N sentences.
            y: Their translations.

        Raises:
            MissingExtra: sacrebleu is not installed.
        """
        check_is_fitted(self, "network_")
        metrics.sacrebleu()  # said before any search
        sources, targets = translating.paired(X, y)
        return metrics.translation(targets, self.predict(sources))["chrf"]

    def evaluate(self, X: Any, y: Any, beam: int | None = None) -> dict[str, Any]:
        """Return "chrf", "bleu", the share of "exact" translations, "perplexity", "sentences".

        chrF and BLEU are 0 to 100; the perplexity is that of the true translations' tokens.

        Raises:
            MissingExtra: sacrebleu is not installed.
        """
        check_is_fitted(self, "network_")
        metrics.sacrebleu()  # said before any search
        sources, targets = translating.paired(X, y)
        return self.figures(sources, targets, self.predict(sources, beam))

    def figures(self, X: Any, y: Any, put: Sequence[str]) -> dict[str, Any]:
        """Return what `evaluate` does, for translations of X that were made already.

        Raises:
            MissingExtra: sacrebleu is not installed.
        """
        check_is_fitted(self, "network_")
        sources, targets = translating.paired(X, y)
        pairs = self._numbered(sources, targets)
        mean = float(translating.losses(self.network_, pairs).sum()) / len(pairs.targets.values)
        return {
            **metrics.translation(targets, put),
            "perplexity": metrics.perplexity(mean),
            "sentences": len(targets),
        }

    def task(self, X: Any, y: Any = None) -> Problem:
        """Return what training would see of sentences and their translations."""
        check_is_fitted(self, "network_")
        pairs = self._numbered(*translating.paired(X, y))
        return translating.problem(self.network_, self, pairs, None)

    def score_pairs(self, X: Any, y: Any) -> NDArray[np.float64]:
        """Return log P of each translation given its sentence, natural, its end included, (N,)."""
        check_is_fitted(self, "network_")
        return -translating.losses(self.network_, self._numbered(*translating.paired(X, y)))

    def attention_weights(self, source: str, target: str | None = None) -> AttentionMap:
        """Return how the tokens of a translation attend to those of its source.

        Args:
            source: A sentence.
            target: Its translation; by default the one that `predict` makes.

        Raises:
            DataError: Either is no text.
            OptionError: The network has no attention.
        """
        check_is_fitted(self, "network_")
        if self.attention is None:
            raise OptionError(
                "attention=None has no weights to show; train with 'additive' or 'dot'"
            )
        for text in (source, target):
            if not isinstance(text, str | None) or text is source is None:
                raise DataError(f"{text!r:.60} came; expected one text")
        put = self.predict([source])[0] if target is None else target
        pairs = self._numbered([source], [put])
        (weights,) = translating.attended(self.network_, pairs)
        size = weights.shape[1] - 1
        return AttentionMap(
            weights, [*self.target_.cut(put), EOS], [*self.source_.cut(source)[:size], EOS]
        )

    # How a fit goes, step by step.

    def _idle(self) -> list[str]:
        """Return a sentence for what is set, but does nothing without another option."""
        if self.level == "word" and self.copy and self.attention is None:
            return ["copy does nothing without attention"]
        return []

    def _copies(self) -> bool:
        return self.level == "word" and self.copy and self.attention is not None

    def _held_out(
        self, sources: list[str], targets: list[str], validation: Any
    ) -> tuple[list[str], list[str], tuple[list[str], list[str]] | None]:
        """Return training pairs, and the validation part, drawn if none was given."""
        if validation is not None:
            pair = pair_of(validation, "sentences, translations")
            return sources, targets, translating.paired(*pair)
        return drawn(sources, targets, sources, self)

    def _learn(self, sources: list[str], targets: list[str]) -> NumberedPairs:
        """Learn both languages; return the training pairs in ids, too long ones left out."""
        reading = written.reading_of(self)
        if self.shared:
            self.source_, _ = Language.learn([*sources, *targets], reading)
            self.target_ = self.source_
            found = [language.encode(side) for language, side in self._sides(sources, targets)]
        else:
            self.source_, one = Language.learn(sources, reading)
            self.target_, other = Language.learn(targets, reading)
            found = [one, other]
        self._note(*found)
        self.dictionary_: dict[str, str] = {}
        if self._copies():
            cut = [[language.cut(text) for text in side]
                   for language, side in self._sides(sources, targets)]  # fmt: skip
            self.dictionary_ = IBM1().fit(*cut).dictionary()
        lengths = np.maximum(*(part.ids.lengths - 1 for part in found))
        kept = np.flatnonzero(lengths <= self.max_tokens)
        if not len(kept):
            raise OptionError(
                f"max_tokens={self.max_tokens} leaves no pair to train on: the shortest has "
                f"{counted(int(lengths.min()), 'token')} on a side"
            )
        if len(kept) < len(lengths):
            left = counted(len(lengths) - len(kept), "pair")
            self.notes_.append(f"left out {left} with more than {self.max_tokens:,} on a side")
        rows = [part.ids.take(kept) for part in found]
        return NumberedPairs(rows[0], rows[1], self.target_.end)

    def _sides(self, X: Any, y: Any) -> tuple[tuple[Language, Any], tuple[Language, Any]]:
        return (self.source_, X), (self.target_, y)

    def _note(self, source: Encoded, target: Encoded) -> None:
        """Say once what is unknown in the training pairs."""
        for name, found, language in (
            ("sentences", source, self.source_), ("translations", target, self.target_),
        ):  # fmt: skip
            if found.unknown:
                self.notes_.append(
                    f"{found.unknown / found.tokens:.1%} of the running tokens of the {name} are "
                    f"outside the vocabulary of {len(language.vocabulary):,}"
                )

    def _table(self, pairs: NumberedPairs) -> Table | None:
        """Return what the training pairs make of each source token; None where it does nothing."""
        if not self.lexicon or self.attention is None or self.level == "character":
            return None
        table, used = translating.table_of(pairs, self.source_, self.target_)
        if used < len(pairs):
            of = counted(len(pairs), "pair")
            self.notes_.append(f"the lexicon is learnt from the first {used:,} of {of}")
        return table

    def _build(self, table: Table | None) -> TranslatorNetwork:
        sizes = (len(self.source_.vocabulary), len(self.target_.vocabulary))
        return TranslatorNetwork(self, *sizes, self.shared, self.label_smoothing, table)

    # Sentences in numbers.

    def _read(self, texts: Sequence[str]) -> Ragged:
        """Return sentences in ids, and warn of those that are too long."""
        found = self.source_.encode(texts, self.max_tokens)
        if found.truncated:
            warnings.warn(
                f"only the first {counted(self.max_tokens, 'token')} are translated of "
                f"{found.truncated:,} of {counted(len(texts), 'sentence')}",
                DataWarning,
                stacklevel=3,
            )
        return found.ids

    def _numbered(self, sources: Sequence[str], targets: Sequence[str]) -> NumberedPairs:
        """Return pairs in ids, sources cut as `predict` cuts them, translations whole."""
        one = self.source_.encode(sources, self.max_tokens).ids
        return NumberedPairs(one, self.target_.encode(targets, WHOLE).ids, self.target_.end)

    def _fill(
        self, texts: Sequence[str], sources: Ragged, found: list[list[int]], tokens: list[list[str]]
    ) -> None:
        """Put what they attend to in the place of UNKs in translations, `tokens`."""
        rows = [n for n, ids in enumerate(found) if UNKNOWN in ids]
        if not rows:
            return
        ends = [np.array([*found[n], self.target_.end], np.int32) for n in rows]
        pairs = NumberedPairs(
            sources.take(np.array(rows)), Ragged.of(ends, ends[0][:0]), self.target_.end
        )
        for n, weights in zip(rows, translating.attended(self.network_, pairs), strict=True):
            cut = self.source_.cut(texts[n])[: weights.shape[1] - 1]
            tokens[n] = translating.filled(tokens[n], weights, cut, self.dictionary_)

    # The model folder.

    def _facts(self) -> dict[str, Any]:
        sizes = [len(language.vocabulary) for language in (self.source_, self.target_)]
        return {"vocabularies": sizes, "use": "model.predict(['…'])"}

    def _texts(self) -> dict[str, str]:
        vocabularies = [side.vocabulary.to_json() for side in (self.source_, self.target_)]
        words = json.dumps(self.dictionary_, ensure_ascii=False, indent=0) + "\n"
        return dict(zip(self._files, (*vocabularies, words), strict=True))

    def _remember(
        self, learned: dict[str, Any], arrays: dict[str, NDArray[Any]], files: dict[str, str]
    ) -> None:
        """Become fitted again from what `_learned` returned, the weights and the text files."""
        self._recall(learned, files)
        one, other = (read_vocabulary(files[name], self.level) for name in self._files[:2])
        reading = written.reading_of(self)
        self.source_ = Language(one, reading)
        self.target_ = self.source_ if self.shared else Language(other, reading)
        words = json.loads(files[self._files[2]])
        self.dictionary_ = {str(word): str(entry) for word, entry in words.items()}
        names = [f"lexicon.{name}" for name in Table._fields]
        table = Table(*(arrays[name] for name in names)) if names[0] in arrays else None
        with random_stream(self.seed, 0):
            network = self._build(table)
        self._take_weights(network, arrays)
