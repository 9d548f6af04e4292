"""Word2Vec: skip-gram, continuous bag of words, and one word of context.

Mikolov, Chen, Corrado and Dean, Efficient Estimation of Word Representations in Vector Space,
2013; Mikolov, Sutskever, Chen, Corrado and Dean, Distributed Representations of Words and Phrases
and their Compositionality, 2013. Negatives are shared within a window, as by Ji, Satish, Li and
Dubey, Parallelizing Word2Vec in Shared and Distributed Memory, 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sestina.config import Word2VecOptions
from sestina.errors import DataError, OptionError, counted
from sestina.interrupt import finishing
from sestina.kernels.word2vec import Net, Settings
from sestina.vectors.base import VectorsEstimator
from sestina.vectors.corpus import Corpus
from sestina.vectors.softmax import MOST_WORDS, Softmax
from sestina.vectors.table import WordVectors
from sestina.vectors.training import Run, begin, shared_settings

KERNELS = {"skipgram": "skipgram", "cbow": "cbow", "one-word": "skipgram"}


@dataclass(eq=False, repr=False, kw_only=True)
class Word2Vec(Word2VecOptions, VectorsEstimator):
    """Word vectors by predicting words from words (rows B2 and B10 of the lectures).

    Skip-gram predicts a word from each of its neighbours on its own, CBOW from their mean,
    one-word from the word before it. The output layer is negative sampling, hierarchical softmax
    over a Huffman tree, or the full softmax, which is for teaching and small vocabularies.

    Example:
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "sat"]] * 50
        >>> model = Word2Vec(dimensions=8, min_count=1, epochs=2).fit(sentences)
        >>> model.vectors_["cat"].shape
        (8,)
    """

    def _check(self) -> None:
        if self.output == "softmax" and self.deterministic:
            raise OptionError(
                "output='softmax' is trained by one thread and always deterministic; "
                "leave deterministic=True out"
            )

    def _learn(self, corpus: Corpus, checkpoint: Path | None, resume: bool) -> None:
        if self.output == "softmax":
            self._learn_softmax(corpus, checkpoint)
            return
        net = begin(corpus, self, inputs=len(corpus.words), spread=0.5)
        settings = Settings(back_only=self.method == "one-word", **shared_settings(self))
        run = Run(KERNELS[self.method], net, settings, corpus, self)
        self.history_ = run.state.history
        with finishing(lambda: self._keep(corpus, net)):
            run.train(checkpoint, resume)

    def _keep(self, corpus: Corpus, net: Net) -> None:
        """Set `vectors_`: the rows of the words, and of the output layer where words have any."""
        words, size = len(corpus.words), self.dimensions
        outputs = None
        if self.output == "negative":
            outputs = net.table[net.first_output : net.first_output + words, :size].copy()
        self.vectors_ = WordVectors(
            corpus.words, net.table[:words, :size].copy(), outputs=outputs, counts=corpus.counts
        )

    def _learn_softmax(self, corpus: Corpus, checkpoint: Path | None) -> None:
        if len(corpus.words) > MOST_WORDS:
            raise DataError(
                f"output='softmax' computes all of {counted(len(corpus.words), 'word')} at every "
                f"step; it is for {MOST_WORDS:,} at most: raise min_count, lower vocabulary, or "
                "choose output='negative'"
            )
        if checkpoint is not None:
            raise OptionError("output='softmax' keeps no checkpoint; leave checkpoint out")
        run = Softmax(corpus, self)
        self.history_ = run.history
        with finishing(lambda: self._keep_softmax(corpus, run)):
            run.train()

    def _keep_softmax(self, corpus: Corpus, run: Softmax) -> None:
        self.vectors_ = WordVectors(
            corpus.words, run.inputs, outputs=run.outputs, counts=corpus.counts
        )
