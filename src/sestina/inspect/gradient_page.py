"""Gradients over time as HTML: a section of a report, and a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sestina.errors import counted
from sestina.estimators.trained import Trained
from sestina.inspect import gradient_charts as charts
from sestina.inspect import page
from sestina.inspect.charts import History
from sestina.inspect.doctor import findings, heard, title
from sestina.inspect.gradients import FORGOTTEN, Reach, gradients

ROWS = 32  # of the test part, that a report measures on
SEQUENCES = 2  # whose Jacobians it forms
HEADS = ("Layer", "Cell", "Steps", "Heard", "Memory", "Largest ‖J‖", "Radius")
NOTHING = "Nothing wrong was found."


def reaches_of(net: Trained, X: Any, y: Any = None) -> list[Reach]:
    """Measure a fitted model on the first rows of a test part, quickly.

    Args:
        net: The model.
        X: As in its `fit`.
        y: As in its `fit`, where it takes one.
    """
    if not len(X):
        return []
    return gradients(net, X[:ROWS], None if y is None else y[:ROWS], SEQUENCES)


def section(reaches: Sequence[Reach], history: History) -> str:
    """Return the section of a report, as HTML; empty where nothing recurrent is trained.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    if not reaches:
        return ""
    parts = (_table(reaches), _curves(reaches), _layers(reaches), _training(history))
    below = "".join(f'<div class="after">{part}</div>' for part in parts if part)
    return _told(findings(reaches, history)) + below


def cells(reach: Reach) -> tuple[str, str, str, str, str, str, str]:
    """Return what a table tells of a direction of a layer: `HEADS`."""
    return (
        title(reach),
        reach.cell,
        f"{reach.length:,}",
        f"{heard(reach):,}",
        "all" if reach.memory is None else f"{reach.memory:,}",
        f"{reach.steps.max(initial=0):.2f}",
        f"{max(reach.radius.values()):.2f}" if reach.radius else "–",
    )


def render(
    name: str, data: str, reaches: Sequence[Reach], history: History, told: list[str]
) -> str:
    """Return a page that needs neither network nor scripts.

    Args:
        name: Of the model.
        data: What it was measured on.
        reaches: Of each direction of each recurrent layer, one at least.
        history: A row per epoch of its training.
        told: The doctor's sentences.

    Raises:
        MissingExtra: altair or vl-convert-python is not installed.
    """
    lede = (
        f"How far gradients reach back in {page.name(name)}, measured on a batch of "
        f"{page.name(data)}: a layer learns of a step only what they bring back to it."
    )
    parts = [
        ("short", "In short", _told(told)),
        ("layers", "The layers", _table(reaches)),
        ("time", "Back in time", _curves(reaches)),
        ("weights", "Weights and gates", _layers(reaches)),
        ("training", "While it was trained", _training(history)),
    ]
    return page.whole(f"Gradients of {name}", lede, parts)


def _told(sentences: Sequence[str]) -> str:
    said = "".join(f'<li dir="auto">{page.text(one)}</li>' for one in sentences or [NOTHING])
    return f'<ul class="verdicts">{said}</ul>'


def _table(reaches: Sequence[Reach]) -> str:
    rows = [[page.text(cell) for cell in cells(reach)] for reach in reaches]
    return page.table("Layer by layer", HEADS, rows, texts=2) + page.note(
        "Steps: the length of a sequence, the median. Heard: how many steps before its last the "
        "loss still pulls at the state, by 1 % of its strongest pull or more. Memory: how many "
        "steps it takes until less than 1 % of a state is left in a later one; all: it is never so "
        "little. ‖J‖: the norm of a single step's Jacobian. Radius: the largest eigenvalue of the "
        "recurrent weights, of any gate."
    )


def _curves(reaches: Sequence[Reach]) -> str:
    names = [title(reach) for reach in reaches]

    def drawn(
        what: str, attribute: str, axis: str, how: str, mark: float | None = None, log: bool = True
    ) -> str:
        curves = {name: getattr(r, attribute) for name, r in zip(names, reaches, strict=True)}
        ends = "; ".join(f"{name}: {_ends(values)}" for name, values in curves.items())
        chart = charts.over_time(curves, axis, mark, log)
        return page.figure(what, chart, f"{what}, from the last step back. {ends}.", how)

    return page.pair(
        drawn(
            "What the loss says of each step", "loss", "‖∂loss/∂s‖",
            "The norm of the loss's gradient at the state of a step, median over sequences. Where "
            "it falls to nothing, the layer learns nothing.",
        ),
        drawn(
            "What the last step could hear", "jacobian", "‖∂h of the last / ∂s‖",
            "The norm of the Jacobian product: 1 at the last step itself. The dashed line is "
            f"{FORGOTTEN:.0%}: below it a state is as good as forgotten.", FORGOTTEN,
        ),
        drawn(
            "What one step keeps", "steps", "‖∂s / ∂s before‖",
            "The norm of a single step's Jacobian. Above 1, at the dashed line, gradients can "
            "grow; below it all the time they must vanish.", 1.0, log=False,
        ),
    )  # fmt: skip


def _ends(values: np.ndarray[Any, Any]) -> str:
    return f"{values[0]:.2g} to {values[-1]:.2g}" if len(values) else "no steps"


def _layers(reaches: Sequence[Reach]) -> str:
    """Return of each direction of each layer its eigenvalues and, where it has any, its gates."""
    pieces = []
    for reach in reaches:
        few = sum(map(len, reach.spectrum.values())) > charts.EIGENVALUES
        radius = "; ".join(f"{gate} {value:.2f}" for gate, value in reach.radius.items())
        if radius:  # there are weights of the state
            pieces.append(
                page.figure(
                    f"{title(reach)}: eigenvalues", charts.spectrum(reach.spectrum),
                    f"Eigenvalues of {counted(reach.units, 'unit')}; largest: {radius}.",
                    "Of the recurrent weights, by gate, beside the unit circle. Of a linear "
                    "recurrence those inside make it forget, those outside explode."
                    + (f" Shown are the {charts.EIGENVALUES} largest." if few else ""),
                )
            )  # fmt: skip
        if reach.gates:
            ends = "; ".join(
                f"{gate} {shut:.0%} shut, {wide:.0%} open"
                for gate, (shut, wide) in reach.saturated.items()
            )
            pieces.append(
                page.figure(
                    f"{title(reach)}: gates", charts.gates(reach.gates), f"Gates: {ends}.",
                    "How often each gate has which value. In the first and the last twentieth it "
                    "is shut or wide open, and hardly any gradient passes it.",
                )
            )  # fmt: skip
    return page.pair(*pieces)


def _training(history: History) -> str:
    measured = [row for row in history if "gradient_peak" in row]
    if not measured:
        return ""
    last = measured[-1]
    return page.figure(
        "The gradient's norm while it was trained", charts.norms(measured),
        f"From {measured[0]['gradient_norm']:.2g} to {last['gradient_norm']:.2g} in "
        f"{counted(len(measured), 'epoch')}.",
        "Of all weights together, before clipping: the mean of an epoch, and its largest step. In "
        f"the last epoch {last['clipped']:.0%} of the steps were clipped.", alone=True,
    )  # fmt: skip
