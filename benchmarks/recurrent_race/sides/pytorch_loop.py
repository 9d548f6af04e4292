"""A recurrent layer as one writes it by hand in PyTorch, for one dropout mask per sequence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import inputs
from ..work import Prepared, Work
from .torch_like import training


def loop(work: Work) -> Prepared:
    """Return forward and backward of the loop as a run; its masks are random."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    arrays = inputs.weights(work)
    weights = [torch.from_numpy(arrays[name]).requires_grad_() for name in names]
    step = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}[work.cell]

    def forward(x: Tensor, _: Any) -> tuple[Tensor, Any]:
        w, u, b, c = weights
        projected = F.linear(x, w, b)  # all steps at once, as a careful author would
        first = torch.zeros(work.batch, work.hidden)
        mask = F.dropout(torch.ones_like(first), work.recurrent_dropout)
        state = (first, first)
        outputs = []
        for inputs_of_step in projected.unbind(0):
            state = step(inputs_of_step, state, u, c, mask)
            outputs.append(state[0])
        return torch.stack(outputs), state[0][None]

    return training(work, weights, forward)


State = tuple[Tensor, Tensor]
"""h and c, each (B, H); only the LSTM uses c."""


def _rnn(x: Tensor, state: State, u: Tensor, c: Tensor, mask: Tensor) -> State:
    return torch.tanh(x + F.linear(state[0] * mask, u, c)), state[1]


def _gru(x: Tensor, state: State, u: Tensor, c: Tensor, mask: Tensor) -> State:
    h = state[0]
    xr, xz, xn = x.chunk(3, 1)
    hr, hz, hn = F.linear(h * mask, u, c).chunk(3, 1)
    z = torch.sigmoid(xz + hz)
    new = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
    return (1 - z) * new + z * h, state[1]


def _lstm(x: Tensor, state: State, u: Tensor, c: Tensor, mask: Tensor) -> State:
    h, memory = state
    i, f, g, o = (x + F.linear(h * mask, u, c)).chunk(4, 1)
    memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(memory), memory
