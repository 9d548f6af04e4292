"""Our side: `sestina.nn`, used as a drop-in where that is the point, with its options elsewhere."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import torch
from racing.machine import THREADS
from torch import nn

import sestina
from sestina import nn as ours

from .. import inputs
from ..work import CELLS, NotThere, Prepared, Work, sample
from .torch_like import load, training

VERSIONS = {"Sestina": sestina.__version__}
STEPS = 2000


def use_threads(threads: int) -> None:
    torch.set_num_threads(threads)
    if hasattr(sestina, "set_threads"):
        sestina.set_threads(threads)
    elif threads != THREADS:
        raise NotThere("not there yet (set_threads)")


def prepare(work: Work) -> Prepared:
    from .ours_epoch import epoch

    return {"layer": _layer, "epoch": epoch, "step": _step}[work.task](work)


def build(work: Work, **more: Any) -> nn.Module:
    """Return the recurrent layer of a work with its weights; `more` goes to its constructor."""
    asked = {"recurrent_dropout": work.recurrent_dropout, "input_dropout": work.input_dropout}
    options = more | {name: value for name, value in asked.items() if value}
    kind, both = getattr(ours, CELLS[work.cell]), work.directions == 2
    try:
        layer: nn.Module = kind(
            work.features, work.hidden, num_layers=work.layers, bidirectional=both, **options
        )
    except TypeError as error:
        raise NotThere(f"not there yet ({error})") from error
    load(layer, work)
    return layer


def final_only(layer: nn.Module) -> dict[str, Any]:
    """Return the option of `forward` by which only the final state is asked for, if there is."""
    return {"outputs": False} if "outputs" in inspect.signature(layer.forward).parameters else {}


def _layer(work: Work) -> Prepared:
    layer = build(work)
    options = {} if work.every_output else final_only(layer)
    if work.full_lengths:
        options["lengths"] = torch.full((work.batch,), work.steps)
    return training(work, list(layer.parameters()), lambda x, hx: layer(x, hx, **options))


def _step(work: Work) -> Prepared:
    layer = build(work)
    if not hasattr(layer, "stepper"):
        raise NotThere("not there yet (stepper)")
    x = np.ascontiguousarray(inputs.sequences(work)[0, 0])
    stepper = layer.stepper()
    answer = {"result": sample(stepper.step(x))}

    def run() -> None:
        for _ in range(STEPS):
            stepper.step(x)

    return Prepared(run, answer, STEPS)
