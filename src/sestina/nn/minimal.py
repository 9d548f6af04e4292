"""MinGRU and MinLSTM: recurrent layers whose gates see the input alone.

Feng, Tung, Ahmed, Bengio and Hajimirsadeghi (2024), Were RNNs all we needed?; row D4. They take the
options, forms of input and paths of torch's layers, by `drop_in`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from sestina.kernels.cells import GATES
from sestina.nn.drop_in import Recurrent


class Minimal(Recurrent, nn.RNNBase):
    """What both share: torch's weights without those of the state.

    `weight_ih_l0` is W (G·H, D), `bias_ih_l0` (G·H,); `weight_hh_l0` is a buffer without rows, that
    is neither trained nor saved.

    Args:
        *args: As for `torch.nn.GRU`.
        **kwargs: As for `torch.nn.GRU`; and of the options of `drop_in.Recurrent` input_dropout,
            zoneout and residual. There is a single bias for each gate.

    Raises:
        ValueError: An option has no sensible value.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("GRU", *args, **kwargs | {"single_bias": True})  # whose rows are enough

    def _settle(self) -> None:
        rows = GATES[self.cell] * self.hidden_size
        for name, weight in list(self.named_parameters()):
            if name.startswith("weight_hh"):
                delattr(self, name)
                self.register_buffer(name, torch.empty_like(weight[:0]).detach(), persistent=False)
            else:
                setattr(self, name, nn.Parameter(weight.detach()[:rows].clone()))
        self._init_flat_weights()

    def flatten_parameters(self) -> None:
        """Do nothing: cuDNN knows no such layer."""


class MinGRU(Minimal):
    """h_t = (1 − z) ∘ h_{t−1} + z ∘ n, with z = σ(W x_t + b) and n = W x_t + b; rows z, n."""

    cell = "mingru"


class MinLSTM(Minimal):
    """h_t = (f ∘ h_{t−1} + i ∘ n) / (f + i), f and i like minGRU's z; rows f, i, n."""

    cell = "minlstm"
