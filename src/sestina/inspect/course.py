"""What the course of a training says of it: an illness, its evidence, a remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

History = Sequence[Mapping[str, float]]

JUMP = 100.0  # of a gradient's norm, against the median of those before
CLIPPED = 0.95  # share of steps
LEARNT = 0.5  # of the loss of the first epoch
RISEN = 1.5  # times the least loss of an epoch
FEW = 3  # epochs, before which nothing is said of how slow they are
STILL = 0.01  # how far weights moved in an epoch, as a share of their own size
LEVEL = 0.98  # of the loss of the first epoch, from which it has not fallen


def findings(history: History) -> list[str]:
    """Return a sentence for each illness of a training; none of a healthy one.

    Args:
        history: A row per epoch, with what `Tally.row` has, and "moved"; of rows of older versions,
            which lack some of it, less is said.
    """
    if not history:
        return []
    checks = (_jumped, _clipped, _risen, _slow, _by_heart)
    return [told for check in checks for told in check(history)]


def learnt(history: History) -> bool:
    """Tell whether the loss has fallen to less than half."""
    return len(history) > 1 and history[-1]["loss"] < LEARNT * history[0]["loss"]


def _jumped(history: History) -> list[str]:
    """A gradient that jumped and was not clipped; of clipped ones no harm comes."""
    jumps = [row for row in history if row.get("gradient_jump", 0.0) > JUMP and not row["clipped"]]
    return [
        f"the gradient's norm jumped {row['gradient_jump']:,.0f} times at step "
        f"{row['gradient_jump_step']:,.0f}; clip it (clip_norm=1), or lower the learning rate"
        for row in jumps[:1]
    ]


def _clipped(history: History) -> list[str]:
    """Nothing but clipped steps, and nothing learnt by them."""
    share = min(row.get("clipped", 0.0) for row in history)
    if share <= CLIPPED or not _level(history) or _slow(history):
        return []
    return [
        f"{share:.0%} of the steps were clipped, which makes all of one length, and the loss "
        f"stayed at {history[-1]['loss']:.3g}; raise clip_norm, or lower the learning rate"
    ]


def _risen(history: History) -> list[str]:
    losses = [row["loss"] for row in history]
    best = int(np.argmin(losses))
    if losses[-1] <= RISEN * losses[best] or losses[-1] <= LEARNT * losses[0]:
        return []
    return [
        f"the training loss rose from {losses[best]:.3g} in epoch {best + 1} to {losses[-1]:.3g} "
        f"in epoch {len(losses)}; lower the learning rate"
    ]


def _slow(history: History) -> list[str]:
    """Weights that hardly moved, and a loss that did not, either."""
    moves = [row["moved"] for row in history if "moved" in row]
    if len(moves) < FEW or max(moves) >= STILL or not _level(history):
        return []
    cut = history[-1]["clipped"] > CLIPPED
    return [
        f"the weights moved by {max(moves):.1g} of their size in an epoch at most, and the loss "
        f"stayed at {history[-1]['loss']:.3g}; raise "
        + ("clip_norm, by which all steps are clipped, or " if cut else "")
        + "the learning rate"
    ]


def _level(history: History) -> bool:
    """Tell whether the training loss is, after some epochs, what it was after the first."""
    return len(history) > 1 and LEVEL < history[-1]["loss"] / history[0]["loss"] <= 1 / LEVEL


def _by_heart(history: History) -> list[str]:
    """Overfitting: the training loss falls on, to less than half, while the other one rises."""
    rows = [row for row in history if "validation_loss" in row]
    if len(rows) < FEW:
        return []
    best = min(rows, key=lambda row: row["validation_loss"])
    last = rows[-1]
    if (
        last["validation_loss"] <= RISEN * best["validation_loss"]
        or last["loss"] >= min(LEARNT * best["loss"], best["validation_loss"])
        or last["validation_loss"] <= LEARNT * history[0]["validation_loss"]
    ):
        return []
    return [
        f"it learns by heart after epoch {best['epoch']:.0f}: from there the validation loss rises "
        f"from {best['validation_loss']:.3g} to {last['validation_loss']:.3g} while the training "
        f"loss falls from {best['loss']:.3g} to {last['loss']:.3g}; take more dropout, fewer "
        "units, or more data"
    ]
