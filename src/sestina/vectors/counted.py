"""GloVe and PMI: word vectors from how often words stand near each other."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sestina.config import GloVeOptions, PMIOptions
from sestina.errors import OptionError
from sestina.interrupt import held
from sestina.kernels.parallel import limited
from sestina.progress import Reporter, counting
from sestina.vectors import glove, pmi
from sestina.vectors.base import VectorsEstimator
from sestina.vectors.checkpoint import Checkpoint, State
from sestina.vectors.corpus import Corpus
from sestina.vectors.table import WordVectors
from sestina.vectors.training import refuse_too_large


@dataclass(eq=False, repr=False, kw_only=True)
class GloVe(GloVeOptions, VectorsEstimator):
    """Word vectors whose products are logarithms of counts (row B3 of the lectures).

    Pennington, Socher and Manning, GloVe: Global Vectors for Word Representation, 2014. The loss
    is Σ f(X) (e·w + b + b' − log X)², with f(X) = min(1, (X / x_max)^alpha); a word's vector is
    (e + w) / 2. The bits do not depend on the number of threads.

    Example:
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "sat"]] * 50
        >>> GloVe(dimensions=8, min_count=1, epochs=2).fit(sentences).vectors_["cat"].shape
        (8,)
    """

    def _learn(self, corpus: Corpus, checkpoint: Path | None, resume: bool) -> None:
        state = State()
        self.history_ = state.history
        refuse_too_large(4 * len(corpus.words), self.dimensions)
        self._say(
            f"counts take about {self.memory:,.0f} MB of memory, then disk; vectors and "
            f"gradients {16e-6 * len(corpus.words) * (self.dimensions + 2):,.0f} MB"
        )
        reporter = Reporter(self.verbose, self.epochs, corpus.read, "words")
        started = time.perf_counter()
        with limited(self.threads), held() as look, reporter:

            def progress(epoch: int, share: float, loss: float) -> None:
                nonlocal started
                done = int(share * corpus.read)
                if epoch and share < 1:
                    reporter.step(epoch, done, loss, done, started)
                else:
                    started = time.perf_counter()
                if epoch and share >= 1:
                    reporter.epoch(state.history[-1], best=False)
                look()

            matrix = glove.train(
                corpus,
                dimensions=self.dimensions,
                window=self.window,
                epochs=self.epochs,
                rate=self.learning_rate,
                x_max=self.x_max,
                alpha=self.alpha,
                seed=self.seed,
                memory=self.memory,
                checkpoint=Checkpoint(checkpoint, resume, self, corpus),
                state=state,
                progress=progress,
            )
            self.vectors_ = WordVectors(corpus.words, matrix, counts=corpus.counts)


@dataclass(eq=False, repr=False, kw_only=True)
class PMI(PMIOptions, VectorsEstimator):
    """Word vectors by pointwise mutual information and a truncated SVD (row B1 of the lectures).

    PMI = log2(N · C(w, c) / (C(w) C(c))) over a window, with C(c) to the power `smoothing`
    (normalised); its positive part, shifted by log2 of
    `shift` (Levy and Goldberg, Neural Word Embedding as Implicit Matrix Factorization, 2014);
    vectors are the rows of U Σ^power.

    Example:
        >>> sentences = [["the", "cat", "sat"], ["the", "dog", "sat"]] * 50
        >>> PMI(dimensions=2, min_count=1).fit(sentences).vectors_["cat"].shape
        (2,)
    """

    def _learn(self, corpus: Corpus, checkpoint: Path | None, resume: bool) -> None:
        if checkpoint is not None:
            raise OptionError("PMI keeps no checkpoint; leave checkpoint and resume out")
        self.history_: list[dict[str, float]] = []
        self._say(
            f"counts take about {self.memory:,.0f} MB of memory, then disk; "
            "each distinct pair of words 8 to 16 bytes beside them"
        )
        with limited(self.threads), counting(self.verbose, "counting pairs, and their SVD"):
            matrix = pmi.train(
                corpus,
                dimensions=self.dimensions,
                window=self.window,
                shift=self.shift,
                smoothing=self.smoothing,
                positive=self.positive,
                power=self.power,
                seed=self.seed,
                memory=self.memory,
            )
        self.vectors_ = WordVectors(corpus.words, matrix, counts=corpus.counts)
