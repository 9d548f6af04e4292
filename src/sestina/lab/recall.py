"""A recurrent layer put to a test of memory (rows D1 to D9), on batches that are never seen twice.

Letters: B sequences, T steps, D numbers a step, H units, A answers, K numbers an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from sestina import config
from sestina.config import RecallOptions
from sestina.data.recall import Answers, Kind, Numbers, Recall
from sestina.errors import Diverged
from sestina.nn import initialise, parts
from sestina.nn.layers import recurrent
from sestina.train import Problem, Run, random_stream, train

TRAIN, DEV, TEST = range(3)  # which draws of a source no other part has
FAR = 1e9  # beyond any number of epochs
AT_ONCE = 250  # sequences that are answered together


@dataclass(frozen=True)
class Drawn:
    """Sequences of a source; as many as there are of them.

    Attributes:
        source: Where they are from.
        count: N.
        part: TRAIN, DEV or TEST.
    """

    source: Recall
    count: int
    part: int

    def __len__(self) -> int:
        """Return N."""
        return self.count

    def draw(self, count: int, *seed: int) -> tuple[Numbers, Answers]:
        """Return some sequences and their answers, which no other part has."""
        return self.source.draw(count, self.part, *seed)


class RecallNetwork(nn.Module):
    """Recurrent layers whose last states answer."""

    def __init__(self, options: RecallOptions, kind: Kind) -> None:
        super().__init__()
        self.cell = recurrent(
            options.encoder, kind.features, options.hidden, options, num_layers=options.layers
        )
        self.head = nn.Linear(options.hidden, kind.outputs)
        initialise.dense(self.head)

    def forward(self, x: Tensor, answers: int) -> Tensor:
        """Map x (B, T, D) → (B, A, K), one for each of the last A steps."""
        states, _ = self.cell(x)
        found: Tensor = self.head(states[:, -answers:])
        return found


@dataclass(eq=False, repr=False, kw_only=True)
class RecallTrial(RecallOptions):
    """Train on new sequences in every step, until the test of memory is passed or epochs are over.

    Attributes (after `fit`):
        network_: The torch module.
        history_: One row per epoch of `steps` batches.
        best_epoch_: The best of those that passed, else the last; 0 where the first one diverged.
        n_parameters_, n_trainable_parameters_, seconds_, notes_: As of every estimator; to
            diverge is to fail the test, which is noted.
    """

    def build(self, kind: Kind) -> RecallNetwork:
        """Return the network with its first weights."""
        with random_stream(self.seed):
            return RecallNetwork(self, kind)

    def fit(self, source: Drawn, validation: Drawn) -> Self:
        """Learn.

        Args:
            source: Sequences to train on.
            validation: Sequences that tell when the test is passed.

        Raises:
            OptionError: An option makes no sense.
            KeyboardInterrupt: After Ctrl-C; fitted with the best epoch so far, if there is one.
        """
        config.check(self)
        started, kind = time.perf_counter(), source.source.what
        self.kind_, self.network_ = kind, self.build(kind)
        held = validation.draw(len(validation))

        def batches(epoch: int) -> Iterator[tuple[tuple[Tensor, Tensor], int]]:
            for step in range(self.steps):
                x, y = source.draw(self.batch_size, self.seed, epoch, step)
                yield (torch.from_numpy(x), torch.from_numpy(y)), len(x)

        run = self._train(batches, lambda: self._judged(*held))
        self.history_, self.best_epoch_ = run.history, run.best_epoch
        self.notes_ = [] if run.diverged is None else [str(run.diverged)]
        weights = list(self.network_.parameters())
        self.n_parameters_ = self.n_trainable_parameters_ = sum(w.numel() for w in weights)
        self.seconds_ = time.perf_counter() - started
        if run.interrupted:
            raise KeyboardInterrupt
        return self

    def _train(
        self,
        batches: Callable[[int], Iterator[tuple[tuple[Tensor, Tensor], int]]],
        judged: Callable[[], dict[str, float]],
    ) -> Run:
        problem = Problem(
            self.network_, batches, self.steps, lambda batch: self._loss(*batch),
            parts.kernels(self.network_, ()), judged, self._rank,
        )  # fmt: skip
        try:
            return train(problem, self)
        except Diverged as error:  # in the first epoch, before there were weights to keep
            self.network_ = self.build(self.kind_)
            first = {"epoch": 0, "loss": judged()["loss"]}
            return Run([first], best_epoch=0, diverged=error)

    def answers(self, x: Numbers, count: int) -> NDArray[np.float32]:
        """Return what the network puts out for sequences (N, T, D): (N, count, K)."""
        rows = range(0, len(x), AT_ONCE)
        with torch.no_grad():
            found = [self.network_(torch.from_numpy(x[n : n + AT_ONCE]), count) for n in rows]
        return torch.cat(found).numpy()

    def figures(self, x: Numbers, y: Answers) -> dict[str, float]:
        """Return the share of right answers, or the mean squared error; whether that is enough."""
        found = self.answers(x, y.shape[1])
        if self.kind_.classes:
            accuracy = float((found.argmax(axis=-1) == y).mean())
            return {"accuracy": accuracy, "solved": float(accuracy >= self.kind_.enough)}
        error = float(np.square(found[..., 0] - y, dtype=np.float64).mean())
        return {"squared_error": error, "solved": float(error < self.kind_.enough)}

    def _loss(self, x: Tensor, y: Tensor) -> Tensor:
        found: Tensor = self.network_(x, y.shape[1])
        if self.kind_.classes:
            return F.cross_entropy(found.flatten(0, 1), y.flatten())
        return F.mse_loss(found[..., 0], y)

    def _judged(self, x: Numbers, y: Answers) -> dict[str, float]:
        with torch.no_grad():
            pieces = zip(_pieces(x), _pieces(y), strict=True)
            losses = [(self._loss(a, b).item(), len(a)) for a, b in pieces]
        loss = sum(value * size for value, size in losses) / len(x)
        return {"loss": loss, **self.figures(x, y)}

    @staticmethod
    def _rank(row: Any) -> float:
        """Every epoch is better than those before, until one passes: then the loss counts."""
        passed = row["validation_solved"]
        return row["validation_loss"] - FAR if passed else -float(row["epoch"])


def _pieces(rows: NDArray[Any]) -> Iterator[Tensor]:
    return (torch.from_numpy(rows[n : n + AT_ONCE]) for n in range(0, len(rows), AT_ONCE))
