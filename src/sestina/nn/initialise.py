"""How weights start: Keras' conventions, which the lectures' figures rest on."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def recurrent(layer: nn.RNNBase) -> None:
    """Start a recurrent layer: Glorot input kernels, orthogonal recurrent ones, forget bias 1.

    Each gate's matrix is drawn on its own. Sources: Glorot and Bengio 2010; Saxe et al. 2014;
    Jozefowicz et al. 2015 for the forget gate's bias.
    """
    size = layer.hidden_size
    for name, weight in layer.named_parameters():
        with torch.no_grad():
            if name.startswith("weight_ih"):
                # Keras draws the kernel (D, gates · H) as one matrix: its fans hold all gates
                bound = math.sqrt(6.0 / (weight.shape[0] + weight.shape[1]))
                weight.uniform_(-bound, bound)
            elif name.startswith("weight_hh"):
                for gate in weight.chunk(len(weight) // size):
                    nn.init.orthogonal_(gate)
            else:
                weight.zero_()
                if isinstance(layer, nn.LSTM) and name.startswith("bias_ih"):
                    weight[size : 2 * size] = 1.0  # torch's order: input, forget, cell, output


def dense(layer: nn.Linear | nn.Conv1d) -> None:
    """Start a dense or convolutional layer: Glorot kernel, zero bias."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def embedding(weight: Tensor, bound: float = 0.05) -> None:
    """Start a table of vectors uniformly in ± `bound`, with zeros for PAD (row 0)."""
    with torch.no_grad():
        weight.uniform_(-bound, bound)
        weight[0] = 0.0
