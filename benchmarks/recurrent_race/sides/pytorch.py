"""PyTorch: `torch.nn`'s recurrent layers, time-major, which is their faster layout."""

from __future__ import annotations

import torch
from torch import nn

from .. import inputs
from ..work import Prepared, Work, sample
from .pytorch_epoch import epoch
from .pytorch_loop import loop
from .torch_like import load, training

VERSIONS = {"torch": torch.__version__}
KINDS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
STEPS = 2000

use_threads = torch.set_num_threads


def prepare(work: Work) -> Prepared:
    if work.task == "epoch":
        return epoch(work, build(work))
    if work.task == "step":
        return _steps_of_cell(work) if work.way == "nn.LSTMCell" else _steps_of_layer(work)
    if work.way == "loop":
        return loop(work)
    layer = build(work)
    return training(work, list(layer.parameters()), layer)


def build(work: Work) -> nn.Module:
    """Return the recurrent layer of a work with its weights."""
    both = work.directions == 2
    layer = KINDS[work.cell](work.features, work.hidden, num_layers=work.layers, bidirectional=both)
    load(layer, work)
    return layer


def _steps_of_layer(work: Work) -> Prepared:
    """Feed one vector after another to nn.LSTM, as a sequence of one step."""
    layer = build(work)
    x = torch.from_numpy(inputs.sequences(work))
    with torch.inference_mode():
        first, _ = layer(x)

    @torch.inference_mode()
    def run() -> None:
        state = None
        for _ in range(STEPS):
            _, state = layer(x, state)

    return Prepared(run, {"result": sample(first.numpy())}, STEPS)


def _steps_of_cell(work: Work) -> Prepared:
    """Feed one vector after another to nn.LSTMCell."""
    cell = nn.LSTMCell(work.features, work.hidden)
    arrays = inputs.weights(work).items()
    cell.load_state_dict({name[: -len("_l0")]: torch.from_numpy(array) for name, array in arrays})
    x = torch.from_numpy(inputs.sequences(work)[0])
    with torch.inference_mode():
        first, _ = cell(x)

    @torch.inference_mode()
    def run() -> None:
        state = None
        for _ in range(STEPS):
            state = cell(x, state)

    return Prepared(run, {"result": sample(first.numpy())}, STEPS)
