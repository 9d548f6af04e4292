"""The one training loop: epochs, clipping, early stopping, checkpoints, history."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor, nn

from sestina import optimise
from sestina.checkpoint import Checkpoint, Progress
from sestina.config import LearningOptions
from sestina.divergence import Divergence
from sestina.errors import Diverged
from sestina.interrupt import held
from sestina.progress import Reporter
from sestina.tally import Tally


@dataclass(frozen=True)
class Problem:
    """What the loop needs to know of a task.

    Attributes:
        network: The module to train, in place.
        batches: Epoch (from 1) → iterator of (batch, number of sequences in it).
        steps: Batches per epoch.
        loss: Batch → mean loss over its sequences.
        kernels: Weights that the L2 penalty falls on.
        validate: () → figures of the validation part, "loss" among them; None where there is none.
        rank: Row of the history → a number that is lowest in the best epoch.
        unit: What sequences are called in the progress line.
        layers: The trained weights by layer, where they are not all trained alike.
    """

    network: nn.Module
    batches: Callable[[int], Iterator[tuple[Any, int]]]
    steps: int
    loss: Callable[[Any], Tensor]
    kernels: list[Tensor]
    validate: Callable[[], dict[str, float]] | None = None
    rank: Callable[[Mapping[str, float]], float] = itemgetter("validation_loss")
    unit: str = "sequences"
    layers: optimise.Layers | None = None


@dataclass(frozen=True)
class Run:
    """How a training run went.

    Attributes:
        history: One row per epoch: epoch, loss, validation figures, gradients (`Tally.row`, and
            how far the weights have moved), speed, seconds.
        best_epoch: The epoch whose weights the network now has.
        interrupted: Whether Ctrl-C ended it.
        diverged: Why it ended, where the loss ran away.
    """

    history: list[dict[str, float]]
    best_epoch: int
    interrupted: bool = False
    diverged: Diverged | None = None


@contextmanager
def random_stream(seed: int, *place: int) -> Iterator[None]:
    """Seed torch for one stretch of work, by what it is rather than by what ran before.

    The caller's own random state is put back afterwards.
    """
    digest = hashlib.sha256(repr((seed, *place)).encode()).digest()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int.from_bytes(digest[:8], "big") >> 1)
        yield


def train(problem: Problem, options: LearningOptions, checkpoint: Checkpoint | None = None) -> Run:
    """Train `problem.network` in place and leave it with the best epoch's weights.

    The best epoch is the one of the lowest `rank`, the validation loss unless the problem says
    otherwise; without a validation part it is the last one.
    The same seed gives the same weights on the same machine with the same number of threads,
    also when the run was killed and resumed in between. Ctrl-C ends the run with the best
    weights so far, and `Run.interrupted` says so; so does a loss that runs away (`Divergence`)
    after an epoch or more, and `Run.diverged` says why.

    Raises:
        Diverged: The loss became NaN or infinite, or exploded, in the first epoch.
    """
    optimiser = optimise.optimiser(problem.network, options, problem.layers)
    state = checkpoint.load(problem.network, optimiser) if checkpoint else Progress()
    reporter = Reporter(options.verbose, options.epochs, problem.steps, problem.unit)
    interrupted, diverged = False, None
    try:
        with reporter, held() as look_for_interrupt:
            if state.history:
                reporter.say(f"resumed after epoch {len(state.history)}")
            while len(state.history) < options.epochs and not _stalled(state, options):
                _epoch(problem, options, optimiser, state, reporter, look_for_interrupt)
                if checkpoint:
                    checkpoint.save(problem.network, optimiser, state)
    except KeyboardInterrupt:
        interrupted = True
    except Diverged as error:
        if not state.best:
            raise
        diverged = Diverged(f"{error}; epoch {state.best_epoch}, the best before, is kept")
    finally:
        if state.best:
            problem.network.load_state_dict(state.best)
        if problem.layers is not None:
            problem.layers.thaw_all()
        problem.network.eval()
    return Run(state.history, state.best_epoch, interrupted, diverged)


def _stalled(state: Progress, options: LearningOptions) -> bool:
    """Tell whether `patience` epochs have passed without a better one."""
    return (
        options.patience is not None and len(state.history) - state.best_epoch >= options.patience
    )


def _epoch(
    problem: Problem,
    options: LearningOptions,
    optimiser: torch.optim.Optimizer,
    state: Progress,
    reporter: Reporter,
    look_for_interrupt: Callable[[], None],
) -> None:
    """Run one epoch, add its row to the history and keep its weights if they are the best."""
    number = len(state.history) + 1
    started = time.perf_counter()
    problem.network.train()
    if problem.layers is not None:
        problem.layers.thaw(number)
    tally = Tally((number - 1) * problem.steps, state.history)
    divergence = Divergence(options, state.history)
    sample = optimise.Sample(problem.network)
    with random_stream(options.seed, number):
        for step in _steps(problem, options, optimiser, number, tally, divergence):
            gradients = tally.norm, tally.clipped
            reporter.step(number, step, tally.loss, tally.done, started, gradients)
            look_for_interrupt()
    row = {"epoch": number, **tally.row(), "moved": sample.moved()}
    row["sequences_per_second"] = tally.done / (time.perf_counter() - started)
    problem.network.eval()
    if problem.validate is not None:
        row |= {f"validation_{name}": value for name, value in problem.validate().items()}
        divergence.look_at_validation(row["validation_loss"])
    row["seconds"] = time.perf_counter() - started
    # without validation the last is the best
    value = -float(number) if problem.validate is None else problem.rank(row)
    best = value < state.best_value
    state.history.append(row)
    if best:
        state.best_value, state.best_epoch = value, number
        state.best = {k: v.detach().clone() for k, v in problem.network.state_dict().items()}
    reporter.epoch(row, best)


def _steps(
    problem: Problem,
    options: LearningOptions,
    optimiser: torch.optim.Optimizer,
    epoch: int,
    tally: Tally,
    divergence: Divergence,
) -> Iterator[int]:
    """Take one step per batch, count it in `tally`, and yield its number."""
    penalties = optimise.penalties(problem.network, problem.kernels, options)
    for step, (batch, size) in enumerate(problem.batches(epoch), 1):
        loss = problem.loss(batch)
        cost = loss + optimise.penalty(penalties) if penalties else loss
        if options.decay or options.warm_up:
            done_share = (epoch - 1 + (step - 1) / problem.steps) / options.epochs
            optimise.set_rate(optimiser, optimise.rate_at(options, done_share))
        optimiser.zero_grad()
        cost.backward()
        norm, cut = optimise.clip(problem.network, options)
        value = loss.item()
        divergence.look(step, value, norm)
        optimiser.step()
        if step % optimise.RESTING == 0:
            optimise.settle(optimiser)
        tally.add(value, size, norm, cut)
        yield step
