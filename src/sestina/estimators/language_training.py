"""How a language model reads rows of tokens: the task of its training, and its judgement of texts.

Rows are those of `data.chunks`. Letters: B rows, T steps, M tokens foreseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sestina.data import chunks as cut
from sestina.data.chunks import Chunk
from sestina.data.ragged import Ragged, shuffled_batches, sorted_batches
from sestina.metrics import perplexity
from sestina.nn.language import LanguageNetwork
from sestina.nn.states import States, changed
from sestina.optimise import Layers
from sestina.train import Problem

FORGET = 0.02
ROWS = 32  # read side by side where nothing is learnt
WINDOWS = 256
LOGITS = 1 << 24  # computed at once where nothing is learnt
LEAST = 1_000  # tokens of a piece that a running text is cut into


class Reading(Protocol):
    """The options of a `LanguageModel` that matter here."""

    scheme: str
    tbptt: int
    running: bool
    batch_size: int
    layer_decay: float
    seed: int


class Reader:
    """Reads chunk after chunk; the state goes on from one to the next, gradients do not.

    Args:
        network: What reads.
        forget: Share of rows that begin afresh, drawn before each chunk.
    """

    def __init__(self, network: LanguageNetwork, forget: float = 0.0) -> None:
        self._network, self._forget = network, forget
        self._states: States | None = None

    def __call__(self, chunk: Chunk) -> tuple[Tensor, Tensor]:
        """Return the states that foresee tokens, (M, H), and these tokens, (M,)."""
        inputs, lengths = torch.from_numpy(chunk.inputs), torch.from_numpy(chunk.lengths)
        states = None if chunk.fresh else self._states
        if states is not None and self._forget:
            kept = (torch.rand(1, len(inputs), 1) >= self._forget).float()
            states = changed(states, lambda part: part * kept)
        made, after = self._network(inputs, lengths, states)
        self._states = changed(after, Tensor.detach)  # gradients stop here
        places = torch.from_numpy(chunk.places)
        return made.reshape(-1, made.shape[2])[places], torch.from_numpy(chunk.targets)


def problem(
    network: LanguageNetwork, options: Reading, rows: Ragged, dev: Ragged | None
) -> Problem:
    """Return what the training loop needs; `rows` and `dev` are as `training_chunks` wants them."""
    # a state that only ever goes on drifts to where no beginning of a text leads
    read = Reader(network, FORGET if options.running else 0.0)

    def batches(epoch: int) -> Iterator[tuple[Chunk, int]]:
        for chunk in training_chunks(rows, options, epoch):
            yield chunk, len(chunk.targets)

    def loss(chunk: Chunk) -> Tensor:
        return network.losses(*read(chunk)).mean()

    def validate() -> dict[str, float]:
        assert dev is not None
        mean = float(losses(network, options, dev, options.running).sum() / len(cut.foreseen(dev)))
        return {"loss": mean, "perplexity": perplexity(mean)}

    return Problem(
        network=network,
        batches=batches,
        steps=_steps(rows, options),
        loss=loss,
        kernels=network.kernels(),
        validate=None if dev is None else validate,
        unit="tokens",
        layers=Layers(network.by_layer(), options.layer_decay) if options.layer_decay > 1 else None,
    )


def training_chunks(rows: Ragged, options: Reading, epoch: int) -> Iterator[Chunk]:
    """Yield the chunks of an epoch.

    Args:
        rows: One row (`chunks.joined`) where the text is running, else one a text (`framed`).
        options: How they are read.
        epoch: From 1. With the seed it says where a running text is cut, or in which order texts
            or windows come, so that a resumed training sees the same.
    """
    size, steps = options.batch_size, options.tbptt
    rng = np.random.default_rng([options.seed, epoch, 0x7B97])
    if options.scheme == "windows":
        places = rng.permutation(cut.foreseen(rows))
        for start in range(0, len(places), size):
            yield cut.windows(rows, places[start : start + size], steps)
    elif options.running:
        tokens = len(rows.values) - 1
        count = _pieces(tokens, options)
        parts = cut.pieces(rows, count, int(rng.integers(tokens)))
        yield from cut.chunks(parts, np.arange(count), steps)
    else:
        for index in shuffled_batches(rows.lengths, size, options.seed, epoch):
            yield from cut.chunks(rows, index, steps)


def _pieces(tokens: int, options: Reading) -> int:
    """Return how many pieces of a running text are read side by side: none has but one chunk."""
    return int(np.clip(tokens // (2 * options.tbptt), 1, options.batch_size))


def _steps(rows: Ragged, options: Reading) -> int:
    """Return the number of chunks of an epoch; for texts, of the first one."""
    tokens, steps = len(rows.values) - len(rows), options.tbptt
    if options.scheme == "windows":
        return -(-tokens // options.batch_size)
    if options.running:
        return -(-tokens // (_pieces(tokens, options) * steps))
    lengths = rows.lengths
    batches = shuffled_batches(lengths, options.batch_size, options.seed, 1)
    return sum(-(-(int(lengths[index].max()) - 1) // steps) for index in batches)


def losses(
    network: LanguageNetwork, options: Reading, rows: Ragged, running: bool
) -> NDArray[np.float64]:
    """Return −log P of each row, natural, (N,); the network should be in evaluation mode.

    A running text, a single row, is read in pieces side by side. Each first reads the last `tbptt`
    tokens before it, so that it knows where it is.
    """
    read, totals = Reader(network), np.zeros(len(rows))
    with torch.inference_mode():
        for chunk in _reading_chunks(rows, options, running):
            each = token_losses(network, *read(chunk))
            totals += np.bincount(chunk.rows, weights=each, minlength=len(totals))[: len(totals)]
    return totals


def token_losses(network: LanguageNetwork, states: Tensor, targets: Tensor) -> NDArray[np.float64]:
    """Return −log P of tokens (M,) after states (M, H), (M,), of a few of them at once."""
    found = [torch.zeros(0)]
    slice_ = max(LOGITS // len(network.embedding.weight), 1)
    for start in range(0, len(targets), slice_):
        here = slice(start, start + slice_)
        found.append(network.losses(states[here], targets[here]))
    each: NDArray[np.float64] = torch.cat(found).double().numpy()
    return each


def _reading_chunks(rows: Ragged, options: Reading, running: bool) -> Iterator[Chunk]:
    """Yield every token once, by chunks whose `rows` are those of `rows`."""
    if options.scheme == "windows":
        places = cut.foreseen(rows)
        for start in range(0, len(places), WINDOWS):
            yield cut.windows(rows, places[start : start + WINDOWS], options.tbptt)
    elif running:
        count = int(np.clip(len(rows.values) // LEAST, 1, ROWS))
        parts, skip = cut.overlapping(rows, count, options.tbptt)
        for chunk in cut.chunks(parts, np.arange(count), options.tbptt, skip):
            yield chunk._replace(rows=np.zeros_like(chunk.rows))
    else:
        for index in sorted_batches(rows.lengths, ROWS):
            yield from cut.chunks(rows, index, options.tbptt)
