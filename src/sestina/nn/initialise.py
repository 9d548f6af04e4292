"""How weights start: each way by the paper it comes from, and Keras' conventions for layers.

The functions of a tensor fill it in place and return it, like those of `torch.nn.init`. The
lectures' figures rest on Keras' conventions: Glorot's kernels, orthogonal recurrent matrices.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


@torch.no_grad()
def glorot(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Draw from U(−b, b), b = gain · √(6 / (rows + columns)), or Xavier's start; row D12.

    Source: Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward
    neural networks.
    """
    return nn.init.xavier_uniform_(tensor, gain)


@torch.no_grad()
def he(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Draw from N(0, 2 · gain² / columns), for ReLU; row D12.

    Source: He, Zhang, Ren and Sun 2015, Delving deep into rectifiers.
    """
    return nn.init.kaiming_normal_(tensor, nonlinearity="relu").mul_(gain)


@torch.no_grad()
def orthogonal(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Fill with gain · Q, Q drawn with orthonormal rows or columns, the fewer of both.

    Source: Saxe, McClelland and Ganguli 2014, Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks.
    """
    return nn.init.orthogonal_(tensor, gain)


@torch.no_grad()
def identity(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Fill a square matrix with gain · I: with ReLU, the IRNN; row D8.

    Source: Le, Jaitly and Hinton 2015, A simple way to initialize recurrent networks of rectified
    linear units.

    Raises:
        ValueError: The tensor is no square matrix.
    """
    _check_square(tensor)
    return nn.init.eye_(tensor).mul_(gain)


@torch.no_grad()
def positive_definite(tensor: Tensor) -> Tensor:
    """Fill a square matrix with (A + I) / λmax(A + I), A = RᵀR / N: with ReLU, the np-RNN; row D9.

    R is (N, N), drawn from N(0, 1). The largest eigenvalue is 1, all others are between it and 0.

    Source: Talathi and Vartak 2015, Improving performance of recurrent neural network with ReLU
    nonlinearity.

    Raises:
        ValueError: The tensor is no square matrix.
    """
    _check_square(tensor)
    size = len(tensor)
    drawn = torch.empty(size, size, dtype=torch.float64).normal_()
    matrix = drawn.T @ drawn / size + torch.eye(size, dtype=torch.float64)
    return tensor.copy_(matrix / torch.linalg.eigvalsh(matrix)[-1])


def _check_square(tensor: Tensor) -> None:
    if tensor.dim() != 2 or tensor.shape[0] != tensor.shape[1]:
        raise ValueError(f"a tensor of shape {tuple(tensor.shape)} came; expected a square matrix")


STARTS: dict[str, Callable[[Tensor], Tensor]] = {
    "glorot": glorot,
    "he": he,
    "orthogonal": orthogonal,
    "identity": identity,
    "positive-definite": positive_definite,
}


@torch.no_grad()
def recurrent(layer: nn.RNNBase, kernel: str = "glorot", states: str = "orthogonal") -> None:
    """Start a recurrent layer: kernels of its inputs and of its states, biases 0, forget bias 1.

    Each gate's matrix of the states is drawn on its own. Source of the forget gate's bias:
    Jozefowicz, Zaremba and Sutskever 2015.

    Args:
        layer: Its weights.
        kernel: How the weights of inputs start, a key of `STARTS`.
        states: How those of states start.
    """
    size = layer.hidden_size
    for name, weight in layer.named_parameters():
        if name.startswith("weight_ih"):
            STARTS[kernel](weight)  # all gates as one matrix, as Keras does
        elif name.startswith("weight_hh"):
            for gate in weight.chunk(len(weight) // size):
                STARTS[states](gate)
        elif not name.startswith("gain"):  # which are ones
            weight.zero_()
            if isinstance(layer, nn.LSTM) and name.startswith("bias_ih"):
                weight[size : 2 * size] = 1.0  # torch's order: input, forget, cell, output


def dense(layer: nn.Linear | nn.Conv1d) -> None:
    """Start a dense or convolutional layer: Glorot kernel, zero bias."""
    glorot(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def embedding(weight: Tensor, bound: float = 0.05) -> None:
    """Start a table of vectors uniformly in ± `bound`, with zeros for PAD (row 0)."""
    with torch.no_grad():
        weight.uniform_(-bound, bound)
        weight[0] = 0.0
