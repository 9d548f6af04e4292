"""What all estimators of word vectors share: options, reading a corpus, what `fit` leaves."""

from __future__ import annotations

import tempfile
import time
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sestina import config, store
from sestina.config import CorpusOptions, VectorOptions
from sestina.errors import OptionError, counted
from sestina.kernels.parallel import limited
from sestina.progress import Reporter, counting
from sestina.vectors import corpus as corpora
from sestina.vectors.corpus import Corpus, Source
from sestina.vectors.kmers import read_kmers


@dataclass(eq=False, repr=False, kw_only=True)
class VectorsEstimator(CorpusOptions, VectorOptions, BaseEstimator):
    """Base of the estimators that learn word vectors from a corpus.

    Attributes (after `fit`):
        vectors_: The `WordVectors`.
        history_: One row per epoch: `loss`, and where it is measured `seconds` and
            `sequences_per_second`, which are words.
        tokens_: Tokens read, those of rare words included.
        sentences_: Sentences of which a word was kept (of `Doc2Vec`, all: its documents).
        seconds_: Seconds that `fit` took, reading included.
        reading_seconds_: Those of reading and counting.
    """

    _keep_empty: ClassVar[bool] = False

    @abstractmethod
    def _learn(self, corpus: Corpus, checkpoint: Path | None, resume: bool) -> None:
        """Learn from a corpus: set `vectors_` and `history_`."""

    def fit(
        self,
        corpus: Source,
        y: None = None,
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn vectors of the words of a corpus.

        Args:
            corpus: A text file or several, one sentence a line, perhaps compressed (.gz, .xz,
                .zst); or an iterable of lists of tokens. A sentence may be of any length.
            y: Not used; scikit-learn passes it.
            checkpoint: A file for the state after each epoch, and after Ctrl-C.
            resume: Go on from the checkpoint, where there is one.

        Raises:
            DataError: A file cannot be read, or no word is left.
            OptionError: An option makes no sense, or the checkpoint is of another run.
            TrainingError: The vectors are not finite any more, or worse than guessing by far.
            SestinaError: The checkpoint cannot be written.
            KeyboardInterrupt: After Ctrl-C; what was learnt so far is in `vectors_` (PMI, and
                GloVe before it has counted, have learnt nothing).
        """
        config.check(self)
        self._check()
        place = None if checkpoint is None else _writable(Path(checkpoint))
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)  # a fit that fails leaves nothing fitted
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="sestina-") as folder:
            with limited(self.threads):
                read = self._read(corpus, Path(folder) / "ids")
            self.reading_seconds_ = time.perf_counter() - started
            self.tokens_, self.sentences_ = read.read, read.sentences
            self._say(
                f"{counted(read.read, 'word')}, {counted(len(read.words), 'different one')} kept, "
                f"{counted(read.sentences, 'sentence')}, read in {self.reading_seconds_:.1f} s"
            )
            try:
                self._learn(read, place, resume)
            finally:
                self.seconds_ = time.perf_counter() - started
                read.close()
        return self

    def _check(self) -> None:
        """Raise OptionError where options do not go together."""

    def _read(self, source: Source, file: Path) -> Corpus:
        if self.kmers is not None:
            return read_kmers(
                source, file, self.kmers, self.min_count, self.vocabulary, self.seed, self.encoding
            )
        with counting(self.verbose, "reading: {} words") as progress:
            return corpora.read(
                source,
                file,
                tokens=self.tokens,
                lowercase=self.lowercase,
                encoding=self.encoding,
                min_count=self.min_count,
                vocabulary=self.vocabulary,
                keep_empty=self._keep_empty,
                progress=progress,
            )

    def _say(self, sentence: str) -> None:
        """Show one sentence, if progress is shown."""
        Reporter(self.verbose, 1, 1, "words").say(sentence)

    def save(self, path: str | Path, **options: Any) -> None:
        """Write the vectors in the format that the ending of the file's name tells.

        Raises:
            NotFittedError: `fit` was not called before.
            SestinaError: The file cannot be written.
        """
        check_is_fitted(self, "vectors_")
        self.vectors_.save(path, **options)


def _writable(checkpoint: Path) -> Path:
    """Return where a state can be written, which is to be known before an epoch is trained.

    Raises:
        OptionError: It is a folder.
        SestinaError: Nothing can be written there.
    """
    if checkpoint.is_dir():
        raise OptionError(f"checkpoint={str(checkpoint)!r} is a folder; name a file in it")
    store.refuse_unwritable(checkpoint)
    return checkpoint
