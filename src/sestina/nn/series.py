"""The network of a classifier of numeric sequences: convolutions, perhaps → encoder → head."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sestina.config import ConvolutionOptions, EncoderOptions
from sestina.nn import initialise
from sestina.nn.classifier import ClassifierNetwork
from sestina.nn.encoders import Recurrent, real_steps
from sestina.nn.heads import Target
from sestina.nn.sequences import Lookup


class Convolutions(nn.Module):
    """Convolutions over time with ReLU, each followed by the largest of every few steps.

    After DeepConvLSTM (Ordóñez and Roggen 2016), with pooling, so that the layers above have fewer
    steps to go.

    Args:
        inputs: C.
        options: Their filters, width and pooling.
    """

    def __init__(self, inputs: int, options: ConvolutionOptions) -> None:
        super().__init__()
        sizes = [inputs, *options.filters]
        self.layers = nn.ModuleList(
            nn.Conv1d(before, after, options.filter_width) for before, after in pairwise(sizes)
        )
        for layer in self.layers:
            assert isinstance(layer, nn.Conv1d)
            initialise.dense(layer)
        self.pool, self.features = options.filter_pool, sizes[-1]

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Map x (B, T, C) and lengths (B,) → states (B, T', F) and their lengths, rounded up."""
        x = x.transpose(1, 2)  # (B, C, T)
        for layer in self.layers:
            assert isinstance(layer, nn.Conv1d)
            width = layer.kernel_size[0]
            x = F.relu(layer(F.pad(x, ((width - 1) // 2, width // 2))))
            x = x * real_steps(lengths, x.shape[2])[:, None]  # zeros, the least there is after ReLU
            x = F.max_pool1d(x, self.pool, ceil_mode=True)
            lengths = -(-lengths // self.pool)
        return x.transpose(1, 2), lengths


class SeriesNetwork(ClassifierNetwork):
    """Sequences of vectors → logits.

    Args:
        options: Encoder, its sizes and dropout, and the convolutions before it.
        target: Classes to predict.
        inputs: C.
        steps: T that a flatten encoder is built for.
    """

    def __init__(
        self, options: EncoderOptions, front: ConvolutionOptions, target: Target, inputs: int,
        steps: int,
    ) -> None:  # fmt: skip
        convolutions = Convolutions(inputs, front) if front.filters else None
        inputs = inputs if convolutions is None else convolutions.features
        super().__init__(options, target, inputs, steps, None)
        self.convolutions = convolutions

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, T, C) with true lengths (B,) → logits (B, outputs)."""
        if self.convolutions is not None:
            x = x[:, : max(int(lengths.max()), 1)]  # padding beyond must not change a bit
            x = x * real_steps(lengths, x.shape[1])[:, :, None]
            x, lengths = self.convolutions(x, lengths)
        return super().forward(x, lengths)

    def _logits(self, x: Tensor | Lookup, lengths: Tensor) -> Tensor:
        if self.training or torch.is_grad_enabled():
            logits: Tensor = self.head(self.encoder(x, lengths))
            return logits
        # so that a series says the same to the bit in any company, and step by step
        return self.head.row_by_row(self._features(x, lengths))

    def _features(self, x: Tensor | Lookup, lengths: Tensor) -> Tensor:
        """Return what the encoder makes of x; states are added step by step for their mean."""
        encoder = self.encoder
        if not isinstance(encoder, Recurrent) or encoder.pool != "mean":
            features: Tensor = encoder(x, lengths)
            return features
        states, _ = encoder.cell(x, lengths=lengths, outputs=True)
        total = torch.zeros_like(states[:, 0])
        for step in (states * real_steps(lengths, states.shape[1])[:, :, None]).unbind(dim=1):
            total = total + step
        return total / lengths.clamp(min=1)[:, None]
