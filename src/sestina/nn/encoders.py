"""Encoders: a batch of padded sequences and their true lengths → one vector per sequence.

Every encoder has `features`, the size F of that vector, and never looks at padding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sestina.config import EncoderOptions, check_residual
from sestina.errors import OptionError
from sestina.nn import initialise, layers
from sestina.nn.drop_in import Recurrent as RecurrentLayers
from sestina.nn.sequences import Lookup

POOLED = ("last", "max", "mean")  # what "concat" lays side by side


def real_steps(lengths: Tensor, steps: int) -> Tensor:
    """Return which steps are not padding, (B, T) bool."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def without_padding(x: Tensor, real: Tensor) -> Tensor:
    """Return values with 0 where steps are not `real`, whatever stood there, NaN too.

    A product would leave NaN as it is. It is taken nevertheless: its result lies in memory as the
    layers behind expect it, and by that they choose the order in which they add up.
    """
    return (x * real).masked_fill_(~real, 0.0)


def pooled(states: Tensor, lengths: Tensor, pool: str) -> Tensor:
    """Pool states (B, T, F) over their true steps → (B, F), zeros for empty rows.

    `pool` is "mean" or "max".
    """
    real = real_steps(lengths, states.shape[1])[:, :, None]
    if pool == "mean":
        return (states * real).sum(dim=1) / lengths.clamp(min=1)[:, None]
    highest = states.masked_fill(~real, -torch.inf).amax(dim=1)
    return torch.where(lengths[:, None] > 0, highest, torch.zeros_like(highest))


class Bag(nn.Module):
    """Multi-hot vector of the token ids → Dense with ReLU (deck [001], row C2).

    The (B, V) multi-hot matrix is never built: rows of the weight are summed instead.
    """

    def __init__(self, vocabulary: int, hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(vocabulary, hidden))
        self.bias = nn.Parameter(torch.zeros(hidden))
        nn.init.xavier_uniform_(self.weight)
        self.features = hidden

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Map ids (B, T) → (B, hidden); a token counts once however often it occurs."""
        ordered, _ = ids.masked_fill(~real_steps(lengths, ids.shape[1]), 0).sort(dim=1)
        first = F.pad(ordered[:, 1:] != ordered[:, :-1], (1, 0), value=True) & (ordered != 0)
        weights = first.to(self.weight.dtype)
        sums = F.embedding_bag(ordered, self.weight, mode="sum", per_sample_weights=weights)
        return F.relu(sums + self.bias)


class Flatten(nn.Module):
    """All T · D numbers of sequences of one fixed length (rows C3–C6); zeros for padding.

    `side` is the side that the padding stands on, "pre" or "post".
    """

    def __init__(self, inputs: int, steps: int, side: str = "post") -> None:
        super().__init__()
        self.features = inputs * steps
        self.side = side

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, T, D), padded to the fixed T, → (B, T · D)."""
        real = real_steps(lengths, x.shape[1])
        if self.side == "pre":
            real = real.flip(1)
        return x.masked_fill(~real[:, :, None], 0.0).flatten(start_dim=1)


class Mean(nn.Module):
    """The mean of the vectors."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.features = inputs

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, T, D) → (B, D)."""
        return pooled(x, lengths, "mean")


class Convolution(nn.Module):
    """Convolutions of several widths over time, ReLU, the maximum over time (Kim 2014; C12)."""

    def __init__(self, inputs: int, filters: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(inputs, filters, width) for width in widths)
        for layer in self.layers:
            assert isinstance(layer, nn.Conv1d)
            initialise.dense(layer)
        self.features = filters * len(widths)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, T, D) → (B, filters · widths); windows may overhang a text's end by zeros."""
        real = real_steps(lengths, x.shape[1])[:, :, None]
        x = (x * real).transpose(1, 2)  # (B, D, T)
        tops = []
        for layer in self.layers:
            assert isinstance(layer, nn.Conv1d)
            width = layer.kernel_size[0]
            states = layer(F.pad(x, (width // 2, width - 1 - width // 2)))  # (B, filters, T)
            tops.append(pooled(F.relu(states).transpose(1, 2), lengths, "max"))
        return torch.cat(tops, dim=1)


class Recurrent(nn.Module):
    """Stacked, perhaps bidirectional layers; their last, maximal or mean output (C7–C11).

    With "concat" it is all three side by side (Howard and Ruder 2018).
    """

    def __init__(self, inputs: int, options: EncoderOptions) -> None:
        super().__init__()
        self.cell = stacked(inputs, options)
        self.pool = options.pool
        self.features = options.hidden * (2 if options.bidirectional else 1)
        self.features *= len(POOLED) if self.pool == "concat" else 1

    def forward(self, x: Tensor | Lookup, lengths: Tensor) -> Tensor:
        """Map x (B, T, D), looked up or not yet, → (B, F).

        F = H, or 2 H bidirectional; three times as much with "concat".
        """
        outputs, final = self.cell(x, lengths=lengths, outputs=self.pool != "last")
        kinds = POOLED if self.pool == "concat" else (self.pool,)
        found = [
            self._last(final) if kind == "last" else pooled(outputs, lengths, kind)
            for kind in kinds
        ]
        return torch.cat(found, dim=1)

    def _last(self, final: Any) -> Tensor:
        """Return what the last layer gives at the end, in both directions where there are two.

        With residual connections that is the sum of all layers' final states.
        """
        state = final[0] if isinstance(final, tuple) else final  # (layers · directions, B, H)
        ways = 2 if self.cell.bidirectional else 1
        if self.cell.residual:
            first, *others = state.unflatten(0, (-1, ways))
            state = sum(others, start=first)  # in the order in which a stream adds them
        return torch.cat(list(state[-ways:]), dim=1)


def stacked(inputs: int, options: EncoderOptions) -> RecurrentLayers:
    """Return the recurrent layers of `options` over D = `inputs` features.

    Raises:
        OptionError: Their options do not go together.
    """
    check_residual(options.residual, options.layers)
    return layers.recurrent(
        options.encoder,
        inputs,
        options.hidden,
        options,
        num_layers=options.layers,
        bidirectional=options.bidirectional,
        dropout=options.dropout if options.layers > 1 else 0.0,
        residual=options.residual,
    )


Encoder = Bag | Flatten | Mean | Convolution | Recurrent


def build(options: EncoderOptions, inputs: int, steps: int) -> Encoder:
    """Return the encoder of `options` for D = `inputs` (V for a bag) and T = `steps`."""
    match options.encoder:
        case "bag":
            return Bag(inputs, options.hidden)
        case "flatten":
            return Flatten(inputs, steps, getattr(options, "pad", "post"))
        case "mean":
            return Mean(inputs)
        case "cnn":
            if not options.widths:
                raise OptionError("widths=() leaves the convolution nothing; give one at least")
            return Convolution(inputs, options.hidden, tuple(options.widths))
    return Recurrent(inputs, options)
