"""The one loop of word2vec and its kin: epochs over a corpus, progress, checkpoints."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sestina.config import SamplingOptions
from sestina.errors import DataError, TrainingError, counted
from sestina.interrupt import held
from sestina.kernels.chance import mixed
from sestina.kernels.huffman import paths
from sestina.kernels.noise import MOST, alias_table
from sestina.kernels.parallel import limited
from sestina.kernels.word2vec import Net, Settings, Trainer, new_table, padded, room_for
from sestina.progress import Reporter
from sestina.vectors.checkpoint import Checkpoint, State
from sestina.vectors.corpus import Corpus

CHUNK, TOGETHER = 8192, 64  # tokens, and chunks between two looks at progress and Ctrl-C
LEAST_CHUNK = 256  # tokens, of a small corpus
PIECES = 256  # of the corpus, taken in random order
# the same where chunks keep their changes to themselves: each goes as far as it sees fit alone, and
# many go too far together where every one comes near to where it goes: with more work a word than
# is usual, and near the root of a Huffman tree
PRIVATE, PRIVATE_FEW = (1024, 4), (2048, 2)
USUAL_WORK = 30  # pairs of a word on one side: window 5, five negatives and the word itself
SHARED = 8  # negatives of a group of CBOW
LEAST_RATE = 1e-4  # of the first
RUN_AWAY = 3.0  # times the loss of guessing: by then the vectors tell nothing any more
MUCH = 1e8  # bytes
DRAWN = 1 << 20  # random numbers of a table at once; scaled, they take twice their room


@dataclass
class Run:
    """A training that is under way.

    Attributes:
        method: Key of `sestina.kernels.word2vec.KERNELS`.
        net: What is trained.
        settings: How.
        corpus: On what.
        options: Those of the estimator.
        state: How far it has come; parts of an epoch are chunks.
    """

    method: str
    net: Net
    settings: Settings
    corpus: Corpus
    options: SamplingOptions
    state: State = field(default_factory=State)

    def train(self, path: Path | None, resume: bool) -> None:
        """Train to the last epoch.

        Args:
            path: A file for the state, or None.
            resume: Go on from that, where it exists.

        Raises:
            DataError: No two words stand in one sentence, or contexts would not fit into memory.
            OptionError: The checkpoint is of another run.
            TrainingError: The vectors are not finite any more, or worse than guessing by far.
            KeyboardInterrupt: After Ctrl-C; the state is saved first.
        """
        options, tokens = self.options, self.corpus.read
        if not self.net.first_document:
            refuse_lone_words(self.corpus)
        checkpoint = Checkpoint(path, resume, options, self.corpus)
        checkpoint.load(self.net.table, self.state)
        reporter = Reporter(options.verbose, options.epochs, tokens, "words")
        try:
            with limited(options.threads), held() as look, reporter:
                if self.state.epoch or self.state.part:
                    reporter.say(f"resumed {self.state}")
                self._budget(reporter)
                chunks = self._chunks()
                trainer = Trainer(self.method, self.net, self.settings, *self._sizes())
                while self.state.epoch < options.epochs:
                    self._epoch(trainer, *self._shuffled(*chunks), reporter, look)
                    checkpoint.save(self.net.table, self.state)
        except KeyboardInterrupt:
            checkpoint.save(self.net.table, self.state)
            raise

    def _sizes(self) -> tuple[int, int]:
        """Return the tokens of a chunk and the chunks of a run of the kernel."""
        tokens = len(self.corpus.ids)
        if not self.settings.private:
            return int(np.clip(tokens // TOGETHER, LEAST_CHUNK, CHUNK)), TOGETHER
        work = self.settings.window * (1 + self.settings.negatives)
        few = self.net.path is not None or work > USUAL_WORK
        chunk, together = PRIVATE_FEW if few else PRIVATE
        # a small corpus needs its changes sooner, whatever that costs
        size = int(np.clip(tokens // 128, 32, chunk))
        return size, int(np.clip(tokens // size // 32, 2, together))

    def _budget(self, reporter: Reporter) -> None:
        """Say how much memory contexts take beside the table, if it is much; refuse too much."""
        wanted = room_for(self.method, self.net, self.settings, *self._sizes())
        if wanted > _memory():
            raise DataError(
                f"contexts of window={self.options.window} and negative={self.options.negative} "
                f"take {wanted / 1e9:.1f} GB while they are trained, this machine has "
                f"{_memory() / 1e9:.1f}; lower window, negative or dimensions"
            )
        if wanted > MUCH:
            reporter.say(f"contexts take {1e-6 * wanted:,.0f} MB more while they are trained")

    def _chunks(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return each chunk's first token and end, (N, 2), and the sentences before it, (N,)."""
        ids, (size, _) = self.corpus.ids, self._sizes()
        firsts = np.arange(0, len(ids), size)
        spans = np.column_stack([firsts, np.append(firsts[1:], len(ids))])
        ends = [np.count_nonzero(ids[first:end] < 0) for first, end in spans]
        return spans, np.cumsum([0, *ends[:-1]])

    def _shuffled(
        self, spans: NDArray[np.int64], documents: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the chunks in the random order of this epoch.

        Texts are often sorted, by source or by date, and what comes last would learn least.
        """
        seed = mixed(self.options.seed, self.state.epoch)
        together = -(-len(spans) // PIECES)  # chunks that stay together, whose words are much alike
        starts = np.random.default_rng(seed).permutation(np.arange(0, len(spans), together))
        order = (starts[:, None] + np.arange(together)).ravel()
        order = order[order < len(spans)]
        return spans[order], documents[order]

    def _epoch(
        self,
        trainer: Trainer,
        spans: NDArray[np.int64],
        documents: NDArray[np.int64],
        reporter: Reporter,
        look: Callable[[], None],
    ) -> None:
        """Train one epoch, or what is left of it."""
        options, state, started = self.options, self.state, time.perf_counter()
        first, chunks = state.part, len(spans)
        done = np.cumsum([0, *(spans[:, 1] - spans[:, 0])])
        scale = self.corpus.read / len(self.corpus.ids)
        while state.part < chunks:
            last = min(state.part + self._sizes()[1], chunks)
            some = slice(state.part, last)
            shares = (state.epoch + done[some] / done[-1]) / options.epochs
            rates = options.learning_rate * np.maximum(1 - shares, LEAST_RATE)
            more = trainer.run(
                self.corpus.ids, spans[some], documents[some],
                rates.astype(np.float32), mixed(options.seed, state.epoch),
            )  # fmt: skip
            state.add(*more)
            state.part, so_far = last, int((done[last] - done[first]) * scale)
            reporter.step(state.epoch + 1, int(done[last] * scale), state.mean, so_far, started)
            look()
        self._refuse_useless()
        words, seconds = (done[-1] - done[first]) * scale, time.perf_counter() - started
        reporter.epoch(state.end_epoch(words, seconds), best=False)

    def _refuse_useless(self) -> None:
        rate = f"learning_rate={self.options.learning_rate:g}"
        if not np.isfinite(self.net.table).all():
            raise TrainingError(f"the vectors are not finite any more with {rate}; lower it")
        guess, loss = self._guess(), self.state.mean
        if loss > RUN_AWAY * guess:
            raise TrainingError(
                f"the vectors run away with {rate}: their loss is {loss:.1f}, that of guessing "
                f"{guess:.1f}; lower learning_rate, window or negative"
            )

    def _guess(self) -> float:
        """Return the loss of a pair, at most, where every output has a chance of one half."""
        starts = self.net.path_starts
        outputs = 1 + self.settings.negatives if starts is None else np.diff(starts).max()
        return math.log(2) * float(outputs)


def shared_settings(options: SamplingOptions) -> dict[str, Any]:
    """Return the settings of the kernels that all methods read from the options."""
    return {
        "window": options.window,
        "negatives": options.negative,
        "shared": max(SHARED, options.negative),
        "private": options.deterministic,
    }


# --- what a net begins with -----------------------------------------------------------------


def begin(
    corpus: Corpus, options: SamplingOptions, inputs: int, spread: float, documents: int = 0
) -> Net:
    """Return a net for a corpus: random inputs and documents, outputs of zero.

    Args:
        corpus: What it will be trained on.
        options: Of the training.
        inputs: Rows of words, or of their parts.
        spread: Inputs are uniform between ± `spread` / D.
        documents: Rows of documents.

    Raises:
        DataError: The table would not fit into memory.
    """
    words, tree = len(corpus.words), options.output == "hierarchical"
    if tree and words < 2:
        raise DataError("hierarchical softmax needs two different words or more; give more text")
    outputs = words - 1 if tree else words
    rows = inputs + outputs + documents
    refuse_too_large(rows, options.dimensions)
    if options.verbose:
        size = 4e-6 * rows * padded(options.dimensions)
        Reporter(True, 1, 1, "words").say(
            f"{counted(rows, 'row')} of vectors take {size:,.0f} MB of memory, "
            "while they are saved up to three times that"
        )
    table = new_table(rows, options.dimensions)
    rng = np.random.default_rng(options.seed)
    width = np.float32(2 * spread / options.dimensions)
    together = max(DRAWN // options.dimensions, 1)  # rows
    for first, last in ((0, inputs), (inputs + outputs, rows)):
        for start in range(first, last, together):
            part = table[start : min(start + together, last), : options.dimensions]
            part[:] = (rng.random(part.shape, np.float32) - np.float32(0.5)) * width
    starts, path = paths(corpus.counts) if tree else (None, None)
    return Net(
        table=table,
        first_output=inputs,
        first_document=inputs + outputs if documents else 0,
        keep=thresholds(corpus.counts, options.subsample),
        noise=None if tree else alias_table(corpus.counts.astype(np.float64) ** options.noise),
        path_starts=starts,
        path=path,
    )


def thresholds(counts: NDArray[np.int64], subsample: float | None) -> NDArray[np.int32]:
    """Return the 31-bit chances (V,) with which words survive subsampling.

    The chance is √(t/f) + t/f for a word's share f, as in word2vec's code.
    """
    if not subsample:
        return np.full(len(counts), MOST, np.int32)
    ratio = subsample * counts.sum() / counts
    chances: NDArray[np.int32] = np.empty(len(counts), np.int32)
    chances[:] = np.minimum((np.sqrt(ratio) + ratio) * 2.0**31, MOST)
    return chances


def refuse_too_large(rows: int, dimensions: int) -> None:
    """Raise where a table would not fit into memory.

    Raises:
        DataError: The sentence has the sizes.
    """
    wanted = 4 * rows * padded(dimensions)
    if wanted > _memory():
        raise DataError(
            f"{counted(rows, 'row')} of {dimensions} numbers take {wanted / 1e9:.1f} GB, this "
            f"machine has {_memory() / 1e9:.1f}; raise min_count, or lower vocabulary, dimensions "
            "or buckets"
        )


def _memory() -> float:
    """Return the bytes of memory that the machine has, ∞ where it does not tell."""
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return math.inf


def refuse_lone_words(corpus: Corpus) -> None:
    """Raise where every sentence is one word: no word has a context then, and nothing is learnt.

    Raises:
        DataError: It is so; a word a line is what some programs write.
    """
    ids = corpus.ids
    for start in range(0, len(ids) - 1, 1 << 20):
        here = ids[start : start + (1 << 20) + 1] >= 0
        if (here[1:] & here[:-1]).any():
            return
    raise DataError(
        "no two words of the corpus stand in one sentence; put a whole sentence on each line, or "
        "lower min_count"
    )
