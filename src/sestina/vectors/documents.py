"""Doc2Vec: vectors of documents, PV-DBOW and PV-DM.

Le and Mikolov, Distributed Representations of Sentences and Documents, 2014.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sestina import config
from sestina.config import Doc2VecOptions, to_dict
from sestina.errors import ModelError, OptionError, SestinaError
from sestina.interrupt import finishing
from sestina.kernels.chance import mixed
from sestina.kernels.locks import Lock
from sestina.kernels.parallel import limited
from sestina.kernels.word2vec import Net, Settings, Trainer
from sestina.store import read_arrays, write_arrays
from sestina.text.inputs import as_documents
from sestina.vectors.base import VectorsEstimator
from sestina.vectors.corpus import Corpus, tokens_of
from sestina.vectors.storage import DOCUMENTS
from sestina.vectors.table import WordVectors
from sestina.vectors.training import LEAST_RATE, Run, begin, shared_settings

KERNELS = {"dbow": "dbow", "dm": "cbow"}
SPARE = 64  # documents that are inferred at once
ROOM = 1 << 20  # tokens that these have at most, all counted as long as the longest
_inferring = Lock()


def _together(sizes: list[int]) -> int:
    """Return how many of the first texts, at least one, find room at once."""
    longest = 0
    for count, size in enumerate(sizes):
        longest = max(longest, size + 1)
        if count and longest * (count + 1) > ROOM:
            return count
    return len(sizes)


@dataclass(eq=False, repr=False, kw_only=True)
class Doc2Vec(Doc2VecOptions, VectorsEstimator):
    """Vectors of documents (row B4 of the lectures): each line, or list of tokens, is one.

    PV-DBOW predicts each word from its document's vector alone; PV-DM from the mean of that and
    of the words around it.

    Attributes (after `fit`, besides those of `VectorsEstimator`):
        documents_: Vectors of the documents, as `WordVectors` named "0", "1", …; zeros for one
            of which no word was kept.
        vectors_: Those of the words: with PV-DM what contexts are made of, with PV-DBOW the
            weights of the output layer (with a Huffman tree there are none).

    Example:
        >>> texts = [["good", "film"], ["bad", "film"]] * 20
        >>> model = Doc2Vec(dimensions=8, min_count=1, epochs=2).fit(texts)
        >>> model.infer([["good", "film"]]).shape
        (1, 8)
    """

    _keep_empty: ClassVar[bool] = True

    def _check(self) -> None:
        if self.kmers is not None:
            raise OptionError(
                "Doc2Vec reads texts, not k-mers; leave kmers out, or train Word2Vec on them"
            )

    def _learn(self, corpus: Corpus, checkpoint: Path | None, resume: bool) -> None:
        net = begin(corpus, self, len(corpus.words), 0.5, documents=corpus.sentences + SPARE)
        ends = np.flatnonzero(corpus.ids < 0)
        empty = np.flatnonzero(np.diff(ends, prepend=-1) == 1)
        net.table[net.first_document + empty] = 0  # no word trains them, nor is near to them
        settings = Settings(**shared_settings(self))
        run = Run(KERNELS[self.method], net, settings, corpus, self)
        self.history_ = run.state.history
        with finishing(lambda: self._keep(corpus, net)):
            run.train(checkpoint, resume)

    def _keep(self, corpus: Corpus, net: Net) -> None:
        self._net, self._counts = net, corpus.counts
        self._numbers = {word: n for n, word in enumerate(corpus.words)}
        self._set_vectors()

    def _set_vectors(self) -> None:
        net, size, words = self._net, self.dimensions, len(self._numbers)
        first = net.first_document
        documents = net.table[first : len(net.table) - SPARE, :size].copy()
        self.documents_ = WordVectors([str(n) for n in range(len(documents))], documents)
        begins = 0 if self.method == "dm" else net.first_output
        if self.method == "dm" or self.output == "negative":
            rows = net.table[begins : begins + words, :size].copy()
            self.vectors_ = WordVectors(tuple(self._numbers), rows, counts=self._counts)

    def infer(
        self, documents: Sequence[str | Sequence[str]], *, epochs: int = 20
    ) -> NDArray[np.float32]:
        """Return vectors (N, D) of new documents; words and outputs stay as they are.

        A document's vector depends on its words and the seed alone, not on its company. Unknown
        words are left out; a document without a known word gets zeros.

        Args:
            documents: Texts, or lists of tokens.
            epochs: Passes over each.

        Raises:
            DataError: `documents` is one text, or no list of texts or of lists of tokens.
            OptionError: `epochs` is no whole number above 0.
            NotFittedError: `fit` was not called before.
        """
        check_is_fitted(self, "documents_")
        if not isinstance(epochs, Integral) or epochs < 1:
            raise OptionError(f"infer got epochs={epochs!r}; expected 1 or more, 20 as a rule")
        config.check(self)
        lists = [self._ids(document) for document in as_documents(documents)]
        out = np.zeros((len(lists), self.dimensions), np.float32)
        with limited(self.threads), _inferring:  # all calls train the same spare rows
            first = 0
            while first < len(lists):
                last = first + _together([len(ids) for ids in lists[first : first + SPARE]])
                out[first:last] = self._infer(lists[first:last], epochs)
                first = last
        return out

    def _ids(self, document: str | Sequence[str]) -> list[int]:
        if isinstance(document, str):
            document = tokens_of(document, self.tokens, self.lowercase)
        return [self._numbers[token] for token in document if token in self._numbers]

    def _infer(self, lists: list[list[int]], epochs: int) -> NDArray[np.float32]:
        """Train the spare rows on at most `SPARE` documents."""
        net = self._net
        ids = np.array([n for ids in lists for n in (*ids, -1)], np.int32)
        ends = np.cumsum([len(ids) + 1 for ids in lists])
        spans = np.column_stack([ends - [len(ids) + 1 for ids in lists], ends])
        first = len(net.table) - SPARE
        numbers = np.arange(len(lists)) + first - net.first_document
        rows = net.table[first : first + len(lists), : self.dimensions]
        start = np.random.default_rng(self.seed).random(self.dimensions, np.float32)
        rows[:] = (start - np.float32(0.5)) / np.float32(self.dimensions)
        settings = Settings(**{**shared_settings(self), "private": False}, frozen=True)
        longest = max((len(ids) + 1 for ids in lists), default=1)
        trainer = Trainer(KERNELS[self.method], net, settings, longest, len(lists))
        for epoch in range(epochs):
            rate = self.learning_rate * max(1 - epoch / epochs, LEAST_RATE)
            rates = np.full(len(lists), rate, np.float32)
            trainer.run(ids, spans, numbers, rates, mixed(self.seed, epoch))
        known = np.array([len(ids) > 0 for ids in lists])[:, None]
        vectors: NDArray[np.float32] = rows * known
        return vectors

    def save(self, path: str | Path, **options: Any) -> None:
        """Write the whole model, with which `load` can infer; `documents_.save` writes vectors.

        Raises:
            OptionError: There are options, of which this takes none; or a word has a line break.
            NotFittedError: `fit` was not called before.
            SestinaError: The file cannot be written.
        """
        check_is_fitted(self, "documents_")
        if options:
            raise OptionError(f"save takes no option {', '.join(options)}; leave it out")
        if any("\n" in word for word in self._numbers):
            raise OptionError("a token holds a line break, which the file cannot; replace it")
        net = self._net
        text = "\n".join(self._numbers).encode()
        arrays: dict[str, NDArray[Any]] = {
            "table": net.table,
            "counts": self._counts,
            "words": np.frombuffer(text, np.uint8),
        }
        note = {"format": DOCUMENTS, "options": to_dict(self), "documents": len(self.documents_)}
        write_arrays(Path(path), arrays, note)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model that `save` wrote.

        Raises:
            ModelError: The file is missing, damaged or another program's.
        """
        foreign = f"{path} is not a model of Doc2Vec, or damaged; name one that it saved"
        try:
            arrays, note = read_arrays(Path(path))
            if note["format"] != DOCUMENTS:
                raise ModelError(foreign)
            model = cls(**config.from_dict(cls, {**note["options"], "verbose": False}))
            config.check(model)
            model._check()
            model._restore(arrays, int(note["documents"]))
        except (KeyError, TypeError, ValueError, SestinaError) as error:
            missing = not Path(path).exists()
            raise (error if missing else ModelError(foreign)) from error
        return model

    def _restore(self, arrays: Mapping[str, NDArray[Any]], documents: int) -> None:
        """Take over what a file holds.

        Raises:
            ValueError: Its parts do not fit together.
        """
        words = arrays["words"].tobytes().decode().split("\n")
        counts = arrays["counts"]
        if counts.dtype != np.int64 or counts.shape != (len(words),) or counts.min() < 1:
            raise ValueError("counts")
        if documents < 0 or len(set(words)) < len(words):
            raise ValueError("words")
        corpus = Corpus(tuple(words), counts, np.empty(0, np.int32), documents, 0)
        self._numbers = {word: n for n, word in enumerate(words)}
        self._counts = counts
        self._net = begin(corpus, self, len(words), 0.5, documents=documents + SPARE)
        if self._net.table.shape != arrays["table"].shape:
            raise ValueError("table")
        self._net.table[:] = arrays["table"]
        self._set_vectors()
