"""What `Translator` needs beside its network: pairs in numbers, its training, search, copying."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sestina.data.ragged import Ragged, shuffled_batches, sorted_batches
from sestina.errors import DataError, counted
from sestina.metrics import perplexity
from sestina.nn.beam import search
from sestina.nn.lexicon import Table
from sestina.nn.translator import PairBatch, TranslatorNetwork
from sestina.text.ibm1 import IBM1
from sestina.text.inputs import as_texts
from sestina.text.languages import Language
from sestina.text.vocabulary import UNK
from sestina.train import Problem

BATCH = 64  # sentences that are read or searched at once where nothing is learnt
LEAST = 1e-3  # probability of a lexicon's entry
TIMES, MORE = 3, 10  # a translation has at most so many times the source's tokens, and so many more


class AttentionMap(NamedTuple):
    """How a translation attends to its source.

    Attributes:
        weights: (T, S), each row adds up to 1.
        target: T tokens of the translation, the end's last.
        source: S tokens of the source, the end's last.
    """

    weights: NDArray[np.float32]
    target: list[str]
    source: list[str]


class Learning(Protocol):
    """The options of a `Translator` that matter to its training."""

    batch_size: int
    seed: int
    scheduled_sampling: float
    sampling_epochs: int


@dataclass(frozen=True)
class NumberedPairs:
    """N sentences and their translations in ids, EOS behind each."""

    sources: Ragged
    targets: Ragged
    end: int

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """By which pairs of like length are told, (N,)."""
        return self.sources.lengths + self.targets.lengths

    def batch(self, rows: NDArray[np.int64], sampled: float = 0.0) -> PairBatch:
        """Return some pairs as the network reads them."""
        sources, sizes = self.sources.padded(rows)
        targets, lengths = self.targets.padded(rows)
        inputs = np.concatenate([np.full((len(rows), 1), self.end), targets[:, :-1]], axis=1)
        arrays = (sources, sizes, inputs, targets, lengths)
        ids = [torch.from_numpy(array.astype(np.int64)) for array in arrays]
        return PairBatch(ids[0], ids[1], ids[2], ids[3], ids[4], sampled)

    def batches(self) -> Iterator[tuple[NDArray[np.int64], PairBatch]]:
        """Yield all pairs in batches of like length, with their numbers."""
        for rows in sorted_batches(self.lengths, BATCH):
            yield rows, self.batch(rows)

    def arrays(self) -> Iterator[NDArray[Any]]:
        """Yield all that they consist of."""
        for part in (self.sources, self.targets):
            yield from (part.values, part.offsets)


def paired(X: Any, y: Any) -> tuple[list[str], list[str]]:
    """Return sentences and their translations as lists of as many texts.

    Raises:
        DataError: They are not so.
    """
    if y is None:
        raise DataError("no translations came; give one for each sentence")
    sources, targets = as_texts(X), as_texts(y)
    if len(sources) != len(targets):
        raise DataError(
            f"{counted(len(sources), 'sentence')} came with "
            f"{counted(len(targets), 'translation')}; expected one each"
        )
    if not sources:
        raise DataError("no sentences came; give one at least")
    return sources, targets


def table_of(pairs: NumberedPairs, source: Language, target: Language) -> tuple[Table, int]:
    """Return P(target token | source token) by IBM model 1, and how many pairs taught it.

    What is less probable than `LEAST` is left out.
    """
    names = source.vocabulary.tokens, target.vocabulary.tokens
    sides = [
        [[words[n] for n in side.row(row).tolist()] for row in range(len(side))]
        for words, side in zip(names, (pairs.sources, pairs.targets), strict=True)
    ]
    model = IBM1().fit(*sides)
    rows = [[(target.vocabulary[name], chance) for name, chance in model.translations(word)
             if chance >= LEAST] for word in names[0]]  # fmt: skip
    entries = [entry for row in rows for entry in row]
    return (
        Table(
            np.cumsum([0, *map(len, rows)], dtype=np.int64),
            np.array([token for token, _ in entries], np.int64),
            np.array([chance for _, chance in entries], np.float32),
        ),
        model.pairs_,
    )


def problem(
    network: TranslatorNetwork, options: Learning, pairs: NumberedPairs, dev: NumberedPairs | None
) -> Problem:
    """Return what the training loop needs: batches, loss, validation."""

    def batches(epoch: int) -> Iterator[tuple[PairBatch, int]]:
        risen = min((epoch - 1) / options.sampling_epochs, 1.0)
        sampled = options.scheduled_sampling * risen
        for rows in shuffled_batches(pairs.lengths, options.batch_size, options.seed, epoch):
            batch = pairs.batch(rows, sampled)
            yield batch, int(batch.lengths.sum())

    def validate() -> dict[str, float]:
        assert dev is not None
        mean = float(losses(network, dev).sum()) / len(dev.targets.values)
        return {"loss": mean, "perplexity": perplexity(mean)}

    return Problem(
        network=network,
        batches=batches,
        steps=-(-len(pairs) // options.batch_size),
        loss=network.loss,
        kernels=network.kernels(),
        validate=None if dev is None else validate,
        unit="tokens",
    )


def losses(network: TranslatorNetwork, pairs: NumberedPairs) -> NDArray[np.float64]:
    """Return −log P of each translation given its source, its end included, (N,)."""
    out = np.empty(len(pairs))
    with torch.inference_mode():
        for rows, batch in pairs.batches():
            out[rows] = network.token_losses(batch).double().sum(dim=1).numpy()
    return out


def searched(
    network: TranslatorNetwork,
    sources: Ragged,
    *,
    end: int,
    width: int,
    penalty: float,
    without: tuple[int, ...],
) -> list[list[int]]:
    """Return the ids of a translation of each source, found by beam search."""
    out: list[list[int]] = [[] for _ in range(len(sources))]
    with torch.inference_mode():
        for rows in sorted_batches(sources.lengths, BATCH):
            ids, sizes = (torch.from_numpy(a.astype(np.int64)) for a in sources.padded(rows))
            memory = network.encode(ids, sizes)
            found = search(
                _stepper(network, memory), memory.first, TIMES * sizes + MORE,
                end=end, width=width, penalty=penalty, without=without,
            )  # fmt: skip
            for row, one in zip(rows.tolist(), found, strict=True):
                out[row] = one.tokens
    return out


def _stepper(network: TranslatorNetwork, memory: Any) -> Callable[..., tuple[Tensor, Any]]:
    return lambda tokens, states: network.step(tokens, states, memory)


def attended(network: TranslatorNetwork, pairs: NumberedPairs) -> list[NDArray[np.float32]]:
    """Return the attention weights of each pair, N arrays (T, S)."""
    out: list[Any] = [None] * len(pairs)
    with torch.inference_mode():
        for rows, batch in pairs.batches():
            weights = network.weights(batch)
            assert weights is not None  # only asked of networks with attention
            shapes = zip(rows.tolist(), batch.lengths.tolist(), batch.sizes.tolist(), strict=True)
            for place, (row, length, size) in enumerate(shapes):
                out[row] = weights[place, :length, :size].numpy().copy()
    return out


def filled(
    tokens: Sequence[str],
    weights: NDArray[np.float32],
    source: Sequence[str],
    dictionary: Mapping[str, str],
) -> list[str]:
    """Return a translation whose UNKs are what the words they attend to most become.

    A source word becomes its entry in the dictionary, and stays as it is where it has none (Jean,
    Cho, Memisevic and Bengio 2015; Luong et al. 2015).

    Args:
        tokens: The translation, T words.
        weights: (≥ T, ≥ S) attention.
        source: S words of the source.
        dictionary: Translations of source words.
    """
    if not source:
        return [token for token in tokens if token != UNK]
    best = weights[: len(tokens), : len(source)].argmax(axis=1)
    return [
        dictionary.get(source[place], source[place]) if token == UNK else token
        for token, place in zip(tokens, best.tolist(), strict=True)
    ]
