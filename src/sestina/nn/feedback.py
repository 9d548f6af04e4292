"""FeedbackLSTM: a recurrent layer over what a network said before, let in by a gate (row F3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sestina.nn import initialise
from sestina.nn.encoders import real_steps, without_padding


class FeedbackLSTM(nn.Module):
    """An LSTM that reads g ∘ s, where g = σ(ω_x x_t + ω_s s_t + ω_h h_{t−1} + b) has a value per s.

    x is what the network reads, s what it said of the same step at its recursion before, and h
    this layer's own state. Source: Kim, El-Khamy and Lee (2017), BridgeNets, arXiv 1710.10224,
    deck [000]; the deck leaves open whether g is one number or one per value of s: here it is the
    second, as with the gates of an LSTM. Float32 on the CPU runs on a kernel, others in a loop.

    Args:
        inputs: D, the values of x.
        fed_back: S, the values of s.
        hidden: H.
    """

    def __init__(self, inputs: int, fed_back: int, hidden: int) -> None:
        super().__init__()
        self.of_inputs = nn.Linear(inputs, fed_back)  # ω_x and b
        self.of_feedback = nn.Linear(fed_back, fed_back, bias=False)  # ω_s
        self.of_states = nn.Linear(hidden, fed_back, bias=False)  # ω_h
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden, fed_back))  # rows i, f, n, o
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights anew: Glorot's for W and the gate, orthogonal U; forget gates at 1."""
        for layer in (self.of_inputs, self.of_feedback, self.of_states):
            initialise.dense(layer)
        with torch.no_grad():
            for rows in self.weight_ih.chunk(4):
                nn.init.xavier_uniform_(rows)
            for rows in self.weight_hh.chunk(4):
                initialise.orthogonal(rows)
            self.bias.zero_()
            self.bias.chunk(4)[1].fill_(1.0)

    def forward(self, x: Tensor, s: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, T, D), s (B, T, S) and lengths (B,) → states (B, T, H), 0 behind the ends."""
        real = real_steps(lengths, x.shape[1])[:, :, None]  # (B, T, 1)
        x, s = without_padding(x, real), s * real
        z = self.of_inputs(x) + self.of_feedback(s)  # (B, T, S)
        weights = (self.weight_ih, self.weight_hh, self.of_states.weight, self.bias)
        if z.dtype == torch.float32 and z.device.type == "cpu":
            apply: Callable[..., Tensor] = _Fused.apply  # to which torch gives no types
            states = apply(z, s, lengths, *weights)
        else:
            states = plain(z, s, *weights)
        return states * real


def prepare() -> None:
    """Compile the kernels, or read them from disk, so that no later clock counts that."""
    from sestina.kernels import feedback, parallel  # which load numba

    parallel.ready(feedback.FORWARD, feedback.BACKWARD)


def plain(z: Tensor, s: Tensor, w: Tensor, u: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """Return the states (B, T, H) by torch's own operations, step by step: the reference."""
    h = c = z.new_zeros(len(z), u.shape[1])
    found = []
    for t in range(z.shape[1]):
        let_in = torch.sigmoid(z[:, t] + h @ v.T) * s[:, t]
        i, f, n, o = (let_in @ w.T + h @ u.T + bias).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(n)
        h = torch.sigmoid(o) * torch.tanh(c)
        found.append(h)
    return torch.stack(found, dim=1) if found else z.new_zeros(len(z), 0, u.shape[1])


class _Fused(torch.autograd.Function):
    """The whole layer as one node of torch's graph."""

    @staticmethod
    def forward(
        ctx: Any, z: Tensor, s: Tensor, lengths: Tensor, w: Tensor, u: Tensor, v: Tensor, b: Tensor
    ) -> Tensor:
        from sestina.kernels import feedback  # which loads numba

        arrays = (part.detach().contiguous().numpy() for part in (w, u, v, b))
        ends = lengths.long().contiguous().numpy()
        if not s.numel():
            return z.new_zeros(*z.shape[:2], u.shape[1])
        ctx.passed = feedback.forward(
            z.detach().numpy(), s.detach().numpy(), ends, feedback.Weights(*arrays)
        )
        ctx.real = real_steps(lengths, z.shape[1])[:, :, None]
        states = torch.from_numpy(feedback.outputs(ctx.passed))
        return torch.where(ctx.real, states, 0.0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *d_states: Tensor) -> tuple[Tensor | None, ...]:
        from sestina.kernels import feedback

        d_out = torch.where(ctx.real, d_states[0], 0.0).numpy()
        d_z, d_s, weights = feedback.backward(ctx.passed, d_out)
        found = (weights.w, weights.u, weights.v, weights.bias)
        return *map(torch.from_numpy, (d_z, d_s)), None, *map(torch.from_numpy, found)
