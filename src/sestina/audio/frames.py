"""Frames of features: slopes over time, scaling by speaker, several frames in a step.

Letters: N utterances, T_n frames of each, D features.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from sestina.errors import DataError, OptionError, counted

Frames = NDArray[np.float32]
REACH = 2  # frames on either side that a slope is taken over
TINY = 1e-5  # the least deviation that is divided by


def slopes(frames: Frames, reach: int = REACH) -> Frames:
    """Return how each feature rises from frame to frame, (T, D): deltas.

    The slope of the line through a frame and `reach` others on either side, by least squares:
    Σ k (x[t + k] − x[t − k]) / 2 Σ k² (Young et al., The HTK Book). Beyond its ends a sound goes
    on as its first and last frames.
    """
    padded = np.pad(frames, ((reach, reach), (0, 0)), mode="edge")
    size = len(frames)
    risen = np.zeros_like(frames)
    for k in range(1, reach + 1):
        risen += k * (padded[reach + k :][:size] - padded[reach - k :][:size])
    return risen / np.float32(2 * sum(k * k for k in range(1, reach + 1)))


def with_slopes(frames: Frames, times: int) -> Frames:
    """Return frames with their slopes beside them, and slopes of slopes, (T, (1 + times) D)."""
    columns = [frames]
    for _ in range(times):
        columns.append(slopes(columns[-1]))
    return np.concatenate(columns, axis=1)


def scaled_together(rows: Sequence[Frames], owners: Sequence[Hashable]) -> list[Frames]:
    """Return utterances with mean 0 and deviation 1 over all frames of their owner, (T_n, D) each.

    Statistics are taken of what is given: a speaker's other utterances are not known here. A
    feature that does not change becomes 0.

    Args:
        rows: N utterances, (T_n, D).
        owners: Who each is of, N: speakers, or N different values to scale each alone.

    Raises:
        DataError: There is not one owner for each utterance.
    """
    if len(owners) != len(rows):
        raise DataError(
            f"{counted(len(owners), 'speaker')} came for {counted(len(rows), 'utterance')}; give "
            "one for each"
        )
    members: dict[Hashable, list[int]] = {}
    for n, owner in enumerate(owners):
        members.setdefault(owner, []).append(n)
    scaled: dict[int, Frames] = {}
    for numbers in members.values():
        centre, spread = _moments([rows[n] for n in numbers])
        scaled |= {n: ((rows[n] - centre) / spread).astype(np.float32) for n in numbers}
    return [scaled[n] for n in range(len(rows))]


def _moments(rows: Sequence[Frames]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and deviation, (D,) each, over all frames, added up in float64."""
    frames = sum(len(row) for row in rows)
    centre = sum(row.sum(axis=0, dtype=np.float64) for row in rows) / frames
    spread = np.sqrt(sum(((row - centre) ** 2).sum(axis=0) for row in rows) / frames)
    return np.asarray(centre), np.where(spread > TINY, spread, 1.0)


def stacked(frames: Frames, stack: int, skip: int) -> Frames:
    """Return every `skip`-th frame with the `stack` − 1 that follow it, (⌈T / skip⌉, stack · D).

    Fewer and wider steps, so that a recurrent network reads a sound faster (Sak et al. 2015).
    Behind its end a sound goes on as its last frame.

    Raises:
        OptionError: `stack` or `skip` is less than 1.
    """
    if min(stack, skip) < 1:
        raise OptionError(f"stack={stack} and skip={skip} came; give 1 or more")
    if stack == skip == 1:
        return frames
    at = np.arange(0, len(frames), skip)[:, None] + np.arange(stack)  # (⌈T / skip⌉, stack)
    steps: Frames = frames[np.minimum(at, len(frames) - 1)].reshape(len(at), -1)
    return steps


def unstacked(steps: Frames, stack: int, skip: int, length: int) -> Frames:
    """Return the frames that `stacked` made steps of, (⌈T / skip⌉, stack · D) → (T, D).

    Of a frame that stands in several steps that of the latest is taken; for one that stands in
    none, since `skip` is greater than `stack`, the last frame of the step before.

    Args:
        steps: What `stacked` returned, or a network's answer of that shape.
        stack: Frames side by side in a step.
        skip: Frames from one step to the next.
        length: T.
    """
    at = np.arange(length)
    sides = steps.reshape(len(steps), stack, -1)
    frames: Frames = sides[at // skip, np.minimum(at % skip, stack - 1)]
    return frames
