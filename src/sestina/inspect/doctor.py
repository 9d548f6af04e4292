"""What is wrong with a model: an illness, its evidence, a remedy; rows D6 to D9."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sestina.inspect import course
from sestina.inspect.course import History
from sestina.inspect.gradients import FORGOTTEN, Reach

SHORT = 10  # steps that every layer sees through
HUGE = 100.0  # a Jacobian's norm that no healthy layer has
STUCK = 0.9  # share of a gate's values at its end
DEAD = 0.5  # share of units
SPLIT = 0.1  # share of a gate's values at either end, where it flips between them
AT_REST = {("forget", "open"), ("update", "open"), ("update", "shut"), ("reset", "open")}
"""What a layer does that only remembers, or only reads: no illness."""


def findings(reaches: Sequence[Reach], history: History = ()) -> list[str]:
    """Return a sentence for each illness; none of a healthy model.

    `inspect.answers` has what a classifier's answers say beside.

    Args:
        reaches: Of each direction of each layer.
        history: A row per epoch, as training keeps it; `inspect.course`.
    """
    found = [told for reach in reaches for told in _of_layer(reach, course.learnt(history))]
    return found + course.findings(history)


def title(reach: Reach) -> str:
    """Return what a direction of a layer is called."""
    way = ["backwards"] if reach.reverse else []
    again = [f"run {reach.turn + 1}"] if reach.turn else []
    return ", ".join([*filter(None, [reach.name]), f"layer {reach.depth + 1}", *way, *again])


def heard(reach: Reach) -> int:
    """Return the steps back from the last up to which the loss is heard at all."""
    if not len(reach.loss) or not reach.loss.max() > 0:
        return 0
    return int(np.flatnonzero(reach.loss >= FORGOTTEN * reach.loss.max())[-1])


def _of_layer(reach: Reach, learnt: bool) -> list[str]:
    # what has learnt to keep a thing no longer lets it go: its gradients vanish, too
    checks = [_exploding, _saturated, _dead, *([] if learnt else [_vanishing])]
    return [f"{title(reach)}: {told}" for check in checks for told in check(reach)]


def _exploding(reach: Reach) -> list[str]:
    if not len(reach.jacobian) or not reach.jacobian.max() > HUGE:
        return []
    k = int(reach.jacobian.argmax())
    return [
        f"gradients grow {reach.jacobian[k]:,.0f} times over {k} steps; clip them (clip_norm=1), "
        + ("take an lstm or gru, or " if reach.cell.startswith("rnn") else "lower the rate, or ")
        + "start with recurrent_initializer=orthogonal"
    ]


def _vanishing(reach: Reach) -> list[str]:
    most, reached = reach.length, heard(reach)
    if most < SHORT or reach.memory is None or max(reach.memory, reached) >= most // 2:
        return []
    remedy = (
        "take an lstm or gru, or activation=relu with recurrent_initializer=identity"
        if reach.cell.startswith("rnn")
        else "take pool=max or mean, bidirectional=true, or shorter sequences (tbptt, max_tokens)"
    )
    return [
        f"gradients reach {max(reach.memory, reached)} steps back, sequences have {most}; {remedy}"
    ]


def _saturated(reach: Reach) -> list[str]:
    if reach.saturated and all(_flips(*shares) for shares in reach.saturated.values()):
        least = min(map(sum, reach.saturated.values()))
        return [
            f"all gates are shut or wide open in {least:.0%} of all steps, so that no gradient "
            "passes them; scale the inputs, or lower the learning rate"
        ]
    return [
        f"the {gate} gate is {way} in {share:.0%} of all steps, so that no gradient passes it; "
        "lower the learning rate, or scale the inputs"
        for gate, shares in reach.saturated.items()
        for way, share in zip(("shut", "open"), shares, strict=True)
        if share > STUCK and (gate, way) not in AT_REST
    ]


def _flips(shut: float, wide: float) -> bool:
    return min(shut, wide) > SPLIT and shut + wide > STUCK


def _dead(reach: Reach) -> list[str]:
    if reach.dead is None or reach.dead <= DEAD:
        return []
    return [
        f"{reach.dead:.0%} of the units are 0 at every step; lower the learning rate, or take "
        "activation=tanh"
    ]
